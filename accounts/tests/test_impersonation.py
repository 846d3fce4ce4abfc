"""Impersonation: permission, policy of the views, and audit log (quality row M01, M02)."""

import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import jwt
import pytest
import time_machine
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve
from django.utils import timezone
from django.views import View
from rest_framework.test import APIClient

from accounts import impersonation
from accounts.models import LoginSession, Role, User
from accounts.services import change_access
from core.access.impersonation import (
    Policy,
    allow_while_impersonating,
    hide_while_impersonating,
    is_refused,
    policy_of,
)
from core.access.scopes import SAFE_METHODS
from core.models import AuditEntry
from courses.models import Course
from enrollments.models import Enrollment, LessonProgress
from tools.testing.plugin import PASSWORD, complete_all_lessons, make_staff, make_user
from tools.testing.urls import fill_placeholders, list_routes, placeholder_values

REASON = {"reason": "Ticket 4711"}

# Whether a user (rows) may impersonate another (columns).
MATRIX = """
             superuser  admin  support  instructor  student  inactive  self
superuser    no         no     no       yes         yes      no        no
admin        no         no     no       yes         yes      no        no
support      no         no     no       yes         yes      no        no
finance      no         no     no       no          no       no        no
instructor   no         no     no       no          no       no        no
student      no         no     no       no          no       no        no
"""
COLUMNS, *ROWS = [line.split() for line in MATRIX.strip().splitlines()]
CELLS = [(row[0], to, cell == "yes") for row in ROWS for to, cell in zip(COLUMNS, row[1:], strict=True)]


@pytest.fixture
def people(db: None) -> dict[str, User]:
    """Return one user of each kind."""
    return {
        "superuser": make_user("Root", Role.ADMIN, is_superuser=True),
        "admin": make_user("Dana", Role.ADMIN),
        "support": make_staff("Support", "Sid"),
        "finance": make_staff("Finance", "Fay"),
        "instructor": make_user("Ines", Role.INSTRUCTOR),
        "student": make_user("Stan"),
        "inactive": make_user("Ian", is_active=False),
    }


def target_of(people: dict[str, User], actor: str, to: str) -> User:
    """Return another user of that kind; `self` is the actor."""
    if to == "self":
        return people[actor]
    fields = {"superuser": {"is_superuser": True}, "inactive": {"is_active": False}}.get(to, {})
    if to == "support":
        return make_staff("Support", "Other")
    roles = {"superuser": Role.ADMIN, "admin": Role.ADMIN, "instructor": Role.INSTRUCTOR}
    return make_user("Other", roles.get(to, Role.STUDENT), **fields)


@pytest.mark.quality("M01")
@pytest.mark.parametrize(("actor", "to", "allowed"), CELLS)
def test_who_may_impersonate_whom(
    actor: str,
    to: str,
    allowed: bool,
    people: dict[str, User],
    api_of: Callable[[User], APIClient],
    browser_of: Callable[[User], Client],
) -> None:
    target = target_of(people, actor, to)
    answer = api_of(people[actor]).post(f"/api/v1/admin/users/{target.pk}/impersonate", REASON)
    assert answer.status_code == (200 if allowed else 403), answer.content
    browser = browser_of(people[actor])
    page = browser.post(f"/admin/accounts/user/{target.pk}/impersonate/", REASON)
    outside = not people[actor].is_staff
    assert (page.status_code, page["Location"] if allowed else "") == (
        (302, "/dashboard/") if allowed else ((403, "") if not outside else (302, ""))
    )
    assert (impersonation.SESSION_KEY in browser.session) is allowed
    begun = AuditEntry.objects.filter(action="accounts.impersonation_started")
    assert [(line.actor, line.subject) for line in begun] == [(people[actor], target)] * (2 if allowed else 0)


