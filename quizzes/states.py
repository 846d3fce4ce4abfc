"""States of an attempt, and the operations that each allows."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from core.state_machine import Refusal, StateMachine


class AttemptState(StrEnum):
    """The state of an attempt; a `SUBMITTED` attempt has answers that await grading."""

    RUNNING = "running"
    SUBMITTED = "submitted"
    GRADED = "graded"


RUNNING, SUBMITTED, GRADED = AttemptState
CLOSED = Refusal("attempt_closed", _("This attempt is already submitted."))

ATTEMPT = StateMachine(
    AttemptState,
    {
        "save": {RUNNING: (RUNNING,), SUBMITTED: CLOSED, GRADED: CLOSED},
        # A repeat returns the same result.
        "submit": {RUNNING: (SUBMITTED, GRADED), SUBMITTED: (), GRADED: ()},
        # After the deadline, also if the enrollment has ended: the saved answers are graded.
        "close": {RUNNING: (SUBMITTED, GRADED), SUBMITTED: (), GRADED: ()},
        "grade": {
            RUNNING: Refusal("not_submitted", _("This attempt is not submitted yet.")),
            SUBMITTED: (SUBMITTED, GRADED),
            GRADED: (GRADED,),
        },
        "regrade": {RUNNING: (), SUBMITTED: (SUBMITTED, GRADED), GRADED: (SUBMITTED, GRADED)},
    },
)
