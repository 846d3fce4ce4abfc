"""Types of notification events."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.TextChoices):
    """The types of notification events (docs/api-contract.md, "Realtime")."""

    LESSON_COMPLETED = "lesson_completed", _("Lesson completed")
    COURSE_UPDATED = "course_updated", _("Course updated")
    NEW_ENROLLMENT = "new_enrollment", _("New enrollment")
    ENROLLMENT_ENDED = "enrollment_ended", _("Enrollment ended")
    ENROLLMENT_RESTORED = "enrollment_restored", _("Enrollment restored")
    ASSIGNMENT_GRADED = "assignment_graded", _("Assignment graded")
    ASSIGNMENT_RETURNED = "assignment_returned", _("Assignment returned")
    QUIZ_GRADED = "quiz_graded", _("Quiz graded")
    CERTIFICATE_ISSUED = "certificate_issued", _("Certificate issued")
    PAYMENT_SUCCEEDED = "payment_succeeded", _("Payment received")
    ANNOUNCEMENT = "announcement", _("Announcement")
    CHAT_MESSAGE = "chat_message", _("Chat message")
