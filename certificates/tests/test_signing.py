"""The signature under a certificate: anybody's reader notices a changed byte."""

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

from certificates import pdf, signing
from certificates.models import Certificate
from certificates.tests.samples import sample


@pytest.fixture(scope="module")
def signed() -> bytes:
    return signing.sign(pdf.render(sample(), issuer="Campus"), reason="A test")


def verdict(content: bytes) -> Any:
    trusted = ValidationContext(trust_roots=[signing.signer().signing_cert])
    (signature,) = PdfFileReader(io.BytesIO(content)).embedded_signatures
    usage = KeyUsageConstraints(key_usage={"digital_signature"})
    return validate_pdf_signature(signature, trusted, key_usage_settings=usage)


def test_a_stranger_with_our_public_key_finds_it_valid(signed: bytes) -> None:
    status = verdict(signed)
    assert (status.intact, status.valid, status.trusted, status.bottom_line) == (True, True, True, True)
    assert status.modification_level == ModificationLevel.NONE
    assert status.docmdp_ok


@pytest.mark.parametrize("place", [0.1, 0.4, 0.6])
def test_one_changed_byte_makes_it_fail(signed: bytes, place: float) -> None:
    start = signed.index(b"stream", int(len(signed) * place * 0.5)) + 20  # in a stream, so that the file still opens
    changed = signed[:start] + bytes([signed[start] ^ 1]) + signed[start + 1 :]
    status = verdict(changed)
    assert not status.intact
    assert not status.bottom_line


def test_something_appended_makes_it_fail(signed: bytes) -> None:
    status = verdict(signed + b"\n% more\n")
    assert status.coverage.name != "ENTIRE_FILE"


def test_readers_open_it_without_a_complaint(signed: bytes, tmp_path: Path) -> None:
    reader = PdfReader(io.BytesIO(signed), strict=True)
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert len(reader.pages[0].extract_text()) > 100
    if shutil.which("qpdf"):
        path = tmp_path / "certificate.pdf"
        path.write_bytes(signed)
        checked = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True, check=False)
        assert (checked.returncode, "No syntax" in checked.stdout) == (0, True), checked.stdout + checked.stderr


def test_what_is_handed_out_is_signed(certificate: Certificate) -> None:
    assert verdict(certificate.pdf.read()).bottom_line


def test_the_sites_own_key_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _number: signing._own_key(path).read_bytes(), range(8)))
    assert len(set(made)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_anybody_gets_the_public_half_alone(client: Client, db: None) -> None:
    answer = client.get("/certificates/signer.pem")
    assert b"PRIVATE" not in answer.content
    assert x509.load_pem_x509_certificate(answer.content).public_bytes(serialization.Encoding.DER) == (
        signing.signer().signing_cert.dump()
    )


def test_the_key_is_replaced_by_pem_files_or_by_pkcs12(tmp_path: Path, settings: Any) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(signing._self_signed())
    key = serialization.load_pem_private_key(other.read_bytes(), None)
    cert = x509.load_pem_x509_certificate(other.read_bytes())
    bundle = tmp_path / "other.p12"
    lock = serialization.BestAvailableEncryption(b"open sesame")
    bundle.write_bytes(pkcs12.serialize_key_and_certificates(b"site", key, cert, None, lock))
    settings.CERTIFICATE_SIGNING_KEY = settings.CERTIFICATE_SIGNING_CERT = str(other)
    assert signing.signer().signing_cert.serial_number == cert.serial_number
    settings.CERTIFICATE_SIGNING_KEY = settings.CERTIFICATE_SIGNING_CERT = ""
    settings.CERTIFICATE_SIGNING_PKCS12, settings.CERTIFICATE_SIGNING_PASSPHRASE = str(bundle), "open sesame"
    assert signing.signer().signing_cert.serial_number == cert.serial_number
    assert verdict(signing.sign(pdf.render(sample(), issuer=""), reason="A test")).bottom_line


def test_a_key_that_cannot_be_read_names_its_setting(tmp_path: Path, settings: Any) -> None:
    settings.CERTIFICATE_SIGNING_PKCS12 = str(tmp_path / "none.p12")
    with pytest.raises(ImproperlyConfigured, match="CERTIFICATE_SIGNING_PKCS12"):
        signing.signer()
    settings.CERTIFICATE_SIGNING_PKCS12, settings.CERTIFICATE_SIGNING_KEY = "", "/nowhere"
    with pytest.raises(ImproperlyConfigured, match="CERTIFICATE_SIGNING_CERT"):
        signing.signer()
