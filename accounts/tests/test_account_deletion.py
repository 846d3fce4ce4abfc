"""Deletion and anonymization of accounts, ended logins, and data export."""

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from rest_framework.test import APIClient

from accounts import services
from accounts.account_administration import change_user
from accounts.account_deletion import close_account
from accounts.data_export import build_archive
from accounts.errors import AccountError
from accounts.models import LoginSession, Role, User
from accounts.models.people import DELETED_USER_NAME
from accounts.tests.test_second_factor import code_of, first_step, second_step, turn_on, wrong
from accounts.tokens import start_session
from certificates.models import Certificate
from core.models import AuditEntry
from courses.models import Course
from courses.services import create_course, publish_course, unpublish_course
from enrollments.models import Enrollment
from enrollments.services import write_review
from instructors.models import Instructor
from tools.testing.plugin import PASSWORD, complete_all_lessons, make_user
from tools.testing.races import count_outcomes, run_concurrently

ME = "/api/v1/users/me"


def status_with(token: str) -> int:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client.get(ME).status_code


@pytest.mark.quality("U03")
def test_a_user_without_retained_data_is_deleted(carol: User, dan: User, api_of: Callable[[User], APIClient]) -> None:
    assert api_of(dan).delete(f"/api/v1/users/{carol.pk}").status_code == 204
    assert not User.objects.filter(pk=carol.pk).exists()
    assert AuditEntry.objects.filter(action="accounts.closed", target_id=str(carol.pk), actor=dan).count() == 1


@pytest.mark.quality("U03")
def test_a_user_with_a_certificate_is_anonymized(
    bob: User,
    dan: User,
    course: Course,
    enrollment: Enrollment,
    api_of: Callable[[User], APIClient],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        complete_all_lessons(enrollment)
    course.refresh_from_db()
    before = (course.enrollments_count, Enrollment.objects.count(), Certificate.objects.count())
    pair = start_session(user=bob)
    assert api_of(dan).delete(f"/api/v1/users/{bob.pk}").status_code == 204
    course.refresh_from_db()
    assert (course.enrollments_count, Enrollment.objects.count(), Certificate.objects.count()) == before
    gone = User.objects.get(pk=bob.pk)
    assert (gone.full_name, gone.is_active, gone.profile_metadata) == ("Deleted user", False, {})
    assert not User.objects.filter(email__icontains="bob@example.com").exists()
    assert status_with(pair.access_token) == 401
    assert APIClient().post("/api/v1/auth/refresh", {"refresh_token": pair.refresh_token}).status_code == 401
    again = APIClient().post("/api/v1/auth/token", {"email": "bob@example.com", "password": PASSWORD})
    assert again.status_code == 401
    assert Certificate.objects.get().student_name == "Bob Example"


@pytest.mark.quality("U03")
def test_closing_the_own_account_requires_the_password(carol: User, browser_of: Callable[[User], Client]) -> None:
    browser = browser_of(carol)
    assert browser.post("/account/close/", {"password": "wrong"}).status_code == 200
    assert User.objects.filter(pk=carol.pk).exists()
    assert browser.post("/account/close/", {"password": PASSWORD}).status_code == 302
    assert not User.objects.filter(pk=carol.pk).exists()
    assert browser.get("/dashboard/").status_code == 302


@pytest.mark.quality("U06")
def test_the_last_administrator_stays(dan: User, api_of: Callable[[User], APIClient]) -> None:
    refused = api_of(dan).delete(f"/api/v1/users/{dan.pk}")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "last_admin")
    for change in ({"role": Role.STUDENT}, {"is_active": False}):
        with pytest.raises(AccountError) as error:
            services.change_access(actor=dan, user=User.objects.get(pk=dan.pk), **change)
        assert error.value.code == "last_admin"
    other = make_user("Olga", Role.ADMIN)
    assert api_of(other).delete(f"/api/v1/users/{dan.pk}").status_code == 204


