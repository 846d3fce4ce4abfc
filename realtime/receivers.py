"""What happens elsewhere and ends sockets; importing it connects it."""

import uuid
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from accounts.signals import logins_ended
from realtime import hints


@receiver(logins_ended)
def close_their_sockets(login_ids: list[uuid.UUID], session_keys: list[str], **kwargs: Any) -> None:
    """Close, after the commit, the sockets that were opened by logins that end (QUALITY W05)."""
    transaction.on_commit(partial(hints.logins_ended, login_ids, session_keys))
