"""States of an enrollment, and the operations allowed in each."""

from enum import StrEnum
from http import HTTPStatus

from django.utils.translation import gettext_lazy as _

from core.state_machine import Refusal, StateMachine


class EnrollmentState(StrEnum):
    """State of an enrollment. An ended or barred enrollment keeps its `completed_at`."""

    ACTIVE = "active"
    COMPLETED = "completed"
    ENDED = "ended"
    BARRED = "barred"


ACTIVE, COMPLETED, ENDED, BARRED = EnrollmentState
NOT_ENROLLED = Refusal("not_enrolled", _("Your enrollment in this course has ended."))
ALREADY_ENROLLED = Refusal("already_enrolled", _("You are already enrolled in this course."))
BAR = Refusal(
    "barred",
    _("You were removed from this course. You can only return if its instructor readmits you."),
    status=HTTPStatus.FORBIDDEN,
)
NOT_BARRED = Refusal("not_barred", _("This student was not removed from the course, and can enroll again."))
BOTH = {ACTIVE: (ACTIVE,), COMPLETED: (COMPLETED,)}

ENROLLMENT = StateMachine(
    EnrollmentState,
    {
        # Enrolling again resumes an ended enrollment. The first enrollment creates the row and has no state before.
        "enroll": {ACTIVE: ALREADY_ENROLLED, COMPLETED: ALREADY_ENROLLED, ENDED: (ACTIVE, COMPLETED), BARRED: BAR},
        "end": {ACTIVE: (ENDED,), COMPLETED: (ENDED,), ENDED: (), BARRED: ()},
        # Barring also applies to an enrollment that ended, such as by a refund.
        "bar": {ACTIVE: (BARRED,), COMPLETED: (BARRED,), ENDED: (BARRED,), BARRED: ()},
        "readmit": {ACTIVE: (), COMPLETED: (), ENDED: NOT_BARRED, BARRED: (ACTIVE, COMPLETED)},
        "complete_lesson": {
            ACTIVE: (ACTIVE, COMPLETED),
            COMPLETED: (COMPLETED,),
            ENDED: NOT_ENROLLED,
            BARRED: NOT_ENROLLED,
        },
        # `complete` is requested by the student, who gets an error if requirements are missing; `complete_if_done` runs
        # after a grade or a change of the course.
        "complete": {ACTIVE: (COMPLETED,), COMPLETED: (), ENDED: NOT_ENROLLED, BARRED: NOT_ENROLLED},
        "complete_if_done": {ACTIVE: (ACTIVE, COMPLETED), COMPLETED: (), ENDED: (), BARRED: ()},
        # Start, save and submit an attempt, and submit an assignment.
        "work": {**BOTH, ENDED: NOT_ENROLLED, BARRED: NOT_ENROLLED},
        "review": {**BOTH, ENDED: NOT_ENROLLED, BARRED: NOT_ENROLLED},
        # Work submitted before the end is still graded, but does not complete the course.
        "grade": {ACTIVE: (ACTIVE, COMPLETED), COMPLETED: (COMPLETED,), ENDED: (ENDED,), BARRED: (BARRED,)},
    },
)
