"""State of the job system: queue depths, stuck jobs, and the schedule of periodic jobs."""

from datetime import timedelta
from typing import Any

from celery import current_app
from celery.schedules import crontab
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models import DeferredTask, FailedTask

QUEUES = ("default", "mail", "documents")
LAST_RUN_SECONDS = 8 * 24 * 3600
STUCK_AFTER_TRIES = 3  # attempts to send a deferred job


def get_queue_depths() -> dict[str, int | None]:
    """Return the number of waiting jobs per queue, None if unknown. Without a broker, all are zero."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return dict.fromkeys(QUEUES, 0)
    try:
        with current_app.connection_for_read(connect_timeout=2) as broker:
            client: Any = broker.default_channel.client  # type: ignore[attr-defined]  # the channel of the Redis transport has a client
            return {name: int(client.llen(name)) for name in QUEUES}
    except Exception:  # drivers raise many types; each of them means that the depth is unknown
        return dict.fromkeys(QUEUES)


def count_stuck_jobs() -> dict[str, int]:
    """Return the number of unresolved failed jobs, and of jobs refused `STUCK_AFTER_TRIES` times. Two queries."""
    return {
        "failed_jobs": FailedTask.objects.unresolved().count(),
        "refused_jobs": DeferredTask.objects.filter(tries__gte=STUCK_AFTER_TRIES).count(),
    }


def record_run(name: str) -> None:
    """Cache the time at which a periodic job last finished. It is for display only."""
    cache.set(f"platform.last_run.{name}", timezone.now(), LAST_RUN_SECONDS)


def get_schedule() -> list[dict[str, Any]]:
    """Return the periodic jobs: name, task, interval, and the time of the last run, if cached."""
    entries = sorted(settings.CELERY_BEAT_SCHEDULE.items())
    names = [f"platform.last_run.{entry['task']}" for _name, entry in entries]
    last_runs = cache.get_many(names) or {}  # None while the cache is down
    return [
        {
            "name": name,
            "task": entry["task"],
            "every": describe_interval(entry["schedule"]),
            "last_run_at": last_runs.get(f"platform.last_run.{entry['task']}"),
        }
        for name, entry in entries
    ]


def describe_interval(interval: Any) -> str:
    """Return the interval of a periodic job as text.

    A crontab must be daily, and is described by its time. A timedelta or a number of seconds is described in the
    largest unit that divides it.
    """
    if isinstance(interval, crontab):
        clock: Any = interval  # Celery's type stubs lack hour and minute
        hour, minute = min(clock.hour), min(clock.minute)
        return _("every day at %(time)s UTC") % {"time": f"{hour:02}:{minute:02}"}
    seconds = round(interval.total_seconds() if isinstance(interval, timedelta) else interval)
    if seconds % 86_400 == 0:
        return ngettext("every day", "every %(n)d days", seconds // 86_400) % {"n": seconds // 86_400}
    if seconds % 3_600 == 0:
        return ngettext("every hour", "every %(n)d hours", seconds // 3_600) % {"n": seconds // 3_600}
    if seconds % 60 == 0:
        return ngettext("every minute", "every %(n)d minutes", seconds // 60) % {"n": seconds // 60}
    return ngettext("every second", "every %(n)d seconds", seconds) % {"n": seconds}
