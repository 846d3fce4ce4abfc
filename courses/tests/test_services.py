"""Services of courses, sections and lessons."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from accounts.models import User
from core.models import AuditEntry
from courses import cover_patterns, services
from courses.course_copy import duplicate_course
from courses.models import Course, Lesson
from courses.services import CourseError
from enrollments.models import Enrollment
from realtime.models import Notification
from tools.testing.plugin import make_course
from tools.testing.races import run_concurrently


def titles(course: Course) -> list[str]:
    return list(course.lessons.order_by("order").values_list("title", flat=True))


def test_a_new_course_is_a_draft_with_one_section(alice: User) -> None:
    course = services.create_course(actor=alice, title="Tea & cake", tags=["Hot ", "hot", "sweet"])
    assert (course.is_published, course.slug, course.sections.count()) == (False, "tea-cake", 1)
    assert [tag.name for tag in course.tags.all()] == ["hot", "sweet"]
    assert AuditEntry.objects.get(action="courses.created").actor == alice


def test_courses_with_the_same_title_have_different_slugs(alice: User) -> None:
    slugs = {services.create_course(actor=alice, title=title).slug for title in ("Tea", "Tea", "茶", "茶")}
    assert len(slugs) == 4


def test_a_course_without_lessons_cannot_be_published(alice: User) -> None:
    course = services.create_course(actor=alice, title="Empty")
    with pytest.raises(CourseError) as raised:
        services.publish_course(actor=alice, course=course)
    assert raised.value.code == "nothing_to_publish"


def test_counters_include_published_lessons_only(alice: User, course: Course) -> None:
    first = course.lessons.first()
    services.update_lesson(actor=alice, lesson=first, is_published=False)
    course.refresh_from_db()
    assert (course.lessons_count, course.duration_minutes) == (2, 20)
    services.delete_lesson(actor=alice, lesson=course.lessons.last())
    course.refresh_from_db()
    assert (course.lessons_count, course.duration_minutes) == (1, 10)


def test_lessons_are_put_into_the_given_order(alice: User, course: Course) -> None:
    one, two, three = course.lessons.all()
    services.reorder_lessons(actor=alice, course=course, lesson_ids=[three.pk, one.pk, two.pk])
    assert titles(course) == ["Tea 3", "Tea 1", "Tea 2"]
    assert list(course.lessons.values_list("order", flat=True)) == [1, 2, 3]


def test_a_lesson_moves_to_the_section_that_it_is_sorted_into(alice: User, course: Course) -> None:
    later = services.add_section(actor=alice, course=course, title="Later")
    fourth = services.add_lesson(actor=alice, course=course, title="Tea 4", section=later)
    one, two, three = course.lessons.all()[:3]
    services.reorder_lessons(actor=alice, course=course, lesson_ids=[one.pk, fourth.pk, two.pk, three.pk])
    assert set(later.lessons.values_list("title", flat=True)) == {"Tea 2", "Tea 3", "Tea 4"}


def test_an_incomplete_list_of_lessons_is_rejected(alice: User, course: Course) -> None:
    ids = list(course.lessons.values_list("pk", flat=True))
    foreign = make_course(alice, "Other").lessons.first().pk
    for wrong in (ids[:2], [*ids, foreign], [*ids[:2], foreign], [ids[0], *ids[:2]]):
        with pytest.raises(CourseError) as raised:
            services.reorder_lessons(actor=alice, course=course, lesson_ids=wrong)
        assert (raised.value.code, raised.value.status) == ("not_the_whole_list", 400)
    assert titles(course) == ["Tea 1", "Tea 2", "Tea 3"]


@pytest.mark.postgres
@pytest.mark.quality("C06")
@pytest.mark.django_db(transaction=True)
def test_concurrent_reorders_leave_an_order_without_gaps(alice: User, course: Course) -> None:
    ids = list(course.lessons.values_list("pk", flat=True))
    orders = [ids, ids[::-1], [ids[1], ids[0], ids[2]]] * 4

    def reorder(number: int) -> list[Lesson]:
        return services.reorder_lessons(actor=alice, course=course, lesson_ids=orders[number])

    outcomes = run_concurrently(12, reorder)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert list(course.lessons.values_list("order", flat=True)) == [1, 2, 3]


@pytest.mark.quality("C04")
def test_a_course_with_enrollments_cannot_be_deleted(alice: User, course: Course, enrollment: Enrollment) -> None:
    with pytest.raises(CourseError) as raised:
        services.delete_course(actor=alice, course=course)
    assert raised.value.code == "has_enrollments"
    assert course.lessons.count() == 3
    assert not AuditEntry.objects.filter(action="courses.deleted").exists()


def test_a_course_without_enrollments_is_deleted_with_its_lessons(alice: User, course: Course) -> None:
    services.delete_course(actor=alice, course=course)
    assert (Course.objects.count(), Lesson.objects.count()) == (0, 0)


@pytest.mark.quality("C05")
@pytest.mark.parametrize(
    "fields",
    [
        {"price": "-1"},
        {"price": "NaN"},
        {"price": "1e30"},
        {"price": "9.999"},
        {"price": "10", "is_free": True},
        {"price": "0", "is_free": False},
        {"price": "10.50", "currency": "JPY"},
        {"currency": "XXX"},
        {"tags": ["t"] * 11},
        {"title": "two\nlines"},
        {"title": "t" * 10_000},
        {"category": "unknown"},
    ],
)
def test_invalid_fields_are_400(fields: dict, alice: User, api_of: Callable[[User], APIClient]) -> None:
    answer = api_of(alice).post("/api/v1/courses/", {"title": "Tea", **fields})
    assert answer.status_code == 400, answer.content
    assert not Course.objects.exists()


@pytest.mark.quality("C02")
def test_the_api_cannot_change_instructor_publication_or_counters(
    alice: User, erin: User, course: Course, api_of: Callable[[User], APIClient]
) -> None:
    body = {"instructor_id": str(erin.pk), "instructor": str(erin.pk), "is_published": False, "enrollments_count": 99}
    assert api_of(alice).put(f"/api/v1/courses/{course.pk}", body).status_code == 200
    course.refresh_from_db()
    assert (course.instructor, course.is_published, course.enrollments_count) == (alice, True, 0)


def test_prices_are_decimals_in_the_api_and_stored_in_minor_units(
    alice: User, api_of: Callable[[User], APIClient]
) -> None:
    client = api_of(alice)
    euros = client.post("/api/v1/courses/", {"title": "Tea", "price": "49.5"}).json()
    assert (euros["price"], euros["is_free"]) == ("49.50", False)
    assert Course.objects.get(pk=euros["id"]).price_cents == 4950
    yen = client.post("/api/v1/courses/", {"title": "Ocha", "price": 500, "currency": "JPY"}).json()
    assert yen["price"] == "500"


def test_students_are_notified_of_changes(alice: User, course: Course, enrollment: Enrollment) -> None:
    services.update_course(actor=alice, course=course, title="Better tea")
    notification = Notification.objects.get(user=enrollment.user, event="course_updated")
    assert notification.payload["changes"] == ["title"]


def test_services_validate_without_a_form(alice: User) -> None:
    with pytest.raises(ValidationError):
        services.create_course(actor=alice, title="")


def test_the_cover_pattern_is_deterministic_and_small(course: Course, client) -> None:
    answer = client.get(f"/courses/{course.pk}/pattern.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer.content.decode() == cover_patterns.render_svg(course.pk)
    assert len(answer.content) < 6000
    assert "<script" not in answer.content.decode()


def test_sections_can_be_renamed_moved_and_deleted_when_empty(alice: User, course: Course) -> None:
    first = course.sections.get()
    later = services.add_section(actor=alice, course=course, title="Later")
    services.add_lesson(actor=alice, course=course, title="Tea 4", section=later)
    assert services.rename_section(actor=alice, section=later, title="Sooner").title == "Sooner"
    services.move_section(actor=alice, section=later, up=True)
    assert titles(course) == ["Tea 4", "Tea 1", "Tea 2", "Tea 3"]
    services.move_section(actor=alice, section=later, up=True)  # it is already the first
    assert list(course.sections.values_list("title", "order")) == [("Sooner", 1), (first.title, 2)]
    with pytest.raises(CourseError) as raised:
        services.delete_section(actor=alice, section=later)
    assert raised.value.code == "section_not_empty"
    empty = services.add_section(actor=alice, course=course, title="Empty")
    services.delete_section(actor=alice, section=empty)
    assert course.sections.count() == 2


def test_the_last_section_cannot_be_deleted(alice: User) -> None:
    course = services.create_course(actor=alice, title="Bare")
    with pytest.raises(CourseError) as raised:
        services.delete_section(actor=alice, section=course.sections.get())
    assert raised.value.code == "last_section"


def test_a_copy_has_the_content_but_no_enrollments(
    alice: User, erin: User, course: Course, enrollment: Enrollment
) -> None:
    services.update_course(actor=alice, course=course, tags=["green"], outcomes=["Brew"])
    course.refresh_from_db()
    copy = duplicate_course(actor=alice, course=course)
    copy.refresh_from_db()
    assert (copy.title, copy.is_published, copy.enrollments_count) == ("Copy of Tea", False, 0)
    assert (copy.lessons_count, copy.duration_minutes, copy.outcomes) == (3, 30, ["Brew"])
    assert [tag.name for tag in copy.tags.all()] == ["green"]
    assert titles(copy) == titles(course)
    assert set(copy.lessons.values_list("pk")).isdisjoint(course.lessons.values_list("pk"))


@pytest.mark.postgres
@pytest.mark.quality("C06")
@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_publications_are_audited_once(alice: User, course: Course) -> None:
    services.unpublish_course(actor=alice, course=course)
    before = AuditEntry.objects.filter(action="courses.published").count()
    outcomes = run_concurrently(10, lambda _number: services.publish_course(actor=alice, course=course))
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert AuditEntry.objects.filter(action="courses.published").count() == before + 1


@pytest.mark.quality("C02")
@pytest.mark.parametrize("who", ["erin", "bob"])
def test_other_users_cannot_change_publish_or_delete_a_course(
    who: str, request: pytest.FixtureRequest, course: Course, api_of: Callable[[User], APIClient], browser_of
) -> None:
    stranger = request.getfixturevalue(who)
    before = (course.title, course.is_published, course.version, titles(course))
    lesson = course.lessons.first()
    client, browser = api_of(stranger), browser_of(stranger)
    for method, path in (
        ("put", ""), ("patch", ""), ("delete", ""), ("post", "/publish"), ("post", "/unpublish"), ("post", "/lessons/"),
        ("put", f"/lessons/{lesson.pk}"), ("delete", f"/lessons/{lesson.pk}"), ("post", "/lessons/reorder"),
    ):  # fmt: skip
        body = {"title": "Mine", "instructor_id": str(stranger.pk), "course_id": str(course.pk), "lesson_ids": []}
        assert getattr(client, method)(f"/api/v1/courses/{course.pk}{path}", body).status_code == 403, (method, path)
    for path in ("details/", f"lessons/{lesson.pk}/", f"lessons/{lesson.pk}/draft/", "duplicate/", "unpublish/"):
        answer = browser.post(f"/teach/courses/{course.slug}/{path}", {"title": "Mine"})
        assert answer.status_code == 403, path
    course.refresh_from_db()
    assert (course.title, course.is_published, course.version, titles(course)) == before
    assert Course.objects.count() == 1
