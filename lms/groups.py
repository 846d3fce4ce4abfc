"""Staff groups and their default permissions (docs/staff.md).

A group is created with its defaults if it is missing, and never changed afterwards, so that a permission that an
administrator removes from it stays removed. Only the Administrator group always gets all permissions, including those
of models that a new version adds.

This is not a data migration, because Django creates permissions only after all migrations have run.
"""

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from accounts.backends import ADMINISTRATORS

GROUPS: dict[str, list[str]] = {
    # Answers users' questions: read access to accounts, courses, orders and files, and impersonation.
    "Support": [
        "accounts.view_user", "accounts.change_user", "accounts.impersonate_user", "accounts.view_loginsession",
        "enrollments.view_enrollment", "enrollments.view_review", "enrollments.view_reviewreport",
        "courses.view_course", "courses.view_lesson", "courses.view_category",
        "assignments.view_assignment", "assignments.view_submission", "certificates.view_certificate",
        "files.view_file", "payments.view_order", "payments.view_payment", "realtime.view_notification",
    ],
    # Maintains the catalog, reviews and certificate templates.
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
    # Tracks payments and issues refunds.
    "Finance": [
        "payments.view_order", "payments.view_payment", "payments.view_refund", "payments.add_refund",
        "payments.view_dispute", "payments.view_ledgerentry", "payments.view_stripeevent", "payments.view_coupon",
        "payments.add_coupon", "payments.change_coupon", "courses.view_course", "accounts.view_user",
    ],
}  # fmt: skip
# Only superusers may manage permissions. Tokens and sessions would give access to the logins of other users.
UNASSIGNED = Q(content_type__app_label__in=["auth", "contenttypes", "sessions", "admin", "token_blacklist"]) | Q(
    content_type__app_label__startswith="otp_"
)


def create_groups(sender: AppConfig, **kwargs: Any) -> None:
    """Create missing groups after Django has created the permissions of the last app. At most six queries."""
    if sender != [config for config in apps.get_app_configs() if config.models_module][-1]:
        return
    administrators, _created = Group.objects.get_or_create(name=ADMINISTRATORS)
    administrators.permissions.add(*Permission.objects.exclude(UNASSIGNED))
    for name, wanted in GROUPS.items():
        group, created = Group.objects.get_or_create(name=name)
        if created:
            group.permissions.set(get_permissions(wanted))


def get_permissions(names: list[str]) -> list[Permission]:
    """Return the permissions with these names; raise LookupError for an unknown name."""
    found = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type").filter(
            codename__in=[name.partition(".")[2] for name in names]
        )
    }
    missing = set(names) - found.keys()
    if missing:
        raise LookupError(f"Unknown permissions: {', '.join(sorted(missing))}.")
    return [found[name] for name in names]
