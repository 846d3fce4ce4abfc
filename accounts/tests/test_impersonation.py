"""Acting in somebody's name: who may, what it reaches, and what it leaves behind (QUALITY M01, M02)."""

import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import impersonation
from accounts.models import LoginSession, Role, User
from accounts.services import change_access
from courses.models import Course
from enrollments.models import Enrollment, LessonProgress
from lms.platform.models import AuditEntry
from lms.testing.plugin import PASSWORD, complete_all_lessons, person, staff_of
from lms.testing.urls import fill_in, routes, values_of

REASON = {"reason": "Ticket 4711"}

# Whether they may act (rows) in whose name (columns).
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
    """One of each, twice: nobody is their own colleague."""
    return {
        "superuser": person("Root", Role.ADMIN, is_superuser=True),
        "admin": person("Dana", Role.ADMIN),
        "support": staff_of("Support", "Sid"),
        "finance": staff_of("Finance", "Fay"),
        "instructor": person("Ines", Role.INSTRUCTOR),
        "student": person("Stan"),
        "inactive": person("Ian", is_active=False),
    }


def target_of(people: dict[str, User], actor: str, to: str) -> User:
    """The other person of that kind; `self` is the actor."""
    if to == "self":
        return people[actor]
    fields = {"superuser": {"is_superuser": True}, "inactive": {"is_active": False}}.get(to, {})
    if to == "support":
        return staff_of("Support", "Other")
    roles = {"superuser": Role.ADMIN, "admin": Role.ADMIN, "instructor": Role.INSTRUCTOR}
    return person("Other", roles.get(to, Role.STUDENT), **fields)


