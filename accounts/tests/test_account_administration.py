"""Changes of accounts by staff, and their limits (quality row M04, M07, U06)."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.account_administration import reset_second_factor
from accounts.account_deletion import close_account
from accounts.email_links import EmailLinkError, resolve_token, sign_email_token
from accounts.errors import AccountError
from accounts.models import EmailToken, LoginSession, Role, User
from accounts.models.one_time_tokens import EmailTokenPurpose
from accounts.tests.test_second_factor import turn_on
from accounts.tokens import start_session
from core.models import AuditEntry
from tools.testing.plugin import PASSWORD, make_staff, make_user


def change_page(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def form(user: User, **changes: Any) -> dict[str, Any]:
    """Return the form data of a user's admin page, with changes and extra fields."""
    current = {
        "email": user.email, "full_name": user.full_name, "role": user.role, "time_zone": "",
        "is_active": "on" if user.is_active else "",
    }  # fmt: skip
    return {name: value for name, value in {**current, **changes}.items() if value != ""}


def everything() -> dict[str, Any]:
    """Return form data that claims every permission."""
    return {
        "is_staff": "on",
        "is_superuser": "on",
        "role": Role.ADMIN,
        "groups": list(Group.objects.values_list("pk", flat=True)),
        "user_permissions": list(Permission.objects.values_list("pk", flat=True)[:50]),
    }


def access_of(user: User) -> tuple[Any, ...]:
    user = User.objects.get(pk=user.pk)
    groups = sorted(user.groups.values_list("name", flat=True))
    return user.email, user.password, user.role, user.is_staff, user.is_superuser, groups, user.user_permissions.count()


@pytest.mark.quality("M04")
@pytest.mark.parametrize("who", ["support", "admin"])
def test_users_cannot_raise_their_own_permissions(who: str, dan: User, sue: User, browser_of: Any) -> None:
    staff = {"support": sue, "admin": dan}[who]
    before = access_of(staff)
    if who == "admin":
        make_user("Second", Role.ADMIN)
    browser_of(staff).post(change_page(staff), form(staff, **everything()))
    assert access_of(staff) == before


@pytest.mark.quality("M04")
@pytest.mark.parametrize("who", ["support", "admin"])
def test_staff_cannot_change_a_superuser(who: str, dan: User, sue: User, browser_of: Any) -> None:
    root = make_user("Root", Role.ADMIN, is_superuser=True)
    before = access_of(root)
    browser = browser_of({"support": sue, "admin": dan}[who])
    answer = browser.post(change_page(root), form(root, email="mine@example.com", role=Role.STUDENT))
    assert answer.status_code == 403
    password = {"password1": "a long walk home", "password2": "a long walk home", "usable_password": "true"}
    address = reverse("admin:auth_user_password_change", args=[root.pk])
    assert browser.post(address, password).status_code == 403
    for act in ("switch_off", "end_logins"):
        browser.post(reverse("admin:accounts_user_changelist"), {"action": act, "_selected_action": [root.pk]})
    assert access_of(root) == before
    assert User.objects.get(pk=root.pk).is_active


@pytest.mark.quality("M04")
def test_support_cannot_change_roles_addresses_or_colleagues(sue: User, bob: User, dan: User, browser_of: Any) -> None:
    browser = browser_of(sue)
    browser.post(change_page(bob), form(bob, email="mine@example.com", **everything()))
    bob.refresh_from_db()
    assert (bob.email, bob.role, bob.is_staff) == ("bob@example.com", Role.STUDENT, False)
    assert browser.post(change_page(dan), form(dan, full_name="Nobody")).status_code == 403
    assert browser.get(reverse("admin:accounts_user_add")).status_code == 403
    browser.post(change_page(bob), form(bob, full_name="Robert Example"))
    assert User.objects.get(pk=bob.pk).full_name == "Robert Example"


@pytest.mark.quality("M04")
def test_adding_a_user_to_a_group_makes_them_staff_and_ends_their_logins(dan: User, bob: User, browser_of: Any) -> None:
    start_session(user=bob)
    support = Group.objects.get(name="Support")
    browser_of(dan).post(change_page(bob), form(bob, groups=[support.pk]))
    bob = User.objects.get(pk=bob.pk)
    assert (bob.is_staff, bob.has_perm("accounts.impersonate_user")) == (True, True)
    assert not bob.has_perm("payments.view_ledgerentry")
    assert not LoginSession.objects.live().filter(user=bob).exists()
    line = AuditEntry.objects.get(action="accounts.groups_changed")
    assert (line.actor, line.changes) == (dan, {"groups": [[], ["Support"]]})
    browser_of(dan).post(change_page(bob), form(bob))
    assert access_of(bob)[3:6] == (False, False, [])


