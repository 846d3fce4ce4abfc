"""Signals of courses."""

from django.dispatch import Signal

# Sent with `course_id`, within the transaction, when the completion requirements of a published course may have become
# easier: a lesson was changed, unpublished or deleted, or the course was published again.
requirements_changed = Signal()