@pytest.mark.quality("U06")
def test_the_admin_pages_protect_the_last_administrator(dan: User) -> None:
    User.objects.filter(pk=dan.pk).update(is_superuser=True)
    browser = Client()
    browser.force_login(User.objects.get(pk=dan.pk))
    form = {"email": dan.email, "full_name": "Dan", "role": "student", "time_zone": "", "is_active": "on"}
    answer = browser.post(f"/admin/accounts/user/{dan.pk}/change/", form, follow=True)
    assert answer.status_code == 200
    assert "last administrator" in answer.content.decode()
    dan.refresh_from_db()
    assert (dan.role, dan.is_active, dan.is_superuser) == ("admin", True, True)


@pytest.mark.quality("U06")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_demoting_each_other_one_remains(dan: User) -> None:
    both = [dan, make_user("Olga", Role.ADMIN)]
    outcomes = run_concurrently(2, lambda n: services.change_access(actor=both[n], user=both[1 - n], role=Role.STUDENT))
    assert count_outcomes(outcomes) == {"User": 1, "last_admin": 1}
    assert User.objects.filter(role=Role.ADMIN).count() == 1


@pytest.mark.quality("V04")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_changes_of_two_administrators_do_not_wait_for_each_other(dan: User, monkeypatch: pytest.MonkeyPatch) -> None:
    both, met = [dan, make_user("Olga", Role.ADMIN)], threading.Barrier(2)
    update_profile = services.update_profile

    def update_after_the_other(**fields: Any) -> User:
        with suppress(threading.BrokenBarrierError):
            met.wait(timeout=1)
        return update_profile(**fields)

    monkeypatch.setattr(services, "update_profile", update_after_the_other)
    changes = {"full_name": "Ada", "is_active": True}
    outcomes = run_concurrently(2, lambda n: change_user(actor=both[n], user=both[1 - n], changes=changes))
    assert count_outcomes(outcomes) == {"User": 2}


@pytest.mark.quality("A02")
@pytest.mark.parametrize("change", [{"role": Role.INSTRUCTOR}, {"is_active": False}])
def test_a_changed_role_or_deactivation_ends_every_login(
    bob: User, dan: User, change: dict[str, Any], browser_of: Callable[[User], Client]
) -> None:
    pair, browser = start_session(user=bob), browser_of(bob)
    services.change_access(actor=dan, user=bob, **change)
    assert status_with(pair.access_token) == 401
    assert APIClient().post("/api/v1/auth/refresh", {"refresh_token": pair.refresh_token}).status_code == 401
    assert browser.get("/dashboard/").status_code == 302


def test_a_user_lists_logins_and_ends_one_from_another_browser(
    bob: User, carol: User, browser_of: Callable[[User], Client]
) -> None:
    here, there, hers = browser_of(bob), browser_of(bob), browser_of(carol)
    pair = start_session(user=bob)
    page = here.get("/account/security/").content.decode()
    assert page.count("This browser") == 1
    other = LoginSession.objects.get(user=bob, session_key=there.session.session_key)
    assert hers.post(f"/account/security/logins/{other.pk}/end/").status_code == 404
    assert here.post(f"/account/security/logins/{other.pk}/end/").status_code == 302
    assert there.get("/dashboard/").status_code == 302
    assert here.get("/dashboard/").status_code == 200
    here.post("/account/security/logins/end-others/")
    assert status_with(pair.access_token) == 401
    assert here.get("/dashboard/").status_code == 200
    assert hers.get("/dashboard/").status_code == 200


