"""The certificate on paper: the same bytes each time, nothing clipped, no sign missing, readable by machines."""

import base64
import io
import resource
import time
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from django.utils import timezone, translation
from PIL import Image
from pypdf import PdfReader
from pypdf.generic import IndirectObject
from rest_framework.test import APIClient

from accounts.models import User
from certificates import fonts, pdf
from certificates.designs import CertificateTemplate, PageSize
from certificates.fonts import RARE_FACES, common_signs, signs_of
from certificates.numbers import new_number
from certificates.tests.samples import NUMBER, SCRIPTS, sample

LETTER = CertificateTemplate(page_size=PageSize.LETTER, accent="#7a1f3d", note="Twelve hours of study.")
POINTS = {PageSize.A4: (842, 595), PageSize.LETTER: (792, 612)}


def printed(**fields: Any) -> PdfReader:
    return PdfReader(io.BytesIO(pdf.render(sample(**fields), issuer="Campus")), strict=True)


def glyphs_used(reader: PdfReader) -> dict[str, set[int]]:
    """Return the glyph numbers that the page shows, by font: two bytes each in the Identity-H strings."""
    used: dict[str, set[int]] = {}
    font = [""]

    def visit(operator: bytes, operands: list[Any], *_matrices: Any) -> None:
        if operator == b"Tf":
            font[0] = operands[0]
        for text in operands[0] if operator == b"TJ" else operands[:1] if operator == b"Tj" else []:
            raw = getattr(text, "original_bytes", text if isinstance(text, bytes) else b"")
            numbers = {int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)}
            used.setdefault(font[0], set()).update(numbers)

    reader.pages[0].extract_text(visitor_operand_before=visit)
    return used


def test_the_same_snapshot_gives_the_same_bytes() -> None:
    first = pdf.render(sample(student_name="Łucja 李"), issuer="Campus")
    with timezone.override("Pacific/Auckland"), translation.override("de"):
        second = pdf.render(sample(student_name="Łucja 李"), issuer="Campus")
    assert first == second


@pytest.mark.parametrize("template", [CertificateTemplate(), LETTER], ids=["A4", "Letter"])
def test_it_is_one_page_on_its_side_of_the_paper_that_was_chosen(template: CertificateTemplate) -> None:
    reader = PdfReader(io.BytesIO(pdf.render(sample(), issuer="Campus", template=template)), strict=True)
    box = reader.pages[0].mediabox
    assert len(reader.pages) == 1
    assert (round(box.width), round(box.height)) == POINTS[template.page_size]


