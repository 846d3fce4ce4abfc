"""Each course is a room: its students, its instructor and administrators may enter. Importing it registers it."""

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
from realtime import rooms
from realtime.rooms import Description, Pair, Room

FIELD = "course_id"


def room_of(course: Course) -> Room:
    """Return the room of a course."""
    return Room(FIELD, course.pk)


def course_open_to(user: Any, **lookup: Any) -> Course:
    """Return the course that `lookup` names, if `user` may be in its room; raise Http404 otherwise. One query."""
    try:
        course = Course.objects.open_to(user).filter(**lookup).first()
    except (ValueError, ValidationError):
        course = None
    if course is None:
        raise Http404
    return course


def entrants(user_ids: Collection[uuid.UUID], course_ids: Collection[uuid.UUID]) -> set[Pair]:
    """Return who may be in the rooms of which courses: as `Course.open_to` has it, for many at once. Three queries."""
    students = Enrollment.objects.active().filter(user__in=user_ids, course__in=course_ids, course__is_published=True)
    inside = set(students.filter(user__is_active=True).values_list("user_id", "course_id"))
    teaching = Course.objects.filter(pk__in=course_ids, instructor__in=user_ids, instructor__is_active=True)
    inside |= set(teaching.values_list("instructor_id", "pk"))
    admins = User.objects.filter(role=Role.ADMIN, pk__in=user_ids, is_active=True).values_list("pk", flat=True)
    if admins:
        known = Course.objects.filter(pk__in=course_ids).values_list("pk", flat=True)
        inside |= {(admin, course_id) for admin in admins for course_id in known}
    return inside


def describe(course_id: uuid.UUID) -> Description:
    """Return a course's title, and where its chat and its announcements stand. One query."""
    course = Course.objects.only("title", "slug").get(pk=course_id)
    pages = [reverse(f"enrollments:{page}", args=[course.slug]) for page in ("chat", "announcements")]
    return Description(course.title, *pages)


def members(course_id: uuid.UUID) -> QuerySet[User]:
    """Return a course's students and its instructor."""
    students = Enrollment.objects.active().filter(course=course_id).values("user_id")
    return User.objects.get_queryset().filter(
        Q(pk__in=students) | Q(pk__in=Course.objects.filter(pk=course_id).values("instructor_id")), is_active=True
    )


def moderates(user: User, course_id: uuid.UUID) -> bool:
    """Return whether a user keeps order in a course's chat: whoever may edit the course. One query."""
    return Course.objects.filter(pk=course_id).editable_by(user).exists()


rooms.register(rooms.RoomKind(FIELD, entrants, describe, members, moderates))
