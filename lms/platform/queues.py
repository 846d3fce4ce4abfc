"""How much work waits: in the broker's queues, in the outbox, and among the jobs that failed."""

from typing import Any

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

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
            "every": entry["schedule"],
            "last_run_at": ran.get(f"platform.last_run.{entry['task']}"),
        }
        for name, entry in entries
    ]
