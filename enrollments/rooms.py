"""Each course is a room: its students, its instructor and administrators may enter. Importing it registers it."""

import uuid
from collections.abc import Collection

from accounts.models import Role, User
from courses.models import Course
from enrollments.models import Enrollment
from realtime import rooms
from realtime.rooms import Pair, Room

FIELD = "course_id"


def room_of(course: Course) -> Room:
    """Return the room of a course."""
    return Room(FIELD, course.pk)


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


rooms.register(rooms.RoomKind(FIELD, entrants))
