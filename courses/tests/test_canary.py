"""What is not open to somebody reaches them by no door (QUALITY C01)."""

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
from lms.testing.plugin import make_course
from lms.testing.urls import concrete_paths

CLOSED, DRAFT, UNPUBLISHED = "canary-closed-7f3a", "canary-draft-91bc", "canary-unpublished-55d0"


@pytest.fixture
def canaries(alice: User, course: Course) -> Course:
    """Alice's course with a word in each thing that somebody must not read."""
    lessons = list(course.lessons.order_by("order"))
    services.update_lesson(actor=alice, lesson=lessons[1], content=CLOSED, video_url=f"https://video.example/{CLOSED}")
    services.update_lesson(actor=alice, lesson=lessons[2], content=UNPUBLISHED, title=UNPUBLISHED, is_published=False)
    draft = make_course(alice, DRAFT, lessons=2)
    services.unpublish_course(actor=alice, course=draft)
    course.refresh_from_db()
    return course


def everything_shown_to(user: Any, course: Course, enrollment: Enrollment, browser: Client, api: APIClient) -> str:
    """Return all that every GET of the site answers to somebody, and the searches for the canaries."""
    draft = Course.objects.get(title=DRAFT)
    paths = [path for some in (course, draft) for path in concrete_paths("/", course=some, enrollment=enrollment)]
    texts = []
    for path in dict.fromkeys(paths):  # most have to do with neither course
        client = api if path.startswith("/api/") else browser
        answer = client.get(path)
        texts.append(b"".join(answer).decode(errors="replace"))
    for word in (CLOSED, DRAFT, UNPUBLISHED):
        # The word itself stands in the search field and in the links; what is found must not.
        found = api.get(f"/api/v1/courses/?search={word}").json()["results"]
        texts.append(str(found))
    return "\n".join(texts)


@pytest.mark.quality("C01")
@pytest.mark.parametrize("who", ["visitor", "carol", "erin"])
def test_strangers_read_neither_drafts_nor_closed_lessons(
    who: str,
    request: pytest.FixtureRequest,
    canaries: Course,
    enrollment: Enrollment,
    browser_of: Callable[[Any], Client],
    api_of: Callable[[Any], APIClient],
) -> None:
    user = None if who == "visitor" else request.getfixturevalue(who)
    shown = everything_shown_to(user, canaries, enrollment, browser_of(user), api_of(user))
    assert [word for word in (CLOSED, DRAFT, UNPUBLISHED) if word in shown] == []


@pytest.mark.quality("C01")
def test_a_student_reads_the_closed_lesson_but_no_draft(
    canaries: Course,
    enrollment: Enrollment,
    bob: User,
    browser_of: Callable[[Any], Client],
    api_of: Callable[[Any], APIClient],
) -> None:
    shown = everything_shown_to(bob, canaries, enrollment, browser_of(bob), api_of(bob))
    assert CLOSED in shown
    assert [word for word in (DRAFT, UNPUBLISHED) if word in shown] == []


@pytest.mark.quality("C01")
def test_a_student_whose_enrolment_ended_reads_no_closed_lesson(
    canaries: Course,
    enrollment: Enrollment,
    bob: User,
    dan: User,
    browser_of: Callable[[Any], Client],
    api_of: Callable[[Any], APIClient],
) -> None:
    enrollments.revoke(actor=dan, enrollment=enrollment, reason="refunded")
    shown = everything_shown_to(bob, canaries, enrollment, browser_of(bob), api_of(bob))
    assert CLOSED not in shown


@pytest.mark.quality("C01")
def test_the_author_reads_it_all(
    canaries: Course,
    enrollment: Enrollment,
    alice: User,
    browser_of: Callable[[Any], Client],
    api_of: Callable[[Any], APIClient],
) -> None:
    shown = everything_shown_to(alice, canaries, enrollment, browser_of(alice), api_of(alice))
    assert [word for word in (CLOSED, DRAFT, UNPUBLISHED) if word not in shown] == []
