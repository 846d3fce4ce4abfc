"""What enrolments tell the apps above them."""

from django.dispatch import Signal

# Sent inside the completing transaction, once per enrolment, with `enrollment` and `actor`. A receiver that raises
# undoes the completion.
course_completed = Signal()
