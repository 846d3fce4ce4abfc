"""Celery tasks of the project, declared with `@job`.

A task that the broker refuses after a commit is stored in the outbox. A task that fails is stored with its error, and
staff can retry it. The log lines of a task carry the id of the request that queued it.
"""

import logging
from collections.abc import Callable
from contextvars import Token
from functools import partial
from typing import Any

from celery import Task, current_app, shared_task
from celery.signals import before_task_publish, task_postrun, task_prerun
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from core.audit.entries import record
from core.http import request_id
from core.http.errors import DomainError
from core.jobs import queues
from core.models import DeferredTask, FailedTask

log = logging.getLogger(__name__)

HEADER = "campus_request_id"


class JobError(DomainError):
    """The job cannot be retried."""


class Job(Task):
    """Task whose `delay_on_commit` never loses work and never fails the calling request (quality row X05)."""

    abstract = True

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:
        """Queue the task when the transaction commits; a rollback discards it. Arguments should be ids."""
        transaction.on_commit(partial(self.send_or_defer, *args, **kwargs))

    def send_or_defer(self, *args: Any, **kwargs: Any) -> None:
        """Send the task to the broker, or store it in the outbox if the broker is not available."""
        try:
            self.delay(*args, **kwargs)
        except (OperationalError, OSError) as error:
            log.warning("broker refused %s, stored in the outbox: %s", self.name, error)
            DeferredTask.objects.create(name=self.name, args=list(args), kwargs=kwargs, last_error=str(error))

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Store the task with its error, so that staff can inspect and retry it."""
        FailedTask.objects.create(
            name=self.name,
            args=list(args),
            kwargs=dict(kwargs),
            error=f"{type(exc).__name__}: {exc}"[: FailedTask.LONGEST_ERROR],
            request_id=request_id.current.get(),
        )

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        """Record the run of a periodic job."""
        if self.name in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}:
            queues.record_run(self.name)


def job(name: str, *, former_name: str = "") -> Callable[[Callable[..., Any]], Job]:
    """Return a decorator that registers a function as a `Job` called `name`, independent of its module.

    The function should take ids, call one service, and be idempotent. It is also registered under `former_name`, by
    default its dotted path: before names were explicit, the dotted path was the name, and brokers, outboxes and failed
    jobs of running sites still contain it. This alias stays for one release.
    """

    def decorate(function: Callable[..., Any]) -> Job:
        former = former_name or f"{function.__module__}.{function.__name__}"
        shared_task(base=Job, name=former)(function)
        return shared_task(base=Job, name=name)(function)

    return decorate


@transaction.atomic
def retry_job(*, actor: Any, failed: FailedTask) -> None:
    """Queue a failed job again when the transaction commits.

    Raise JobError `job_repeated` if it was retried or dismissed before, and `job_unknown` if this version does not have
    the job.
    """
    failed = FailedTask.objects.select_for_update().get(pk=failed.pk)
    if failed.settled_at is not None:
        raise JobError("job_repeated", _("This job was already retried or dismissed."))
    current_app.loader.import_default_modules()  # a web process has only imported the tasks that it sends
    task = current_app.tasks.get(failed.name)
    if not isinstance(task, Job):
        raise JobError("job_unknown", _("This job no longer exists. Dismiss it instead."))
    mark_resolved(failed)
    record(actor=actor, action="platform.job_repeated", target=failed, changes={"job": failed.name})
    task.delay_on_commit(*failed.args, **failed.kwargs)


@transaction.atomic
def dismiss_job(*, actor: Any, failed: FailedTask) -> None:
    """Mark a failed job as resolved without running it again."""
    mark_resolved(failed)
    record(actor=actor, action="platform.job_put_aside", target=failed, changes={"job": failed.name})


def mark_resolved(failed: FailedTask) -> None:
    """Store the time at which a failed job was retried or dismissed."""
    failed.settled_at = timezone.now()
    failed.save(update_fields=["settled_at"])


_tokens: dict[str, Token[str]] = {}


@before_task_publish.connect
def send_request_id(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    """Add the id of the current request to the headers of the task."""
    if headers is not None:
        headers[HEADER] = request_id.current.get()


@task_prerun.connect
def restore_request_id(task_id: str, task: Any, **kwargs: Any) -> None:
    """Set the request id from the headers of the task; a periodic job uses its task id."""
    if task.request.is_eager:
        return  # an eager task runs inside the request
    sent_id = task.request.get(HEADER) or "-"
    _tokens[task_id] = request_id.current.set(task_id if sent_id == "-" else sent_id)


@task_postrun.connect
def reset_request_id(task_id: str, **kwargs: Any) -> None:
    """Restore the request id that was set before the task."""
    token = _tokens.pop(task_id, None)
    if token is not None:
        request_id.current.reset(token)
