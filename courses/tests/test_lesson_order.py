"""Order of sections and lessons, also with concurrent changes."""

import uuid
from collections.abc import Callable

import pytest
from django.db.models import QuerySet
from django.test import Client

from accounts.models import User
from courses import services
from courses.models import Course
from courses.services import CourseError
from tools.testing.plugin import make_course
from tools.testing.races import MAX_ROUNDS, run_concurrently


@pytest.fixture
def sectioned_course(alice: User, course: Course) -> Course:
    """Return Alice's course with three sections, which have three lessons, one lesson and none."""
    later = services.add_section(actor=alice, course=course, title="Later")
    services.add_lesson(actor=alice, course=course, title="Tea 4", section=later)
    services.add_section(actor=alice, course=course, title="Empty")
    return course


def titles_by_section(course: Course) -> dict[str, list[str]]:
    """Return the titles of the lessons by their section, both in order."""
    return {
        section.title: [lesson.title for lesson in section.lessons.order_by("order")]
        for section in course.sections.order_by("order")
    }


def test_sections_and_lessons_are_put_into_the_given_order(alice: User, sectioned_course: Course) -> None:
    first, later, empty = sectioned_course.sections.order_by("order")
    one, two, three, four = sectioned_course.lessons.order_by("order")
    services.arrange_course(
        actor=alice,
        course=sectioned_course,
        sections=[(later.pk, []), (empty.pk, [four.pk, one.pk]), (first.pk, [three.pk, two.pk])],
    )
    assert titles_by_section(sectioned_course) == {
        "Later": [],
        "Empty": ["Tea 4", "Tea 1"],
        "Lessons": ["Tea 3", "Tea 2"],
    }
    assert list(sectioned_course.lessons.order_by("order").values_list("title", "order")) == [
        ("Tea 4", 1), ("Tea 1", 2), ("Tea 3", 3), ("Tea 2", 4)
    ]  # fmt: skip
    assert list(sectioned_course.sections.order_by("order").values_list("order", flat=True)) == [1, 2, 3]


def test_an_incomplete_order_is_rejected(
    alice: User, sectioned_course: Course, browser_of: Callable[[User], Client]
) -> None:
    before = titles_by_section(sectioned_course)
    sections = [f"section:{section.pk}" for section in sectioned_course.sections.order_by("order")]
    lessons = [f"lesson:{lesson.pk}" for lesson in sectioned_course.lessons.order_by("order")]
    foreign = f"lesson:{make_course(alice, 'Other').lessons.first().pk}"
    browser = browser_of(alice)
    for wrong in (
        [], sections, [*sections, *lessons[:3]], [*sections, *lessons, lessons[0]], [*sections, *lessons[:3], foreign],
        [*lessons, *sections], [*sections, *lessons, "lesson:x"], [*sections[:2], *lessons], ["section:"],
        [*sections, *lessons, f"section:{uuid.uuid4()}"],
    ):  # fmt: skip
        assert browser.post(f"/teach/courses/{sectioned_course.slug}/arrange/", {"place": wrong}).status_code == 400, (
            wrong
        )
    assert titles_by_section(sectioned_course) == before
    right = [sections[1], *lessons, sections[0], sections[2]]
    assert browser.post(f"/teach/courses/{sectioned_course.slug}/arrange/", {"place": right}).status_code == 204
    assert titles_by_section(sectioned_course) == {
        "Later": ["Tea 1", "Tea 2", "Tea 3", "Tea 4"],
        "Lessons": [],
        "Empty": [],
    }


def arrange_concurrently(alice: User, course: Course) -> list[object]:
    """Set ten different orders concurrently; return the results and exceptions."""
    ids = list(course.lessons.order_by("order").values_list("pk", flat=True))
    section = course.sections.get().pk

    def arrange(number: int) -> object:
        rotated = ids[number % len(ids) :] + ids[: number % len(ids)]
        if number % 2:
            return services.reorder_lessons(actor=alice, course=course, lesson_ids=rotated)
        return services.arrange_course(actor=alice, course=course, sections=[(section, rotated)])

    return run_concurrently(10, arrange)


@pytest.mark.postgres
@pytest.mark.quality("C06")
@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_reorders_all_succeed_and_leave_no_gaps(alice: User) -> None:
    course = make_course(alice, "Many", lessons=8)
    outcomes = arrange_concurrently(alice, course)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert list(course.lessons.order_by("order").values_list("order", flat=True)) == list(range(1, 9))


@pytest.mark.postgres
@pytest.mark.quality("C06")
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_concurrent_reorders_collide(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self)
    course = make_course(alice, "Many", lessons=8)

    def is_broken() -> bool:
        outcomes = arrange_concurrently(alice, course)
        orders = list(course.lessons.order_by("order").values_list("order", flat=True))
        return orders != list(range(1, 9)) or any(isinstance(outcome, Exception) for outcome in outcomes)

    assert any(is_broken() for _round in range(MAX_ROUNDS))


@pytest.mark.postgres
@pytest.mark.quality("C06")
@pytest.mark.django_db(transaction=True)
def test_no_lesson_is_lost_when_lessons_are_added_and_reordered_concurrently(alice: User) -> None:
    course = make_course(alice, "Many", lessons=4)
    section = course.sections.get().pk

    def act(number: int) -> object:
        if number % 2:
            return services.add_lesson(actor=alice, course=course, title=f"New {number}")
        ids = list(course.lessons.order_by("-order").values_list("pk", flat=True))
        return services.arrange_course(actor=alice, course=course, sections=[(section, ids)])

    outcomes = run_concurrently(10, act)
    unexpected = [item for item in outcomes if isinstance(item, Exception) and not isinstance(item, CourseError)]
    assert unexpected == []  # an order without a lesson that was added meanwhile is rejected
    assert list(course.lessons.order_by("order").values_list("order", flat=True)) == list(range(1, 10))
