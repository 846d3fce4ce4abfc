"""Tests for names of people: no addresses, and no such names in mails (quality row V12)."""

import io
from collections.abc import Callable

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import addresses, services
from accounts.models import User
from core.text.validators import validate_person_name
from courses.models import Course
from enrollments.invitations import send_invitation

pytestmark = [pytest.mark.quality("V12"), pytest.mark.django_db]
ADVERTISING = "Win 500 at www.casino.example"


@pytest.mark.parametrize(
    "name",
    ["bob@example.com", "see https://x.example", "www.x.example now", "Buy at cheap-pills.com", "x.example.com/offer",
     "visit //x.example", "Pills.COM", "\uff57\uff57\uff57\uff0ex\uff0ecom", "x。com", "HTTP://1.2.3.4", "me@home",
     "bit.ly/abc"],
)  # fmt: skip
def test_names_with_addresses_are_refused(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validate_person_name(name)
    assert refused.value.code == "advertising"


@pytest.mark.parametrize(
    "name",
    ["J.R.R. Tolkien", "Dr. Li Wei", "Dr.Li", "St.John Smith", "O'Neil-Ünal, M.Sc.", "Martin Luther King Jr.",
     "Ravi S/O Kumar", "رضا‌زاده", "李小龍", "Anne-Marie d\u2019Arc", "Prof.Mueller", "Björk"],
)  # fmt: skip
def test_names_of_people_are_accepted(name: str) -> None:
    validate_person_name(name)


@pytest.mark.parametrize("name", ["Bob\nBuy now", "Bob\u2028Buy now"])
def test_names_have_one_line(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validate_person_name(name)
    assert refused.value.code == "one_line"


def test_no_registration_accepts_an_address_as_name(client: Client) -> None:
    typed = {"full_name": ADVERTISING, "email": "new@example.com", "password": "a long walk home"}
    page = client.post(reverse("accounts:register"), typed)
    assert "email address or a web address" in page.content.decode()
    answer = APIClient().post("/api/v1/users/", typed)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "advertising")
    with pytest.raises(ValidationError):
        services.register(actor=None, **typed)
    with pytest.raises(CommandError):
        call_command("create_admin", "new@example.com", "--password-stdin", name=ADVERTISING, stdout=io.StringIO())
    assert not User.objects.exists()
    assert mail.outbox == []


def test_profile_and_admin_refuse_an_address_as_name(
    bob: User, dan: User, api_of: Callable[[User], APIClient], browser_of: Callable[[User], Client]
) -> None:
    answer = api_of(bob).patch("/api/v1/users/me", {"full_name": ADVERTISING})
    assert answer.status_code == 400
    assert (answer.json()["errors"][0]["code"], answer.json()["errors"][0]["attr"]) == ("advertising", "full_name")
    page = browser_of(bob).post(reverse("accounts:profile"), {"full_name": ADVERTISING})
    assert "email address or a web address" in page.content.decode()
    by_staff = api_of(dan).patch(f"/api/v1/admin/users/{bob.pk}", {"full_name": ADVERTISING})
    assert by_staff.json()["errors"][0]["code"] == "advertising"
    form = {"email": bob.email, "full_name": ADVERTISING, "role": "student", "is_active": "on"}
    in_admin = browser_of(dan).post(reverse("admin:accounts_user_change", args=[bob.pk]), form)
    assert "email address or a web address" in in_admin.content.decode()
    bob.refresh_from_db()
    assert bob.full_name == "Bob Example"


def test_a_stored_name_with_an_address_stays_and_other_fields_change(
    bob: User, api_of: Callable[[User], APIClient]
) -> None:
    User.objects.filter(pk=bob.pk).update(full_name=ADVERTISING)
    assert api_of(bob).patch("/api/v1/users/me", {"time_zone": "Europe/Berlin"}).status_code == 200
    bob.refresh_from_db()
    assert (bob.full_name, bob.time_zone) == (ADVERTISING, "Europe/Berlin")


def test_mails_do_not_contain_a_stored_name_with_an_address(
    alice: User, bob: User, course: Course, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    User.objects.filter(pk__in=[alice.pk, bob.pk]).update(full_name=ADVERTISING, email_verified_at=None)
    alice.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        send_invitation(actor=alice, course=course, email="stranger@example.com")
        addresses.request_confirmation(email=bob.email)
    confirmation, invitation = mail.outbox
    for message in mail.outbox:
        assert "casino" not in message.subject + str(message.body) + str(message.alternatives)
    assert "A member of the site has invited you" in invitation.body
    assert "Hello there," in confirmation.body
