"""Tests of Stripe's form on the payment page: its data, its script and the content security policy."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from courses.models import Course
from payments import checkout, stripe_client
from payments.models import Order
from tools.testing.browser import assert_accessible, log_in

BrowserOf = Callable[[User], Client]

SECRET_KEY = "sk_test_51" + "N0tAKey" * 12
PUBLISHABLE_KEY = "pk_test_51" + "N0tAKey" * 12
SOURCES = ("https://js.stripe.com", "https://hooks.stripe.com", "https://api.stripe.com")

# A fake of Stripe's script, which records its calls and declines the first card.
SCRIPT = """
window.calls = [];
window.Stripe = (key) => ({
  elements: (options) => {
    window.calls.push({ key, ...options });
    return {
      create: (kind) => ({
        mount: (node) => {
          node.textContent = "Stripe card form: " + kind;
        },
      }),
    };
  },
  confirmPayment: async ({ confirmParams }) => {
    window.calls.push(confirmParams);
    if (window.calls.length > 2) {
      location.assign(confirmParams.return_url + "?payment_intent=pi_1&redirect_status=succeeded");
      return new Promise(() => {});
    }
    return { error: { message: "Your card has insufficient funds." } };
  },
});
"""


@pytest.fixture
def with_keys(settings: Any, stripe_host: str) -> None:
    """Set keys that look like real ones; requests still go to the sandbox."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_PUBLISHABLE_KEY = SECRET_KEY, PUBLISHABLE_KEY
    settings.STRIPE_SANDBOX = False


@pytest.fixture
def placed(carol: User, paid_course: Course) -> Order:
    """Carol's order, without an intent."""
    return checkout.place_order(actor=carol, course=paid_course)[0]


@pytest.mark.django_db
def test_with_keys_the_payment_page_has_the_data_of_stripes_form(
    with_keys: None, placed: Order, carol: User, browser_of: BrowserOf
) -> None:
    page = browser_of(carol).get(f"/orders/{placed.pk}/pay/")
    html = page.content.decode()
    placed.refresh_from_db()
    intent = stripe_client.retrieve_intent(placed.stripe_payment_intent_id or "")
    assert (intent["amount"], intent["currency"], intent["description"]) == (4900, "eur", "Coffee")
    assert f'data-key="{PUBLISHABLE_KEY}"' in html
    assert f'data-secret="{intent["client_secret"]}"' in html
    assert f'data-return="http://testserver/orders/{placed.pk}/"' in html
    assert html.count('<script src="https://js.stripe.com/v3/"></script>') == 1
    assert SECRET_KEY not in html
    assert "4242" not in html
    assert "test_card" not in html


@pytest.mark.quality("V02")
@pytest.mark.django_db
def test_head_of_the_payment_page_creates_no_intent(
    with_keys: None, placed: Order, carol: User, browser_of: BrowserOf
) -> None:
    assert browser_of(carol).head(f"/orders/{placed.pk}/pay/").status_code == 200
    placed.refresh_from_db()
    assert placed.stripe_payment_intent_id is None


@pytest.mark.quality("V02")
@pytest.mark.django_db
def test_head_of_the_order_page_does_not_call_stripe(
    with_keys: None, placed: Order, carol: User, browser_of: BrowserOf
) -> None:
    order = checkout.create_intent(actor=carol, order=placed)
    stripe_client.confirm_in_sandbox(order.stripe_payment_intent_id or "", "succeeds")
    assert browser_of(carol).head(f"/orders/{order.pk}/").status_code == 200
    order.refresh_from_db()
    assert order.status == "pending"


