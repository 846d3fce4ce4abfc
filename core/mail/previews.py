"""Previews of mails in frames of the site's own pages."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from csp.decorators import csp_replace
from django.http import Http404, HttpRequest, HttpResponse

from core.mail import mail_types
from core.mail.mail_types import MailType

View = TypeVar("View", bound=Callable[..., HttpResponse])

# The casts are needed because the types of django-csp only allow views without arguments.
_allow_as_frame: Callable[[View], View] = cast(Any, csp_replace({"frame-ancestors": ["'self'"]}))
_allow_as_mail: Callable[[View], View] = cast(
    Any, csp_replace({"frame-ancestors": ["'self'"], "style-src": ["'unsafe-inline'"], "script-src": ["'none'"]})
)


@_allow_as_mail
def mail_response(request: HttpRequest, html: str) -> HttpResponse:
    """Return the HTML of a mail for a frame of the site: no scripts, and the inline styles of the mail.

    The response is not cached: a 304 response would carry the policy of other pages.
    """
    return HttpResponse(html, headers={"Cache-Control": "no-store"})


@_allow_as_frame
def frame_response(request: HttpRequest, content: str, content_type: str = "", status: int = 200) -> HttpResponse:
    """Return a page or a text for a frame of the site. The response is not cached (see `mail_response`)."""
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(content, content_type=content_type or None, status=status, headers=headers)


def mail_type_or_404(name: str) -> MailType:
    """Return the mail type called `name`; raise Http404 if there is none."""
    try:
        return mail_types.get_mail_type(name)
    except LookupError as error:
        raise Http404 from error
