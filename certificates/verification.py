"""Verification of certificate files by digest, so that no uploaded PDF is ever parsed."""

import hashlib
import re
from dataclasses import dataclass

from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.request import Request

from certificates.errors import CertificateError
from certificates.models import Certificate
from certificates.numbers import ALPHABET, is_well_formed

MAX_FILE_BYTES = 5 * 1024 * 1024
MULTIPART_OVERHEAD_BYTES = 64 * 1024  # size of a multipart body beyond its file
MAX_NUMBERS = 20
# A PDF may write a dash as its octal code.
_NUMBER = re.compile(rb"(?:[%s]{5}(?:-|\\055)){3}[%s]{5}" % ((ALPHABET.encode(),) * 2))


class Outcome(models.TextChoices):
    """Result of verifying a file."""

    UNTOUCHED = "untouched", gettext_lazy("This file is an authentic certificate")
    ALTERED = "altered", gettext_lazy("This file has been modified")
    UNKNOWN = "unknown", gettext_lazy("This file is not a certificate from this site")


@dataclass
class Finding:
    """Result of a verification, with the certificate that the file is or claims to be."""

    outcome: Outcome
    certificate: Certificate | None = None


def reject_large_body(request: HttpRequest | Request) -> None:
    """Raise CertificateError `too_large` (413) before reading a body that is larger than any certificate."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MAX_FILE_BYTES + MULTIPART_OVERHEAD_BYTES:
        raise _too_large_error()


def check_file(file: UploadedFile) -> Finding:
    """Return whether a file is an unmodified certificate. At most two queries; reads at most 5 MB.

    A modified file is identified by the certificate number in its metadata. Raise CertificateError `too_large`.
    """
    if file.size is None or file.size > MAX_FILE_BYTES:
        raise _too_large_error()
    content = file.read(MAX_FILE_BYTES + 1)
    original = Certificate.objects.filter(pdf_sha256=hashlib.sha256(content).hexdigest()).first()
    if original is not None:
        return Finding(Outcome.UNTOUCHED, original)
    claimed = Certificate.objects.filter(certificate_number__in=_find_numbers(content)).first()
    return Finding(Outcome.ALTERED, claimed) if claimed is not None else Finding(Outcome.UNKNOWN)


def _find_numbers(content: bytes) -> list[str]:
    """Return the first well-formed certificate numbers in plain text, at most MAX_NUMBERS."""
    found: dict[str, None] = {}
    for match in _NUMBER.finditer(content):
        number = match.group().replace(b"\\055", b"-").decode()
        if is_well_formed(number):
            found[number] = None
        if len(found) == MAX_NUMBERS:
            break
    return list(found)


def _too_large_error() -> CertificateError:
    return CertificateError("too_large", _("The file is too large. Certificates are smaller than 5 MB."), status=413)
