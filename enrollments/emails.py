"""Email types of enrollments, registered on import."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.emails import name_of, sample_reader
from core.mail.mail_types import Context, MailType, format_day, register
from courses.emails import course_title, sample_course
from enrollments.models import Invitation


def _sample_invitation() -> dict[str, Any]:
    course = sample_course()
    invitation = Invitation(course=course, expires_at=timezone.now() + timedelta(days=14))
    return {"course": course, "teacher": course.instructor, "invitation": invitation, "token": "sample-token"}


def _learning_room_url(context: Context) -> str:
    return settings.SITE_URL + reverse("enrollments:learn", args=[context["course"].slug])


def _instructor_name(context: Context) -> str:
    return str(context["course"].instructor.get_mail_name())


def _invitation_url(context: Context) -> str:
    return settings.SITE_URL + reverse("enrollments:invitation", args=[context["token"]])


register(
    MailType(
        name="enrolled",
        title=_("Welcome to a course"),
        subject=_("Welcome to {course}"),
        teaser=_("You are enrolled. Start whenever you like."),
        text=_("Hello {name},\n\n"
               "you are enrolled in “{course}”, taught by {teacher}. Start whenever you like. Your progress is saved "
               "across devices."),
        address=_learning_room_url,
        label=_("Start the course"),
        after=_("When you complete the course, you receive your certificate by email."),
        why=_("You received this email because you enrolled in this course."),
        values={"name": name_of, "course": course_title, "teacher": _instructor_name},
        sample=lambda: {"user": sample_reader(), "course": sample_course()},
    ),
    MailType(
        name="invitation",
        title=_("Invitation to a course"),
        subject=_("Invitation to {course}"),
        teaser=_("Accept the invitation to enroll."),
        text=_("{teacher} has invited you to “{course}”. The link works once:"),
        address=_invitation_url,
        label=_("View invitation"),
        after=_("The invitation expires on {until}."),
        why=_("You received this email because an instructor entered your address. If you don't know them, you can "
              "ignore it."),
        values={
            "course": course_title,
            "teacher": lambda context: context["teacher"].get_mail_name(),
            "until": lambda context: format_day(context["invitation"].expires_at),
        },
        sample=_sample_invitation,
    ),
)  # fmt: skip
