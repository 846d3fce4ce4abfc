"""The files of a course: what lessons show, and the course's picture."""

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import CompletionRule, Course, Lesson, LessonFile
from courses.services import CourseError
from courses.stamp import catalogue_changed
from files import services as files
from files.errors import FileError
from files.models import File, Purpose
from lms.platform.audit import record


def attach(*, actor: User, lesson: Lesson, content: UploadedFile, as_video: bool = False) -> LessonFile:
    """Upload a file and show it in a lesson, as its video in place of the one before or as something to keep.

    Raises what `files.services.upload` raises, and CourseError `not_a_video` (415).
    """
    file = files.upload(actor=actor, content=content, purpose=Purpose.COURSE_MATERIAL, course_id=lesson.course_id)
    if as_video and not file.is_video:
        files.delete(actor=actor, file=file)
        raise CourseError("not_a_video", _("A lesson's video is an MP4 or WebM file."), status=415)
    return _show(actor, lesson, file, as_video)


@transaction.atomic
def _show(actor: User, lesson: Lesson, file: File, as_video: bool) -> LessonFile:
    Course.objects.select_for_update(of=("self",)).get(pk=lesson.course_id)
    if as_video:
        for before in LessonFile.objects.filter(lesson=lesson, is_video=True):
            take_out(actor=actor, shown=before, replaced=True)
    shown = LessonFile.objects.create(lesson=lesson, file=file, is_video=as_video)
    changes = {"name": file.original_filename, "video": as_video}
    record(actor=actor, action="courses.file_added", target=lesson, changes=changes)
    catalogue_changed()
    return shown


@transaction.atomic
def take_out(*, actor: User, shown: LessonFile, replaced: bool = False) -> None:
    """Take a file out of a lesson, and delete it where nothing else shows it.

    Raises CourseError `video_needed` while the lesson is done by watching its video.
    """
    lesson = shown.lesson
    needed = shown.is_video and lesson.completion_rule == CompletionRule.VIDEO and not lesson.video_url
    if needed and not replaced:
        raise CourseError("video_needed", _("This lesson is done by watching this video. Change that rule first."))
    file = shown.file
    shown.delete()
    record(actor=actor, action="courses.file_removed", target=lesson, changes={"name": file.original_filename})
    delete_unless_shown(actor, file)
    catalogue_changed()


def set_thumbnail(*, actor: User, course: Course, content: UploadedFile | None) -> Course:
    """Give a course a picture of its own, or with None the drawn one again; return the course.

    Raises what `files.services.upload` raises.
    """
    file = None
    if content is not None:
        file = files.upload(actor=actor, content=content, purpose=Purpose.THUMBNAIL, course_id=course.pk)
    return _picture(actor, course, file)


@transaction.atomic
def _picture(actor: User, course: Course, file: File | None) -> Course:
    course = Course.objects.select_for_update(of=("self",)).select_related("thumbnail").get(pk=course.pk)
    before, course.thumbnail = course.thumbnail, file
    course.save(update_fields=["thumbnail", "updated_at"])
    record(actor=actor, action="courses.picture_changed", target=course)
    if before is not None:
        delete_unless_shown(actor, before)
    catalogue_changed()
    return course


def delete_unless_shown(actor: User, file: File) -> None:
    """Delete a file, or keep it for what else shows it: a copy of the course, say."""
    try:
        files.delete(actor=actor, file=file)
    except FileError as error:
        if error.code != "file_in_use":
            raise
