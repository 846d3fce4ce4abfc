"""States of a certificate, and the operations that each allows."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from enrollments.states import NOT_ENROLLED, EnrollmentState
from lms.lib.state_machine import Refusal, StateMachine


class CertificateState(StrEnum):
    """The state of a certificate; `REPLACED` is a revoked one that another was issued for."""

    PENDING = "pending"
    ISSUED = "issued"
    REVOKED = "revoked"
    REPLACED = "replaced"


PENDING, ISSUED, REVOKED, REPLACED = CertificateState

CERTIFICATE = StateMachine(
    CertificateState,
    {
        "print": {PENDING: (ISSUED,), ISSUED: (), REVOKED: (), REPLACED: ()},
        "mail": {PENDING: (PENDING,), ISSUED: (ISSUED,), REVOKED: (), REPLACED: ()},
        "revoke": {PENDING: (REVOKED,), ISSUED: (REVOKED,), REVOKED: (), REPLACED: ()},
        # The outcome is the old one's; the new one is pending.
        "reissue": {
            PENDING: (REPLACED,),
            ISSUED: (REPLACED,),
            REVOKED: (REPLACED,),
            REPLACED: Refusal("already_replaced", _("This certificate was issued anew already.")),
        },
    },
)

# What an enrollment allows: the first certificate, and a new one for a certificate that was revoked. One that is valid
# may be issued anew after the end, too: with a corrected name, for example.
CERTIFIED = StateMachine(
    EnrollmentState,
    {
        "issue": {
            EnrollmentState.ACTIVE: Refusal("not_completed", _("Complete the course first.")),
            EnrollmentState.COMPLETED: (EnrollmentState.COMPLETED,),
            EnrollmentState.ENDED: NOT_ENROLLED,
        },
    },
)
