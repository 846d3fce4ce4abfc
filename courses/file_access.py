"""Who may read and upload the files of courses. Importing it registers that with the files (QUALITY C01, F01)."""

import uuid
from collections.abc import Callable
from typing import Any

from django.db.models import Q

from accounts.models import User
from courses.models import Course, Lesson, LessonFile
from files import registry
from files.models import Purpose
from lms.lib.scoping import editable_or_403

# Apps above add which material hangs on something of theirs, so that their own rules say who may read it.
hangs_elsewhere: list[Callable[[], Q]] = []


def of_editors(user: Any) -> Q:
    """Return the files of the courses that `user` may edit."""
    return Q(course_id__in=Course.objects.editable_by(user).values("pk"))


def of_readers(user: Any) -> Q:
    """Return what published lessons show to whom they are open, and the material of open courses that hangs on nothing:
    what only a draft shows is for its author."""
    open_courses = Course.objects.open_to(user).values("pk")
    previews = Q(is_preview=True, course__is_published=True)
    lessons = Lesson.objects.published().filter(previews | Q(course__in=open_courses))
    shown = LessonFile.objects.filter(lesson__in=lessons.values("pk"))
    loose = Q(course_id__in=open_courses) & ~Q(pk__in=LessonFile.objects.values("file_id"))
    for hanging in hangs_elsewhere:
        loose &= ~hanging()
    return Q(pk__in=shown.values("file_id")) | loose


def of_visitors(user: Any) -> Q:
    """Return the pictures of the courses that `user` may see."""
    return Q(pk__in=Course.objects.visible_to(user).exclude(thumbnail=None).values("thumbnail_id"))


def door(actor: User, course_id: uuid.UUID | None, assignment_id: uuid.UUID | None) -> None:
    """Let the course's own instructor and admins upload; raise Http404 or PermissionDenied for anybody else."""
    editable_or_403(Course.objects.all(), actor, pk=course_id)


for purpose in (Purpose.COURSE_MATERIAL, Purpose.THUMBNAIL):
    registry.readers[purpose].append(of_editors)
    registry.writers[purpose].append(of_editors)
    registry.doors[purpose] = door
registry.readers[Purpose.COURSE_MATERIAL].append(of_readers)
registry.pictures[Purpose.THUMBNAIL].append(of_visitors)
