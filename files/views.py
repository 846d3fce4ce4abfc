"""Files as pages link to them: saved, played, looked at, or as a small picture."""

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
from files import downloads, services
from files.models import File, FileQuerySet
from files.storage import STORAGE_ERRORS, the_storage
from files.uploading import received, upload_refused
from lms.lib.error_views import answer_error
from lms.lib.errors import DomainError
from lms.lib.pages import go_on
from lms.lib.scoping import visible_or_404

FOR_GOOD = "max-age=31536000, immutable"
PLACEHOLDER = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9"><rect width="16" height="9" fill="#8883"/></svg>'
)


def _bytes(request: HttpRequest, file: File, *, inline: bool) -> HttpResponseBase:
    """Return the bytes; the site's error page where the storage is down."""
    try:
        return downloads.as_response(request, file, inline=inline)
    except DomainError as error:
        return answer_error(request, error.status)


@require_safe
def signed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The bytes behind a signed local address: who has it may read it, until it expires (QUALITY F02)."""
    file, inline = downloads.file_of(token)
    if file.storage_provider != the_storage().provider:
        raise Http404
    return _bytes(request, file, inline=inline)


@require_safe
def save(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Send whoever may read the file to its signed address."""
    return redirect(downloads.signed_url(visible_or_404(File.objects.all(), request.user, pk=file_id)))


@require_safe
def play(request: HttpRequest, file_id: uuid.UUID) -> HttpResponseBase:
    """A video's bytes for a player: the right is asked for each part of it; Azure serves its own."""
    file = visible_or_404(File.objects.all(), request.user, pk=file_id)
    if not file.content_type.startswith(("video/", "audio/")):
        raise Http404
    if the_storage().provider != "local":
        return redirect(downloads.signed_url(file, inline=True))
    return _bytes(request, file, inline=True)


@xframe_options_sameorigin
@require_safe
def preview(request: HttpRequest, file_id: uuid.UUID) -> HttpResponseBase:
    """A PDF in a frame of ours. Browsers draw no PDF in a sandbox; nothing else is ever shown by this address."""
    file = visible_or_404(File.objects.all(), request.user, pk=file_id)
    if not file.is_pdf:
        raise Http404
    response = _bytes(request, file, inline=True)
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    return response


@require_safe
def picture(request: HttpRequest, file_id: uuid.UUID, width: int) -> HttpResponse:
    """A small picture of an image, drawn by us; a grey one until the task has drawn it."""
    file = get_object_or_404(FileQuerySet(File).pictured_to(request.user), pk=file_id)
    if width not in file.widths:
        raise Http404
    if file.pictures_made_at is None:
        response = HttpResponse(PLACEHOLDER, content_type="image/svg+xml")
        response["Cache-Control"] = "no-store"
        return response
    try:
        with the_storage().open(file.picture_path(width)) as content:
            response = HttpResponse(content.read(), content_type="image/webp")
    except STORAGE_ERRORS:
        return answer_error(request, 503)
    response["Cache-Control"] = f"private, {FOR_GOOD}"
    return response


@login_required
@require_POST
def avatar(request: HttpRequest) -> HttpResponse:
    """Give oneself a picture, or take it away."""
    user = signed_in(request)
    try:
        files = received(request)
        if "remove" in request.POST:
            services.remove_avatar(actor=user, user=user)
        elif files:
            services.set_avatar(actor=user, content=files[0])
        else:
            messages.error(request, _("Choose a file first."))
    except DomainError as error:
        return upload_refused(request, error, reverse("accounts:profile"))
    return go_on(request, reverse("accounts:profile"))
