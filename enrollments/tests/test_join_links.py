"""Tests for join links: who joins, how often, and how long."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.account_deletion import close_account
from accounts.models import User
from core.models import AuditEntry
from courses.models import Course
from courses.services import unpublish_course
from enrollments import join_links, services
from enrollments.join_links import create_join_link, join_course
from enrollments.models import Enrollment, JoinLink, Source
from tools.testing.plugin import make_staff, make_user
from tools.testing.races import MAX_ROUNDS, count_outcomes, run_concurrently

pytestmark = pytest.mark.quality("E09")
ApiOf = Callable[[User], APIClient]
BrowserOf = Callable[[User], Client]
JOIN = "/api/v1/enrollments/join"


def links_of(course: Course) -> str:
    return f"/api/v1/courses/{course.pk}/join-links/"


def error_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


def test_a_user_joins_a_paid_course_once(alice: User, carol: User, paid_course: Course, api_of: ApiOf) -> None:
    link = api_of(alice).post(links_of(paid_course), {"max_uses": 2}).json()
    assert link["url"].endswith(f"/join/{link['key']}/")
    assert (len(link["key"]), link["uses"]) == (22, 0)
    answers = [api_of(carol).post(JOIN, {"key": link["key"]}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert Enrollment.objects.get().source == Source.LINK
    assert api_of(alice).get(links_of(paid_course)).json()["results"][0]["uses"] == 1


def test_links_that_are_unknown_expired_used_up_or_turned_off_enroll_nobody(
    alice: User, bob: User, carol: User, course: Course, api_of: ApiOf
) -> None:
    api = api_of(carol)
    assert error_of(api.post(JOIN, {"key": "x" * 22})) == (404, "unknown_link")
    once = create_join_link(actor=alice, course=course, max_uses=1)
    join_course(actor=bob, link=once)
    assert error_of(api.post(JOIN, {"key": once.key})) == (410, "link_used_up")
    assert api_of(bob).post(JOIN, {"key": once.key}).status_code == 200
    short = create_join_link(actor=alice, course=course, expires_at=timezone.now() + timedelta(hours=1))
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert error_of(api_of(carol).post(JOIN, {"key": short.key})) == (410, "link_expired")
    link = create_join_link(actor=alice, course=course)
    unpublish_course(actor=alice, course=course)
    assert error_of(api.post(JOIN, {"key": link.key})) == (409, "not_published")
    assert api_of(alice).delete(f"{links_of(course)}{link.pk}").status_code == 204
    assert error_of(api.post(JOIN, {"key": link.key})) == (404, "unknown_link")
    assert not Enrollment.objects.filter(user=carol).exists()


def test_a_student_who_was_removed_and_the_instructor_do_not_join(
    alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: ApiOf
) -> None:
    link = create_join_link(actor=alice, course=course)
    services.remove_student(actor=alice, enrollment=enrollment, reason="Cheating")
    assert error_of(api_of(bob).post(JOIN, {"key": link.key})) == (403, "barred")
    assert error_of(api_of(alice).post(JOIN, {"key": link.key})) == (409, "own_course")
    link.refresh_from_db()
    assert link.uses == 0


def test_invalid_links_are_refused(alice: User, course: Course, api_of: ApiOf, monkeypatch: Any) -> None:
    api = api_of(alice)
    assert api.post(links_of(course), {"max_uses": 0}).status_code == 400
    assert error_of(api.post(links_of(course), {"expires_at": "2020-01-01T00:00:00Z"})) == (400, "expires_in_the_past")
    monkeypatch.setattr(join_links, "MAX_LINKS", 1)
    assert api.post(links_of(course), {}).status_code == 201
    assert error_of(api.post(links_of(course), {})) == (409, "too_many_links")


def test_links_are_recorded_without_their_keys(alice: User, dan: User, course: Course, browser_of: BrowserOf) -> None:
    link = create_join_link(actor=alice, course=course)
    browser = browser_of(dan)
    page = browser.get(f"/admin/enrollments/joinlink/{link.pk}/change/")
    assert page.status_code == 200
    assert link.key not in page.content.decode()
    data = {"action": "revoke_links", "_selected_action": [str(link.pk)]}
    browser.post("/admin/enrollments/joinlink/", data)
    link.refresh_from_db()
    assert link.revoked_at is not None
    entries = AuditEntry.objects.filter(target_id=str(link.pk)).order_by("id")
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("enrollments.join_link_created", alice),
        ("enrollments.join_link_revoked", dan),
    ]
    assert link.key not in str(list(entries.values_list("changes")))


def test_a_closed_account_leaves_no_working_link(dan: User, course: Course) -> None:
    sue = make_staff("Support")
    link = JoinLink.objects.create(course=course, created_by=sue)
    close_account(actor=dan, user=sue)
    link.refresh_from_db()
    assert link.revoked_at is not None


def test_a_visitor_registers_and_joins(alice: User, course: Course, client: Client) -> None:
    link = create_join_link(actor=alice, course=course)
    page = client.get(f"/join/{link.key}/")
    assert "Tea" in page.content.decode()
    assert page["X-Robots-Tag"] == "noindex"
    assert client.post(f"/join/{link.key}/")["Location"] == f"/account/login/?next=/join/{link.key}/"
    form = {"full_name": "Wanda Vale", "email": "wanda@example.com", "password": "a-long-and-odd-one-7"}
    registered = client.post("/account/register/", {**form, "next": f"/join/{link.key}/"})
    assert registered["Location"] == f"/join/{link.key}/"
    assert not Enrollment.objects.exists()  # a GET request does not enroll
    joined = client.post(f"/join/{link.key}/")
    assert joined["Location"] == f"/learn/{course.slug}/"
    assert Enrollment.objects.get().user.email == "wanda@example.com"


def test_the_page_of_a_used_up_link_says_so(
    alice: User, bob: User, carol: User, course: Course, browser_of: BrowserOf
) -> None:
    link = create_join_link(actor=alice, course=course, max_uses=1)
    join_course(actor=bob, link=link)
    browser = browser_of(carol)
    assert "All places of this join link are taken" in browser.get(f"/join/{link.key}/").content.decode()
    refused = browser.post(f"/join/{link.key}/", follow=True)
    assert "All places of this join link are taken" in refused.content.decode()
    assert not Enrollment.objects.filter(user=carol).exists()


def test_the_instructor_creates_and_turns_off_a_link_on_the_page(
    alice: User, course: Course, browser_of: BrowserOf
) -> None:
    browser, page = browser_of(alice), f"/teach/courses/{course.slug}/students/"
    browser.post(f"{page}links/", {"max_uses": "40", "expires_at": ""})
    link = JoinLink.objects.get()
    shown = browser.get(page).content.decode()
    assert link.url in shown
    assert "0 of 40 places used" in shown
    assert 'src="data:image/svg+xml' in shown
    refused = browser.post(f"{page}links/", {"max_uses": "0"}, follow=True)
    assert "greater than or equal to 1" in refused.content.decode()
    browser.post(f"{page}links/{link.pk}/revoke/")
    assert link.url not in browser.get(page).content.decode()


def take_last_place(alice: User, course: Course, prefix: str) -> tuple[dict[str, int], JoinLink]:
    """Let eight users take the last place of a link at once; return the outcomes and the link."""
    link = create_join_link(actor=alice, course=course, max_uses=1)
    users = [make_user(f"{prefix}{number}") for number in range(8)]
    outcomes = run_concurrently(8, lambda number: join_course(actor=users[number], link=link))
    link.refresh_from_db()
    return count_outcomes(outcomes), link


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_last_place_is_taken_once(alice: User, course: Course) -> None:
    outcomes, link = take_last_place(alice, course, "racer")
    assert outcomes == {"tuple": 1, "link_used_up": 7}
    assert (link.uses, Enrollment.objects.count()) == (1, 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_the_last_place_is_taken_twice(
    alice: User, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self)
    assert any(take_last_place(alice, course, f"round{number}x")[0].get("tuple", 0) > 1 for number in range(MAX_ROUNDS))
