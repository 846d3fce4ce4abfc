"""Register enrollments with search, error pages, course rooms and personal data.

Users with enrollments are anonymized instead of deleted. The enrollment's foreign key protects the user's row, so that
totals do not change.
"""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.models.people import DELETED_USER_NAME
from accounts.registry import PersonalData, personal_data, registration_hints
from core.db.text_functions import SortKey
from core.http.errors.views import explanations
from core.site import search
from courses.models import Course, Lesson
from enrollments import closed_courses, invitations, rooms
from enrollments.models import Enrollment, GradeEntry, Invitation, JoinLink, Review, RosterImport
from realtime.models import Event, Notification
from realtime.rooms import RoomType, room_types


def find_lessons(user: Any, text: str) -> Iterator[search.Hit]:
    """Yield the published lessons whose title contains `text`, in the courses that are open to `user`.

    Hits link to the learning room for students and to the lesson's page for authors.
    """
    if not user.is_authenticated:
        return
    open_courses = Course.objects.open_to(user).values("pk")
    lessons = Lesson.objects.published().filter(course__in=open_courses, title__icontains=text)
    lessons = lessons.select_related("course").order_by(SortKey("course__title"), "order")
    enrolled = set(user.enrollments.filter(is_active=True).values_list("course_id", flat=True))
    for lesson in lessons[: search.MAX_HITS_PER_SOURCE]:
        view = "enrollments:lesson" if lesson.course_id in enrolled else "courses:lesson"
        url = reverse(view, args=[lesson.course.slug, lesson.pk])
        yield search.Hit(lesson.title, lesson.course.title, url)


def export_personal_data(user: User) -> dict[str, Any]:
    """Return a user's enrollments, grades, reviews, and the join links and imports that they created. Five queries."""
    enrollments = Enrollment.objects.filter(user=user)
    reviews = Review.objects.filter(user=user)
    grades = GradeEntry.objects.filter(enrollment__user=user).order_by("id")
    enrollment_fields = ["course__title", "enrolled_at", "completed_at", "is_active", "is_barred"]
    return {
        "enrollments": list(enrollments.values(*enrollment_fields)),
        "grades": list(grades.values("item__title", "points", "is_excused", "reason", "created_at")),
        "reviews": list(reviews.values("course__title", "rating", "comment", "created_at")),
        "join_links": list(JoinLink.objects.filter(created_by=user).values("course__title", "created_at", "uses")),
        "imports": list(
            RosterImport.objects.filter(created_by=user).values(
                "course__title", "created_at", "enrolled_count", "invited_count"
            )
        ),
    }


def forget_elsewhere(user: User) -> None:
    """Delete invitations to the user's address, turn off join links, and replace the name in notifications.

    The join links are those that the user created; the notifications are those of instructors about enrollments. Four
    queries, and one for each notification.
    """
    JoinLink.objects.unrevoked().filter(created_by=user).update(revoked_at=timezone.now())
    Invitation.objects.filter(email__iexact=user.email).delete()
    enrollment_ids = [str(pk) for pk in Enrollment.objects.filter(user=user).values_list("pk", flat=True)]
    for notification in Notification.objects.filter(
        event=Event.NEW_ENROLLMENT, payload__enrollment_id__in=enrollment_ids
    ):
        notification.payload["student_name"] = DELETED_USER_NAME
        notification.save(update_fields=["payload"])


registration_hints.register("invitations", invitations.find_hint)
explanations.register("closed course", closed_courses.render_explanation)
search.sources.register("lessons", search.Source("lessons", _("Lessons"), "file-text", find_lessons))
room_types.register(
    rooms.FIELD,
    RoomType(rooms.FIELD, rooms.filter_admitted, rooms.describe_course, rooms.list_members, rooms.is_moderator),
)
personal_data.register("learning", PersonalData(export_personal_data, forget_elsewhere=forget_elsewhere))
