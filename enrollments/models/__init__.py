"""Enrolments, what their students do, and what it counts for."""

from enrollments.models.calendars import CalendarFeed, CalendarFeedQuerySet
from enrollments.models.grading import (
    Accommodation,
    Extension,
    GradedItem,
    GradedItemQuerySet,
    GradeEntry,
    GradeEntryQuerySet,
    ItemKind,
)
from enrollments.models.learning import (
    INVITATION_SALT,
    Enrollment,
    EnrollmentEvent,
    EnrollmentQuerySet,
    Invitation,
    InvitationQuerySet,
    LessonProgress,
    Review,
    ReviewQuerySet,
    ReviewReport,
    Source,
)

__all__ = [
    "INVITATION_SALT",
    "Accommodation",
    "CalendarFeed",
    "CalendarFeedQuerySet",
    "Enrollment",
    "EnrollmentEvent",
    "EnrollmentQuerySet",
    "Extension",
    "GradeEntry",
    "GradeEntryQuerySet",
    "GradedItem",
    "GradedItemQuerySet",
    "Invitation",
    "InvitationQuerySet",
    "ItemKind",
    "LessonProgress",
    "Review",
    "ReviewQuerySet",
    "ReviewReport",
    "Source",
]
