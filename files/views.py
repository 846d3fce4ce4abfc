"""Views that serve files to pages: downloads, players, previews and thumbnails."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import signed_in
from core.access.scopes import visible_or_404
from core.http.errors import DomainError
from core.http.errors.views import error_response
from core.http.forms import redirect_or_location
from files import downloads, services
from files.models import File, FileQuerySet
from files.storage import STORAGE_ERRORS, file_storage
from files.upload_handlers import received_files, upload_refused

CACHE_FOREVER = "max-age=31536000, immutable"
PLACEHOLDER = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9"><rect width="16" height="9" fill="#8883"/></svg>'
)


def _content_response(request: HttpRequest, file: File, *, inline: bool) -> HttpResponseBase:
    """Return the file's bytes, or an error page if the storage is down."""
    try:
        return downloads.file_response(request, file, inline=inline)
    except DomainError as error:
        return error_response(request, error.status)


@require_safe
def signed(request: HttpRequest, token: str) -> HttpResponseBase:
    """Serve a signed local URL. Anyone who has it may read the file until it expires (quality row F02)."""
    file, inline = downloads.file_from_token(token)
    if file.storage_provider != file_storage().provider:
        raise Http404
    return _content_response(request, file, inline=inline)


@require_safe
def save(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Redirect a user who may read the file to its signed URL."""
    return redirect(downloads.signed_url(visible_or_404(File.objects.all(), request.user, pk=file_id)))


@require_safe
def play(request: HttpRequest, file_id: uuid.UUID) -> HttpResponseBase:
    """Serve a video or audio file to a player.

    The local storage checks access for each byte range. Azure serves the ranges itself, by a signed URL.
    """
    file = visible_or_404(File.objects.all(), request.user, pk=file_id)
    if not file.content_type.startswith(("video/", "audio/")):
        raise Http404
    if file_storage().provider != "local":
        return redirect(downloads.signed_url(file, inline=True))
    return _content_response(request, file, inline=True)


@xframe_options_sameorigin
@require_safe
def preview(request: HttpRequest, file_id: uuid.UUID) -> HttpResponseBase:
    """Serve a PDF for display in a frame of this site.

    Browsers do not display a PDF in a sandbox, so the sandbox is left out. All other types are 404.
    """
    file = visible_or_404(File.objects.all(), request.user, pk=file_id)
    if not file.is_pdf:
        raise Http404
    response = _content_response(request, file, inline=True)
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    return response


@require_safe
def thumbnail(request: HttpRequest, file_id: uuid.UUID, width: int) -> HttpResponse:
    """Serve a thumbnail of an image, or a gray placeholder until the task has rendered it."""
    file = get_object_or_404(FileQuerySet(File).thumbnails_visible_to(request.user), pk=file_id)
    if width not in file.thumbnail_widths:
        raise Http404
    if file.pictures_made_at is None:
        response = HttpResponse(PLACEHOLDER, content_type="image/svg+xml")
        response["Cache-Control"] = "no-store"
        return response
    try:
        with file_storage().open(file.thumbnail_path(width)) as content:
            response = HttpResponse(content.read(), content_type="image/webp")
    except STORAGE_ERRORS:
        return error_response(request, 503)
    response["Cache-Control"] = f"private, {CACHE_FOREVER}"
    return response


@login_required
@require_POST
def avatar(request: HttpRequest) -> HttpResponse:
    """Set or remove the user's own profile picture."""
    user = signed_in(request)
    try:
        files = received_files(request)
        if "remove" in request.POST:
            services.remove_avatar(actor=user, user=user)
        elif files:
            services.set_avatar(actor=user, content=files[0])
        else:
            messages.error(request, _("Choose a file first."))
    except DomainError as error:
        return upload_refused(request, error, reverse("accounts:profile"))
    return redirect_or_location(request, reverse("accounts:profile"))
