"""What a new installation still needs before anybody can learn here: the guide that staff see on an empty site."""

from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Role, User
from courses.models import Category
from lms.platform.models import SiteSettings


class Step(NamedTuple):
    """One thing to do: its name, why, where, and whether it is done."""

    title: str
    why: str
    url: str
    is_done: bool


def first_steps(user: Any) -> list[Step]:
    """Return the steps for staff, none for everybody else. Call it while nothing is in the catalogue. Three queries."""
    if not getattr(user, "is_staff", False):
        return []
    site = SiteSettings.current()
    default_name = SiteSettings._meta.get_field("name").default
    has_subjects = Category.objects.exists()
    return [
        Step(
            _("Name the site"),
            _("Its name, its headline and what it says of itself stand on this page."),
            reverse("admin:platform_sitesettings_changelist"),
            site.name != default_name,
        ),
        Step(
            _("Choose the subjects"),
            _("The catalogue sorts its courses by them."),
            reverse("admin:courses_category_changelist" if has_subjects else "admin:courses_category_add"),
            has_subjects,
        ),
        Step(
            _("Make somebody a teacher"),
            _("Teachers write courses; people who register are students. You can write one yourself, too."),
            reverse("admin:accounts_user_changelist"),
            User.objects.filter(role=Role.INSTRUCTOR).exists(),
        ),
        Step(
            _("Write and publish the first course"),
            _("One lesson is enough to begin with. It appears here once it is published."),
            reverse("courses:create"),
            False,
        ),
    ]