@pytest.mark.quality("A12")
def test_a_changed_password_ends_other_logins_and_sends_an_email(
    bob: User, browser_of: Callable[[User], Client], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    here, there = browser_of(bob), browser_of(bob)
    body = {"password": "wrong", "new_password": "an entirely new one"}
    assert "Incorrect password." in here.post("/account/security/password/", body).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert here.post("/account/security/password/", {**body, "password": PASSWORD}).status_code == 302
    assert there.get("/dashboard/").status_code == 302
    assert here.get("/dashboard/").status_code == 200
    assert mail.outbox[-1].subject == "Your password was changed"


@pytest.mark.quality("A14")
def test_every_character_of_a_long_unicode_password_counts(db: None) -> None:
    long = "ü" * 45 + "x" * 44
    body = {"email": "new@example.com", "password": long + "1" + "y" * 10, "full_name": "New"}
    assert APIClient().post("/api/v1/users/", body).status_code == 201

    def sign_in(password: str) -> int:
        return APIClient().post("/api/v1/auth/token", {"email": body["email"], "password": password}).status_code

    assert sign_in(long + "2" + "y" * 10) == 401
    assert sign_in(body["password"]) == 200
    begun = time.monotonic()
    huge = {**body, "email": "huge@example.com", "password": "x" * 1_000_000}
    assert APIClient().post("/api/v1/users/", huge).status_code == 400
    assert sign_in("x" * 1_000_000) == 400
    assert time.monotonic() - begun < 2  # a second each


@pytest.mark.quality("A13")
def test_login_limits_work_without_the_cache(bob: User, carol: User) -> None:
    down = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}

    def sign_in(password: str) -> int:
        return APIClient().post("/api/v1/auth/token", {"email": bob.email, "password": password}).status_code

    secret, _recovery = turn_on(carol)
    with override_settings(CACHES={"default": down}):
        assert sign_in(PASSWORD) == 200
        assert [sign_in("wrong") for _ in range(10)] == [401] * 5 + [429] * 5
        assert sign_in(PASSWORD) == 429
        challenge = first_step(carol)
        assert [second_step(challenge, wrong(secret)).status_code for _ in range(6)] == [401] * 6
        assert second_step(challenge, code_of(secret)).status_code == 401
        assert second_step(first_step(carol), code_of(secret)).status_code == 200


def test_a_command_creates_the_first_administrator(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: "a long walk home")
    call_command("create_admin", "Root@example.com", name="Root")
    root = User.objects.get()
    assert (root.email, root.role, root.is_superuser) == ("root@example.com", "admin", True)
    with pytest.raises(CommandError):
        call_command("create_admin", "root@example.com")


def test_the_export_has_the_data_of_every_app(
    bob: User, alice: User, enrollment: Enrollment, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        complete_all_lessons(enrollment)
    with zipfile.ZipFile(io.BytesIO(build_archive(user=bob))) as packed:
        held = {name: json.loads(packed.read(name)) for name in packed.namelist()}
    assert held["certificates.json"][0]["course_title"] == "Tea"
    assert held["learning.json"]["enrollments"][0]["course__title"] == "Tea"
    assert "certificate_issued" in {row["event"] for row in held["notifications.json"]}
    with zipfile.ZipFile(io.BytesIO(build_archive(user=alice))) as packed:
        assert json.loads(packed.read("instructor.json"))["title"] == "Teacher of tests"


@pytest.mark.quality("U03")
def test_closing_an_instructor_account_keeps_the_unpublished_courses(alice: User, course: Course) -> None:
    unpublish_course(actor=alice, course=course)
    close_account(actor=alice, user=alice)
    assert not Instructor.objects.exists()
    course.refresh_from_db()
    assert course.instructor.full_name == DELETED_USER_NAME


def test_publishing_and_reviewing_require_a_confirmed_address(
    settings: Any, alice: User, bob: User, enrollment: Enrollment
) -> None:
    settings.REQUIRE_VERIFIED_EMAIL = True
    draft = create_course(actor=alice, title="A draft")
    with pytest.raises(AccountError) as refused:
        publish_course(actor=alice, course=draft)
    assert refused.value.code == "email_not_verified"
    with pytest.raises(AccountError):
        write_review(actor=bob, course=enrollment.course, rating=5, comment="")
