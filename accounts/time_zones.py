"""Time zones: the list of cities, the names that people enter, and the zone of the browser."""

import zoneinfo
from datetime import datetime
from functools import cache
from typing import NamedTuple

from django.utils import timezone

from accounts.models import User
from core.audit.entries import record

# Areas of the time zone database whose entries are not cities.
NO_CITIES = ("Etc", "SystemV", "US", "Canada", "Brazil", "Chile", "Mexico")


class City(NamedTuple):
    """An entry of the list of time zones: its name in the time zone database and the name of the city."""

    name: str
    city: str
    offset: str


@cache
def _names() -> frozenset[str]:
    """Return the names of all time zones. Reading them takes a scan of the file system."""
    return frozenset(zoneinfo.available_timezones())


@cache
def _city_names() -> dict[str, str]:
    """Return the names of the cities by the names of their time zones, sorted by city."""
    names = (name for name in _names() if "/" in name and name.split("/")[0] not in NO_CITIES)
    cities = {name: name.rpartition("/")[2].replace("_", " ") for name in names}
    return dict(sorted(cities.items(), key=lambda pair: (pair[1], pair[0])))


def list_cities() -> list[City]:
    """Return the cities with their current offsets from UTC, sorted by name."""
    now = timezone.now()
    return [City(name, city, _format_offset(now, name)) for name, city in _city_names().items()]


def _format_offset(moment: datetime, name: str) -> str:
    """Return the offset from UTC in a time zone, such as "UTC+02:00"."""
    offset = moment.astimezone(zoneinfo.ZoneInfo(name)).strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:]}"


def find_time_zone(text: str) -> str | None:
    """Return the time zone with this name or city, ignoring case; None if not exactly one matches.

    "berlin", "Europe/Berlin" and "new york" are found.
    """
    wanted = text.strip().replace("_", " ").casefold()
    by_name = [name for name in _names() if name.replace("_", " ").casefold() == wanted]
    found = by_name or [name for name, city in _city_names().items() if city.casefold() == wanted]
    return found[0] if len(found) == 1 else None


def is_time_zone(name: str) -> bool:
    """Return whether a time zone has this name."""
    return name in _names()


def adopt_time_zone(*, user: User, name: str) -> None:
    """Store the browser's time zone if it is valid and the user has not chosen one. No query otherwise."""
    if user.time_zone or not is_time_zone(name):
        return
    if User.objects.get_queryset().filter(pk=user.pk, time_zone="").update(time_zone=name):
        user.time_zone = name
        changes = {"time_zone": ["", name]}
        record(actor=user, action="accounts.profile_changed", target=user, changes=changes)
