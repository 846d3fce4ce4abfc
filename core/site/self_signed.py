"""Self-signed certificates: the default signature of course certificates, and TLS on a single machine."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Backdates the certificate, so that a client whose clock is slow accepts it.
BACKDATED_BY = timedelta(hours=1)


def create_self_signed(
    common_name: str, validity: timedelta, extensions: Iterable[tuple[x509.ExtensionType, bool]]
) -> tuple[bytes, bytes]:
    """Return a new P-256 key and its certificate, both as PEM. `extensions` are pairs of extension and criticality."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED_BY)
        .not_valid_after(now + validity)
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
