"""Setup guide: the steps that staff see on a site without published courses."""

from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Role, User
from core.models import SiteSettings
from courses.models import Category


class Step(NamedTuple):
    """A step of the guide: title, reason, the URL where it is done, and whether it is done."""

    title: str
    why: str
    url: str
    is_done: bool


def list_setup_steps(user: Any) -> list[Step]:
    """Return the steps for staff, and an empty list for other users. Three queries.

    Call it only if no course is published: the last step, publishing the first course, is never done.
    """
    if not getattr(user, "is_staff", False):
        return []
    site = SiteSettings.current()
    default_name = SiteSettings._meta.get_field("name").default
    has_subjects = Category.objects.exists()
    return [
        Step(
            _("Name the site"),
            _("The name, headline and introduction appear on this page."),
            reverse("admin:platform_sitesettings_changelist"),
            site.name != default_name,
        ),
        Step(
            _("Add subjects"),
            _("The catalog groups courses by subject."),
            reverse("admin:courses_category_changelist" if has_subjects else "admin:courses_category_add"),
            has_subjects,
        ),
        Step(
            _("Add an instructor"),
            _("New users are students. Make those who create courses instructors, or create courses yourself."),
            reverse("admin:accounts_user_changelist"),
            User.objects.filter(role=Role.INSTRUCTOR).exists(),
        ),
        Step(
            _("Publish the first course"),
            _("A course with one lesson is enough. It appears here when it is published."),
            reverse("courses:create"),
            False,
        ),
    ]
