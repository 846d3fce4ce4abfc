"""States of a certificate, and the operations that each allows."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from core.state_machine import Refusal, StateMachine
from enrollments.states import NOT_ENROLLED, EnrollmentState


class CertificateState(StrEnum):
    """The state of a certificate; `REPLACED` is a revoked one that was reissued."""

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
            REPLACED: Refusal("already_replaced", _("This certificate was already reissued.")),
        },
    },
)

# Operations by the state of the enrollment: the first certificate, and another one after a revocation. A valid
# certificate may be reissued after the end too, with a corrected name for example.
CERTIFIED = StateMachine(
    EnrollmentState,
    {
        "issue": {
            EnrollmentState.ACTIVE: Refusal("not_completed", _("Complete the course first.")),
            EnrollmentState.COMPLETED: (EnrollmentState.COMPLETED,),
            EnrollmentState.ENDED: NOT_ENROLLED,
            EnrollmentState.BARRED: NOT_ENROLLED,
        },
    },
)
