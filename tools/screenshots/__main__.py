"""Entry point of `make screenshots`, with a temporary DATA_DIR, which must be set before the settings are loaded."""

import os
import tempfile
from importlib import import_module

import django

with tempfile.TemporaryDirectory(prefix="screens-", ignore_cleanup_errors=True) as folder:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    os.environ["DATA_DIR"] = folder
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs an event loop in this thread
    django.setup()
    import_module("tools.screenshots.photographs").main()
