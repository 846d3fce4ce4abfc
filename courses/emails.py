"""Email types of courses, registered on import."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.emails import name_of, sample_reader
from accounts.models import User
from core.mail.mail_types import Context, MailType, register
from courses.models import Course


def course_title(context: Context) -> str:
    """Return the title of the course of an email."""
    return str(context["course"].title)


def sample_course() -> Course:
    """Return an unsaved example course for previews of emails."""
    teacher = User(full_name="Ines Okafor", email="ines@example.org")
    return Course(title="A working introduction to SQL", slug="sql", instructor=teacher)


def _course_url(context: Context) -> str:
    return settings.SITE_URL + reverse("courses:course", args=[context["course"].slug])


register(
    MailType(
        name="course_transferred",
        title=_("A course was handed over"),
        subject=_("{course} was handed over"),
        teaser=_("The course has a new owner."),
        text=_("Hello {name},\n\n"
               "{owner} now owns the course “{course}” with its students, grades and settings."),
        address=_course_url,
        label=_("View the course"),
        why=_("You received this email because you own this course or owned it before."),
        values={
            "name": name_of,
            "course": course_title,
            "owner": lambda context: context["course"].instructor.full_name,
        },
        sample=lambda: {"user": sample_reader(), "course": sample_course()},
    ),
)  # fmt: skip
