"""Keys that vouch for themselves: under certificates until the site has another, and for TLS on one machine."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# A clock that is late must not find the certificate not valid yet.
BEFORE_NOW = timedelta(hours=1)


def self_signed(
    common_name: str, lasting: timedelta, extensions: Iterable[tuple[x509.ExtensionType, bool]]
) -> tuple[bytes, bytes]:
    """Return a new key on P-256 and its certificate, each as PEM. An extension comes with whether it is critical."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE_NOW)
        .not_valid_after(now + lasting)
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
