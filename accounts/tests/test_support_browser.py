"""Impersonation in a browser: start, refused pages, return."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from enrollments.services import enroll
from tools.testing.browser import assert_accessible
from tools.testing.plugin import PASSWORD
from tools.testing.races import run_concurrently

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


@pytest.fixture
def enrollment(bob: User, course: Course, live_site: str) -> Enrollment:
    """Return Bob's enrollment, created outside the browser's thread because of its event loop."""
    (made,) = run_concurrently(1, lambda _number: enroll(actor=bob, user=bob, course=course))
    assert isinstance(made, Enrollment), made
    return made


@pytest.mark.quality("M02")
def test_support_impersonates_a_student_and_returns(
    page: Page, live_site: str, sue: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    page.goto(f"{live_site}/admin/")
    page.get_by_label("Email").fill(sue.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()
    assert_accessible(page)
    page.goto(f"{live_site}/admin/accounts/user/{bob.pk}/change/")
    page.get_by_role("link", name="Log in as").click()
    assert_accessible(page)
    page.get_by_label("Reason").fill("Ticket 4711: the lesson does not open")
    page.get_by_role("button", name="Log in as Bob Example").click()

    banner = page.get_by_role("complementary", name="Impersonation")
    expect(banner).to_contain_text("You see the site as Bob Example")
    expect(page.get_by_role("main")).to_contain_text(course.title)
    assert_accessible(page)
    page.goto(f"{live_site}/learn/{course.slug}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(banner).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{live_site}/account/security/")
    page.get_by_role("link", name="Change password").click()
    expect(page.get_by_role("main")).to_contain_text("while you are logged in as another user")
    expect(banner).to_be_visible()
    assert_accessible(page)
    page.goto(f"{live_site}/admin/")
    expect(page.get_by_role("main")).to_contain_text("while you are logged in as another user")

    banner.get_by_role("button", name="Back to my account").click()
    page.wait_for_url(f"**/admin/accounts/user/{bob.pk}/change/")
    expect(page.get_by_text("You are back in your own account.")).to_be_visible()
