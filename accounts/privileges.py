"""Decides which privileges of a user count in a login (quality row V01).

The role of an administrator, staff groups and superuser status count only in a login that passed the second factor, if
the site or the user requires it (`User.needs_second_factor`). Every authentication passes its user through this module
once: the middleware of pages, tokens and cookies of the API, and sockets. Whatever asks the user afterwards (scopes,
permissions, templates, the admin) needs no check of its own, because the user object has lost its privileges.
"""

from accounts.models import LoginKind, LoginSession, User


def limit_to_login(user: User, login: LoginSession | None) -> User:
    """Limit a user whose login lacks the second factor that the user's privileges require; return the user."""
    if user.needs_second_factor and (login is None or login.verified_at is None):
        user.limit()
    return user


def limit_to_browser(user: User, session_key: str | None) -> User:
    """Limit the user of a browser's session in the same way. One query, for users whose privileges require it."""
    if user.needs_second_factor:
        logins = LoginSession.objects.live().verified().filter(user=user, kind=LoginKind.BROWSER)
        limit_to_login(user, logins.filter(session_key=session_key or None).first())
    return user
