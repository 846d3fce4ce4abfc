"""Uploads of lesson files and course pictures. All forms work without JavaScript."""

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
from core.access.scopes import editable_or_403
from core.http.errors import DomainError
from core.http.forms import redirect_or_location
from courses import attachments
from courses.models import Course, Lesson, LessonFile
from files.upload_handlers import received_files, upload_refused


@require_POST
def add_file(request: HttpRequest, slug: str, lesson_id: uuid.UUID) -> HttpResponse:
    """Upload files to a lesson, as downloads or as its video."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    lesson = get_object_or_404(Lesson, pk=lesson_id, course=course)
    as_video = request.POST.get("shown_as") == "video"
    url = f"{reverse('courses:edit_lesson', args=[slug, lesson_id])}#files"
    try:
        with transaction.atomic():  # all files or none, so that the form can be submitted again
            added = [
                attachments.attach_file(actor=signed_in(request), lesson=lesson, content=content, as_video=as_video)
                for content in _uploaded_files(request)
            ]
    except DomainError as error:
        return upload_refused(request, error, url)
    for lesson_file in added:
        messages.success(request, _("“%s” uploaded.") % lesson_file.file.original_filename)
    return redirect_or_location(request, url)


@require_POST
def remove_file(request: HttpRequest, slug: str, lesson_id: uuid.UUID, file_id: uuid.UUID) -> HttpResponse:
    """Remove a file from a lesson."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    lesson_file = get_object_or_404(
        LessonFile.objects.select_related("lesson", "file"), lesson=lesson_id, lesson__course=course, file=file_id
    )
    try:
        attachments.detach_file(actor=signed_in(request), lesson_file=lesson_file)
        messages.success(request, _("“%s” removed.") % lesson_file.file.original_filename)
    except DomainError as error:
        messages.error(request, str(error.detail))
    return redirect_or_location(request, f"{reverse('courses:edit_lesson', args=[slug, lesson_id])}#files")


@require_POST
def set_thumbnail(request: HttpRequest, slug: str) -> HttpResponse:
    """Upload or remove the picture of a course."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    url = f"{reverse('courses:details', args=[slug])}#picture"
    try:
        if "remove" in request.POST:
            attachments.set_thumbnail(actor=signed_in(request), course=course, content=None)
        for content in _uploaded_files(request)[:1]:
            attachments.set_thumbnail(actor=signed_in(request), course=course, content=content)
        messages.success(request, _("Changes saved."))
    except DomainError as error:
        return upload_refused(request, error, url)
    return redirect_or_location(request, url)


def _uploaded_files(request: HttpRequest) -> list[UploadedFile]:
    files = received_files(request)
    if not files and "remove" not in request.POST:
        messages.error(request, _("Choose a file first."))
    return files