def test_machines_are_told_its_language_its_title_and_its_structure() -> None:
    reader = printed()
    catalogue = reader.trailer["/Root"]
    assert catalogue["/Lang"] == "en"
    assert catalogue["/MarkInfo"]["/Marked"]
    assert catalogue["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "pdfuaid" in catalogue["/Metadata"].get_data().decode()
    assert reader.metadata.title == "Statistics you can argue with: certificate of Maya Okonkwo"
    kinds = kinds_below(catalogue["/StructTreeRoot"])
    assert {"/H1", "/H2", "/P", "/Figure"} <= set(kinds)


def kinds_below(element: Any) -> list[str]:
    """Return the kinds of a structure element's descendants, in reading order."""
    element = element.get_object() if isinstance(element, IndirectObject) else element
    if not isinstance(element, dict):
        return []
    children = element.get("/K", [])
    children = children.get_object() if isinstance(children, IndirectObject) else children
    own = [str(element["/S"])] if "/S" in element else []
    return own + [
        kind for child in (children if isinstance(children, list) else [children]) for kind in kinds_below(child)
    ]


def test_its_text_comes_out_in_the_order_in_which_it_is_read() -> None:
    text = " ".join(printed().pages[0].extract_text().split())
    parts = [
        "Campus", "CERTIFICATE OF COMPLETION", "This is to say that", "Maya Okonkwo", "has completed the course",
        "Statistics you can argue with", "Alice Example", "INSTRUCTOR", "May 4, 2026", "COMPLETED", NUMBER,
    ]  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


@pytest.mark.parametrize("template", [CertificateTemplate(), LETTER], ids=["A4", "Letter"])
def test_the_code_leads_to_the_page_that_verifies_it(template: CertificateTemplate) -> None:
    page = pypdfium2.PdfDocument(pdf.render(sample(), issuer="Campus", template=template))[0]
    picture: Image.Image = page.render(scale=150 / 72).to_pil()
    codes = zxingcpp.read_barcodes(picture)
    assert [code.text for code in codes] == [sample().verify_url]


def test_codes_are_read_whatever_the_number_and_at_a_screens_resolution() -> None:
    """Each code has the same mask, smooth or not (see pdf.MASK)."""
    for _time in range(200):
        certificate = sample(certificate_number=new_number())
        _head, _comma, content = pdf._code(certificate.verify_url).partition(",")
        picture = Image.open(io.BytesIO(base64.b64decode(content))).convert("L")
        small = Image.new("L", (100, 100), 255)  # 26 mm at 72 dots to the inch, and white around
        small.paste(picture.resize((74, 74), Image.Resampling.BILINEAR), (13, 13))
        assert [code.text for code in zxingcpp.read_barcodes(small)] == [certificate.verify_url]


@pytest.mark.quality("K06")
@pytest.mark.parametrize("script", SCRIPTS)
def test_no_sign_of_a_name_is_missing(script: str) -> None:
    name = SCRIPTS[script]
    reader = printed(student_name=name, course_title=name, instructor_name=name)
    used = glyphs_used(reader)
    assert used
    assert all(0 not in glyphs for glyphs in used.values()), used
    families = {
        str(font["/BaseFont"]) for font in (f.get_object() for f in reader.pages[0]["/Resources"]["/Font"].values())
    }
    assert all("Certificate" in family for family in families), families  # none comes from the machine


@pytest.mark.quality("K06")
def test_the_bundled_fonts_have_the_signs_that_names_are_written_in() -> None:
    bundled = common_signs().union(*(signs_of(str(path)) for path in RARE_FACES.values()))
    assert {ord(sign) for name in SCRIPTS.values() for sign in name} <= bundled


@pytest.mark.quality("K06")
@pytest.mark.parametrize("template", [CertificateTemplate(), LETTER], ids=["A4", "Letter"])
@pytest.mark.parametrize("sign", ["W", "李", "A long word or "])
def test_the_longest_names_stay_on_the_paper_and_off_each_other(sign: str, template: CertificateTemplate) -> None:
    longest = (sign * 120)[:120]
    certificate = sample(student_name=longest, course_title=longest, instructor_name=longest)
    content = pdf.render(certificate, issuer="Campus", template=template)
    document = pypdfium2.PdfDocument(content)
    page = document[0]
    text = page.get_textpage()
    assert "".join(text.get_text_range().split()).count("".join(longest.split())) == 3
    width, height = page.get_size()
    frame = 40  # the printed frame stands 34 points from the edge
    below = height
    for at in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(at)
        assert frame < left < right < width - frame
        assert frame < bottom < top < height - frame
        if "".join(text.get_text_bounded(left, bottom, right, top).split())[:1] and left > 80 and top > 200:
            assert bottom < below + 5, "a line stands on the one above"
            below = bottom
    assert len(document) == 1


@pytest.mark.quality("G11")
def test_a_class_of_common_names_reads_fonts_and_style_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf.render(sample(), issuer="Campus")

    def read_anew(*_args: Any, **_kwargs: Any) -> Any:
        raise AssertionError("read anew")

    for module, name in ((fonts, "CSS"), (fonts, "FontConfiguration"), (pdf, "CSS")):
        monkeypatch.setattr(module, name, read_anew)
    for name in ("Bob Example", "Łucja Đặng-Sørensen", "Ελένη Παπαδοπούλου", "Анастасія Ґонґадзе"):
        assert pdf.render(sample(student_name=name), issuer="Campus").startswith(b"%PDF")
    with pytest.raises(AssertionError, match="read anew"):  # a script that brings a font of its own
        pdf.render(sample(student_name=SCRIPTS["Han"]), issuer="Campus")


@pytest.mark.quality("K06")
def test_whatever_a_name_is_made_of_printing_it_stays_cheap() -> None:
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pdf.render(sample(student_name="Z̃" * 60, course_title="\u202e" * 60 + "\u200d" * 60), issuer="Campus")
    pdf.render(sample(student_name="x" * 120, course_title="<b>" * 40, instructor_name="&\"'>" * 30), issuer="Campus")
    assert time.monotonic() - begun < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kilobytes


@pytest.mark.quality("K06")
def test_nobody_gets_a_title_in_that_fills_pages(alice: User, api_of: Callable[[User], APIClient]) -> None:
    answer = api_of(alice).post("/api/v1/courses/", {"title": "x" * 10_000})
    assert answer.status_code == 400


def test_a_template_says_what_is_printed() -> None:
    template = CertificateTemplate(
        heading="Diploma", before_name="We attest that", after_name="finished", note="With honours."
    )
    reader = PdfReader(io.BytesIO(pdf.render(sample(), issuer="Campus", template=template)))
    text = reader.pages[0].extract_text()
    for words in ("DIPLOMA", "We attest that", "finished", "With honours."):
        assert words in text
