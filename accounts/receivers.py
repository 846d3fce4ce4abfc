"""Receivers of Django's login and logout signals."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import impersonation
from accounts.login import record_browser_login
from accounts.models import LoginSession, User


@receiver(user_logged_in)
def record_login(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Add the new session to the user's logins."""
    if isinstance(user, User):
        record_browser_login(user=user, request=request)


@receiver(user_logged_out)
def end_login(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """End the login; while impersonating, end the impersonation and the staff member's login."""
    login = getattr(request, "impersonation", None)
    if login is not None:
        impersonation.end(login=login)
        user = login.actor
    if isinstance(user, User) and request.session.session_key:
        LoginSession.objects.filter(user=user, session_key=request.session.session_key).end()
