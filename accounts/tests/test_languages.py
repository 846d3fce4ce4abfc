"""Languages of pages and emails: the profile's, else the browser's, else the site's default."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import environ
import pytest
from django.conf import settings as project
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from lms.environment import languages

RESET = "/api/v1/auth/password/reset"
PO = """msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Security"
msgstr "Sicherheit"

msgid "Set a new password"
msgstr "Neues Passwort"

msgid "Incorrect email address or password."
msgstr "Adresse oder Passwort ist falsch."

msgid "Log in"
msgstr "Anmelden"
"""


@pytest.fixture
def german(db: None, settings: Any, tmp_path: Path) -> None:
    """Add German with a small message catalog."""
    folder = tmp_path / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(PO)
    subprocess.run(["msgfmt", "-o", folder / "django.mo", folder / "django.po"], check=True)
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    settings.LOCALE_PATHS = [str(tmp_path / "locale")]


def heading(page: Any) -> str:
    text = page.content.decode()
    return text.split("<h1", 1)[1].split(">", 1)[1].split("</h1>", 1)[0]


def test_pages_use_the_language_of_the_profile(german: None, bob: User, browser_of: Callable[[User], Client]) -> None:
    browser = browser_of(bob)
    assert heading(browser.get("/account/security/")) == "Security"
    chosen = browser.post("/account/profile/", {"full_name": bob.full_name, "time_zone": "", "language": "de"})
    assert chosen.status_code == 302
    page = browser.get("/account/security/", headers={"accept-language": "en"})
    assert heading(page) == "Sicherheit"
    assert page["Content-Language"] == "de"
    assert '<html lang="de">' in page.content.decode()


def test_visitors_get_the_language_of_their_browser(german: None, client: Client) -> None:
    for address in ("/account/login/", "/courses/"):
        for asked, expected in (("de", "Anmelden"), ("en", "Log in"), ("fr", "Log in"), ("de", "Anmelden")):
            page = client.get(address, headers={"accept-language": asked})
            assert expected in page.content.decode(), (address, asked)
            assert "Accept-Language" in page["Vary"]


def test_emails_use_the_language_of_the_recipient(german: None, bob: User, carol: User) -> None:
    User.objects.filter(pk=bob.pk).update(language="de")
    for person in (bob, carol):
        body = {"email": person.email}
        assert (
            APIClient().post("/api/v1/auth/password/reset", body, headers={"accept-language": "en"}).status_code == 202
        )
    assert [message.subject for message in mail.outbox] == ["Neues Passwort", "Set a new password"]
    assert 'lang="de"' in mail.outbox[0].alternatives[0].content


def test_api_errors_use_the_requested_language(german: None, bob: User) -> None:
    body = {"email": bob.email, "password": "wrong"}
    answer = APIClient().post("/api/v1/auth/token", body, headers={"accept-language": "de"})
    error = answer.json()["errors"][0]
    assert (error["code"], error["detail"]) == ("invalid_credentials", "Adresse oder Passwort ist falsch.")


def test_the_api_accepts_languages_of_the_site_only(
    german: None, bob: User, api_of: Callable[[User], APIClient]
) -> None:
    assert api_of(bob).patch("/api/v1/users/me", {"language": "de"}).json()["language"] == "de"
    refused = api_of(bob).patch("/api/v1/users/me", {"language": "tlh"})
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "language")


def test_a_site_with_one_language_has_no_language_field(bob: User, browser_of: Callable[[User], Client]) -> None:
    assert "id_language" not in browser_of(bob).get("/account/profile/").content.decode()


def test_a_removed_language_is_ignored(bob: User, browser_of: Callable[[User], Client]) -> None:
    User.objects.filter(pk=bob.pk).update(language="de")
    assert heading(browser_of(bob).get("/account/security/")) == "Security"


def test_languages_are_read_from_the_environment_and_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGES", "de,pt-br")
    assert languages(environ.Env(), "LANGUAGES") == [("de", "Deutsch"), ("pt-br", "Português brasileiro")]
    monkeypatch.setenv("LANGUAGES", "en,klingon")
    with pytest.raises(ImproperlyConfigured, match="klingon"):
        languages(environ.Env(), "LANGUAGES")
    assert [code for code, _name in project.LANGUAGES] == ["en"]