@pytest.mark.quality("M01")
@pytest.mark.parametrize(("actor", "to", "allowed"), CELLS)
def test_who_may_act_in_whose_name(
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
    assert (impersonation.KEY in browser.session) is allowed
    begun = AuditEntry.objects.filter(action="accounts.impersonation_started")
    assert [(line.actor, line.subject) for line in begun] == [(people[actor], target)] * (2 if allowed else 0)


@pytest.mark.quality("M01")
def test_it_begins_by_post_with_a_token_of_the_site_and_a_reason_alone(sue: User, bob: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(sue)
    address = f"/admin/accounts/user/{bob.pk}/impersonate/"
    assert browser.get(address, REASON).status_code == 200
    assert browser.post(address, REASON).status_code == 403
    token = browser.cookies["csrftoken"].value
    assert "required" in browser.post(address, {"reason": " "}, headers={"x-csrftoken": token}).content.decode()
    assert impersonation.KEY not in browser.session
    assert browser.post(address, REASON, headers={"x-csrftoken": token}).status_code == 302


@pytest.mark.quality("M01")
def test_the_api_takes_no_get_no_empty_reason_and_no_second_level(
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
def test_the_token_names_both_lives_a_quarter_of_an_hour_and_brings_no_refresh_token(
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
def test_in_a_browser_it_ends_after_half_an_hour(acting: Client, bob: User) -> None:
    assert acting.get("/dashboard/").context["user"] == bob
    with time_machine.travel(timezone.now() + timedelta(minutes=30, seconds=1)):
        page = acting.get("/account/profile/")
    assert page.context["user"] != bob
    assert "back in your own account" in page.content.decode()


@pytest.fixture
def acting(sue: User, bob: User, browser_of: Callable[[User], Client]) -> Client:
    """Sue's browser, acting as Bob."""
    browser = browser_of(sue)
    assert browser.post(f"/admin/accounts/user/{bob.pk}/impersonate/", REASON).status_code == 302
    return browser


@pytest.mark.quality("M02")
def test_every_page_says_so_and_leads_back(acting: Client, sue: User, bob: User, course: Course) -> None:
    for path in ("/", "/dashboard/", "/courses/", f"/courses/{course.slug}/", "/account/security/password/"):
        assert 'action="/account/impersonation/end/"' in acting.get(path).content.decode(), path
    back = acting.post("/account/impersonation/end/")
    assert back["Location"] == f"/admin/accounts/user/{bob.pk}/change/"
    page = acting.get(back["Location"])
    assert (page.status_code, page.context["user"]) == (200, sue)
    ended = AuditEntry.objects.get(action="accounts.impersonation_ended")
    assert (ended.actor, ended.subject) == (sue, bob)


@pytest.mark.quality("M02")
def test_the_person_sees_who_was_there_and_why_and_can_end_it(
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
def test_learning_can_be_tried_and_names_both(
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
    """What each method of each address answers, in Bob's name: by the browser, and by a token."""
    by_token = with_token(token_for(dan, bob, api_of)["access_token"])
    values = defaultdict(lambda: str(uuid.UUID(int=1)), values_of(course, enrollment))
    found = {}
    ends_it = {"account/logout/", "account/impersonation/end/"}
    for route in [*(route for route in routes() if route not in ends_it), "admin/", "admin/accounts/user/"]:
        path = fill_in(route, values)
        for method in ("get", "post", "put", "patch", "delete"):
            body = {"content_type": "application/json", "data": "{}"} if method != "get" else {}
            client = by_token if path.startswith("/api/") and method != "get" else acting
            found[method.upper(), route] = getattr(client, method)(path, **body).status_code
    return found


# Open to everybody without a login: they neither know nor change whose browser this is.
OPEN_DOORS = {
    ("POST", f"api/v1/auth/{door}")
    for door in ("token", "refresh", "login/mfa", "login-cookie", "refresh-cookie", "logout-cookie", "csrf")
} | {("POST", f"api/v1/auth/{door}") for door in ("password/reset", "password/reset/confirm", "email/verify")}


@pytest.mark.long
@pytest.mark.quality("M02")
def test_of_all_addresses_learning_alone_can_be_changed_and_the_closed_ones_are_not_even_shown(
    outcomes: dict[tuple[str, str], int], bob: User
) -> None:
    allowed = {
        (method, route)
        for (method, route), status in outcomes.items()
        if method != "GET" and status < 400 and (method, route) not in OPEN_DOORS
    }
    public = {(method, route) for method, route in allowed if route in ("api/v1/certificates/verify-file",)}
    assert allowed - public <= impersonation.WRITABLE, allowed - public - impersonation.WRITABLE
    assert len(outcomes) > 800
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)
    closed = {place: status for place, status in outcomes.items() if place[1].startswith(impersonation.CLOSED)}
    assert len(closed) > 60
    assert {place: status for place, status in closed.items() if status != 403} == {}


@pytest.mark.quality("M02")
def test_what_the_lists_name_exists(course: Course, enrollment: Enrollment) -> None:
    known = set(routes())
    assert {route for _method, route in impersonation.WRITABLE} <= known
    for start in impersonation.CLOSED:
        assert start == "admin/" or any(route.startswith(start) for route in known), start


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
def test_what_is_refused_says_why(
    method: str, path: str, dan: User, bob: User, api_of: Callable[[User], APIClient]
) -> None:
    client = with_token(token_for(dan, bob, api_of)["access_token"])
    answer = getattr(client, method)(path.format(bob=bob.pk))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "not_while_impersonating")


@pytest.mark.quality("M02")
def test_such_a_token_in_a_cookie_reaches_no_further(dan: User, bob: User, api_of: Callable[[User], APIClient]) -> None:
    client = APIClient()
    client.cookies["access"] = token_for(dan, bob, api_of)["access_token"]
    assert client.get("/api/v1/users/me").json()["email"] == bob.email
    assert client.put("/api/v1/users/me", {"full_name": "Rob"}).status_code == 403


@pytest.mark.quality("M07")
def test_it_ends_with_the_account_of_either(
    acting: Client, dan: User, sue: User, bob: User, api_of: Callable[[User], APIClient]
) -> None:
    by_token = with_token(token_for(dan, bob, api_of)["access_token"])
    assert by_token.get("/api/v1/users/me").status_code == 200
    change_access(actor=dan, user=bob, is_active=False)
    assert by_token.get("/api/v1/users/me").status_code == 401
    assert acting.get("/account/profile/").context["user"] == sue
    change_access(actor=dan, user=sue, is_active=False)
    assert acting.get("/account/profile/").status_code == 302


def test_who_loses_the_permission_loses_the_name(acting: Client, sue: User, bob: User) -> None:
    sue.groups.clear()
    assert acting.get("/account/profile/").context["user"] == sue


def test_logging_out_ends_both(acting: Client, sue: User) -> None:
    acting.post("/account/logout/")
    assert acting.get("/account/profile/").status_code == 302
    assert not LoginSession.objects.live().of(sue).exists()


@pytest.mark.quality("M02")
def test_a_completed_course_is_the_same_for_who_acts(
    dan: User, bob: User, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    complete_all_lessons(enrollment)
    client = with_token(token_for(dan, bob, api_of)["access_token"])
    (shown,) = client.get("/api/v1/enrollments/").json()["results"]
    assert shown["progress_percentage"] == 100
