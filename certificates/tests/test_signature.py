"""Tests of the signature of certificates."""

import io
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from certificates import pdf
from certificates import signature as certificate_signature
from certificates.models import Certificate
from certificates.tests.samples import sample


@pytest.fixture(scope="module")
def signed() -> bytes:
    return certificate_signature.sign(pdf.render(sample(), issuer="Campus"), reason="A test")


def validate(content: bytes) -> Any:
    trusted = ValidationContext(trust_roots=[certificate_signature.signer().signing_cert])
    (signature,) = PdfFileReader(io.BytesIO(content)).embedded_signatures
    usage = KeyUsageConstraints(key_usage={"digital_signature"})
    return validate_pdf_signature(signature, trusted, key_usage_settings=usage)


def test_the_signature_validates_with_the_public_certificate(signed: bytes) -> None:
    status = validate(signed)
    assert (status.intact, status.valid, status.trusted, status.bottom_line) == (True, True, True, True)
    assert status.modification_level == ModificationLevel.NONE
    assert status.docmdp_ok


@pytest.mark.parametrize("place", [0.1, 0.4, 0.6])
def test_a_changed_byte_invalidates_the_signature(signed: bytes, place: float) -> None:
    start = signed.index(b"stream", int(len(signed) * place * 0.5)) + 20  # in a stream, so that the file still opens
    changed = signed[:start] + bytes([signed[start] ^ 1]) + signed[start + 1 :]
    status = validate(changed)
    assert not status.intact
    assert not status.bottom_line


def test_appended_bytes_are_not_covered_by_the_signature(signed: bytes) -> None:
    status = validate(signed + b"\n% more\n")
    assert status.coverage.name != "ENTIRE_FILE"


def test_the_signed_pdf_opens_without_errors(signed: bytes, tmp_path: Path) -> None:
    reader = PdfReader(io.BytesIO(signed), strict=True)
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert len(reader.pages[0].extract_text()) > 100
    if shutil.which("qpdf"):
        path = tmp_path / "certificate.pdf"
        path.write_bytes(signed)
        checked = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True, check=False)
        assert (checked.returncode, "No syntax" in checked.stdout) == (0, True), checked.stdout + checked.stderr


def test_the_stored_pdf_is_signed(certificate: Certificate) -> None:
    assert validate(certificate.pdf.read()).bottom_line


def test_the_own_key_is_created_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _number: certificate_signature._ensure_own_key(path).read_bytes(), range(8)))
    assert len(set(made)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_public_certificate_does_not_contain_the_private_key(client: Client, db: None) -> None:
    response = client.get("/certificates/signer.pem")
    assert b"PRIVATE" not in response.content
    assert x509.load_pem_x509_certificate(response.content).public_bytes(serialization.Encoding.DER) == (
        certificate_signature.signer().signing_cert.dump()
    )


def test_the_key_can_be_configured_as_pem_files_or_pkcs12(tmp_path: Path, settings: Any) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(certificate_signature._self_signed())
    key = serialization.load_pem_private_key(other.read_bytes(), None)
    cert = x509.load_pem_x509_certificate(other.read_bytes())
    bundle = tmp_path / "other.p12"
    lock = serialization.BestAvailableEncryption(b"open sesame")
    bundle.write_bytes(pkcs12.serialize_key_and_certificates(b"site", key, cert, None, lock))
    settings.CERTIFICATE_SIGNING_KEY = settings.CERTIFICATE_SIGNING_CERT = str(other)
    assert certificate_signature.signer().signing_cert.serial_number == cert.serial_number
    settings.CERTIFICATE_SIGNING_KEY = settings.CERTIFICATE_SIGNING_CERT = ""
    settings.CERTIFICATE_SIGNING_PKCS12, settings.CERTIFICATE_SIGNING_PASSPHRASE = str(bundle), "open sesame"
    assert certificate_signature.signer().signing_cert.serial_number == cert.serial_number
    assert validate(certificate_signature.sign(pdf.render(sample(), issuer=""), reason="A test")).bottom_line


def test_the_error_for_an_unreadable_key_names_its_setting(tmp_path: Path, settings: Any) -> None:
    settings.CERTIFICATE_SIGNING_PKCS12 = str(tmp_path / "none.p12")
    with pytest.raises(ImproperlyConfigured, match="CERTIFICATE_SIGNING_PKCS12"):
        certificate_signature.signer()
    settings.CERTIFICATE_SIGNING_PKCS12, settings.CERTIFICATE_SIGNING_KEY = "", "/nowhere"
    with pytest.raises(ImproperlyConfigured, match="CERTIFICATE_SIGNING_CERT"):
        certificate_signature.signer()