@pytest.mark.django_db
def test_only_the_payment_page_may_load_stripe(
    with_keys: None, placed: Order, carol: User, browser_of: BrowserOf
) -> None:
    browser = browser_of(carol)
    policy = dict(
        part.strip().split(" ", 1)
        for part in browser.get(f"/orders/{placed.pk}/pay/")["Content-Security-Policy"].split(";")
        if " " in part.strip()
    )
    assert "https://js.stripe.com" in policy["script-src"].split()
    assert {"https://js.stripe.com", "https://hooks.stripe.com"} <= set(policy["frame-src"].split())
    assert "https://api.stripe.com" in policy["connect-src"].split()
    assert "'unsafe-inline'" not in policy["script-src"]
    for address in (f"/orders/{placed.pk}/", "/orders/", "/", f"/courses/{placed.course.slug}/"):
        answer = browser.get(address)
        assert not any(source in answer["Content-Security-Policy"] for source in SOURCES), address
        assert "js.stripe.com" not in answer.content.decode(), address


@pytest.mark.django_db
def test_an_invalid_coupon_keeps_the_payment_form(
    with_keys: None, placed: Order, carol: User, browser_of: BrowserOf
) -> None:
    page = browser_of(carol).post(f"/orders/{placed.pk}/coupon/", {"code": "NOPE"})
    assert page.status_code == 400
    assert "data-stripe-element" in page.content.decode()
    assert "https://js.stripe.com" in page["Content-Security-Policy"]


@pytest.mark.django_db
def test_while_stripe_is_unavailable_the_page_shows_an_error_without_its_script(
    with_keys: None, placed: Order, carol: User, browser_of: BrowserOf, settings: Any
) -> None:
    settings.STRIPE_API_HOST = "http://127.0.0.1:1"
    page = browser_of(carol).get(f"/orders/{placed.pk}/pay/")
    html = page.content.decode()
    assert page.status_code == 200
    assert "Your order is saved" in html
    assert "data-stripe-element" not in html
    assert "js.stripe.com" not in html + page["Content-Security-Policy"]


@pytest.mark.django_db
def test_in_the_sandbox_the_page_does_not_load_stripe(
    placed: Order, stripe_host: str, carol: User, browser_of: BrowserOf
) -> None:
    page = browser_of(carol).get(f"/orders/{placed.pk}/pay/")
    html = page.content.decode()
    assert "Test mode" in html
    assert "data-stripe" not in html
    assert not any(source in html + page["Content-Security-Policy"] for source in SOURCES)


@pytest.mark.django_db
def test_in_production_without_keys_the_page_shows_that_payments_are_off(
    placed: Order, carol: User, browser_of: BrowserOf, settings: Any
) -> None:
    settings.STRIPE_SANDBOX = False
    page = browser_of(carol).get(f"/orders/{placed.pk}/pay/")
    html = page.content.decode()
    assert "Payments are not set up on this site yet." in html
    assert "test_card" not in html
    assert "4242" not in html
    assert not any(source in html + page["Content-Security-Policy"] for source in SOURCES)
    assert browser_of(carol).post(f"/orders/{placed.pk}/test-card/", {"card": "succeeds"}).status_code == 404


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_stripes_form_declines_a_card_and_returns_to_the_order(
    with_keys: None, page: Page, live_site: str, placed: Order, carol: User
) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None)

    def fulfill_script(route: Route) -> None:
        route.fulfill(content_type="text/javascript", body=SCRIPT)

    page.route("https://js.stripe.com/v3/", fulfill_script)
    log_in(page, live_site, carol, f"/orders/{placed.pk}/pay/")
    expect(page.get_by_text("Stripe card form: payment")).to_be_visible()
    assert_accessible(page)
    placed.refresh_from_db()
    calls = json.loads(page.evaluate("JSON.stringify(window.calls)"))
    assert calls == [{"key": PUBLISHABLE_KEY, "clientSecret": placed.client_secret}]

    page.get_by_role("button", name="Pay €49").click()
    expect(page.get_by_role("alert")).to_have_text("Your card has insufficient funds.")
    expect(page.get_by_role("button", name="Pay €49")).to_be_enabled()
    assert_accessible(page)

    page.get_by_role("button", name="Pay €49").click()
    page.wait_for_url(f"{live_site}/orders/{placed.pk}/?payment_intent=pi_1&redirect_status=succeeded")
    expect(page.get_by_role("heading", name="Your payment is being processed")).to_be_visible()
    placed.refresh_from_db()
    assert placed.status == "pending"
    assert problems == []
