"""Services for the files of lessons and for course pictures."""

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.audit.entries import record
from courses.models import CompletionRule, Course, Lesson, LessonFile
from courses.public_cache import bump_catalog_version
from courses.services import CourseError
from files import services as files
from files.errors import FileError
from files.models import File, Purpose


def attach_file(*, actor: User, lesson: Lesson, content: UploadedFile, as_video: bool = False) -> LessonFile:
    """Upload a file and attach it to a lesson, as a download or, with `as_video`, in place of the lesson's video.

    Raise the errors of `files.services.upload`, and CourseError `not_a_video` (415).
    """
    file = files.upload(actor=actor, content=content, purpose=Purpose.COURSE_MATERIAL, course_id=lesson.course_id)
    if as_video and not file.is_video:
        files.delete(actor=actor, file=file)
        raise CourseError("not_a_video", _("A lesson video must be an MP4 or WebM file."), status=415)
    return _create_lesson_file(actor, lesson, file, as_video)


@transaction.atomic
def _create_lesson_file(actor: User, lesson: Lesson, file: File, as_video: bool) -> LessonFile:
    Course.objects.select_for_update(of=("self",)).get(pk=lesson.course_id)
    if as_video:
        for previous in LessonFile.objects.filter(lesson=lesson, is_video=True):
            detach_file(actor=actor, lesson_file=previous, is_replaced=True)
    lesson_file = LessonFile.objects.create(lesson=lesson, file=file, is_video=as_video)
    changes = {"name": file.original_filename, "video": as_video}
    record(actor=actor, action="courses.file_added", target=lesson, changes=changes)
    bump_catalog_version()
    return lesson_file


@transaction.atomic
def detach_file(*, actor: User, lesson_file: LessonFile, is_replaced: bool = False) -> None:
    """Remove a file from a lesson, and delete it if it is not used elsewhere.

    Raise CourseError `video_needed` while the lesson's completion rule depends on this video, unless it is replaced.
    """
    lesson = lesson_file.lesson
    is_required = lesson_file.is_video and lesson.completion_rule == CompletionRule.VIDEO and not lesson.video_url
    if is_required and not is_replaced:
        detail = _("Students complete this lesson by watching this video. Change the completion rule first.")
        raise CourseError("video_needed", detail)
    file = lesson_file.file
    lesson_file.delete()
    record(actor=actor, action="courses.file_removed", target=lesson, changes={"name": file.original_filename})
    delete_unused_file(actor, file)
    bump_catalog_version()


def set_thumbnail(*, actor: User, course: Course, content: UploadedFile | None) -> Course:
    """Replace the picture of a course, or remove it if `content` is None; return the course.

    Raise the errors of `files.services.upload`.
    """
    file = None
    if content is not None:
        file = files.upload(actor=actor, content=content, purpose=Purpose.THUMBNAIL, course_id=course.pk)
    return _replace_thumbnail(actor, course, file)


@transaction.atomic
def _replace_thumbnail(actor: User, course: Course, file: File | None) -> Course:
    course = Course.objects.select_for_update(of=("self",)).select_related("thumbnail").get(pk=course.pk)
    previous, course.thumbnail = course.thumbnail, file
    course.save(update_fields=["thumbnail", "updated_at"])
    record(actor=actor, action="courses.picture_changed", target=course)
    if previous is not None:
        delete_unused_file(actor, previous)
    bump_catalog_version()
    return course


def delete_unused_file(actor: User, file: File) -> None:
    """Delete a file, unless it is still in use, for example by a copy of the course."""
    try:
        files.delete(actor=actor, file=file)
    except FileError as error:
        if error.code != "file_in_use":
            raise