@pytest.mark.quality("M01")
def test_starting_requires_post_csrf_token_and_reason(sue: User, bob: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(sue)
    address = f"/admin/accounts/user/{bob.pk}/impersonate/"
    assert browser.get(address, REASON).status_code == 200
    assert browser.post(address, REASON).status_code == 403
    token = browser.cookies["csrftoken"].value
    assert "required" in browser.post(address, {"reason": " "}, headers={"x-csrftoken": token}).content.decode()
    assert impersonation.SESSION_KEY not in browser.session
    assert browser.post(address, REASON, headers={"x-csrftoken": token}).status_code == 302


@pytest.mark.quality("M01")
def test_the_api_refuses_get_empty_reason_and_nesting(
    dan: User, bob: User, carol: User, api_of: Callable[[User], APIClient]
) -> None:
    client = api_of(dan)
    address = f"/api/v1/admin/users/{bob.pk}/impersonate"
    assert client.get(address).status_code == 405
    assert client.post(address, {"reason": "  "}).status_code == 400
    token = client.post(address, REASON).json()["access_token"]
    as_bob = APIClient(headers={"Authorization": f"Bearer {token}"})
    nested = as_bob.post(f"/api/v1/admin/users/{carol.pk}/impersonate", REASON)
    assert (nested.status_code, nested.json()["errors"][0]["code"]) == (403, "not_while_impersonating")


def token_for(actor: User, user: User, api_of: Callable[[User], APIClient]) -> dict[str, Any]:
    return api_of(actor).post(f"/api/v1/admin/users/{user.pk}/impersonate", REASON).json()


def with_token(token: str) -> APIClient:
    return APIClient(headers={"Authorization": f"Bearer {token}"})


@pytest.mark.quality("M02")
def test_the_token_names_both_users_and_expires_after_15_minutes(
    dan: User, bob: User, api_of: Callable[[User], APIClient]
) -> None:
    given = token_for(dan, bob, api_of)
    assert given.keys() == {"access_token", "expires_in", "user"}
    assert (given["expires_in"], given["user"]["email"]) == (900, bob.email)
    claims = jwt.decode(given["access_token"], options={"verify_signature": False})
    assert (claims["user_id"], claims["act"]) == (str(bob.pk), {"sub": str(dan.pk)})
    assert claims["exp"] - timezone.now().timestamp() <= 900
    client = with_token(given["access_token"])
    assert client.get("/api/v1/users/me").json()["email"] == bob.email
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1)):
        assert client.get("/api/v1/users/me").status_code == 401


@pytest.mark.quality("M02")
def test_in_a_browser_it_ends_after_30_minutes(acting: Client, bob: User) -> None:
    assert acting.get("/dashboard/").context["user"] == bob
    with time_machine.travel(timezone.now() + timedelta(minutes=30, seconds=1)):
        page = acting.get("/account/profile/")
    assert page.context["user"] != bob
    assert "back in your own account" in page.content.decode()


@pytest.fixture
def acting(sue: User, bob: User, browser_of: Callable[[User], Client]) -> Client:
    """Return Sue's browser, impersonating Bob."""
    browser = browser_of(sue)
    assert browser.post(f"/admin/accounts/user/{bob.pk}/impersonate/", REASON).status_code == 302
    return browser


@pytest.mark.quality("M02")
def test_every_page_shows_the_impersonation_and_a_way_back(
    acting: Client, sue: User, bob: User, course: Course
) -> None:
    for path in ("/", "/dashboard/", "/courses/", f"/courses/{course.slug}/", "/account/security/password/"):
        assert 'action="/account/impersonation/end/"' in acting.get(path).content.decode(), path
    back = acting.post("/account/impersonation/end/")
    assert back["Location"] == f"/admin/accounts/user/{bob.pk}/change/"
    page = acting.get(back["Location"])
    assert (page.status_code, page.context["user"]) == (200, sue)
    ended = AuditEntry.objects.get(action="accounts.impersonation_ended")
    assert (ended.actor, ended.subject) == (sue, bob)


@pytest.mark.quality("M02")
def test_the_user_sees_the_impersonation_and_can_end_it(
    acting: Client, sue: User, bob: User, browser_of: Callable[[User], Client]
) -> None:
    own = browser_of(bob)
    shown = own.get("/account/security/").content.decode()
    assert "Ticket 4711" in shown
    assert sue.full_name in shown
    login = LoginSession.objects.get(user=bob, actor=sue)
    own.post(f"/account/security/logins/{login.pk}/end/")
    assert acting.get("/account/profile/").context["user"] == sue


