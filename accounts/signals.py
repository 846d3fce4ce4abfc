"""What accounts tell the apps above them."""

from django.dispatch import Signal

# Sent in the transaction in which logins end, with `login_ids` and `session_keys` (of browsers). A receiver that has
# something to do elsewhere does it after the commit.
logins_ended = Signal()
