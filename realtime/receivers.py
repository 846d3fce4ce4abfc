"""Signal receivers. Importing this module connects them."""

import uuid
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from accounts.signals import logins_ended
from realtime import broadcast


@receiver(logins_ended)
def close_sockets(login_ids: list[uuid.UUID], session_keys: list[str], **kwargs: Any) -> None:
    """Close the sockets of ended logins after the commit (quality row W05)."""
    transaction.on_commit(partial(broadcast.send_ended_logins, login_ids, session_keys))