@pytest.mark.quality("M02")
def test_lessons_can_be_completed_and_the_audit_log_names_both(
    acting: Client, sue: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    for lesson in course.lessons.all():
        assert acting.post(f"/learn/{course.slug}/{lesson.pk}/done/").status_code == 302
    assert LessonProgress.objects.filter(enrollment=enrollment, completed_at__isnull=False).count() == 3
    line = AuditEntry.objects.get(action="enrollments.completed")
    assert (line.actor, line.subject) == (sue, bob)


@pytest.fixture
def outcomes(
    acting: Client, dan: User, bob: User, course: Course, enrollment: Enrollment, api_of: Any
) -> dict[tuple[str, str], int]:
    """Return the status of each method of each address while Bob is impersonated, by browser and by token."""
    by_token = with_token(token_for(dan, bob, api_of)["access_token"])
    values = defaultdict(lambda: str(uuid.UUID(int=1)), placeholder_values(course, enrollment))
    found = {}
    ends_it = {"account/logout/", "account/impersonation/end/"}
    for route in [*(route for route in list_routes() if route not in ends_it), "admin/", "admin/accounts/user/"]:
        path = fill_placeholders(route, values)
        for method in ("get", "post", "put", "patch", "delete"):
            body = {"content_type": "application/json", "data": "{}"} if method != "get" else {}
            client = by_token if path.startswith("/api/") and method != "get" else acting
            found[method.upper(), route] = getattr(client, method)(path, **body).status_code
    return found


# The policy that the views declare, as routes. Everything else may be read and refuses unsafe methods.
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
ALLOWED = {
    "account/impersonation/end/": UNSAFE,  # the first three answer 405 to all but POST
    "account/logout/": UNSAFE,
    "learn/<str:slug>/<uuid:lesson_id>/done/": UNSAFE,
    "api/v1/enrollments/<enrollment_id>/progress": {"PUT", "PATCH"},
}
HIDDEN = (
    "admin/",
    "api/v1/admin/",
    "account/security/password/",
    "account/security/email/",
    "account/security/second-factor/",
    "account/security/logins/",
    "account/export/",
    "account/close/",
    "account/email/",
    "account/reset/",
    "account/verify/",
    "checkout/",
    "orders/<uuid:order_id>/pay/",
    "orders/<uuid:order_id>/coupon/",
    "orders/<uuid:order_id>/test-card/",
)

# Public without a login: they do not depend on the user.
PUBLIC_ENDPOINTS = {
    ("POST", f"api/v1/auth/{name}")
    for name in ("token", "refresh", "login/mfa", "login-cookie", "refresh-cookie", "logout-cookie", "csrf")
} | {("POST", f"api/v1/auth/{name}") for name in ("password/reset", "password/reset/confirm", "email/verify")}


def is_refused_by_policy(method: str, route: str) -> bool:
    return route.startswith(HIDDEN) or (method in UNSAFE and method not in ALLOWED.get(route, ()))


@pytest.mark.quality("M02")
def test_views_declare_the_documented_policy(course: Course, enrollment: Enrollment) -> None:
    values = defaultdict(lambda: str(uuid.UUID(int=1)), placeholder_values(course, enrollment))
    known = [*list_routes(), "admin/", "admin/accounts/user/", "admin/password_change/"]
    assert set(known) >= ALLOWED.keys()
    for start in HIDDEN:
        assert any(route.startswith(start) for route in known), start
    wrong = []
    for route, method in product(known, UNSAFE | SAFE_METHODS):
        request = RequestFactory().generic(method, fill_placeholders(route, values))
        request.resolver_match = resolve(request.path)
        if is_refused(request) != is_refused_by_policy(method, route):
            wrong.append((method, route))
    assert wrong == []


@pytest.mark.quality("M02")
def test_a_new_view_is_read_only_until_it_declares_more() -> None:
    def plain(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    class Page(View):
        pass

    @hide_while_impersonating
    class HiddenPage(Page):
        pass

    class HiddenChild(HiddenPage):
        pass

    assert policy_of(plain, "POST") is policy_of(Page.as_view(), "POST") is Policy.READ_ONLY
    assert policy_of(HiddenPage.as_view(), "GET") is policy_of(HiddenChild.as_view(), "GET") is Policy.HIDDEN
    assert policy_of(allow_while_impersonating(Page.as_view()), "POST") is Policy.ALLOWED
    assert policy_of(Page.as_view(), "POST") is Policy.READ_ONLY


@pytest.mark.long
@pytest.mark.quality("M02")
def test_only_learning_can_be_changed_and_hidden_addresses_are_refused(
    outcomes: dict[tuple[str, str], int], bob: User
) -> None:
    allowed = {
        (method, route)
        for (method, route), status in outcomes.items()
        if method != "GET" and status < 400 and (method, route) not in PUBLIC_ENDPOINTS
    }
    public = {(method, route) for method, route in allowed if route in ("api/v1/certificates/verify-file",)}
    refused = {(method, route) for method, route in allowed - public if is_refused_by_policy(method, route)}
    assert refused == set()
    assert len(outcomes) > 800
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)
    hidden = {place: status for place, status in outcomes.items() if place[1].startswith(HIDDEN)}
    assert len(hidden) > 60
    assert {place: status for place, status in hidden.items() if status != 403} == {}


@pytest.mark.quality("M02")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("put", "/api/v1/users/me"),
        ("post", "/api/v1/auth/mfa/enable"),
        ("post", "/api/v1/auth/ws-ticket"),
        ("delete", "/api/v1/users/{bob}"),
        ("post", "/api/v1/orders/"),
        ("get", "/api/v1/admin/users"),
    ],
)
def test_refused_requests_have_their_own_error_code(
    method: str, path: str, dan: User, bob: User, api_of: Callable[[User], APIClient]
) -> None:
    client = with_token(token_for(dan, bob, api_of)["access_token"])
    answer = getattr(client, method)(path.format(bob=bob.pk))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "not_while_impersonating")


