"""States of a submission, and the operations that each allows."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from lms.lib.state_machine import Refusal, StateMachine


class SubmissionState(StrEnum):
    """The state of one version of a student's work; `GRADED` is graded and not shown to the student yet."""

    SUBMITTED = "submitted"
    GRADED = "graded"
    RELEASED = "released"
    SUPERSEDED = "superseded"


SUBMITTED, GRADED, RELEASED, SUPERSEDED = SubmissionState
ALREADY_GRADED = Refusal("already_graded", _("This is graded. A new version is not taken any more."))

SUBMISSION = StateMachine(
    SubmissionState,
    {
        # Hand in a version after this one.
        "replace": {
            SUBMITTED: (SUPERSEDED,),
            GRADED: ALREADY_GRADED,
            RELEASED: ALREADY_GRADED,
            SUPERSEDED: (SUPERSEDED,),
        },
        "grade": {
            SUBMITTED: (GRADED, RELEASED),
            GRADED: (GRADED, RELEASED),
            RELEASED: (RELEASED,),
            SUPERSEDED: Refusal("superseded", _("There is a newer version of this work. Grade that one.")),
        },
        "release": {SUBMITTED: (), GRADED: (RELEASED,), RELEASED: (), SUPERSEDED: ()},
    },
)
