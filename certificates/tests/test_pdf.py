"""Tests of the PDF: reproducible, complete, within the page and accessible."""

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
from certificates.fonts import FALLBACK_FACES, code_points_of, common_code_points
from certificates.numbers import new_number
from certificates.tests.samples import NUMBER, SCRIPTS, sample

LETTER = CertificateTemplate(page_size=PageSize.LETTER, accent="#7a1f3d", note="Twelve hours of study.")
POINTS = {PageSize.A4: (842, 595), PageSize.LETTER: (792, 612)}


def render_sample(**fields: Any) -> PdfReader:
    return PdfReader(io.BytesIO(pdf.render(sample(**fields), issuer="Campus")), strict=True)


def glyphs_used(reader: PdfReader) -> dict[str, set[int]]:
    """Return the glyph ids used on the page by font: two bytes each in Identity-H strings."""
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


def test_the_same_snapshot_renders_to_the_same_bytes() -> None:
    first = pdf.render(sample(student_name="Łucja 李"), issuer="Campus")
    with timezone.override("Pacific/Auckland"), translation.override("de"):
        second = pdf.render(sample(student_name="Łucja 李"), issuer="Campus")
    assert first == second


@pytest.mark.parametrize("template", [CertificateTemplate(), LETTER], ids=["A4", "Letter"])
def test_the_pdf_is_one_landscape_page_of_the_selected_size(template: CertificateTemplate) -> None:
    reader = PdfReader(io.BytesIO(pdf.render(sample(), issuer="Campus", template=template)), strict=True)
    box = reader.pages[0].mediabox
    assert len(reader.pages) == 1
    assert (round(box.width), round(box.height)) == POINTS[template.page_size]


def test_the_pdf_is_tagged_with_language_title_and_structure() -> None:
    reader = render_sample()
    catalog = reader.trailer["/Root"]
    assert catalog["/Lang"] == "en"
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "pdfuaid" in catalog["/Metadata"].get_data().decode()
    assert reader.metadata.title == "Statistics you can argue with: certificate of Maya Okonkwo"
    kinds = element_kinds(catalog["/StructTreeRoot"])
    assert {"/H1", "/H2", "/P", "/Figure"} <= set(kinds)


def element_kinds(element: Any) -> list[str]:
    """Return the kinds of a structure element's descendants, in reading order."""
    element = element.get_object() if isinstance(element, IndirectObject) else element
    if not isinstance(element, dict):
        return []
    children = element.get("/K", [])
    children = children.get_object() if isinstance(children, IndirectObject) else children
    own = [str(element["/S"])] if "/S" in element else []
    return own + [
        kind for child in (children if isinstance(children, list) else [children]) for kind in element_kinds(child)
    ]


def test_extracted_text_is_in_reading_order() -> None:
    text = " ".join(render_sample().pages[0].extract_text().split())
    parts = [
        "Campus", "CERTIFICATE OF COMPLETION", "This is to certify that", "Maya Okonkwo", "has completed the course",
        "Statistics you can argue with", "Alice Example", "INSTRUCTOR", "May 4, 2026", "COMPLETED", NUMBER,
    ]  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


@pytest.mark.parametrize("template", [CertificateTemplate(), LETTER], ids=["A4", "Letter"])
def test_the_qr_code_contains_the_verification_url(template: CertificateTemplate) -> None:
    page = pypdfium2.PdfDocument(pdf.render(sample(), issuer="Campus", template=template))[0]
    picture: Image.Image = page.render(scale=150 / 72).to_pil()
    codes = zxingcpp.read_barcodes(picture)
    assert [code.text for code in codes] == [sample().verify_url]


def test_qr_codes_of_any_number_are_readable_at_screen_resolution() -> None:
    """All codes use the same mask (see pdf.MASK), which may be suboptimal for some."""
    for _time in range(200):
        certificate = sample(certificate_number=new_number())
        _head, _comma, content = pdf._qr_code_url(certificate.verify_url).partition(",")
        picture = Image.open(io.BytesIO(base64.b64decode(content))).convert("L")
        small = Image.new("L", (100, 100), 255)  # 26 mm at 72 dots to the inch, and white around
        small.paste(picture.resize((74, 74), Image.Resampling.BILINEAR), (13, 13))
        assert [code.text for code in zxingcpp.read_barcodes(small)] == [certificate.verify_url]


