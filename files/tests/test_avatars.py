"""The profile picture of a user wherever the user's name is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from files.models import Avatar, File
from files.tests.samples import form, image

pytestmark = pytest.mark.django_db

Browser = Callable[[User | None], Client]


@pytest.fixture
def pictures(api_of: Callable[[User], APIClient], alice: User, bob: User) -> dict[User, str]:
    """Return the URLs of the pictures that Alice and Bob upload by API."""
    urls = {}
    for user in (alice, bob):
        answer = api_of(user).post(
            "/api/v1/files/upload", form("me.png", image(), purpose="avatar"), format="multipart"
        )
        assert answer.status_code == 201
        urls[user] = f"/files/{answer.json()['id']}/picture/256/"
    return urls


def test_a_picture_that_is_uploaded_by_api_is_the_profile_picture(
    api_of: Callable[[User], APIClient], pictures: dict[User, str], bob: User, settings: Any
) -> None:
    assert api_of(bob).get("/api/v1/users/me").json()["avatar_url"] == settings.SITE_URL + pictures[bob]
    api_of(bob).post("/api/v1/files/upload", form("new.png", image(), purpose="avatar"), format="multipart")
    assert File.objects.get(purpose="avatar", uploaded_by=bob) == Avatar.objects.get(user=bob).file


def test_the_header_and_the_course_page_show_pictures(
    browser_of: Browser, pictures: dict[User, str], alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    enrollments.write_review(actor=bob, course=course, rating=5, comment="Good.")
    page = browser_of(alice).get(f"/courses/{course.slug}/").content.decode()
    assert page.count(pictures[alice]) == 2  # header, instructor
    assert page.count(pictures[bob]) == 1  # review
    assert pictures[bob] not in browser_of(None).get(f"/courses/{course.slug}/").content.decode()


def test_the_chat_shows_pictures(
    browser_of: Browser, api_of: Any, pictures: dict[User, str], alice: User, bob: User, course: Course,
    enrollment: Enrollment,
) -> None:  # fmt: skip
    room = f"/api/v1/courses/{course.pk}/messages/"
    posted = api_of(bob).post(room, {"text": "hello"}).json()
    assert posted["author_avatar_url"].endswith(pictures[bob])
    assert api_of(alice).get(room).json()["results"][0]["author_avatar_url"].endswith(pictures[bob])
    assert pictures[bob] in browser_of(alice).get(f"/learn/{course.slug}/chat/").content.decode()


@pytest.mark.parametrize("path", ["/courses/{0}/", "/learn/{0}/chat/"])
def test_pictures_of_other_users_need_no_queries_of_their_own(
    browser_of: Browser, api_of: Any, pictures: dict[User, str], bob: User, course: Course, enrollment: Enrollment,
    path: str,
) -> None:  # fmt: skip
    enrollments.write_review(actor=bob, course=course, rating=5, comment="Good.")
    api_of(bob).post(f"/api/v1/courses/{course.pk}/messages/", {"text": "hello"})
    client = browser_of(bob)
    client.get(path.format(course.slug))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(path.format(course.slug))
    own = [query["sql"] for query in queries if query["sql"].startswith('SELECT "files_avatar"')]
    assert len(own) <= 1, "of the user in the header"
