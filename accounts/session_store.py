"""Browsers' sessions as Django keeps them in its database, found by a statement that is put into words once."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from lms.lib.prepared import Prepared

_BY_KEY = Prepared(lambda session_key: Session.objects.filter(session_key=session_key))


class SessionStore(db.SessionStore):
    """A session. Every page asks for one, so it is found by its key alone, and its age is looked at here."""

    _session_key: str | None

    def _get_session_from_db(self) -> Any:
        found = _BY_KEY.row(self.session_key) if self.session_key else None
        if found is None or found.expire_date <= timezone.now():
            self._session_key = None
            return None
        return found
