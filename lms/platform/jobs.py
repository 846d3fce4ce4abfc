"""`@job`, the way to write a Celery task: what the broker will not take after a commit goes to the outbox, what fails
is kept with its error and can be repeated, and its log lines carry the id of the request that asked."""

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

from lms.lib import request_id
from lms.lib.errors import DomainError
from lms.platform import queues
from lms.platform.audit import record
from lms.platform.models import DeferredTask, FailedTask

log = logging.getLogger(__name__)

HEADER = "campus_request_id"


class JobError(DomainError):
    """The job cannot be repeated."""


class Job(Task):
    """A task whose `delay_on_commit` never loses work and never fails the request that asked for it (QUALITY X05)."""

    abstract = True

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:
        """Queue the task once the transaction commits; nothing is queued when it rolls back. Arguments are ids."""
        transaction.on_commit(partial(self.send_or_defer, *args, **kwargs))

    def send_or_defer(self, *args: Any, **kwargs: Any) -> None:
        """Hand the task to the broker, or keep it in the outbox when the broker is not there."""
        try:
            self.delay(*args, **kwargs)
        except (OperationalError, OSError) as error:
            log.warning("broker refused %s, kept in the outbox: %s", self.name, error)
            DeferredTask.objects.create(name=self.name, args=list(args), kwargs=kwargs, last_error=str(error))

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Keep the task with its error, for somebody to look at and repeat."""
        FailedTask.objects.create(
            name=self.name,
            args=list(args),
            kwargs=dict(kwargs),
            error=f"{type(exc).__name__}: {exc}"[: FailedTask.LONGEST_ERROR],
            request_id=request_id.current.get(),
        )

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        """Note that a periodic job ran."""
        if self.name in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}:
            queues.note_run(self.name)


def job(function: Callable[..., Any]) -> Job:
    """Make a function a task of this kind. It takes ids, calls one service, and survives running twice."""
    return shared_task(base=Job)(function)


@transaction.atomic
def repeat(*, actor: Any, failed: FailedTask) -> None:
    """Queue a failed job again, once the transaction commits. Raises JobError `job_repeated` when somebody did already,
    `job_unknown` for a job that this version does not have."""
    failed = FailedTask.objects.select_for_update().get(pk=failed.pk)
    if failed.settled_at is not None:
        raise JobError("job_repeated", _("This job was repeated or put aside already."))
    task = current_app.tasks.get(failed.name)
    if not isinstance(task, Job):
        raise JobError("job_unknown", _("There is no such job any more."))
    settle(failed)
    record(actor=actor, action="platform.job_repeated", target=failed, changes={"job": failed.name})
    task.delay_on_commit(*failed.args, **failed.kwargs)


@transaction.atomic
def put_aside(*, actor: Any, failed: FailedTask) -> None:
    """Note that nobody need repeat a failed job."""
    settle(failed)
    record(actor=actor, action="platform.job_put_aside", target=failed, changes={"job": failed.name})


def settle(failed: FailedTask) -> None:
    """Mark a failed job as looked at."""
    failed.settled_at = timezone.now()
    failed.save(update_fields=["settled_at"])


_tokens: dict[str, Token[str]] = {}


@before_task_publish.connect
def send_request_id(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    """Send the request's id along with the task."""
    if headers is not None:
        headers[HEADER] = request_id.current.get()


@task_prerun.connect
def take_request_id(task_id: str, task: Any, **kwargs: Any) -> None:
    """Work under the id of the request that asked; a periodic job works under its own."""
    if task.request.is_eager:
        return  # it runs inside the request
    given = task.request.get(HEADER) or "-"
    _tokens[task_id] = request_id.current.set(task_id if given == "-" else given)


@task_postrun.connect
def leave_request_id(task_id: str, **kwargs: Any) -> None:
    """Forget whose work it was."""
    token = _tokens.pop(task_id, None)
    if token is not None:
        request_id.current.reset(token)
