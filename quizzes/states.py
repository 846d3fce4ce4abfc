"""States of an attempt, and the operations that each allows."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from lms.lib.state_machine import Refusal, StateMachine


class AttemptState(StrEnum):
    """The state of an attempt; `SUBMITTED` is one with answers that a person still has to mark."""

    RUNNING = "running"
    SUBMITTED = "submitted"
    GRADED = "graded"


RUNNING, SUBMITTED, GRADED = AttemptState
CLOSED = Refusal("attempt_closed", _("This attempt is submitted."))

ATTEMPT = StateMachine(
    AttemptState,
    {
        "save": {RUNNING: (RUNNING,), SUBMITTED: CLOSED, GRADED: CLOSED},
        # A repeat returns the same result.
        "submit": {RUNNING: (SUBMITTED, GRADED), SUBMITTED: (), GRADED: ()},
        # By the clock, for an ended enrollment, too: what was saved in time is graded.
        "close": {RUNNING: (SUBMITTED, GRADED), SUBMITTED: (), GRADED: ()},
        "mark": {
            RUNNING: Refusal("not_submitted", _("This attempt is still running.")),
            SUBMITTED: (SUBMITTED, GRADED),
            GRADED: (GRADED,),
        },
        "regrade": {RUNNING: (), SUBMITTED: (SUBMITTED, GRADED), GRADED: (SUBMITTED, GRADED)},
    },
)
