"""The control of experiment 10: the shipped settings, but transactions on SQLite take the lock at their first write."""

from lms.settings import *  # noqa: F403  # settings modules are made so
from lms.settings import DATABASES

DATABASES["default"]["OPTIONS"]["transaction_mode"] = "DEFERRED"
