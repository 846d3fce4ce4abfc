"""The groups of the staff and what each may do (docs/staff.md).

A group is made when it is missing, and belongs to the site from then on: what an administrator takes away from Support
stays away. Administrators alone always have everything, so that a new version's models are theirs, too.

This is no data migration, for a permission exists only after all migrations have run: Django makes it then.
"""

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from accounts.backends import ADMINISTRATORS

GROUPS: dict[str, list[str]] = {
    # Answers people: sees what they see, and what became of their courses, orders and files.
    "Support": [
        "accounts.view_user", "accounts.change_user", "accounts.impersonate_user", "accounts.view_loginsession",
        "enrollments.view_enrollment", "enrollments.view_review", "enrollments.view_reviewreport",
        "courses.view_course", "courses.view_lesson", "courses.view_category",
        "assignments.view_assignment", "assignments.view_submission", "certificates.view_certificate",
        "files.view_file", "payments.view_order", "payments.view_payment", "realtime.view_notification",
    ],
    # Looks after the catalogue and what is said about it.
    "Content": [
        "courses.view_course", "courses.change_course", "courses.view_lesson", "courses.view_category",
        "courses.add_category", "courses.change_category", "courses.delete_category", "courses.view_tag",
        "courses.add_tag", "courses.change_tag", "courses.delete_tag", "enrollments.view_review",
        "enrollments.view_reviewreport", "enrollments.change_reviewreport", "instructors.view_instructor",
        "instructors.change_instructor", "assignments.view_assignment", "files.view_file",
        "certificates.view_certificatetemplate", "certificates.change_certificatetemplate",
        "certificates.add_certificatetemplate", "certificates.view_certificate", "certificates.decide_certificate",
        "accounts.view_user",
    ],
    # Follows the money, and gives it back.
    "Finance": [
        "payments.view_order", "payments.view_payment", "payments.view_refund", "payments.add_refund",
        "payments.view_dispute", "payments.view_ledgerentry", "payments.view_stripeevent", "payments.view_coupon",
        "payments.add_coupon", "payments.change_coupon", "courses.view_course", "accounts.view_user",
    ],
}  # fmt: skip
# Who may give permissions is for a superuser to say, and nobody needs what opens other people's logins.
NOBODY_S = Q(content_type__app_label__in=["auth", "contenttypes", "sessions", "admin", "token_blacklist"]) | Q(
    content_type__app_label__startswith="otp_"
)


def make_groups(sender: AppConfig, **kwargs: Any) -> None:
    """Make the groups that are missing, once Django has made the permissions of the last app. At most six queries."""
    if sender != [config for config in apps.get_app_configs() if config.models_module][-1]:
        return
    administrators, _made = Group.objects.get_or_create(name=ADMINISTRATORS)
    administrators.permissions.add(*Permission.objects.exclude(NOBODY_S))
    for name, wanted in GROUPS.items():
        group, made = Group.objects.get_or_create(name=name)
        if made:
            group.permissions.set(named(wanted))


def named(names: list[str]) -> list[Permission]:
    """Return the permissions with these names; raise LookupError for a name that no permission has."""
    found = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type").filter(
            codename__in=[name.partition(".")[2] for name in names]
        )
    }
    missing = set(names) - found.keys()
    if missing:
        raise LookupError(f"There is no permission {', '.join(sorted(missing))}.")
    return [found[name] for name in names]
