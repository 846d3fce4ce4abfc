"""The project. Loading it loads the Celery app, so that `shared_task` binds to it in every process."""

import gc

# Loading the site makes half a million objects that stay. Python would look through them for garbage after every 700
# new ones: a fifth of the time that a process takes to start.
gc.set_threshold(50_000, 20, 50)

from lms.celery import app as celery_app  # noqa: E402  # what it loads is most of it

__all__ = ["celery_app"]
