"""What enrolments tell the apps above them."""

from django.dispatch import Signal

# Sent inside the completing transaction, once per enrolment, with `enrollment` and `actor`. A receiver that raises
# undoes the completion.
course_completed = Signal()

# Sent with `enrollment` and `actor` when the payment that opened an enrolment was given back whole and it has ended,
# within the transaction. Sent by payments, received by whoever has something to take back with it.
access_refunded = Signal()

# Sent with `user_id` and `course_id` when a student does something in a course: opens a lesson, finishes one, works on
# a quiz, hands something in. Sent on the way to the answer, so that a receiver may ask no database.
learned = Signal()
