"""The domain error of certificates."""

from core.http.errors import DomainError


class CertificateError(DomainError):
    """The certificate cannot be issued or changed in its state."""
