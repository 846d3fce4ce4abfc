"""Cache of public pages: 304 for unchanged pages, immediate invalidation, no personal data."""

from collections.abc import Callable
from html import unescape

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.models import SiteSettings
from courses import services
from courses.models import CatalogueStamp, Course
from enrollments import services as enrollments
from tools.testing.plugin import make_course

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESSES = ["/", "/courses/", "/courses/tea/"]


def page(client: Client, address: str, **headers: str) -> str:
    return client.get(address, headers=headers).content.decode()


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_unchanged_page_is_a_304_for_one_query(address: str, course: Course, client: Client) -> None:
    first = client.get(address)
    with CaptureQueriesContext(connection) as captured:
        second = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (first.status_code, second.status_code, second.content) == (200, 304, b"")
    assert len(captured) == 1
    assert "Cookie" in second["Vary"]
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).content == first.content
    assert len(captured) == 1


def test_every_change_of_the_catalog_is_visible_immediately(
    alice: User, bob: User, course: Course, client: Client
) -> None:
    def catalog_page() -> str:
        return page(client, "/courses/")

    assert "Tea" in catalog_page()
    services.update_course(actor=alice, course=course, title="Better")
    assert "Better" in catalog_page()
    services.unpublish_course(actor=alice, course=course)
    assert "Better" not in catalog_page()
    services.publish_course(actor=alice, course=course)
    assert "Better" in catalog_page()
    assert "4.0" not in catalog_page()
    enrollments.enroll(actor=bob, user=bob, course=course)
    review = enrollments.write_review(actor=bob, course=course, rating=4, comment="Warm and clear.")
    assert "4.0" in catalog_page()
    assert "Warm and clear." in page(client, "/courses/tea/")
    enrollments.delete_review(actor=bob, review=review)
    assert "4.0" not in catalog_page()
    make_course(alice, "Coffee")
    assert "Coffee" in catalog_page()


def test_a_change_of_the_site_settings_is_visible_immediately(dan: User, course: Course, client: Client) -> None:
    assert "Tea House" not in page(client, "/")
    SiteSettings.objects.update_or_create(pk=1, defaults={"name": "Tea House"})
    cache.delete(SiteSettings.CACHE_KEY)  # as the admin does when it saves them
    assert "Tea House" in page(client, "/")


def test_a_change_in_the_admin_is_visible_immediately(dan: User, client: Client, course: Course) -> None:
    User.objects.filter(pk=dan.pk).update(is_staff=True, is_superuser=True)
    before = CatalogueStamp.objects.values_list("number", flat=True).first() or 0
    admin = Client()
    admin.force_login(dan)
    admin.post("/admin/courses/category/add/", {"name": "Craft", "slug": "craft", "order": 0})
    assert CatalogueStamp.objects.get().number > before
    assert "Craft" in page(client, "/courses/")


@pytest.mark.parametrize("typed", ["5", "[1, 2]", '{"a": 1}', "Plan a loaf\n\n  Name the cause ", "One\rtwo"])
def test_outcomes_in_the_admin_are_stored_as_a_list_of_lines(
    dan: User, client: Client, course: Course, browser_of: Callable[[User], Client], typed: str
) -> None:
    User.objects.filter(pk=dan.pk).update(is_staff=True, is_superuser=True)
    address = f"/admin/courses/course/{course.pk}/change/"
    admin_form = browser_of(dan).get(address).context["adminform"].form
    form = {name: admin_form[name].value() for name in admin_form.fields if admin_form[name].value() is not None}
    saved = browser_of(dan).post(address, {**form, "outcomes": typed, "tags": []})
    assert saved.status_code == 302, saved.context["adminform"].form.errors
    course.refresh_from_db()
    assert course.outcomes == [line.strip() for line in typed.splitlines() if line.strip()]
    assert course.outcomes[0] in unescape(page(client, f"/courses/{course.slug}/"))


def test_pages_of_logged_in_users_are_not_cached(
    bob: User, alice: User, course: Course, client: Client, browser_of: Callable[[User], Client]
) -> None:
    for address in ADDRESSES:
        for user in (bob, alice):
            for _time in range(2):
                assert user.full_name in page(browser_of(user), address)
        visitors = page(client, address)
        assert bob.full_name not in visitors
        assert "csrfmiddlewaretoken" not in visitors
        assert "Log in" in visitors


def test_a_page_with_a_message_is_not_cached(course: Course, client: Client) -> None:
    before = page(client, "/courses/")
    client.cookies["messages"] = "anything"
    assert client.get("/courses/").get("Cache-Control") != "public, no-cache"
    del client.cookies["messages"]
    assert page(client, "/courses/") == before


def test_a_draft_is_404_for_visitors_after_its_instructor_opened_it(
    alice: User, course: Course, client: Client, browser_of: Callable[[User], Client]
) -> None:
    assert client.get("/courses/tea/").status_code == 200
    services.unpublish_course(actor=alice, course=course)
    assert browser_of(alice).get("/courses/tea/").status_code == 200
    assert client.get("/courses/tea/").status_code == 404


def test_search_results_are_not_cached(course: Course, client: Client) -> None:
    client.get("/courses/?search=tea")
    with CaptureQueriesContext(connection) as captured:
        client.get("/courses/?search=tea")
    assert len(captured) > 1
