"""The kinds of mail about enrolments; importing it registers them."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.mails import name_of, sample_reader
from accounts.models import User
from courses.models import Course
from enrollments.models import Invitation
from lms.lib.mail_kinds import Context, Kind, day_of, register


def course_of(context: Context) -> str:
    """Return the title of the course that a mail is about."""
    return str(context["course"].title)


def sample_course() -> Course:
    """Return a course that one can imagine taking."""
    teacher = User(full_name="Ines Okafor", email="ines@example.org")
    return Course(title="A working introduction to SQL", slug="sql", instructor=teacher)


def _invited() -> dict[str, Any]:
    course = sample_course()
    ends = Invitation(course=course, expires_at=timezone.now() + timedelta(days=14))
    return {"course": course, "teacher": course.instructor, "invitation": ends, "token": "a-token-that-opens-nothing"}


def _learning_room(context: Context) -> str:
    return settings.SITE_URL + reverse("enrollments:learn", args=[context["course"].slug])


def _teacher_of(context: Context) -> str:
    return str(context["course"].instructor.full_name)


def _invitation(context: Context) -> str:
    return settings.SITE_URL + reverse("enrollments:invitation", args=[context["token"]])


register(
    Kind(
        name="enrolled",
        title=_("Welcome to a course"),
        subject=_("You are in: {course}"),
        teaser=_("Begin when you like; the course knows where you stopped."),
        text=_("Hello {name},\n\n"
               "you are in “{course}”, taught by {teacher}. Begin when you like; the course knows where you stopped, "
               "on every device."),
        address=_learning_room,
        label=_("Begin with the first lesson"),
        after=_("When you have finished every lesson, your certificate comes by mail."),
        why=_("You get this mail because you enrolled in this course."),
        values={"name": name_of, "course": course_of, "teacher": _teacher_of},
        sample=lambda: {"user": sample_reader(), "course": sample_course()},
    ),
    Kind(
        name="invitation",
        title=_("An invitation to a course"),
        subject=_("You are invited: {course}"),
        teaser=_("One click, and you are in."),
        text=_("{teacher} invites you to “{course}”. The link lets one person in, and it is yours:"),
        address=_invitation,
        label=_("Open the invitation"),
        after=_("It is good until {until}."),
        why=_("You get this mail because an instructor gave us your address. If you do not know them, do nothing."),
        values={
            "course": course_of,
            "teacher": lambda context: context["teacher"].full_name,
            "until": lambda context: day_of(context["invitation"].expires_at),
        },
        sample=_invited,
    ),
)  # fmt: skip