@pytest.mark.quality("M04")
def test_an_administrator_grants_only_permissions_they_have(dan: User, bob: User, browser_of: Any) -> None:
    keys = Group.objects.create(name="Keepers of keys")
    keys.permissions.add(Permission.objects.get(codename="change_group"))
    page = browser_of(dan).post(change_page(bob), form(bob, groups=[keys.pk]), follow=True)
    assert "t grant permissions that you don" in page.content.decode()
    assert access_of(bob)[3:6] == (False, False, [])


@pytest.mark.quality("M04")
def test_groups_are_read_only_and_second_factors_hidden_in_the_admin(dan: User, browser_of: Any) -> None:
    browser = browser_of(dan)
    group = Group.objects.get(name="Support")
    address = reverse("admin:auth_group_change", args=[group.pk])
    assert browser.get(address).status_code == 200
    assert browser.post(address, {"name": "Support", "permissions": []}).status_code == 403
    for path in ("otp_totp/totpdevice/", "otp_static/staticdevice/", "token_blacklist/outstandingtoken/"):
        assert browser.get(f"/admin/{path}").status_code == 404


@pytest.mark.quality("M04")
def test_the_api_requires_a_second_factor_of_staff(dan: User, api_of: Any, settings: Any) -> None:
    assert api_of(dan).get("/api/v1/admin/users").status_code == 200
    settings.MFA_REQUIRED_FOR_STAFF = True
    refused = api_of(dan).get("/api/v1/admin/users")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "second_factor_required")
    User.objects.filter(pk=dan.pk).update(mfa_enabled=True)
    assert api_of(dan).get("/api/v1/admin/users").status_code == 403
    client = api_of(dan)
    LoginSession.objects.filter(user=dan).update(verified_at=timezone.now())
    assert client.get("/api/v1/admin/users").status_code == 200


@pytest.mark.quality("M07")
def test_a_deactivated_user_is_logged_out_at_once(dan: User, bob: User, api_of: Any, browser_of: Any) -> None:
    client, browser = api_of(bob), browser_of(bob)
    pair = start_session(user=bob)
    assert browser.get("/dashboard/").status_code == 200
    answer = api_of(dan).put(f"/api/v1/admin/users/{bob.pk}", {"is_active": False})
    assert (answer.status_code, answer.json()["is_active"]) == (200, False)
    assert client.get("/api/v1/users/me").status_code == 401
    assert browser.get("/dashboard/").status_code == 302
    assert APIClient().post("/api/v1/auth/refresh", {"refresh_token": pair.refresh_token}).status_code == 401
    assert APIClient().post("/api/v1/auth/token", {"email": bob.email, "password": PASSWORD}).status_code == 401
    line = AuditEntry.objects.get(action="accounts.access_changed")
    assert (line.actor, line.changes) == (dan, {"is_active": [True, False]})


@pytest.mark.quality("U06")
def test_the_last_administrator_stays(dan: User, api_of: Any, browser_of: Any) -> None:
    for change in ({"role": "student"}, {"is_active": False}):
        answer = api_of(dan).put(f"/api/v1/admin/users/{dan.pk}", change)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "last_admin")
    browser_of(dan).post(change_page(dan), form(dan, role=Role.STUDENT))
    assert access_of(dan)[2:4] == (Role.ADMIN, True)


def test_the_api_lists_filters_and_changes_users(dan: User, sue: User, bob: User, api_of: Any) -> None:
    client = api_of(dan)
    assert client.get("/api/v1/admin/users?role=admin").json()["count"] == 1
    (shown,) = client.get(f"/api/v1/admin/users?search={sue.email}").json()["results"]
    assert (shown["groups"], shown["is_staff"]) == (["Support"], True)
    assert "accounts.impersonate_user" in shown["permissions"]
    changed = client.put(f"/api/v1/admin/users/{bob.pk}", {"full_name": "Rob", "role": "instructor", "is_staff": True})
    assert (changed.json()["full_name"], changed.json()["role"], changed.json()["is_staff"]) == (
        "Rob",
        "instructor",
        False,
    )
    assert client.put(f"/api/v1/admin/users/{bob.pk}", {"role": "emperor"}).status_code == 400


@pytest.mark.quality("M04")
def test_support_changes_students_by_the_api_but_assigns_no_roles(sue: User, bob: User, dan: User, api_of: Any) -> None:
    client = api_of(sue)
    assert client.put(f"/api/v1/admin/users/{bob.pk}", {"full_name": "Rob"}).status_code == 200
    for user, change, code in (
        (bob, {"role": "admin"}, "role_not_allowed"),
        (dan, {"is_active": False}, "out_of_reach"),
    ):
        answer = client.put(f"/api/v1/admin/users/{user.pk}", change)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, code)
    assert api_of(make_staff("Finance", "Fay")).put(f"/api/v1/admin/users/{bob.pk}", {}).status_code == 403


