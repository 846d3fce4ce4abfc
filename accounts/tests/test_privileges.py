"""Tests of the privileges that count in a login (quality row V01); `test_limited_logins.py` asks every route."""

from base64 import b32encode
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework.test import APIClient

from accounts import impersonation, mfa
from accounts.account_deletion import close_own_account
from accounts.errors import AccountError
from accounts.models import LoginSession, Role, User
from accounts.tests.test_second_factor import AUTH, code_of, error_of, first_step, second_step, turn_on
from accounts.tokens import rotate, start_session
from courses.models import Course
from enrollments.rooms import course_room
from realtime import chat
from tools.testing.plugin import PASSWORD, make_staff

pytestmark = pytest.mark.quality("V01")

USERS = "/api/v1/users/"
ENROLL = "/account/security/second-factor/"


@pytest.fixture
def required(settings: Any) -> None:
    """Require the second factor of staff."""
    settings.MFA_REQUIRED_FOR_STAFF = True


def client_with(token: str) -> APIClient:
    return APIClient(headers={"Authorization": f"Bearer {token}"})


def limited(user: User) -> User:
    """Return the user as a request without the second factor has it."""
    found = User.objects.get(pk=user.pk)
    found.limit()
    return found


def enroll_in(browser: Client, *, password: str = PASSWORD) -> Any:
    """Turn on the second factor in a browser; return the response."""
    browser.post(f"{ENROLL}begin/", {"method": "totp"})
    device = TOTPDevice.objects.get(confirmed=False)
    code = code_of(b32encode(device.bin_key).decode())
    return browser.post(ENROLL, {"code": code, "password": password})


def test_turning_the_factor_on_ends_old_tokens_and_upgrades_none(dan: User) -> None:
    old = start_session(user=dan).access_token
    used = client_with(start_session(user=dan).access_token)
    assert (client_with(old).get(USERS).status_code, used.get(USERS).status_code) == (200, 200)
    setup = used.post(f"{AUTH}mfa/enable", {"method": "totp"}).json()
    body = {"challenge_token": setup["challenge_token"], "code": code_of(setup["secret"], -1), "password": PASSWORD}
    assert used.post(f"{AUTH}mfa/enable", body).status_code == 200
    assert client_with(old).get(USERS).status_code == 401
    assert error_of(used.get(USERS)) == (403, "second_factor_required")
    assert used.get("/api/v1/users/me").json()["role"] == "student"
    verified = second_step(first_step(dan), code_of(setup["secret"])).json()
    assert client_with(verified["access_token"]).get(USERS).status_code == 200
    assert used.get(USERS).status_code == 403


def test_tokens_name_the_factors_of_their_login_and_refreshing_keeps_them(dan: User, required: None) -> None:
    secret, _codes = turn_on(dan)
    for pair, factors, status in (
        (start_session(user=dan), ["pwd"], 403),
        (start_session(user=dan, is_verified=True), ["pwd", "otp", "mfa"], 200),
    ):
        for one in (pair, rotate(refresh_token=pair.refresh_token)):
            claims = jwt.decode(one.access_token, options={"verify_signature": False})
            assert claims["amr"] == factors
            assert client_with(one.access_token).get(USERS).status_code == status
    answer = second_step(first_step(dan), code_of(secret))
    assert jwt.decode(answer.json()["access_token"], options={"verify_signature": False})["amr"][-1] == "mfa"


def test_a_forged_claim_of_factors_grants_nothing(dan: User, required: None) -> None:
    """The row of the login decides, not the claim."""
    pair = start_session(user=dan, is_verified=True)
    LoginSession.objects.update(verified_at=None)
    assert client_with(pair.access_token).get(USERS).status_code == 403


def test_turning_the_factor_on_requires_the_password(bob: User, browser_of: Callable[[User], Client]) -> None:
    browser = browser_of(bob)
    refused = enroll_in(browser, password="a guess")
    assert "Incorrect password" in refused.content.decode()
    client = client_with(start_session(user=bob).access_token)
    setup = client.post(f"{AUTH}mfa/enable", {"method": "totp"}).json()
    body = {"challenge_token": setup["challenge_token"], "code": code_of(setup["secret"])}
    assert client.post(f"{AUTH}mfa/enable", body).status_code == 400
    assert error_of(client.post(f"{AUTH}mfa/enable", {**body, "password": "a guess"})) == (403, "wrong_password")
    bob.refresh_from_db()
    assert not bob.mfa_enabled
    assert client.post(f"{AUTH}mfa/enable", {**body, "password": PASSWORD}).status_code == 200  # the code is unused


def test_the_browser_that_enrolls_gets_a_verified_session_with_a_new_key(
    dan: User, required: None, browser_of: Callable[[User], Client]
) -> None:
    browser, other = browser_of(dan), browser_of(dan)
    stolen = browser.cookies["sessionid"].value
    assert browser.get("/analytics/").status_code == 403
    assert "recovery-codes" in enroll_in(browser).content.decode()
    assert browser.get("/analytics/").status_code == 200
    copy = Client()
    copy.cookies["sessionid"] = stolen
    for old in (copy, other):
        assert old.get("/analytics/").status_code == 302


def test_a_step_up_in_the_browser_ends_the_session_without_the_factor(
    dan: User, required: None, browser_of: Callable[[User], Client]
) -> None:
    secret, _codes = turn_on(dan)
    browser = browser_of(dan)
    stolen = browser.cookies["sessionid"].value
    assert browser.get("/admin/login/", {"next": "/analytics/"})["Location"] == "/account/login/code/"
    assert browser.post("/account/login/code/", {"code": code_of(secret)})["Location"] == "/analytics/"
    assert browser.get("/analytics/").status_code == 200
    copy = Client()
    copy.cookies["sessionid"] = stolen
    assert copy.get("/analytics/").status_code == 302
    assert LoginSession.objects.live().filter(user=dan).count() == 1


