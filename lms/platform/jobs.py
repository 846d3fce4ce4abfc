"""`@job`, the way to write a Celery task: what the broker will not take after a commit goes to the outbox."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from celery import Task, shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from lms.platform.models import DeferredTask

log = logging.getLogger(__name__)


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


def job(function: Callable[..., Any]) -> Job:
    """Make a function a task of this kind. It takes ids, calls one service, and survives running twice."""
    return shared_task(base=Job)(function)