@pytest.mark.quality("K06")
@pytest.mark.parametrize("script", SCRIPTS)
def test_names_in_every_script_are_rendered_without_missing_glyphs(script: str) -> None:
    name = SCRIPTS[script]
    reader = render_sample(student_name=name, course_title=name, instructor_name=name)
    used = glyphs_used(reader)
    assert used
    assert all(0 not in glyphs for glyphs in used.values()), used
    families = {
        str(font["/BaseFont"]) for font in (f.get_object() for f in reader.pages[0]["/Resources"]["/Font"].values())
    }
    assert all("Certificate" in family for family in families), families  # none comes from the machine


@pytest.mark.quality("K06")
def test_the_bundled_fonts_cover_the_sample_scripts() -> None:
    bundled = common_code_points().union(*(code_points_of(str(path)) for path in FALLBACK_FACES.values()))
    assert {ord(sign) for name in SCRIPTS.values() for sign in name} <= bundled


@pytest.mark.quality("K06")
@pytest.mark.parametrize("template", [CertificateTemplate(), LETTER], ids=["A4", "Letter"])
@pytest.mark.parametrize("sign", ["W", "李", "A long word or "])
def test_the_longest_names_fit_on_the_page_without_overlap(sign: str, template: CertificateTemplate) -> None:
    longest = (sign * 120)[:120]
    certificate = sample(student_name=longest, course_title=longest, instructor_name=longest)
    content = pdf.render(certificate, issuer="Campus", template=template)
    document = pypdfium2.PdfDocument(content)
    page = document[0]
    text = page.get_textpage()
    assert "".join(text.get_text_range().split()).count("".join(longest.split())) == 3
    width, height = page.get_size()
    frame = 40  # the printed frame is 34 points from the edge
    below = height
    for at in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(at)
        assert frame < left < right < width - frame
        assert frame < bottom < top < height - frame
        if "".join(text.get_text_bounded(left, bottom, right, top).split())[:1] and left > 80 and top > 200:
            assert bottom < below + 5, "a line overlaps the one above"
            below = bottom
    assert len(document) == 1


@pytest.mark.quality("G11")
def test_fonts_and_styles_are_read_once_for_common_names(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf.render(sample(), issuer="Campus")

    def read_again(*_args: Any, **_kwargs: Any) -> Any:
        raise AssertionError("read again")

    for module, name in ((fonts, "CSS"), (fonts, "FontConfiguration"), (pdf, "CSS")):
        monkeypatch.setattr(module, name, read_again)
    for name in ("Bob Example", "Łucja Đặng-Sørensen", "Ελένη Παπαδοπούλου", "Анастасія Ґонґадзе"):
        assert pdf.render(sample(student_name=name), issuer="Campus").startswith(b"%PDF")
    with pytest.raises(AssertionError, match="read again"):  # a script that brings a font of its own
        pdf.render(sample(student_name=SCRIPTS["Han"]), issuer="Campus")


@pytest.mark.quality("K06")
def test_unusual_names_do_not_slow_down_rendering() -> None:
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pdf.render(sample(student_name="Z̃" * 60, course_title="\u202e" * 60 + "\u200d" * 60), issuer="Campus")
    pdf.render(sample(student_name="x" * 120, course_title="<b>" * 40, instructor_name="&\"'>" * 30), issuer="Campus")
    assert time.monotonic() - begun < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kilobytes


@pytest.mark.quality("K06")
def test_the_course_title_is_limited_in_length(alice: User, api_of: Callable[[User], APIClient]) -> None:
    response = api_of(alice).post("/api/v1/courses/", {"title": "x" * 10_000})
    assert response.status_code == 400


def test_the_template_texts_appear_on_the_pdf() -> None:
    template = CertificateTemplate(
        heading="Diploma", before_name="We attest that", after_name="finished", note="With honors."
    )
    reader = PdfReader(io.BytesIO(pdf.render(sample(), issuer="Campus", template=template)))
    text = reader.pages[0].extract_text()
    for words in ("DIPLOMA", "We attest that", "finished", "With honors."):
        assert words in text
