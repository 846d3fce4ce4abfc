"""Browser tests: the three sandbox cards, the receipt, a refund by staff and the waiting page."""

import pytest
import requests
from playwright.sync_api import Page, expect

from accounts.models import User
from courses.models import Course
from payments.models import Order
from tools.stripe_sandbox import process
from tools.testing.browser import assert_accessible, log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_three_cards_a_receipt_and_a_refund(
    page: Page, live_site: str, stripe_host: str, carol: User, dan: User, paid_course: Course
) -> None:
    process.send_events_to(live_site, stripe_host)
    User.objects.filter(pk=dan.pk).update(is_superuser=True)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))

    log_in(page, live_site, carol, f"/courses/{paid_course.slug}/")
    page.get_by_role("button", name="Enroll for €49").click()
    expect(page.get_by_role("heading", name="Checkout")).to_be_visible()
    assert_accessible(page)

    page.get_by_label("Declined").check()
    page.get_by_role("button", name="Pay €49").click()
    expect(page.get_by_text("Your card was declined").first).to_be_visible()
    assert_accessible(page)
    assert Order.objects.get().status == "pending"

    page.get_by_label("Requires authentication").check()
    page.get_by_role("button", name="Pay €49").click()
    expect(page.get_by_role("button", name="Confirm payment")).to_be_visible()
    assert_accessible(page)
    assert Order.objects.get().status == "pending"
    page.get_by_role("button", name="Confirm payment").click()
    expect(page.get_by_role("heading", name="You are enrolled")).to_be_visible(timeout=15_000)
    assert_accessible(page)
    page.get_by_role("link", name="View receipt").click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    assert_accessible(page)
    page.goto(f"{live_site}/orders/")
    assert_accessible(page)
    page.goto(f"{live_site}/learn/{paid_course.slug}/")
    expect(page.get_by_role("heading", name="Coffee 1").first).to_be_visible()

    page.context.clear_cookies()
    log_in(page, live_site, dan, "/admin/payments/order/")
    page.locator("input.action-select").first.check()
    page.get_by_label("Action:").select_option("refund")
    page.get_by_role("button", name="Go", exact=True).first.click()
    page.get_by_label("Reason").fill("They asked.")
    assert_accessible(page)
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_text("1 order refunded.")).to_be_visible()

    page.context.clear_cookies()
    log_in(page, live_site, carol, f"/courses/{paid_course.slug}/")
    expect(page.get_by_role("button", name="Enroll for €49")).to_be_visible()
    assert page.goto(f"{live_site}/learn/{paid_course.slug}/").status == 404
    expect(page.get_by_text("The payment was refunded.")).to_be_visible()
    assert_accessible(page)

    page.goto(f"{live_site}/courses/{paid_course.slug}/")
    page.get_by_role("button", name="Enroll for €49").click()
    page.get_by_role("button", name="Pay €49").click()
    expect(page.get_by_role("heading", name="You are enrolled")).to_be_visible(timeout=15_000)
    assert problems == []


def test_a_waiting_page_updates_when_the_payment_arrives(
    page: Page, live_site: str, stripe_host: str, carol: User, paid_course: Course
) -> None:
    """The order is paid in another tab, whose event arrives later."""
    log_in(page, live_site, carol, f"/courses/{paid_course.slug}/")
    page.get_by_role("button", name="Enroll for €49").click()
    order = Order.objects.get()
    page.goto(f"{live_site}/orders/{order.pk}/?paid")
    expect(page.get_by_role("heading", name="Your payment is being processed")).to_be_visible()
    assert_accessible(page)
    process.send_events_to(live_site, stripe_host)
    other = page.context.new_page()
    other.goto(f"{live_site}/orders/{order.pk}/pay/")
    other.get_by_role("button", name="Pay €49").click()
    expect(page.get_by_role("heading", name="You are enrolled")).to_be_visible(timeout=15_000)
    requests.delete(f"{stripe_host}/_config/webhooks", timeout=5)
