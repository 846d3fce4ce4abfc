"""Sections and lessons put in order by hand, and by several hands at once."""

import uuid
from collections.abc import Callable

import pytest
from django.db.models import QuerySet
from django.test import Client

from accounts.models import User
from courses import services
from courses.models import Course
from courses.services import CourseError
from lms.testing.plugin import make_course
from lms.testing.racing import MOST_ROUNDS, at_once


@pytest.fixture
def parts(alice: User, course: Course) -> Course:
    """Alice's course in three sections: three lessons, one lesson, none."""
    later = services.add_section(actor=alice, course=course, title="Later")
    services.add_lesson(actor=alice, course=course, title="Tea 4", section=later)
    services.add_section(actor=alice, course=course, title="Empty")
    return course


def standing(course: Course) -> dict[str, list[str]]:
    """Return the titles of the lessons by their section, both in order."""
    return {
        section.title: [lesson.title for lesson in section.lessons.order_by("order")]
        for section in course.sections.order_by("order")
    }


def test_sections_and_lessons_take_the_places_they_are_given(alice: User, parts: Course) -> None:
    first, later, empty = parts.sections.order_by("order")
    one, two, three, four = parts.lessons.order_by("order")
    services.arrange_course(
        actor=alice,
        course=parts,
        sections=[(later.pk, []), (empty.pk, [four.pk, one.pk]), (first.pk, [three.pk, two.pk])],
    )
    assert standing(parts) == {"Later": [], "Empty": ["Tea 4", "Tea 1"], "Lessons": ["Tea 3", "Tea 2"]}
    assert list(parts.lessons.order_by("order").values_list("title", "order")) == [
        ("Tea 4", 1), ("Tea 1", 2), ("Tea 3", 3), ("Tea 2", 4)
    ]  # fmt: skip
    assert list(parts.sections.order_by("order").values_list("order", flat=True)) == [1, 2, 3]


def test_an_order_that_is_not_of_the_whole_course_changes_nothing(
    alice: User, parts: Course, browser_of: Callable[[User], Client]
) -> None:
    before = standing(parts)
    sections = [f"section:{section.pk}" for section in parts.sections.order_by("order")]
    lessons = [f"lesson:{lesson.pk}" for lesson in parts.lessons.order_by("order")]
    foreign = f"lesson:{make_course(alice, 'Other').lessons.first().pk}"
    browser = browser_of(alice)
    for wrong in (
        [], sections, [*sections, *lessons[:3]], [*sections, *lessons, lessons[0]], [*sections, *lessons[:3], foreign],
        [*lessons, *sections], [*sections, *lessons, "lesson:x"], [*sections[:2], *lessons], ["section:"],
        [*sections, *lessons, f"section:{uuid.uuid4()}"],
    ):  # fmt: skip
        assert browser.post(f"/teach/courses/{parts.slug}/arrange/", {"place": wrong}).status_code == 400, wrong
    assert standing(parts) == before
    right = [sections[1], *lessons, sections[0], sections[2]]
    assert browser.post(f"/teach/courses/{parts.slug}/arrange/", {"place": right}).status_code == 204
    assert standing(parts) == {"Later": ["Tea 1", "Tea 2", "Tea 3", "Tea 4"], "Lessons": [], "Empty": []}


def ten_arrange_at_once(alice: User, course: Course) -> list[object]:
    """Let ten put the course into different orders at once; return what each got."""
    ids = list(course.lessons.order_by("order").values_list("pk", flat=True))
    section = course.sections.get().pk

    def arrange(number: int) -> object:
        turned = ids[number % len(ids) :] + ids[: number % len(ids)]
        if number % 2:
            return services.reorder_lessons(actor=alice, course=course, lesson_ids=turned)
        return services.arrange_course(actor=alice, course=course, sections=[(section, turned)])

    return at_once(10, arrange)


@pytest.mark.postgres
@pytest.mark.quality("C06")
@pytest.mark.django_db(transaction=True)
def test_ten_orders_at_once_leave_one_without_gaps_and_nobody_meets_an_error(alice: User) -> None:
    course = make_course(alice, "Many", lessons=8)
    outcomes = ten_arrange_at_once(alice, course)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert list(course.lessons.order_by("order").values_list("order", flat=True)) == list(range(1, 9))


@pytest.mark.postgres
@pytest.mark.quality("C06")
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_orders_collide(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self)
    course = make_course(alice, "Many", lessons=8)

    def breaks() -> bool:
        outcomes = ten_arrange_at_once(alice, course)
        orders = list(course.lessons.order_by("order").values_list("order", flat=True))
        return orders != list(range(1, 9)) or any(isinstance(outcome, Exception) for outcome in outcomes)

    assert any(breaks() for _round in range(MOST_ROUNDS))


@pytest.mark.postgres
@pytest.mark.quality("C06")
@pytest.mark.django_db(transaction=True)
def test_lessons_added_and_ordered_at_once_are_all_there(alice: User) -> None:
    course = make_course(alice, "Many", lessons=4)
    section = course.sections.get().pk

    def act(number: int) -> object:
        if number % 2:
            return services.add_lesson(actor=alice, course=course, title=f"New {number}")
        ids = list(course.lessons.order_by("-order").values_list("pk", flat=True))
        return services.arrange_course(actor=alice, course=course, sections=[(section, ids)])

    outcomes = at_once(10, act)
    unexpected = [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, CourseError)]
    assert unexpected == []  # an order of a list that has grown meanwhile is refused, and says so
    assert list(course.lessons.order_by("order").values_list("order", flat=True)) == list(range(1, 10))
