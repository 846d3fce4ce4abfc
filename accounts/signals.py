"""What accounts tell the apps above them."""

from django.dispatch import Signal

# Sent in the transaction in which logins end, with `login_ids` and `session_keys` (of browsers). A receiver that has
# something to do elsewhere does it after the commit.
logins_ended = Signal()

# Sent in the transaction in which an account is deleted, once its row is gone, with `joined_at`, when it was made.
account_deleted = Signal()
