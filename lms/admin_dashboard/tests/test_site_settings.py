"""Tests for the site settings: editing, auditing, logo, accent colors and legal pages."""

import io
import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rest_framework.test import APIClient

from accounts.models import User
from core.admin import describe_color_adjustment
from core.models import Accent, AuditEntry, SiteLogo, SiteSettings
from core.site import theme

CHANGE = "/admin/platform/sitesettings/1/change/"


def form(**changes: Any) -> dict[str, Any]:
    """Return the form data of the settings page, with changes."""
    site = SiteSettings.current()
    skipped = {"id", "logo_version"}
    current = {field.attname: getattr(site, field.attname) for field in site._meta.concrete_fields}
    values = {name: value for name, value in (current | changes).items() if name not in skipped and value is not False}
    return {name: "on" if value is True else value for name, value in values.items()}


@pytest.fixture
def change(dan: User, browser_of: Any, django_capture_on_commit_callbacks: Any) -> Any:
    """Submit the settings form as an administrator; return the status code."""
    SiteSettings.current()
    browser = browser_of(dan)

    def changed(**changes: Any) -> int:
        with django_capture_on_commit_callbacks(execute=True):
            return browser.post(CHANGE, form(**changes)).status_code

    return changed


def create_image(width: int = 600, height: int = 300) -> SimpleUploadedFile:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(written, "JPEG", comment=b"taken at home")
    return SimpleUploadedFile("logo.jpg", written.getvalue(), content_type="image/jpeg")


def test_a_new_site_name_is_used_at_once_and_audited(change: Any, client: Any) -> None:
    assert "Campus" in client.get("/courses/").content.decode()
    assert change(name="Night School") == 302
    assert "Night School" in client.get("/courses/").content.decode()
    line = AuditEntry.objects.get(action="platform.settings_changed")
    assert line.changes["name"] == ["Campus", "Night School"]


def test_registration_can_be_closed_for_pages_and_api(change: Any, client: Any) -> None:
    assert change(registration_open=False) == 302
    assert "/account/register/" not in client.get("/courses/").content.decode()
    body = {"email": "new@example.com", "password": "a long walk home", "full_name": "New"}
    answer = APIClient().post("/api/v1/users/", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "registration_closed")


def test_a_legal_page_exists_only_while_it_has_text(change: Any, client: Any) -> None:
    assert client.get("/legal/imprint/").status_code == 404
    change(imprint="# Who we are\n\n<script>alert(1)</script>Night School")
    shown = client.get("/legal/imprint/").content.decode()
    assert "Night School" in shown
    assert "alert(1)</script>" not in shown
    assert 'href="/legal/imprint/"' in client.get("/courses/").content.decode()
    assert client.get("/legal/name/").status_code == 404


def test_an_uploaded_logo_is_reencoded_and_replaces_the_default(change: Any, client: Any) -> None:
    assert change(logo=create_image()) == 302
    page = client.get("/courses/").content.decode()
    address = re.search(r'src="(/logo/[0-9a-f]{16}\.png)"', page)[1]
    answer = client.get(address)
    assert (answer["Content-Type"], "immutable" in answer["Cache-Control"]) == ("image/png", True)
    assert b"taken at home" not in answer.content
    with Image.open(io.BytesIO(answer.content)) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (256, 128))
    change(remove_logo=True)
    assert client.get(address).status_code == 404
    assert "/logo/" not in client.get("/courses/").content.decode()


@pytest.mark.parametrize(
    "given", [SimpleUploadedFile("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), create_image(9000, 3000)]
)
def test_an_invalid_logo_is_rejected(given: SimpleUploadedFile, change: Any) -> None:
    given.seek(0)
    assert change(logo=given) == 200
    assert not SiteLogo.objects.exists()


def test_only_administrators_can_change_settings(sue: User, browser_of: Any) -> None:
    assert browser_of(sue).post(CHANGE, form(name="Mine")).status_code == 403
    assert SiteSettings.objects.get(pk=1).name == "Campus"


PRESET_NAMES = [value for value in Accent.values if value != Accent.OWN]


@pytest.mark.parametrize("accent", PRESET_NAMES)
def test_each_preset_accent_has_sufficient_contrast(accent: str, change: Any, client: Any) -> None:
    change(accent=accent)
    page = client.get("/courses/").content.decode()
    assert (f"css/accents/{accent}.css" in page) is (accent != Accent.EVERGREEN)
    tokens = (django_settings.BASE_DIR / "static/css/tokens.css").read_text()
    name = "brand" if accent == Accent.EVERGREEN else accent
    paper, brand, ink, soft = (pair(tokens, token) for token in ("paper", name, f"{name}-ink", f"{name}-soft"))
    for mode in (0, 1):
        assert contrast(brand[mode], paper[mode]) >= 4.5
        assert contrast(brand[mode], ink[mode]) >= 4.5
        assert contrast(brand[mode], soft[mode]) >= 4.5
        shades = (theme.PRESETS[accent].light, theme.PRESETS[accent].dark)[mode]
        drawn = [color if len(color) == 7 else "#ffffff" for color in (brand[mode], ink[mode], soft[mode])]
        assert [shades.brand, shades.ink, shades.soft] == drawn


@given(st.integers(0, 0xFFFFFF))
def test_every_custom_color_is_adjusted_to_sufficient_contrast(number: int) -> None:
    pair = theme.derive_pair(f"#{number:06x}")
    for shades, grounds in ((pair.light, ("#faf8f4", "#ffffff", "#f2efe8")), (pair.dark, ("#151412", "#1e1c19"))):
        for other in (*grounds, shades.ink, shades.soft):
            assert contrast(shades.brand, other) >= 4.5


def test_a_custom_accent_has_its_own_style_sheet_and_is_used_in_mails(change: Any, client: Any) -> None:
    assert change(accent="own", accent_colour="#ffe600") == 302
    page = client.get("/courses/").content.decode()
    assert '<link rel="stylesheet" href="/accent/ffe600.css">' in page
    assert "style=" not in page.split("<main")[0]
    sheet = client.get("/accent/ffe600.css")
    assert sheet.headers["Content-Type"].startswith("text/css")
    assert f"--brand: light-dark({theme.derive_pair('#ffe600').light.brand}, #ffe600);" in sheet.content.decode()
    assert client.get("/accent/ffe600.css", headers={"If-None-Match": sheet.headers["ETag"]}).status_code == 304
    assert client.get("/accent/ff0000.css").status_code == 404
    assert theme.derive_pair("#ffe600").light.brand in client.get("/dev/mail/kinds/receipt/html/").content.decode()


@pytest.mark.parametrize(
    ("color", "sentence"),
    [
        ("#ffe600", "#ffe600 is too light for light pages"),
        ("#0e6450", "#0e6450 is too dark for dark pages"),
        ("#777777", "not readable on light or dark pages"),
    ],
)
def test_the_adjustment_of_a_custom_color_is_explained(color: str, sentence: str) -> None:
    assert sentence in describe_color_adjustment(color)


@pytest.mark.parametrize("color", ["", "red", "#FFE600", "#ffe60", "#ffe600;}", "#ffe600\n"])
def test_an_invalid_color_is_rejected(color: str, change: Any) -> None:
    assert change(accent="own", accent_colour=color) == (302 if color.endswith("\n") else 200)
    assert SiteSettings.objects.get(pk=1).accent_colour == ("#ffe600" if color.endswith("\n") else "")


def pair(tokens: str, name: str) -> list[str]:
    """Return the light and the dark color of a token."""
    return re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", tokens).groups()


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colors (WCAG 2.2)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
