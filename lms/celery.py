"""The Celery app. Its settings are the `CELERY_` ones of `lms.settings`; tasks live in each app's `tasks.py`."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

from lms.lib.lazy_modules import load_promised

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

app = Celery("lms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def warm_up(**kwargs: Any) -> None:
    """Load the printers once, in the process that forks the others."""
    load_promised()
