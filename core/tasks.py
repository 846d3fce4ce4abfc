"""Periodic jobs of the kernel."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from core.audit import entries
from core.audit.checkpoints import add_checkpoint
from core.jobs.job import job
from core.models import DeferredTask, IdempotentReply

BATCH = 200
log = logging.getLogger(__name__)


@job("core.send_deferred_tasks", former_name="lms.platform.tasks.send_deferred_tasks")
def send_deferred_tasks() -> int:
    """Send the due tasks of the outbox to the broker; return the number of tasks sent.

    Safe to run concurrently: each row is locked, and rows locked by another worker are skipped.
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
    """The verification of the audit log failed."""


@job("core.check_audit_log", former_name="lms.platform.tasks.check_audit_log")
def check_audit_log() -> str:
    """Verify the audit log and add a checkpoint, which is also written outside of the database; return the head.

    A bad row makes the job fail, and the failure is shown on the dashboard of the admin.
    """
    report = entries.verify_chain()
    if not report.is_intact:
        raise AuditLogError(report.fault)
    add_checkpoint(report.head)
    log.warning("The audit log is valid: %s entries, head %s", report.checked, report.head)
    return report.head


@job("core.forget_old_replies", former_name="lms.platform.tasks.forget_old_replies")
def forget_old_replies() -> int:
    """Delete expired idempotent replies; return their number."""
    deleted, _by_model = IdempotentReply.objects.expired().delete()
    return deleted
