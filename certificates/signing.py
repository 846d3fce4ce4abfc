"""The site's signature under its certificates: PAdES, so that any PDF reader notices a changed byte.

The key is the one that the settings name, or a self-signed one made at the first use and kept beside the data
(docs/certificates.md tells how to replace it).
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

from lms.lib.self_signed import self_signed

FIELD = "Signature"
RESERVED = 16_384  # hexadecimal digits kept free for the signature; measuring it would mean to sign twice
SELF_SIGNED_FOR = timedelta(days=20 * 365)


def sign(pdf: bytes, *, reason: str) -> bytes:
    """Return the PDF with the site's invisible signature, which allows no change. About 30 ms."""
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
    """Return what signs: the configured key, or the site's own. Raises ImproperlyConfigured for one that cannot be
    read."""
    return _loaded(
        settings.CERTIFICATE_SIGNING_PKCS12,
        settings.CERTIFICATE_SIGNING_KEY,
        settings.CERTIFICATE_SIGNING_CERT,
        settings.CERTIFICATE_SIGNING_PASSPHRASE,
        str(settings.DATA_DIR),
    )


def public_certificate() -> bytes:
    """Return the certificate that belongs to the key, as PEM: whoever imports it can check without us."""
    loaded: Any = signer().signing_cert
    found = x509.load_der_x509_certificate(loaded.dump())
    return found.public_bytes(serialization.Encoding.PEM)


@cache
def _loaded(pkcs12: str, key: str, cert: str, passphrase: str, data_dir: str) -> signers.SimpleSigner:
    """Return the signer of these settings; read once, since opening a PKCS#12 file is slow on purpose."""
    if bool(key) != bool(cert):
        raise ImproperlyConfigured("CERTIFICATE_SIGNING_KEY and CERTIFICATE_SIGNING_CERT go together; one is not set.")
    secret = passphrase.encode() or None
    if pkcs12:
        loaded = signers.SimpleSigner.load_pkcs12(pkcs12, passphrase=secret)
        name = "CERTIFICATE_SIGNING_PKCS12"
    else:
        own = str(_own_key(Path(data_dir) / "certificate_signing.pem")) if not key else ""
        loaded = signers.SimpleSigner.load(key or own, cert or own, key_passphrase=secret if key else None)
        name = "CERTIFICATE_SIGNING_KEY"
    if loaded is None:
        raise ImproperlyConfigured(f"{name} names a file that cannot be read, or whose passphrase is another.")
    return loaded


def _own_key(path: Path) -> Path:
    """Return the file with the site's own key and certificate, making it, readable by its owner only, where it is not
    there. Of several processes that begin at once, the first one's is kept by all."""
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
    """Return a new key and its self-signed certificate in one PEM."""
    host = settings.SITE_URL.split("://", 1)[-1][:50]
    extensions = ((x509.BasicConstraints(ca=False, path_length=None), True), (_signs_documents(), True))
    secret, certificate = self_signed(f"Certificates of {host}"[:64], SELF_SIGNED_FOR, extensions)
    return secret + certificate


def _signs_documents() -> x509.KeyUsage:
    """Return the key usage of a key that signs documents, and nothing else."""
    unused = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
         "decipher_only"),
        False,
    )  # fmt: skip
    return x509.KeyUsage(digital_signature=True, content_commitment=True, **unused)
