"""The domain error of certificates."""

from lms.lib.errors import DomainError


class CertificateError(DomainError):
    """The certificate cannot be issued or changed in its state."""
