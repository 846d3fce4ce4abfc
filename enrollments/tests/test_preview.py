"""Tests for the preview of a course."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from courses import services
from courses.models import Course
from enrollments.models import Enrollment, LessonProgress
from tools.testing.plugin import make_graded_item


def test_a_preview_shows_published_lessons_and_records_no_progress(
    alice: User, course: Course, browser_of: Callable[[User], Client]
) -> None:
    first, second, third = course.lessons.order_by("order")
    services.update_lesson(actor=alice, lesson=third, is_published=False)
    make_graded_item(course, "Leaves", lesson=second)
    services.unpublish_course(actor=alice, course=course)  # drafts can be previewed
    browser = browser_of(alice)
    start = browser.get(f"/teach/courses/{course.slug}/preview/")
    assert start.headers["Location"] == f"/teach/courses/{course.slug}/preview/{first.pk}/"
    page = browser.get(start.headers["Location"]).content.decode()
    assert "What one should know, part 1." in page
    assert f"/teach/courses/{course.slug}/preview/{second.pk}/" in page
    assert third.title not in page  # students do not see it either
    assert f"/learn/{course.slug}/" not in page
    assert "Leaves" in browser.get(f"/teach/courses/{course.slug}/preview/{second.pk}/").content.decode()
    assert browser.get(f"/teach/courses/{course.slug}/preview/{third.pk}/").status_code == 404
    assert not Enrollment.objects.exists()
    assert not LessonProgress.objects.exists()


def test_a_course_without_published_lessons_has_no_preview(alice: User, browser_of: Callable[[User], Client]) -> None:
    course = services.create_course(actor=alice, title="Bare")
    answer = browser_of(alice).get(f"/teach/courses/{course.slug}/preview/", follow=True)
    assert answer.redirect_chain == [(f"/teach/courses/{course.slug}/", 302)]
    assert "Publish a lesson to preview this course." in answer.content.decode()


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("erin", 403), ("dan", 302)])
def test_a_preview_requires_permission_to_edit_the_course(
    who: str, status: int, request: pytest.FixtureRequest, course: Course, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(request.getfixturevalue(who))
    assert browser.get(f"/teach/courses/{course.slug}/preview/").status_code == status
