"""The reader's time zone: from the browser, in the profile, and beside deadlines."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import time_zones
from accounts.models import User
from core.templatetags.components import deadline
from quizzes.models import Quiz
from tools.testing.plugin import PASSWORD

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]


def register(client: Client, zone: str) -> User:
    form = {"full_name": "Erin Example", "email": "erin@example.org", "password": "quiet-otter-42", "time_zone": zone}
    assert client.post("/account/register/", form).status_code == 302
    return User.objects.get(email="erin@example.org")


@pytest.mark.parametrize(
    ("zone", "stored"), [("Asia/Tokyo", "Asia/Tokyo"), ("", ""), ("Mars/Base", ""), ("berlin", "")]
)
def test_registration_stores_the_time_zone_of_the_browser(zone: str, stored: str, client: Client) -> None:
    assert register(client, zone).time_zone == stored


@pytest.mark.parametrize(("chosen", "stored"), [("", "Asia/Tokyo"), ("Europe/Paris", "Europe/Paris")])
def test_a_login_stores_the_time_zone_only_if_none_was_chosen(
    chosen: str, stored: str, bob: User, client: Client
) -> None:
    User.objects.filter(pk=bob.pk).update(time_zone=chosen)
    form = {"username": bob.email, "password": PASSWORD, "time_zone": "Asia/Tokyo"}
    assert client.post("/account/login/", form).status_code == 302
    bob.refresh_from_db()
    assert bob.time_zone == stored


@pytest.mark.parametrize(
    ("text", "found"),
    [("Berlin", "Europe/Berlin"), ("new york", "America/New_York"), ("europe/paris", "Europe/Paris"), ("UTC", "UTC"),
     ("Atlantis", None), ("", None)],
)  # fmt: skip
def test_a_time_zone_is_found_by_its_name_or_city(text: str, found: str | None) -> None:
    assert time_zones.find_time_zone(text) == found


def test_the_profile_offers_cities_and_takes_typed_ones(bob: User, browser_of: Browser) -> None:
    client = browser_of(bob)
    page = client.get("/account/profile/").content.decode()
    assert '<option value="Asia/Kolkata">Kolkata (UTC+05:30)</option>' in page
    assert "Etc/GMT" not in page
    client.post("/account/profile/", {"full_name": bob.full_name, "time_zone": "kolkata"})
    bob.refresh_from_db()
    assert bob.time_zone == "Asia/Kolkata"
    rejected = client.post("/account/profile/", {"full_name": bob.full_name, "time_zone": "Atlantis"})
    assert "Choose a time zone from the list." in rejected.content.decode()


def test_the_time_zone_of_the_browser_can_be_accepted(bob: User, browser_of: Browser) -> None:
    client = browser_of(bob)
    assert 'data-zone-bar="UTC"' in client.get("/dashboard/").content.decode()
    answer = client.post("/account/profile/time-zone/", {"time_zone": "Asia/Tokyo", "next": "/grades/"})
    assert answer.headers["Location"] == "/grades/"
    assert 'data-zone-bar="Asia/Tokyo"' in client.get("/dashboard/").content.decode()
    elsewhere = client.post("/account/profile/time-zone/", {"time_zone": "Mars/Base", "next": "https://example.org/"})
    assert elsewhere.headers["Location"] == "/account/profile/"
    assert "This time zone is unknown." in client.get("/account/profile/").content.decode()
    bob.refresh_from_db()
    assert bob.time_zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("zone", "text"),
    [("Europe/Berlin", "Jul 1, 2026, 11:59 PM CEST"), ("UTC", "Jul 1, 2026, 9:59 PM UTC"),
     ("America/Sao_Paulo", "Jul 1, 2026, 6:59 PM UTC-03")],
)  # fmt: skip
def test_deadlines_name_the_time_zone(zone: str, text: str) -> None:
    with timezone.override(zone):
        assert deadline(datetime(2026, 7, 1, 21, 59, tzinfo=UTC)) == text
    assert deadline(None) == ""


def test_a_student_reads_the_time_zone_of_a_due_date(course: Any, enrollment: Any, browser_of: Browser) -> None:
    due = datetime(2027, 7, 1, 21, 59, tzinfo=UTC)
    Quiz.objects.create(course=course, title="Grind", is_published=True, due_at=due)
    User.objects.filter(pk=enrollment.user_id).update(time_zone="Europe/Berlin")
    client = browser_of(enrollment.user)
    for path in ("/dashboard/", "/calendar/"):
        assert "11:59 PM CEST" in client.get(path).content.decode()
