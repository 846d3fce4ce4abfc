"""How much work waits: in the broker's queues, in the outbox, and among the jobs that failed."""

from datetime import timedelta
from typing import Any

from celery import current_app
from celery.schedules import crontab
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lms.platform.models import DeferredTask, FailedTask

QUEUES = ("default", "mail", "documents")
LAST_RUN_KEPT = 8 * 24 * 3600
# Failed, and neither repeated nor put aside; or refused by the broker for so long.
STUCK_AFTER_TRIES = 3


def depths() -> dict[str, int | None]:
    """Return how many jobs wait in each queue; None where the broker does not say. Without a broker, nothing waits."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return dict.fromkeys(QUEUES, 0)
    try:
        with current_app.connection_for_read(connect_timeout=2) as broker:
            client: Any = broker.default_channel.client  # type: ignore[attr-defined]  # Redis's channel has one
            return {name: int(client.llen(name)) for name in QUEUES}
    except Exception:  # whatever a broker's driver raises, the answer is that nobody knows
        return dict.fromkeys(QUEUES)


def stuck() -> dict[str, int]:
    """Return how many jobs failed and wait for somebody, and how many the broker keeps refusing. Two queries."""
    return {
        "failed_jobs": FailedTask.objects.open().count(),
        "refused_jobs": DeferredTask.objects.filter(tries__gte=STUCK_AFTER_TRIES).count(),
    }


def note_run(name: str) -> None:
    """Remember when a periodic job last finished; the cache may forget it, and nothing depends on it."""
    cache.set(f"platform.last_run.{name}", timezone.now(), LAST_RUN_KEPT)


def schedule() -> list[dict[str, Any]]:
    """Return the periodic jobs: name, how often, and when each last finished, where the cache knows."""
    entries = sorted(settings.CELERY_BEAT_SCHEDULE.items())
    ran = cache.get_many([f"platform.last_run.{entry['task']}" for _name, entry in entries])
    return [
        {
            "name": name,
            "task": entry["task"],
            "every": in_words(entry["schedule"]),
            "last_run_at": ran.get(f"platform.last_run.{entry['task']}"),
        }
        for name, entry in entries
    ]


def in_words(often: Any) -> str:
    """Return how often a periodic job runs: a time of each day for a crontab, which has no other use here; for a pause,
    a timedelta or a number of seconds, the largest unit that it is a multiple of."""
    if isinstance(often, crontab):
        clock: Any = often  # Celery's types know neither
        hour, minute = min(clock.hour), min(clock.minute)
        return _("every day at %(time)s UTC") % {"time": f"{hour:02}:{minute:02}"}
    seconds = round(often.total_seconds() if isinstance(often, timedelta) else often)
    if seconds % 86_400 == 0:
        return ngettext("every day", "every %(n)d days", seconds // 86_400) % {"n": seconds // 86_400}
    if seconds % 3_600 == 0:
        return ngettext("every hour", "every %(n)d hours", seconds // 3_600) % {"n": seconds // 3_600}
    if seconds % 60 == 0:
        return ngettext("every minute", "every %(n)d minutes", seconds // 60) % {"n": seconds // 60}
    return ngettext("every second", "every %(n)d seconds", seconds) % {"n": seconds}
