"""Signals that courses send to the apps above them."""

from django.dispatch import Signal

# Sent with `course_id`, within the transaction, when a published course may ask its students for less than before: a
# lesson was changed, withdrawn or deleted, or the course was published again.
requirements_changed = Signal()
