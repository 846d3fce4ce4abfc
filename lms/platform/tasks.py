"""Periodic jobs of the platform."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from lms.platform import audit
from lms.platform.jobs import job
from lms.platform.models import DeferredTask, IdempotentReply

BATCH = 200
log = logging.getLogger(__name__)


@job
def send_deferred_tasks() -> int:
    """Hand the outbox's due tasks to the broker; return how many it took.

    Safe to run twice at once: each row is locked, and rows that another worker holds are passed over.
    """
    sent = 0
    with transaction.atomic():
        for waiting in DeferredTask.objects.due().select_for_update(skip_locked=True)[:BATCH]:
            try:
                current_app.send_task(waiting.name, args=waiting.args, kwargs=waiting.kwargs)
            except (OperationalError, OSError) as error:
                waiting.postpone(error)
                break
            waiting.delete()
            sent += 1
    return sent


class AuditLogError(Exception):
    """The audit log is not as it was written."""


@job
def check_audit_log() -> str:
    """Look the audit log through, and write its head into the log, which is kept elsewhere: so the site itself cannot
    cut off its end unseen. A bad row makes the job fail, and so stands on the staff's front page."""
    found = audit.verdict()
    if not found.holds:
        raise AuditLogError(f"Entry {found.bad_entry} {found.reason}. The {found.checked} before it hold.")
    log.warning("The audit log holds: %s entries, head %s", found.checked, found.head)
    return found.head


@job
def forget_old_replies() -> int:
    """Delete the idempotent replies that no client is still waiting for; return how many."""
    deleted, _by_model = IdempotentReply.objects.forgotten().delete()
    return deleted
