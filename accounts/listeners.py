"""What happens when somebody logs in on a page; importing it connects it."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import impersonation
from accounts.models import LoginSession, User
from accounts.signing_in import note_browser


@receiver(user_logged_in)
def keep_browser(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """List the new session among the user's logins."""
    if isinstance(user, User):
        note_browser(user=user, request=request)


@receiver(user_logged_out)
def forget_browser(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Mark the session as ended; who acted in another's name logs out of their own, and of that."""
    login = getattr(request, "impersonation", None)
    if login is not None:
        impersonation.end(login=login)
        user = login.actor
    if isinstance(user, User) and request.session.session_key:
        LoginSession.objects.filter(user=user, session_key=request.session.session_key).end()
