"""The control of experiment 10: the project's settings, but SQLite transactions take the lock at their first write."""

from lms.settings import *  # noqa: F403  # extends the project's settings
from lms.settings import DATABASES

DATABASES["default"]["OPTIONS"]["transaction_mode"] = "DEFERRED"
