"""Registration of course files with file access (quality rows C01, F01) and of courses with the site search."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.registry import closing_checks
from core.access.scopes import editable_or_403
from core.site import search as site_search
from courses.models import Course, Lesson, LessonFile
from courses.ownership import require_no_published_courses
from courses.registry import other_attachments
from courses.search import search_courses
from files import registry
from files.models import Purpose


def editor_files(user: Any) -> Q:
    """Return the condition for files of courses that `user` may edit."""
    return Q(course_id__in=Course.objects.editable_by(user).values("pk"))


def reader_files(user: Any) -> Q:
    """Return the condition for files that `user` may read as a student or visitor.

    These are the files of published lessons that are open to the user, and the files of open courses that are not
    attached to any object. Files that only a draft lesson uses are readable by the course's editors only.
    """
    open_courses = Course.objects.open_to(user).values("pk")
    previews = Q(is_preview=True, course__is_published=True)
    lessons = Lesson.objects.published().filter(previews | Q(course__in=open_courses))
    lesson_files = LessonFile.objects.filter(lesson__in=lessons.values("pk"))
    unattached = Q(course_id__in=open_courses) & ~Q(pk__in=LessonFile.objects.values("file_id"))
    for condition in other_attachments:
        unattached &= ~condition()
    return Q(pk__in=lesson_files.values("file_id")) | unattached


def public_thumbnails(user: Any) -> Q:
    """Return the condition for pictures of courses that `user` may see."""
    return Q(pk__in=Course.objects.visible_to(user).exclude(thumbnail=None).values("thumbnail_id"))


def check_upload(actor: User, course_id: uuid.UUID | None, assignment_id: uuid.UUID | None) -> None:
    """Raise Http404 or PermissionDenied unless `actor` may edit the course: its instructor or an admin."""
    editable_or_403(Course.objects.all(), actor, pk=course_id)


def find_courses(user: Any, text: str) -> Iterator[site_search.Hit]:
    """Yield the courses that `user` may see and that match `text`, best match first (see `courses.search`)."""
    matches = search_courses(Course.objects.visible_to(user).select_related("instructor"), text)
    for course in matches[: site_search.MAX_HITS_PER_SOURCE]:
        yield site_search.Hit(course.title, course.instructor.full_name, reverse("courses:course", args=[course.slug]))


closing_checks.register("courses", require_no_published_courses)
registry.access.register(
    "course material",
    registry.FileAccess(Purpose.COURSE_MATERIAL, lambda user: editor_files(user) | reader_files(user), editor_files),
)
registry.access.register(
    "course thumbnails", registry.FileAccess(Purpose.THUMBNAIL, editor_files, editor_files, thumbnail=public_thumbnails)
)
for purpose in (Purpose.COURSE_MATERIAL, Purpose.THUMBNAIL):
    registry.upload_checks.register(purpose, check_upload)
site_search.sources.register("courses", site_search.Source("courses", _("Courses"), "book-open", find_courses))
