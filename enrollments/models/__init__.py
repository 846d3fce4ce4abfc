"""Models of enrollments, progress, reviews, graded items, grades, join links and imports."""

from enrollments.models.calendars import CalendarFeed, CalendarFeedQuerySet
from enrollments.models.enrollments import (
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
from enrollments.models.grading import (
    Accommodation,
    Extension,
    GradedItem,
    GradedItemQuerySet,
    GradeEntry,
    GradeEntryQuerySet,
    ItemKind,
)
from enrollments.models.rosters import JoinLink, JoinLinkQuerySet, RosterImport, RosterImportEntry

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
    "JoinLink",
    "JoinLinkQuerySet",
    "LessonProgress",
    "Review",
    "ReviewQuerySet",
    "ReviewReport",
    "RosterImport",
    "RosterImportEntry",
    "Source",
]
