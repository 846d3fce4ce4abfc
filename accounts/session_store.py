"""Database sessions, fetched with a compiled statement that is cached."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from core.db.prepared import Prepared

_BY_KEY = Prepared(lambda session_key: Session.objects.filter(session_key=session_key))


class SessionStore(db.SessionStore):
    """A database session that is fetched by primary key; its expiry is checked in Python, once per page request."""

    _session_key: str | None

    def _get_session_from_db(self) -> Any:
        found = _BY_KEY.row(self.session_key) if self.session_key else None
        if found is None or found.expire_date <= timezone.now():
            self._session_key = None
            return None
        return found
