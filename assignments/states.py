"""State machine of submissions."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from core.state_machine import Refusal, StateMachine


class SubmissionState(StrEnum):
    """The state of a submission.

    `GRADED` is graded, but not released to the student. `RETURNED` was returned for revision, graded or not.
    """

    SUBMITTED = "submitted"
    GRADED = "graded"
    RELEASED = "released"
    RETURNED = "returned"
    SUPERSEDED = "superseded"


SUBMITTED, GRADED, RELEASED, RETURNED, SUPERSEDED = SubmissionState
ALREADY_GRADED = Refusal("already_graded", _("This submission is graded. You cannot submit a new version."))
NEWER_VERSION = Refusal("superseded", _("There is a newer version of this submission. Grade the newer version."))

SUBMISSION = StateMachine(
    SubmissionState,
    {
        # Submit a newer version. Extra attempts also permit it after a grade (`assignments.submissions`).
        "replace": {
            SUBMITTED: (SUPERSEDED,),
            GRADED: ALREADY_GRADED,
            RELEASED: ALREADY_GRADED,
            RETURNED: (SUPERSEDED,),
            SUPERSEDED: (SUPERSEDED,),
        },
        "grade": {
            SUBMITTED: (GRADED, RELEASED),
            GRADED: (GRADED, RELEASED),
            RELEASED: (RELEASED,),
            RETURNED: (GRADED, RELEASED),
            SUPERSEDED: NEWER_VERSION,
        },
        "return": {
            SUBMITTED: (RETURNED,),
            GRADED: (RETURNED,),
            RELEASED: (RETURNED,),
            RETURNED: (RETURNED,),
            SUPERSEDED: NEWER_VERSION,
        },
        "release": {SUBMITTED: (), GRADED: (RELEASED,), RELEASED: (), RETURNED: (), SUPERSEDED: ()},
    },
)