def test_changing_the_password_keeps_a_verified_session_verified(
    dan: User, required: None, browser_of: Callable[[User], Client]
) -> None:
    secret, _codes = turn_on(dan)
    browser = browser_of(dan)
    given = {"password": PASSWORD, "new_password": "an entirely new one", "code": code_of(secret)}
    assert browser.post("/account/security/password/", given).status_code == 302
    assert browser.get("/analytics/").status_code == 200


def test_turning_the_factor_off_limits_verified_logins(dan: User, required: None) -> None:
    secret, _codes = turn_on(dan)
    client = client_with(start_session(user=dan, is_verified=True).access_token)
    assert client.get(USERS).status_code == 200
    body = {"password": PASSWORD, "code": code_of(secret)}
    assert client.post(f"{AUTH}mfa/disable", body).status_code == 204
    assert client.get(USERS).status_code == 403


def test_cookies_are_limited_like_tokens(dan: User, required: None) -> None:
    pair = start_session(user=dan)
    client = APIClient()
    client.cookies["access"] = pair.access_token
    assert client.get(USERS).status_code == 403
    LoginSession.objects.update(verified_at=timezone.now())
    assert client.get(USERS).status_code == 200


def test_limited_staff_see_why_and_where_to_continue(
    dan: User, bob: User, required: None, browser_of: Callable[[User], Client]
) -> None:
    page = browser_of(dan).get("/dashboard/").content.decode()
    assert "Your staff permissions are off" in page
    assert "/admin/login/?next=/dashboard/" in page
    assert 'href="/admin/"' not in page
    assert "Your staff permissions are off" not in browser_of(bob).get("/dashboard/").content.decode()


def test_impersonation_requires_the_factor_of_the_staff_member(
    bob: User, required: None, browser_of: Callable[[User], Client]
) -> None:
    sue = make_staff("Support")
    browser, path = browser_of(sue), f"/admin/accounts/user/{bob.pk}/impersonate/"
    token = start_session(user=sue).access_token
    assert browser.post(path, {"reason": "Ticket 1"}).status_code == 302
    start = f"/api/v1/admin/users/{bob.pk}/impersonate"
    assert client_with(token).post(start, {"reason": "Ticket 1"}).status_code == 403
    assert not LoginSession.objects.filter(actor=sue).exists()
    LoginSession.objects.filter(user=sue).update(verified_at=timezone.now())
    assert browser.post(path, {"reason": "Ticket 1"})["Location"] == "/dashboard/"
    assert "Bob" in browser.get("/account/profile/").content.decode()
    LoginSession.objects.filter(user=sue).update(verified_at=None)
    assert "Bob" not in browser.get("/account/profile/").content.decode()


def test_turning_the_factor_off_ends_impersonations(bob: User, sue: User) -> None:
    secret, _codes = turn_on(sue)
    impersonation.start(actor=sue, user=bob, reason="Ticket 1", life=impersonation.TOKEN_LIFETIME)
    mfa.disable(user=sue, password=PASSWORD, code=code_of(secret))
    assert not LoginSession.objects.live().filter(actor=sue).exists()


def test_a_limited_user_is_never_saved_without_its_privileges(dan: User) -> None:
    user = limited(dan)
    assert (user.role, user.is_staff, user.is_superuser) == (Role.STUDENT, False, False)
    user.full_name = "Daniel"
    user.save()
    user.save(update_fields=["full_name"])
    with pytest.raises(ValueError, match="privileges"):
        user.save(update_fields=["role"])
    stored = User.objects.get(pk=dan.pk)
    assert (stored.full_name, stored.role, stored.is_staff) == ("Daniel", Role.ADMIN, True)
    user.refresh_from_db()
    assert (user.role, user.is_staff) == (Role.STUDENT, False)


def test_a_limited_user_has_no_permissions_of_groups_and_of_its_own(sue: User) -> None:
    sue.user_permissions.add(Permission.objects.get(content_type__app_label="payments", codename="view_coupon"))
    full, user = User.objects.get(pk=sue.pk), limited(sue)
    assert full.has_perms(["accounts.impersonate_user", "payments.view_coupon"])
    assert not user.has_perm("accounts.impersonate_user")
    assert not user.has_perm("payments.view_coupon")
    assert not user.has_module_perms("accounts")
    assert user.get_all_permissions() == set()


def test_the_last_administrator_cannot_leave_through_a_limited_login(dan: User) -> None:
    with pytest.raises(AccountError, match="last administrator"):
        close_own_account(user=limited(dan), password=PASSWORD)


def test_the_chat_of_a_course_is_closed_to_a_limited_administrator(dan: User, course: Course) -> None:
    chat.post(actor=dan, room=course_room(course), text="Hello.")
    with pytest.raises(chat.ChatError) as refused:
        chat.post(actor=limited(dan), room=course_room(course), text="Hello.")
    assert refused.value.code == "not_a_member"


def test_an_instructor_with_a_staff_group_keeps_teaching(alice: User, course: Course, required: None) -> None:
    alice.is_staff = True
    alice.save()
    client = client_with(start_session(user=alice).access_token)
    assert client.patch(f"/api/v1/courses/{course.pk}", {"title": "Green tea"}).status_code == 200
