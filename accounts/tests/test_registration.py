"""Registration, login and the profile."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.auth.hashers import get_hasher
from rest_framework.test import APIClient

from accounts.hashers import BoundedArgon2PasswordHasher
from accounts.models import Role, User
from tools.testing.plugin import PASSWORD
from tools.testing.races import count_outcomes, run_concurrently

NEW = {"email": "new@example.com", "password": "a long walk home", "full_name": "New Person"}


def test_a_new_person_is_a_student(db: None, api_of: Callable[[None], APIClient]) -> None:
    answer = api_of(None).post("/api/v1/users/", NEW)
    assert answer.status_code == 201
    assert answer.json()["role"] == "student"
    assert "password" not in str(answer.json())


@pytest.mark.quality("U01")
@pytest.mark.parametrize("registration_of_roles", [True, False])
def test_users_cannot_promote_themselves(
    registration_of_roles: bool, settings, db: None, api_of: Callable[[User | None], APIClient]
) -> None:
    settings.ALLOW_PUBLIC_ROLE_REGISTRATION = registration_of_roles
    extras = {"is_staff": True, "is_superuser": True, "mfa_enabled": True, "email_verified_at": "2020-01-01T00:00:00Z"}
    assert api_of(None).post("/api/v1/users/", {**NEW, "role": "admin"}).status_code == 403
    assert api_of(None).post("/api/v1/users/", {**NEW, **extras}).status_code == 201
    user = User.objects.get()
    changes = {"role": "admin", "email": "other@example.com", "is_active": False, **extras}
    assert api_of(user).put("/api/v1/users/me", changes).status_code == 200
    user.refresh_from_db()
    assert (user.role, user.is_staff, user.is_superuser, user.mfa_enabled) == ("student", False, False, False)
    assert (user.email, user.email_verified_at, user.is_active) == ("new@example.com", None, True)
    assert api_of(user).get("/api/v1/instructors/me").status_code == 403


def test_instructors_register_if_the_setting_allows_it(settings, db: None, api_of: Callable[[None], APIClient]) -> None:
    settings.ALLOW_PUBLIC_ROLE_REGISTRATION = True
    assert api_of(None).post("/api/v1/users/", {**NEW, "role": "instructor"}).json()["role"] == "instructor"


def test_only_administrators_create_users_on_a_closed_site(
    settings, dan: User, api_of: Callable[[User | None], APIClient]
) -> None:
    settings.ALLOW_PUBLIC_REGISTRATION = False
    refused = api_of(None).post("/api/v1/users/", NEW)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "registration_closed")
    assert api_of(dan).post("/api/v1/users/", {**NEW, "role": "admin"}).json()["role"] == "admin"


@pytest.mark.quality("U04")
@pytest.mark.parametrize("spelling", ["BOB@EXAMPLE.COM", "  bob@example.com ", "\uff42\uff4f\uff42@example.com"])
def test_an_address_is_taken_in_every_spelling(spelling: str, bob: User, api_of: Callable[[None], APIClient]) -> None:
    answer = api_of(None).post("/api/v1/users/", {**NEW, "email": spelling})
    assert answer.status_code == 400
    assert User.objects.count() == 1


@pytest.mark.quality("U04")
@pytest.mark.django_db(transaction=True)
def test_of_twenty_concurrent_registrations_one_succeeds(api_of: Callable[[None], APIClient]) -> None:
    emails = ["new@example.com", "NEW@example.com", "New@Example.com"] * 7
    outcomes = run_concurrently(
        20, lambda number: api_of(None).post("/api/v1/users/", {**NEW, "email": emails[number]})
    )
    assert count_outcomes(outcomes) == {"201": 1, "400": 19}
    assert User.objects.count() == 1


@pytest.mark.quality("A14")
@pytest.mark.parametrize("password", ["short", "password123", "new@example.com", "12345678"])
def test_weak_passwords_are_refused_with_a_reason(password: str, db: None, api_of: Callable[[None], APIClient]) -> None:
    answer = api_of(None).post("/api/v1/users/", {**NEW, "password": password})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "password"


@pytest.mark.quality("U05")
@pytest.mark.parametrize("name", ["two\nlines", "tab\tbed", "Bcc: x\r\n"])
def test_a_name_is_one_line(name: str, db: None, bob: User, api_of: Callable[[User | None], APIClient]) -> None:
    assert api_of(None).post("/api/v1/users/", {**NEW, "full_name": name + "x"}).status_code == 400
    assert api_of(bob).put("/api/v1/users/me", {"full_name": name + "x"}).status_code == 400


def test_passwords_are_hashed_with_argon2id_and_bounded_memory() -> None:
    real = [name for name in settings.PASSWORD_HASHERS if "QuickTest" not in name]
    assert real[0] == "accounts.hashers.BoundedArgon2PasswordHasher"
    assert get_hasher("argon2").params().memory_cost == 19_456
    encoded = BoundedArgon2PasswordHasher().encode(PASSWORD, "somesaltsomesalt")
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_registering_on_the_page_logs_in_and_redirects(db: None, client) -> None:
    answer = client.post("/account/register/", {**NEW, "next": "/courses/"})
    assert (answer.status_code, answer["Location"]) == (302, "/courses/")
    assert client.get("/dashboard/").status_code == 200


@pytest.mark.quality("A11")
@pytest.mark.parametrize(
    "address", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "https:evil"]
)
def test_registration_and_login_never_redirect_to_another_site(address: str, bob: User, client) -> None:
    registered = client.post("/account/register/", {**NEW, "next": address})
    assert registered["Location"] == "/dashboard/"
    client.logout()
    logged_in = client.post("/account/login/", {"username": bob.email, "password": PASSWORD, "next": address})
    assert logged_in["Location"] == "/dashboard/"


def test_an_invalid_form_keeps_its_input(bob: User, client) -> None:
    page = client.post("/account/register/", {**NEW, "email": bob.email}).content.decode()
    assert "New Person" in page
    assert "An account with this email address already exists." in page


@pytest.mark.quality("U02")
def test_instructors_list_their_own_students_only(
    alice: User, bob: User, carol: User, erin: User, dan: User, enrollment, api_of: Callable[[User], APIClient]
) -> None:
    def seen_by(user: User) -> set[str]:
        return {row["full_name"].split()[0] for row in api_of(user).get("/api/v1/users/").json()["results"]}

    assert seen_by(alice) == {"Bob"}
    assert seen_by(erin) == set()
    assert seen_by(dan) == {"Alice", "Bob", "Carol", "Erin", "Dan"}
    assert api_of(bob).get("/api/v1/users/").status_code == 403
    assert User.objects.filter(role=Role.ADMIN).count() == 1
