"""Explanations of courses that a student can no longer open."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from enrollments.models import Enrollment, GradedItem

NAMESPACES = ("assignments", "courses", "enrollments", "quizzes")


@dataclass(frozen=True)
class ClosedCourse:
    """Why a course is closed to a student, and what the student can do.

    `can_return` is true if the student may enroll again.
    """

    enrollment: Enrollment
    text: str
    advice: str
    can_return: bool = False


def explain_closed_course(enrollment: Enrollment) -> ClosedCourse | None:
    """Return why the course of an enrollment is closed to its student; None if it is open. At most one query."""
    course = enrollment.course
    if enrollment.is_barred:
        advice = _("You can only return if the instructor readmits you. Contact the instructor if you have questions.")
        return ClosedCourse(enrollment, enrollment.end_text, advice)
    if not course.is_published:
        advice = _("Your progress, grades and certificates are kept. The course opens again if it is republished.")
        return ClosedCourse(enrollment, _("This course has been withdrawn."), advice)
    if not enrollment.is_active:
        advice = _("Your progress is saved. Enroll again to continue where you left off.")
        return ClosedCourse(enrollment, enrollment.end_text, advice, can_return=True)
    return None


def render_explanation(request: HttpRequest) -> HttpResponse | None:
    """Return a 404 page that explains why the course of the request's URL is closed to its student.

    None where the 404 has another cause. Only the student of the course gets the page, so it reveals no course. At most
    three queries.
    """
    match = request.resolver_match
    user: Any = getattr(request, "user", None)
    if match is None or match.namespace not in NAMESPACES or request.path_info.startswith("/teach/"):
        return None
    if user is None or not user.is_authenticated:
        return None
    enrollment = _find_enrollment(user, match.kwargs)
    closed = explain_closed_course(enrollment) if enrollment is not None else None
    if closed is None:
        return None
    return render(
        request, "enrollments/closed.html", {"closed": closed, "course": closed.enrollment.course}, status=404
    )


def _find_enrollment(user: Any, kwargs: dict[str, Any]) -> Enrollment | None:
    """Return the user's enrollment in the course that the arguments of a URL name by slug, quiz or assignment."""
    enrollments = Enrollment.objects.filter(user=user).select_related("course__instructor")
    item_id = kwargs.get("quiz_id") or kwargs.get("assignment_id")
    try:
        if "slug" in kwargs:
            return enrollments.filter(course__slug=kwargs["slug"]).first()
        if item_id is not None:
            return enrollments.filter(course__in=GradedItem.objects.filter(pk=item_id).values("course")).first()
    except (ValueError, ValidationError):
        return None  # text that the database cannot store
    return None
