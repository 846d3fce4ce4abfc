"""Register access to exported files and the personal data in analytics.

Exports are written by a task, so their purpose has no upload check.
"""

from typing import Any

from django.db.models import Q

from accounts.models import User
from accounts.registry import PersonalData, personal_data
from analytics.models import Activity, Export
from files import registry
from files import services as files

PURPOSE = "export"


def own_export_files(user: Any) -> Q:
    """Return the files of the exports that `user` requested and may still read."""
    return Q(pk__in=Export.objects.visible_to(user).values("file")) if user.is_authenticated else registry.NO_FILES


def export(user: User) -> list[Any]:
    """Return when a user was active in each course, in quarters of an hour. One query."""
    rows = Activity.objects.filter(learner__user=user).order_by("quarter_at", "id")
    return list(rows.values("course__title", "quarter_at"))


def forget(user: User) -> None:
    """Delete the export files of a user. Their activity remains, without a name, so that totals do not change."""
    for one in Export.objects.select_related("file").filter(user=user):
        if one.file is not None:
            files.delete(actor=None, file=one.file)
        one.delete()


registry.access.register("exports", registry.FileAccess(PURPOSE, own_export_files, own_export_files))
personal_data.register("activity", PersonalData(export, forget=forget))
