"""Course rooms: the chat and announcements of a course, open to its students, its instructor and administrators."""

import uuid
from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404
from django.urls import reverse

from accounts.models import Role, User
from courses.models import Course
from enrollments.models import Enrollment
from realtime.rooms import Description, Pair, Room

FIELD = "course_id"


def course_room(course: Course) -> Room:
    """Return the room of a course."""
    return Room(FIELD, course.pk)


def get_open_course(user: Any, **lookup: Any) -> Course:
    """Return the course matching `lookup` if `user` may enter its room; raise Http404 otherwise. One query."""
    try:
        course = Course.objects.open_to(user).filter(**lookup).first()
    except (ValueError, ValidationError):
        course = None
    if course is None:
        raise Http404
    return course


def filter_admitted(user_ids: Collection[uuid.UUID], course_ids: Collection[uuid.UUID], is_limited: bool) -> set[Pair]:
    """Return the pairs of user id and course id for which the user may enter the course's room.

    The same rule as `Course.objects.open_to()`, for many users and courses. Limited users do not
    count as administrators. Three queries; four if one of the users is an administrator.
    """
    students = Enrollment.objects.active().filter(user__in=user_ids, course__in=course_ids, course__is_published=True)
    admitted = set(students.filter(user__is_active=True).values_list("user_id", "course_id"))
    taught = Course.objects.filter(
        pk__in=course_ids, instructor__in=user_ids, instructor__is_active=True, instructor__role=Role.INSTRUCTOR
    )
    admitted |= set(taught.values_list("instructor_id", "pk"))
    if is_limited:
        return admitted
    admins = User.objects.filter(role=Role.ADMIN, pk__in=user_ids, is_active=True).values_list("pk", flat=True)
    if admins:
        existing = Course.objects.filter(pk__in=course_ids).values_list("pk", flat=True)
        admitted |= {(admin, course_id) for admin in admins for course_id in existing}
    return admitted


def describe_course(course_id: uuid.UUID) -> Description:
    """Return the title of a course and the URLs of its chat and announcements. One query."""
    course = Course.objects.only("title", "slug").get(pk=course_id)
    pages = [reverse(f"enrollments:{page}", args=[course.slug]) for page in ("chat", "announcements")]
    return Description(course.title, *pages)


def list_members(course_id: uuid.UUID) -> QuerySet[User]:
    """Return the active students and the instructor of a course, unless the instructor no longer teaches."""
    students = Enrollment.objects.active().filter(course=course_id).values("user_id")
    owner = Course.objects.filter(pk=course_id).values("instructor_id")
    teachers = Q(pk__in=owner, role__in=[Role.INSTRUCTOR, Role.ADMIN])
    return User.objects.get_queryset().filter(Q(pk__in=students) | teachers, is_active=True)


def is_moderator(user: User, course_id: uuid.UUID) -> bool:
    """Return whether a user moderates the chat of a course: all users who may edit the course do. One query."""
    return Course.objects.filter(pk=course_id).editable_by(user).exists()