@pytest.mark.quality("M02")
def test_the_policy_applies_to_a_token_in_a_cookie(dan: User, bob: User, api_of: Callable[[User], APIClient]) -> None:
    client = APIClient()
    client.cookies["access"] = token_for(dan, bob, api_of)["access_token"]
    assert client.get("/api/v1/users/me").json()["email"] == bob.email
    assert client.put("/api/v1/users/me", {"full_name": "Rob"}).status_code == 403


@pytest.mark.quality("M07")
def test_deactivating_either_account_ends_the_impersonation(
    acting: Client, dan: User, sue: User, bob: User, api_of: Callable[[User], APIClient]
) -> None:
    by_token = with_token(token_for(dan, bob, api_of)["access_token"])
    assert by_token.get("/api/v1/users/me").status_code == 200
    change_access(actor=dan, user=bob, is_active=False)
    assert by_token.get("/api/v1/users/me").status_code == 401
    assert acting.get("/account/profile/").context["user"] == sue
    change_access(actor=dan, user=sue, is_active=False)
    assert acting.get("/account/profile/").status_code == 302


def test_losing_the_permission_ends_the_impersonation(acting: Client, sue: User, bob: User) -> None:
    sue.groups.clear()
    assert acting.get("/account/profile/").context["user"] == sue


def test_logging_out_ends_the_impersonation_and_the_own_login(acting: Client, sue: User) -> None:
    acting.post("/account/logout/")
    assert acting.get("/account/profile/").status_code == 302
    assert not LoginSession.objects.live().involving(sue).exists()


@pytest.mark.quality("M02")
def test_impersonation_shows_the_same_completed_course(
    dan: User, bob: User, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    complete_all_lessons(enrollment)
    client = with_token(token_for(dan, bob, api_of)["access_token"])
    (shown,) = client.get("/api/v1/enrollments/").json()["results"]
    assert shown["progress_percentage"] == 100
