"""States of an enrollment, and the operations that each allows."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from lms.lib.state_machine import Refusal, StateMachine


class EnrollmentState(StrEnum):
    """The state of an enrollment; one that has ended keeps whether it was completed."""

    ACTIVE = "active"
    COMPLETED = "completed"
    ENDED = "ended"


ACTIVE, COMPLETED, ENDED = EnrollmentState
NOT_ENROLLED = Refusal("not_enrolled", _("Your enrollment in this course has ended."))
ALREADY_ENROLLED = Refusal("already_enrolled", _("You are in this course already."))
BOTH = {ACTIVE: (ACTIVE,), COMPLETED: (COMPLETED,)}

ENROLLMENT = StateMachine(
    EnrollmentState,
    {
        # Enroll again after the end; the first time there is no row yet.
        "enroll": {ACTIVE: ALREADY_ENROLLED, COMPLETED: ALREADY_ENROLLED, ENDED: (ACTIVE, COMPLETED)},
        "end": {ACTIVE: (ENDED,), COMPLETED: (ENDED,), ENDED: ()},
        "complete_lesson": {ACTIVE: (ACTIVE, COMPLETED), COMPLETED: (COMPLETED,), ENDED: NOT_ENROLLED},
        # By the student, who is told what is missing, and by the services after a grade or a change of the course.
        "complete": {ACTIVE: (COMPLETED,), COMPLETED: (), ENDED: NOT_ENROLLED},
        "complete_if_done": {ACTIVE: (ACTIVE, COMPLETED), COMPLETED: (), ENDED: ()},
        # Start, save and submit an attempt; submit an assignment.
        "work": {**BOTH, ENDED: NOT_ENROLLED},
        "review": {**BOTH, ENDED: NOT_ENROLLED},
        # Work that was handed in before the end is still graded, but completes nothing.
        "grade": {ACTIVE: (ACTIVE, COMPLETED), COMPLETED: (COMPLETED,), ENDED: (ENDED,)},
    },
)
