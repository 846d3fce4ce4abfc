"""State machine of submissions."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from core.state_machine import Refusal, StateMachine


class SubmissionState(StrEnum):
    """The state of a submission. `GRADED` is graded, but not released to the student."""

    SUBMITTED = "submitted"
    GRADED = "graded"
    RELEASED = "released"
    SUPERSEDED = "superseded"


SUBMITTED, GRADED, RELEASED, SUPERSEDED = SubmissionState
ALREADY_GRADED = Refusal("already_graded", _("This submission is graded. You cannot submit a new version."))

SUBMISSION = StateMachine(
    SubmissionState,
    {
        # Submit a newer version.
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
            SUPERSEDED: Refusal(
                "superseded", _("There is a newer version of this submission. Grade the newer version.")
            ),
        },
        "release": {SUBMITTED: (), GRADED: (RELEASED,), RELEASED: (), SUPERSEDED: ()},
    },
)
