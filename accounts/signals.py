"""Signals that the accounts app sends to higher apps."""

from django.dispatch import Signal

# Sent in the transaction in which logins end, with `login_ids` and `session_keys` (of browsers). Receivers with side
# effects outside the database have to run them on commit.
logins_ended = Signal()

# Sent in the transaction in which an account is deleted, after its row was deleted, with its creation time `joined_at`.
account_deleted = Signal()
