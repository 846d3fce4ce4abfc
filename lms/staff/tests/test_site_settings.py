"""The site's settings: changed in the admin, seen at once, audited; and what they show."""

import io
import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

from accounts.models import User
from lms.platform.models import Accent, AuditEntry, SiteLogo, SiteSettings

CHANGE = "/admin/platform/sitesettings/1/change/"


def form(**changes: Any) -> dict[str, Any]:
    """What the page of the settings would send."""
    site = SiteSettings.current()
    skipped = {"id", "logo_version"}
    kept = {field.attname: getattr(site, field.attname) for field in site._meta.concrete_fields}
    values = {name: value for name, value in {**kept, **changes}.items() if name not in skipped and value is not False}
    return {name: "on" if value is True else value for name, value in values.items()}


@pytest.fixture
def change(dan: User, browser_of: Any, django_capture_on_commit_callbacks: Any) -> Any:
    """Change settings as an administrator does; return the answer's status."""
    SiteSettings.current()
    browser = browser_of(dan)

    def changed(**changes: Any) -> int:
        with django_capture_on_commit_callbacks(execute=True):
            return browser.post(CHANGE, form(**changes)).status_code

    return changed


def picture(width: int = 600, height: int = 300) -> SimpleUploadedFile:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(written, "JPEG", comment=b"taken at home")
    return SimpleUploadedFile("logo.jpg", written.getvalue(), content_type="image/jpeg")


def test_a_name_is_seen_at_once_and_audited_with_before_and_after(change: Any, client: Any) -> None:
    assert "Campus" in client.get("/courses/").content.decode()
    assert change(name="Night School") == 302
    assert "Night School" in client.get("/courses/").content.decode()
    line = AuditEntry.objects.get(action="platform.settings_changed")
    assert line.changes["name"] == ["Campus", "Night School"]


def test_registration_closes_on_pages_and_api(change: Any, client: Any) -> None:
    assert change(registration_open=False) == 302
    assert "/account/register/" not in client.get("/courses/").content.decode()
    body = {"email": "new@example.com", "password": "a long walk home", "full_name": "New"}
    answer = APIClient().post("/api/v1/users/", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "registration_closed")


def test_a_legal_page_is_there_while_it_has_a_text(change: Any, client: Any) -> None:
    assert client.get("/legal/imprint/").status_code == 404
    change(imprint="# Who we are\n\n<script>alert(1)</script>Night School")
    shown = client.get("/legal/imprint/").content.decode()
    assert "Night School" in shown
    assert "alert(1)</script>" not in shown
    assert 'href="/legal/imprint/"' in client.get("/courses/").content.decode()
    assert client.get("/legal/name/").status_code == 404


def test_a_logo_is_drawn_anew_and_takes_the_mark_s_place(change: Any, client: Any) -> None:
    assert change(logo=picture()) == 302
    page = client.get("/courses/").content.decode()
    address = re.search(r'src="(/logo/[0-9a-f]{16}\.png)"', page)[1]
    answer = client.get(address)
    assert (answer["Content-Type"], "immutable" in answer["Cache-Control"]) == ("image/png", True)
    assert b"taken at home" not in answer.content
    with Image.open(io.BytesIO(answer.content)) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (256, 128))
    change(without_logo=True)
    assert client.get(address).status_code == 404
    assert "/logo/" not in client.get("/courses/").content.decode()


@pytest.mark.parametrize(
    "given", [SimpleUploadedFile("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), picture(9000, 3000)]
)
def test_what_is_no_logo_is_refused(given: SimpleUploadedFile, change: Any) -> None:
    given.seek(0)
    assert change(logo=given) == 200
    assert not SiteLogo.objects.exists()


def test_only_administrators_change_settings(sue: User, browser_of: Any) -> None:
    assert browser_of(sue).post(CHANGE, form(name="Mine")).status_code == 403
    assert SiteSettings.objects.get(pk=1).name == "Campus"


@pytest.mark.parametrize("accent", Accent.values)
def test_each_accent_can_be_read_light_and_dark(accent: str, change: Any, client: Any) -> None:
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


def pair(tokens: str, name: str) -> list[str]:
    """The light and the dark colour of a token."""
    return re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", tokens).groups()


def contrast(one: str, other: str) -> float:
    """How far two colours stand apart (WCAG 2.2, contrast ratio)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
