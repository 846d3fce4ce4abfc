"""Signals sent by enrollments, and to apps above them."""

from django.dispatch import Signal

# Sent once for each completed enrollment with `enrollment` and `actor`, in the transaction that completes it. An
# exception in a receiver rolls back the completion.
course_completed = Signal()

# Sent by payments with `enrollment` and `actor`, in the transaction that ends an enrollment after a full refund.
# Receivers withdraw what depended on the payment, such as a certificate.
access_refunded = Signal()

# Sent with `user_id` and `course_id` when a student opens or completes a lesson, works on a quiz or submits an
# assignment. Sent while the request is handled, so receivers must not query the database.
learned = Signal()
