"""PAdES signature of the site on its certificates: every PDF reader detects modifications.

The key comes from the settings, or is a self-signed one, created at the first use and stored in DATA_DIR
(docs/certificates.md describes how to replace it).
"""

import os
import secrets
from datetime import timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

from core.site.self_signed import create_self_signed

FIELD = "Signature"
RESERVED = 16_384  # hexadecimal digits reserved for the signature; measuring it would require signing twice
SELF_SIGNED_FOR = timedelta(days=20 * 365)


def sign(pdf: bytes, *, reason: str) -> bytes:
    """Return the PDF with the site's invisible signature, which permits no modification. About 30 ms."""
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=reason,
        certify=True,
        subfilter=fields.SigSeedSubFilter.PADES,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    signed = BytesIO()
    signers.sign_pdf(
        IncrementalPdfFileWriter(BytesIO(pdf)), metadata, signer=signer(), bytes_reserved=RESERVED, output=signed
    )
    return signed.getvalue()


def signer() -> signers.SimpleSigner:
    """Return the signer with the configured key, or the site's own. Raise ImproperlyConfigured if it cannot be read."""
    return _load_signer(
        settings.CERTIFICATE_SIGNING_PKCS12,
        settings.CERTIFICATE_SIGNING_KEY,
        settings.CERTIFICATE_SIGNING_CERT,
        settings.CERTIFICATE_SIGNING_PASSPHRASE,
        str(settings.DATA_DIR),
    )


def public_certificate() -> bytes:
    """Return the certificate of the key as PEM, for verification by third parties."""
    loaded: Any = signer().signing_cert
    found = x509.load_der_x509_certificate(loaded.dump())
    return found.public_bytes(serialization.Encoding.PEM)


@cache
def _load_signer(pkcs12: str, key: str, cert: str, passphrase: str, data_dir: str) -> signers.SimpleSigner:
    """Return the signer of these settings. Cached, because opening a PKCS#12 file is slow by design."""
    if bool(key) != bool(cert):
        raise ImproperlyConfigured("CERTIFICATE_SIGNING_KEY and CERTIFICATE_SIGNING_CERT must be set together.")
    secret = passphrase.encode() or None
    if pkcs12:
        loaded = signers.SimpleSigner.load_pkcs12(pkcs12, passphrase=secret)
        name = "CERTIFICATE_SIGNING_PKCS12"
    else:
        own = str(_ensure_own_key(Path(data_dir) / "certificate_signing.pem")) if not key else ""
        loaded = signers.SimpleSigner.load(key or own, cert or own, key_passphrase=secret if key else None)
        name = "CERTIFICATE_SIGNING_KEY"
    if loaded is None:
        raise ImproperlyConfigured(f"The file of {name} cannot be read, or CERTIFICATE_SIGNING_PASSPHRASE is wrong.")
    return loaded


def _ensure_own_key(path: Path) -> Path:
    """Return the file with the site's own key and certificate; create it with mode 0600 if it is missing.

    Of several processes that start at once, the first one's file is used by all.
    """
    if path.exists():
        return path
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(_self_signed())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path


def _self_signed() -> bytes:
    """Return a new key and its self-signed certificate as one PEM."""
    host = settings.SITE_URL.split("://", 1)[-1][:50]
    extensions = ((x509.BasicConstraints(ca=False, path_length=None), True), (_document_signing_usage(), True))
    secret, certificate = create_self_signed(f"Certificates of {host}"[:64], SELF_SIGNED_FOR, extensions)
    return secret + certificate


def _document_signing_usage() -> x509.KeyUsage:
    """Return the key usage for signing documents only."""
    unused = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
         "decipher_only"),
        False,
    )  # fmt: skip
    return x509.KeyUsage(digital_signature=True, content_commitment=True, **unused)
