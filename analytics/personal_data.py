"""What this app holds about a person, for their export and for when they leave; importing it registers it."""

from typing import Any

from accounts import registry
from accounts.models import User
from analytics.models import Activity, Export
from files import services as files


def export(user: User) -> list[Any]:
    """Return when a person was at which course, to a quarter of an hour. One query."""
    rows = Activity.objects.filter(learner__user=user).order_by("quarter_at", "id")
    return list(rows.values("course__title", "quarter_at"))


def forget(user: User) -> None:
    """Delete the files that they asked for. When they learned stays, of nobody: all totals stay."""
    for one in Export.objects.select_related("file").filter(user=user):
        if one.file is not None:
            files.delete(actor=None, file=one.file)
        one.delete()


registry.register(registry.PersonalData("activity", export, forget=forget))
