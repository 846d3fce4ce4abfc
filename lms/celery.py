"""The Celery app, configured by the `CELERY_` settings. Tasks are defined in each app's `tasks.py`."""

import os
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

app = Celery("lms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def warm_up(**kwargs: Any) -> None:
    """Import what renders PDFs before the worker forks, so that its processes share the memory."""
    for name in ("certificates.pdf", "certificates.signature", "payments.receipt_pdf"):
        import_module(name)  # models can be imported only once Django is set up
