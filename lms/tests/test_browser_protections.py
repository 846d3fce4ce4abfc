"""Tests for security headers and cookies (quality row X07)."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment

PAGES = [
    "/",
    "/courses/",
    "/account/login/",
    "/account/register/",
    "/dashboard/",
    "/teach/",
    "/nope",
    "/api/v1/courses/",
]


def directives(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (part.split() for part in policy.split(";") if part.strip())}


@pytest.mark.quality("X07")
@pytest.mark.parametrize("path", PAGES)
def test_security_headers_forbid_inline_scripts_frames_and_sniffing(
    path: str, alice: User, course: Course, enrollment: Enrollment, browser_of: Callable[[User], Client]
) -> None:
    answer = browser_of(alice).get(path)
    policy = directives(answer["Content-Security-Policy"])
    assert policy["script-src"] == ["'self'"]
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == ["'none'"]
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Request-ID"]


@pytest.mark.quality("X07")
def test_pages_contain_no_inline_scripts_or_styles(
    alice: User, course: Course, enrollment: Enrollment, browser_of: Callable[[User], Client]
) -> None:
    for path in [*PAGES[:-1], course_path(course), f"/learn/{course.slug}/"]:
        html = browser_of(alice).get(path, follow=True).content.decode()
        assert "<style" not in html, path
        assert " style=" not in html, path
        assert " onclick=" not in html, path
        assert all(" src=" in tag.split(">")[0] for tag in html.split("<script")[1:]), path


def course_path(course: Course) -> str:
    return f"/courses/{course.slug}/"


@pytest.mark.quality("X07")
def test_other_origins_get_no_cors_headers(db: None) -> None:
    answer = APIClient().get("/api/v1/courses/", headers={"origin": "https://evil.test"})
    assert "Access-Control-Allow-Origin" not in answer
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.quality("X07")
def test_session_and_csrf_cookies_are_limited_to_this_site(bob: User, client: Client) -> None:
    page = client.get("/account/login/")
    login = client.post("/account/login/", {"username": bob.email, "password": "learn-by-doing"})
    assert login.status_code == 302
    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["sessionid"]["samesite"] == "Lax"
    assert page.cookies["csrftoken"]["samesite"] == "Lax"


@pytest.mark.quality("X07")
def test_session_authentication_requires_the_csrf_token(bob: User, course: Course) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(bob)
    answer = browser.post("/api/v1/enrollments/", {"course_id": str(course.pk)})
    assert answer.status_code == 403
    assert not Enrollment.objects.exists()
