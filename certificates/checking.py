"""Whether a file is one of ours and untouched: told by its digest, so that nobody's PDF is ever parsed."""

import hashlib
import re
from dataclasses import dataclass

from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certificates.errors import CertificateError
from certificates.models import Certificate
from certificates.numbers import ALPHABET, is_well_formed

LARGEST_FILE = 5 * 1024 * 1024
ENVELOPE = 64 * 1024  # what a multipart body weighs beside its file
NUMBERS_LOOKED_UP = 20
# A PDF may write a dash as its octal code.
_NUMBER = re.compile(rb"(?:[%s]{5}(?:-|\\055)){3}[%s]{5}" % ((ALPHABET.encode(),) * 2))


class Outcome(models.TextChoices):
    """What the bytes of a file say."""

    UNTOUCHED = "untouched", gettext_lazy("The file is as we printed it")
    ALTERED = "altered", gettext_lazy("The file names a certificate of ours, and is not the one that we printed")
    UNKNOWN = "unknown", gettext_lazy("The file is none of ours")


@dataclass
class Finding:
    """What a check found, and the certificate that the file is, or claims to be."""

    outcome: Outcome
    certificate: Certificate | None = None


def refuse_large_body(request: HttpRequest) -> None:
    """Raise CertificateError `too_large` (413) before a body is read that cannot hold a certificate of ours."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LARGEST_FILE + ENVELOPE:
        raise _too_large()


def check_file(file: UploadedFile) -> Finding:
    """Return whether a file is a certificate as it was printed. At most two queries; reads 5 MB and no more.

    A changed file is recognised by the number that stands in its description. Raises CertificateError `too_large`.
    """
    if file.size is None or file.size > LARGEST_FILE:
        raise _too_large()
    content = file.read(LARGEST_FILE + 1)
    ours = Certificate.objects.filter(pdf_sha256=hashlib.sha256(content).hexdigest()).first()
    if ours is not None:
        return Finding(Outcome.UNTOUCHED, ours)
    claimed = Certificate.objects.filter(certificate_number__in=_numbers_in(content)).first()
    return Finding(Outcome.ALTERED, claimed) if claimed is not None else Finding(Outcome.UNKNOWN)


def _numbers_in(content: bytes) -> list[str]:
    """Return the first few well-formed numbers that stand in a file in plain signs."""
    found: dict[str, None] = {}
    for match in _NUMBER.finditer(content):
        number = match.group().replace(b"\\055", b"-").decode()
        if is_well_formed(number):
            found[number] = None
        if len(found) == NUMBERS_LOOKED_UP:
            break
    return list(found)


def _too_large() -> CertificateError:
    return CertificateError("too_large", _("Certificates are smaller than 5 MB; this file is not one."), status=413)
