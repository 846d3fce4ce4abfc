"""A form that was sent with a number loses it where it was taken, and nowhere else."""

import pytest
from django.test import Client

from accounts.models import User
from core.http.middleware import UNSENT_COOKIE

pytestmark = pytest.mark.django_db
PAGE = {"HTTP_ACCEPT": "text/html,*/*"}


@pytest.fixture
def client(bob: User) -> Client:
    """Bob's browser, in which a form was just sent."""
    browser = Client()
    browser.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    browser.cookies[UNSENT_COOKIE] = "1-0.5"
    return browser


def still_waits(client: Client) -> bool:
    return bool(client.cookies[UNSENT_COOKIE].value)


def test_a_form_that_is_taken_takes_its_number_back(client: Client, bob: User) -> None:
    client.post("/account/profile/", {"full_name": "Robert"}, **PAGE)
    bob.refresh_from_db()
    assert bob.full_name == "Robert"
    assert not still_waits(client)


def test_one_that_must_be_corrected_is_back_with_its_reader_too(client: Client) -> None:
    assert client.post("/account/profile/", {"full_name": ""}, **PAGE).status_code == 200
    assert not still_waits(client)


def test_one_that_ends_at_the_login_waits(client: Client) -> None:
    client.logout()
    client.cookies[UNSENT_COOKIE] = "1-0.5"
    assert client.post("/account/profile/", {"full_name": "Robert"}, **PAGE).status_code == 302
    assert still_waits(client)


def test_one_that_is_refused_waits(client: Client) -> None:
    assert client.post("/teach/courses/new/", {"title": "Tea"}, **PAGE).status_code == 403
    assert still_waits(client)


def test_looking_at_a_page_and_what_a_script_sends_change_nothing(client: Client) -> None:
    client.get("/account/profile/", **PAGE)
    client.post("/account/profile/", {"full_name": "Robert"}, HTTP_ACCEPT="*/*")
    assert still_waits(client)
