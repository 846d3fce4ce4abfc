"""Tests for completion rules of lessons, positions of videos, progress and the dashboard."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from core.http.pagination import PAGE_SIZE
from courses import services as courses
from courses.models import CompletionRule, Course, Lesson
from courses.videos import parse_video_url
from enrollments import registry, services
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment
from tools.testing.plugin import complete_all_lessons, make_course


@pytest.mark.parametrize(
    ("address", "kind", "shown"),
    [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=3", "youtube", "/embed/dQw4w9WgXcQ?"),
        ("https://youtu.be/dQw4w9WgXcQ", "youtube", "/embed/dQw4w9WgXcQ?"),
        ("https://vimeo.com/76979871", "vimeo", "/video/76979871?"),
        ("https://vimeo.com/76979871/0123456789", "vimeo", "h=0123456789"),
        ("https://vimeo.com/76979871?h=0123456789&share=copy", "vimeo", "/video/76979871?dnt=1&h=0123456789"),
        ("https://player.vimeo.com/video/76979871?h=0123456789&badge=0", "vimeo", "h=0123456789"),
        ("https://vimeo.com/channels/staffpicks/76979871", "vimeo", "/video/76979871?"),
        ("https://vimeo.com/76979871?h=1%26x%3D1", "vimeo", "/video/76979871?dnt=1#"),
        ("https://vimeo.com/event/4242424", "vimeo", "https://vimeo.com/event/4242424/embed#"),
        ("https://vimeo.com/event/4242424/0123456789", "vimeo", "https://vimeo.com/event/4242424/embed/0123456789#"),
        ("https://vimeo.com/event/4242424/embed/0123456789", "vimeo", "/event/4242424/embed/0123456789#"),
        ("https://www.youtube.com/shorts/dQw4w9WgXcQ?feature=share", "youtube", "/embed/dQw4w9WgXcQ?"),
        ("https://www.youtube.com/live/dQw4w9WgXcQ/", "youtube", "/embed/dQw4w9WgXcQ?"),
        ("https://www.youtube.com/v/dQw4w9WgXcQ", "youtube", "/embed/dQw4w9WgXcQ?"),
        ("https://music.youtube.com/watch?v=dQw4w9WgXcQ", "youtube", "/embed/dQw4w9WgXcQ?"),
        ("https://cdn.example/a/film.MP4?token=1", "file", "https://cdn.example/a/film.MP4?token=1"),
        ("https://example.com/watch", "link", "https://example.com/watch"),
        ("https://youtube.com.evil.test/watch?v=dQw4w9WgXcQ", "link", "evil.test"),
        ("https://www.youtube.com/watch?v=x%22onload%3D1", "link", "youtube.com/watch"),
        ("https://evil.test/vimeo.com/76979871", "link", "evil.test"),
    ],
)
def test_only_known_video_players_are_embedded(address: str, kind: str, shown: str) -> None:
    video = parse_video_url(address, 42)
    assert (video.kind, shown in video.address) == (kind, True)
    if kind in ("youtube", "vimeo"):
        assert any(video.address.startswith(f"{host.rstrip('/')}/") for host in settings.VIDEO_HOSTS)
        assert "42" in video.address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://youtu.be/dQw4w9WgXcQ?t=83", "start=83"),
        ("https://youtu.be/dQw4w9WgXcQ?si=x&t=1h2m3s", "start=3723"),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=90s", "start=90"),
        ("https://www.youtube.com/embed/dQw4w9WgXcQ?start=12", "start=12"),
        ("https://www.youtube.com/live/dQw4w9WgXcQ?t=2m", "start=120"),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ#t=15", "start=15"),
        ("https://youtu.be/dQw4w9WgXcQ?t=x%26autoplay", "start=0"),
        ("https://vimeo.com/76979871#t=1m5s", "#t=65s"),
        ("https://vimeo.com/76979871?t=30", "#t=30s"),
    ],
)
def test_a_video_starts_at_the_time_in_its_url(address: str, shown: str) -> None:
    assert parse_video_url(address).address.endswith(shown)
    assert parse_video_url(address, 42).address.endswith(("start=42", "#t=42s"))


def test_a_video_resumes_at_the_position_of_another_device(
    bob: User, alice: User, course: Course, enrollment: Enrollment, browser_of: Callable[[User], Client]
) -> None:
    lesson = course.lessons.first()
    courses.update_lesson(actor=alice, lesson=lesson, video_url="https://youtu.be/dQw4w9WgXcQ")
    services.complete_lesson(
        actor=bob, enrollment=enrollment, lesson_id=lesson.pk, completed=False, position_seconds=432
    )
    page = browser_of(bob).get(f"/learn/{course.slug}/{lesson.pk}/").content.decode()
    assert "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?enablejsapi=1&amp;start=432" in page
    assert 'title="Video: Tea 1"' in page


@pytest.fixture
def video_lesson(alice: User, course: Course) -> Lesson:
    """Return a lesson that is completed once half of its two-minute video was watched."""
    return courses.update_lesson(
        actor=alice,
        lesson=course.lessons.first(),
        video_url="https://cdn.example/film.mp4",
        video_seconds=120,
        video_share=50,
        completion_rule=CompletionRule.VIDEO,
    )


def test_a_video_rule_requires_a_video(alice: User, course: Course) -> None:
    with pytest.raises(ValidationError):
        courses.update_lesson(actor=alice, lesson=course.lessons.first(), completion_rule=CompletionRule.VIDEO)


@pytest.mark.quality("E03")
def test_a_video_is_completed_by_watching_and_not_by_skipping(
    bob: User, video_lesson: Lesson, enrollment: Enrollment
) -> None:
    def update_position(seconds: int) -> int:
        return services.complete_lesson(
            actor=bob, enrollment=enrollment, lesson_id=video_lesson.pk, completed=False, position_seconds=seconds
        ).progress_percentage

    with time_machine.travel(timezone.now(), tick=False) as clock:
        update_position(0)
        clock.shift(timedelta(seconds=10))
        assert update_position(118) == 0  # a jump to the end
        with pytest.raises(EnrollmentError) as refused:
            services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=video_lesson.pk)
        assert (refused.value.code, refused.value.status) == ("lesson_not_done", 409)
        update_position(0)
        seen = []
        for second in range(10, 70, 10):
            clock.shift(timedelta(seconds=10))
            seen.append(update_position(second))
    assert seen == [0, 0, 0, 0, 0, 33]


def test_a_work_rule_uses_the_registered_lesson_requirements(
    bob: User, alice: User, course: Course, enrollment: Enrollment, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = courses.update_lesson(actor=alice, lesson=course.lessons.first(), completion_rule=CompletionRule.WORK)
    missing = [registry.MissingWork("the quiz “Tea”")]
    monkeypatch.setattr(registry, "lesson_requirements", [lambda enrollment, lesson: missing])
    with pytest.raises(EnrollmentError, match="the quiz “Tea”"):
        services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson.pk)
    missing.clear()
    assert services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson.pk).progress_percentage == 33


def test_the_explanation_lists_completed_and_missing_lessons(
    bob: User, course: Course, enrollment: Enrollment, api_of: Callable[[User], APIClient], browser_of
) -> None:
    first, _second, third = course.lessons.all()
    for lesson in (first, third):
        services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson.pk)
    why = api_of(bob).get(f"/api/v1/enrollments/{enrollment.pk}/explain").json()
    assert (why["progress_percentage"], why["lessons_done"], why["lessons_total"]) == (66, 2, 3)
    assert why["summary"] == "2 of 3 lessons are completed: 66%, rounded down."
    assert [lesson["is_done"] for lesson in why["lessons"]] == [True, False, True]
    assert why["missing"] == ["the lesson “Tea 2”"]
    page = browser_of(bob).get(f"/learn/{course.slug}/progress/").content.decode()
    assert why["summary"] in page


@pytest.mark.quality("E05")
def test_a_lesson_added_after_completion_does_not_lower_the_progress(
    alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    complete_all_lessons(enrollment)
    courses.add_lesson(actor=alice, course=course, title="One more")
    why = api_of(bob).get(f"/api/v1/enrollments/{enrollment.pk}/explain").json()
    assert (why["progress_percentage"], why["lessons_done"], why["lessons_total"], why["missing"]) == (100, 3, 4, [])
    assert "100%" in why["summary"]
    for lesson in course.lessons.all():
        courses.delete_lesson(actor=alice, lesson=lesson)
    why = api_of(bob).get(f"/api/v1/enrollments/{enrollment.pk}/explain").json()
    assert (why["progress_percentage"], why["lessons_total"]) == (100, 0)


def test_users_without_courses_see_suggestions_with_free_courses_first(
    bob: User, paid_course: Course, course: Course, browser_of: Callable[[User | None], Client]
) -> None:
    page = browser_of(bob).get("/dashboard/").text
    assert page.index(f'href="/courses/{course.slug}/"') < page.index(f'href="/courses/{paid_course.slug}/"')
    services.enroll(actor=bob, user=bob, course=course)
    assert f'href="/courses/{paid_course.slug}/"' not in browser_of(bob).get("/dashboard/").text


def test_the_dashboard_is_paginated(alice: User, bob: User, browser_of: Callable[[User | None], Client]) -> None:
    for number in range(PAGE_SIZE + 1):
        services.enroll(actor=bob, user=bob, course=make_course(alice, f"Tea {number}", lessons=1))
    browser = browser_of(bob)
    pages = [browser.get(f"/dashboard/{query}") for query in ("", "?page=2", "?page=last")]
    shown = [[row.course.title for row in page.context["enrollments"]] for page in pages]
    assert [len(titles) for titles in shown] == [PAGE_SIZE, 1, 1]
    assert len({title for titles in shown for title in titles}) == PAGE_SIZE + 1
    assert "?page=2" in pages[0].text
    assert browser.get("/dashboard/?page=3").status_code == 404


def test_the_course_page_marks_completed_lessons(
    bob: User, course: Course, enrollment: Enrollment, browser_of: Callable[[User | None], Client]
) -> None:
    first, second, _third = course.lessons.order_by("order")
    services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=first.pk)
    page = browser_of(bob).get(f"/courses/{course.slug}/").text
    assert f'<a class="done" href="/learn/{course.slug}/{first.pk}/">' in page
    assert f'<a href="/learn/{course.slug}/{second.pk}/">' in page
    assert "<strong data-percent>33%</strong>" in page
    assert "(completed)" not in browser_of(None).get(f"/courses/{course.slug}/").text
