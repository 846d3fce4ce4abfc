"""When a lesson is done, where a video goes on, and why a progress is what it is."""

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
from courses import services as courses
from courses.models import CompletionRule, Course, Lesson
from courses.videos import video_of
from enrollments import registry, services
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment
from lms.lib.pagination import PAGE_SIZE
from lms.testing.plugin import complete_all_lessons, make_course


@pytest.mark.parametrize(
    ("address", "kind", "shown"),
    [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=3", "youtube", "/embed/dQw4w9WgXcQ?"),
        ("https://youtu.be/dQw4w9WgXcQ", "youtube", "/embed/dQw4w9WgXcQ?"),
        ("https://vimeo.com/76979871", "vimeo", "/video/76979871?"),
        ("https://vimeo.com/76979871/0123456789", "vimeo", "h=0123456789"),
        ("https://cdn.example/a/film.MP4?token=1", "file", "https://cdn.example/a/film.MP4?token=1"),
        ("https://example.com/watch", "link", "https://example.com/watch"),
        ("https://youtube.com.evil.test/watch?v=dQw4w9WgXcQ", "link", "evil.test"),
        ("https://www.youtube.com/watch?v=x%22onload%3D1", "link", "youtube.com/watch"),
        ("https://evil.test/vimeo.com/76979871", "link", "evil.test"),
    ],
)
def test_only_known_players_stand_in_the_page(address: str, kind: str, shown: str) -> None:
    video = video_of(address, 42)
    assert (video.kind, shown in video.address) == (kind, True)
    if kind in ("youtube", "vimeo"):
        assert any(video.address.startswith(f"{host}/") for host in settings.VIDEO_HOSTS)
        assert "42" in video.address


def test_the_player_begins_where_another_device_stopped(
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
def film(alice: User, course: Course) -> Lesson:
    """A lesson that is done when half of its two minutes were watched."""
    return courses.update_lesson(
        actor=alice,
        lesson=course.lessons.first(),
        video_url="https://cdn.example/film.mp4",
        video_seconds=120,
        video_share=50,
        completion_rule=CompletionRule.VIDEO,
    )


def test_a_rule_that_nobody_could_meet_is_refused(alice: User, course: Course) -> None:
    with pytest.raises(ValidationError):
        courses.update_lesson(actor=alice, lesson=course.lessons.first(), completion_rule=CompletionRule.VIDEO)


@pytest.mark.quality("E03")
def test_a_film_is_done_when_it_was_watched_and_not_when_it_was_skipped(
    bob: User, film: Lesson, enrollment: Enrollment
) -> None:
    def stands_at(seconds: int) -> int:
        return services.complete_lesson(
            actor=bob, enrollment=enrollment, lesson_id=film.pk, completed=False, position_seconds=seconds
        ).progress_percentage

    with time_machine.travel(timezone.now(), tick=False) as clock:
        stands_at(0)
        clock.shift(timedelta(seconds=10))
        assert stands_at(118) == 0  # a jump to the end
        with pytest.raises(EnrollmentError) as refused:
            services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=film.pk)
        assert (refused.value.code, refused.value.status) == ("lesson_not_done", 409)
        stands_at(0)
        seen = []
        for second in range(10, 70, 10):
            clock.shift(timedelta(seconds=10))
            seen.append(stands_at(second))
    assert seen == [0, 0, 0, 0, 0, 33]


def test_work_is_asked_of_the_apps_above(
    bob: User, alice: User, course: Course, enrollment: Enrollment, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = courses.update_lesson(actor=alice, lesson=course.lessons.first(), completion_rule=CompletionRule.WORK)
    missing = ["the quiz “Tea”"]
    monkeypatch.setattr(registry, "lesson_requirements", [lambda enrollment, lesson: missing])
    with pytest.raises(EnrollmentError, match="the quiz “Tea”"):
        services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson.pk)
    missing.clear()
    assert services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson.pk).progress_percentage == 33


def test_the_percentage_explains_itself(
    bob: User, course: Course, enrollment: Enrollment, api_of: Callable[[User], APIClient], browser_of
) -> None:
    first, _second, third = course.lessons.all()
    for lesson in (first, third):
        services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson.pk)
    why = api_of(bob).get(f"/api/v1/enrollments/{enrollment.pk}/explain").json()
    assert (why["progress_percentage"], why["lessons_done"], why["lessons_total"]) == (66, 2, 3)
    assert why["summary"] == "2 of 3 lessons are done: that is 66%, rounded down."
    assert [lesson["is_done"] for lesson in why["lessons"]] == [True, False, True]
    assert why["missing"] == ["the lesson “Tea 2”"]
    page = browser_of(bob).get(f"/learn/{course.slug}/progress/").content.decode()
    assert why["summary"] in page


@pytest.mark.quality("E05")
def test_it_says_why_a_later_lesson_takes_nothing_away(
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


def test_somebody_without_a_course_is_shown_a_few_to_begin_with_the_free_ones_first(
    bob: User, paid_course: Course, course: Course, browser_of: Callable[[User | None], Client]
) -> None:
    page = browser_of(bob).get("/dashboard/").text
    assert page.index(f'href="/courses/{course.slug}/"') < page.index(f'href="/courses/{paid_course.slug}/"')
    services.enroll(actor=bob, user=bob, course=course)
    assert f'href="/courses/{paid_course.slug}/"' not in browser_of(bob).get("/dashboard/").text


def test_of_more_courses_than_a_page_holds_the_rest_is_a_page_further_on(
    alice: User, bob: User, browser_of: Callable[[User | None], Client]
) -> None:
    for number in range(PAGE_SIZE + 1):
        services.enroll(actor=bob, user=bob, course=make_course(alice, f"Tea {number}", lessons=1))
    browser = browser_of(bob)
    pages = [browser.get(f"/dashboard/{query}") for query in ("", "?page=2", "?page=last")]
    shown = [[row.course.title for row in page.context["enrollments"]] for page in pages]
    assert [len(titles) for titles in shown] == [PAGE_SIZE, 1, 1]
    assert len({title for titles in shown for title in titles}) == PAGE_SIZE + 1
    assert "?page=2" in pages[0].text
    assert browser.get("/dashboard/?page=3").status_code == 404


def test_the_page_of_a_course_ticks_what_the_student_has_done(
    bob: User, course: Course, enrollment: Enrollment, browser_of: Callable[[User | None], Client]
) -> None:
    first, second, _third = course.lessons.order_by("order")
    services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=first.pk)
    page = browser_of(bob).get(f"/courses/{course.slug}/").text
    assert f'<a class="done" href="/learn/{course.slug}/{first.pk}/">' in page
    assert f'<a href="/learn/{course.slug}/{second.pk}/">' in page
    assert "<strong data-percent>33%</strong>" in page
    assert "(done)" not in browser_of(None).get(f"/courses/{course.slug}/").text
