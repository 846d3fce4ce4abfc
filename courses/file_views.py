"""Uploading what lessons show, and the course's picture; each works without a script."""

import uuid

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.permissions import signed_in
from courses import attachments
from courses.models import Course, Lesson, LessonFile
from files.uploading import received, upload_refused
from lms.lib.errors import DomainError
from lms.lib.pages import go_on
from lms.lib.scoping import editable_or_403


@require_POST
def add_file(request: HttpRequest, slug: str, lesson_id: uuid.UUID) -> HttpResponse:
    """Show a file in a lesson: as its video, or as something to keep."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    lesson = get_object_or_404(Lesson, pk=lesson_id, course=course)
    as_video = request.POST.get("shown_as") == "video"
    address = f"{reverse('courses:edit_lesson', args=[slug, lesson_id])}#files"
    try:
        with transaction.atomic():  # all files or none, so that the form can be sent again
            added = [
                attachments.attach(actor=signed_in(request), lesson=lesson, content=content, as_video=as_video)
                for content in _chosen(request)
            ]
    except DomainError as error:
        return upload_refused(request, error, address)
    for shown in added:
        messages.success(request, _("“%s” is there.") % shown.file.original_filename)
    return go_on(request, address)


@require_POST
def remove_file(request: HttpRequest, slug: str, lesson_id: uuid.UUID, file_id: uuid.UUID) -> HttpResponse:
    """Take a file out of a lesson."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    shown = get_object_or_404(
        LessonFile.objects.select_related("lesson", "file"), lesson=lesson_id, lesson__course=course, file=file_id
    )
    try:
        attachments.take_out(actor=signed_in(request), shown=shown)
        messages.success(request, _("“%s” is gone.") % shown.file.original_filename)
    except DomainError as error:
        messages.error(request, str(error.detail))
    return go_on(request, f"{reverse('courses:edit_lesson', args=[slug, lesson_id])}#files")


@require_POST
def set_thumbnail(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a course a picture, or take it away."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    address = f"{reverse('courses:details', args=[slug])}#picture"
    try:
        if "remove" in request.POST:
            attachments.set_thumbnail(actor=signed_in(request), course=course, content=None)
        for content in _chosen(request)[:1]:
            attachments.set_thumbnail(actor=signed_in(request), course=course, content=content)
        messages.success(request, _("Saved."))
    except DomainError as error:
        return upload_refused(request, error, address)
    return go_on(request, address)


def _chosen(request: HttpRequest) -> list[UploadedFile]:
    files = received(request)
    if not files and "remove" not in request.POST:
        messages.error(request, _("Choose a file first."))
    return files