@pytest.mark.quality("V04")
def test_administrators_cannot_delete_a_superuser_by_the_api(dan: User, api_of: Any) -> None:
    root = make_user("Root", Role.ADMIN, is_superuser=True)
    answer = api_of(dan).delete(f"/api/v1/users/{root.pk}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "out_of_reach")
    assert User.objects.get(pk=root.pk).is_active
    assert api_of(root).delete(f"/api/v1/users/{dan.pk}").status_code == 204


@pytest.mark.quality("V04")
def test_the_service_that_deletes_accounts_checks_the_actor(alice: User, sue: User, bob: User) -> None:
    for actor in (alice, sue):
        with pytest.raises(AccountError) as refused:
            close_account(actor=actor, user=bob)
        assert (refused.value.code, refused.value.status) == ("out_of_reach", 403)


@pytest.mark.quality("V04")
def test_an_address_changed_in_the_admin_ends_links_and_logins(dan: User, bob: User, browser_of: Any) -> None:
    start_session(user=bob)
    link = EmailToken.objects.create(purpose=EmailTokenPurpose.RESET, email=bob.email, user=bob)
    page = browser_of(dan).post(change_page(bob), form(bob, email=" Robert@EXAMPLE.com", full_name="Robert"))
    assert page.status_code == 302
    bob = User.objects.get(pk=bob.pk)
    assert (bob.email, bob.full_name, bob.email_verified_at) == ("robert@example.com", "Robert", None)
    with pytest.raises(EmailLinkError):
        resolve_token(purpose=EmailTokenPurpose.RESET, token=sign_email_token(link))
    assert not LoginSession.objects.live().filter(user=bob).exists()
    assert AuditEntry.objects.get(action="accounts.email_changed").actor == dan


@pytest.mark.quality("V04")
def test_the_admin_compares_addresses_in_their_stored_form(dan: User, bob: User, carol: User, browser_of: Any) -> None:
    taken = browser_of(dan).post(change_page(bob), form(bob, email="CAROL@example.com"))
    assert (taken.status_code, User.objects.get(pk=bob.pk).email) == (200, "bob@example.com")
    new = {"full_name": "Nora", "role": "student", "password1": "a long walk", "password2": "a long walk"}
    browser_of(dan).post(reverse("admin:accounts_user_add"), {**new, "email": "Nora@EXAMPLE.com"})
    assert User.objects.filter(email="nora@example.com").exists()


@pytest.mark.quality("V04")
def test_administrators_change_their_own_address_with_their_password_only(dan: User, browser_of: Any) -> None:
    browser_of(dan).post(change_page(dan), form(dan, email="mine@example.com"))
    assert User.objects.get(pk=dan.pk).email == "dan@example.com"


def reset_in_admin(browser: Any, user: User) -> Any:
    chosen = {"action": "reset_second_factor", "_selected_action": [str(user.pk)]}
    return browser.post(reverse("admin:accounts_user_changelist"), chosen, follow=True)


@pytest.mark.quality("M04")
def test_staff_reset_a_lost_second_factor(
    sue: User, bob: User, browser_of: Any, api_of: Any, django_capture_on_commit_callbacks: Any
) -> None:
    turn_on(bob)
    client = api_of(bob)
    with django_capture_on_commit_callbacks(execute=True):
        assert "was reset" in reset_in_admin(browser_of(sue), bob).content.decode()
    bob.refresh_from_db()
    assert not bob.mfa_enabled
    assert client.get("/api/v1/users/me").status_code == 401
    assert "access_token" in APIClient().post("/api/v1/auth/token", {"email": bob.email, "password": PASSWORD}).json()
    line = AuditEntry.objects.get(action="accounts.mfa_reset")
    assert (line.actor, line.subject) == (sue, bob)
    assert [(message.to, message.subject) for message in mail.outbox] == [
        ([bob.email], "Two-factor authentication was reset by our staff")
    ]


@pytest.mark.quality("M04")
def test_the_second_factor_of_staff_and_ones_own_are_out_of_reach(sue: User, dan: User, browser_of: Any) -> None:
    turn_on(dan)
    assert "permission to change this account" in reset_in_admin(browser_of(sue), dan).content.decode()
    for actor, user in ((sue, dan), (dan, dan)):
        with pytest.raises(AccountError) as refused:
            reset_second_factor(actor=actor, user=user)
        assert refused.value.code == "out_of_reach"
    dan.refresh_from_db()
    assert dan.mfa_enabled
