"""Lessons and drafts appear in no response to users without access (quality row C01).

Each protected text contains a unique word. Every GET route of the site is requested and searched for these words.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from courses import services
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from tools.testing.plugin import make_course
from tools.testing.urls import list_paths

CLOSED, DRAFT, UNPUBLISHED = "canary-closed-7f3a", "canary-draft-91bc", "canary-unpublished-55d0"


@pytest.fixture
def canaries(alice: User, course: Course) -> Course:
    """Return Alice's course with a unique word in each protected text."""
    lessons = list(course.lessons.order_by("order"))
    services.update_lesson(actor=alice, lesson=lessons[1], content=CLOSED, video_url=f"https://video.example/{CLOSED}")
    services.update_lesson(actor=alice, lesson=lessons[2], content=UNPUBLISHED, title=UNPUBLISHED, is_published=False)
    draft = make_course(alice, DRAFT, lessons=2)
    services.unpublish_course(actor=alice, course=draft)
    course.refresh_from_db()
    return course


def fetch_all_pages(course: Course, enrollment: Enrollment, browser: Client, api: APIClient) -> str:
    """Return the bodies of all GET routes with the given clients, and the search results for the unique words."""
    draft = Course.objects.get(title=DRAFT)
    paths = [path for target in (course, draft) for path in list_paths("/", course=target, enrollment=enrollment)]
    texts = []
    for path in dict.fromkeys(paths):  # most paths do not depend on the course
        client = api if path.startswith("/api/") else browser
        answer = client.get(path)
        texts.append(b"".join(answer).decode(errors="replace"))
    for word in (CLOSED, DRAFT, UNPUBLISHED):
        # Pages repeat the search term in the search field and in links, so only the results of the API are checked.
        found = api.get(f"/api/v1/courses/?search={word}").json()["results"]
        texts.append(str(found))
    return "\n".join(texts)


@pytest.mark.quality("C01")
@pytest.mark.parametrize("who", ["visitor", "carol", "erin"])
def test_strangers_cannot_read_drafts_or_closed_lessons(
    who: str,
    request: pytest.FixtureRequest,
    canaries: Course,
    enrollment: Enrollment,
    browser_of: Callable[[Any], Client],
    api_of: Callable[[Any], APIClient],
) -> None:
    user = None if who == "visitor" else request.getfixturevalue(who)
    text = fetch_all_pages(canaries, enrollment, browser_of(user), api_of(user))
    assert [word for word in (CLOSED, DRAFT, UNPUBLISHED) if word in text] == []


@pytest.mark.quality("C01")
def test_a_student_can_read_closed_lessons_but_no_drafts(
    canaries: Course,
    enrollment: Enrollment,
    bob: User,
    browser_of: Callable[[Any], Client],
    api_of: Callable[[Any], APIClient],
) -> None:
    text = fetch_all_pages(canaries, enrollment, browser_of(bob), api_of(bob))
    assert CLOSED in text
    assert [word for word in (DRAFT, UNPUBLISHED) if word in text] == []


@pytest.mark.quality("C01")
def test_a_student_with_an_ended_enrollment_cannot_read_closed_lessons(
    canaries: Course,
    enrollment: Enrollment,
    bob: User,
    dan: User,
    browser_of: Callable[[Any], Client],
    api_of: Callable[[Any], APIClient],
) -> None:
    enrollments.end_enrollment(actor=dan, enrollment=enrollment, reason="refunded")
    text = fetch_all_pages(canaries, enrollment, browser_of(bob), api_of(bob))
    assert CLOSED not in text


@pytest.mark.quality("C01")
def test_the_instructor_can_read_everything(
    canaries: Course,
    enrollment: Enrollment,
    alice: User,
    browser_of: Callable[[Any], Client],
    api_of: Callable[[Any], APIClient],
) -> None:
    text = fetch_all_pages(canaries, enrollment, browser_of(alice), api_of(alice))
    assert [word for word in (CLOSED, DRAFT, UNPUBLISHED) if word not in text] == []
