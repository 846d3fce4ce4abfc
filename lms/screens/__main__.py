"""Starts `make screenshots` on data of its own: the settings read DATA_DIR when they are loaded, so it is set first."""

import os
import tempfile
from importlib import import_module

import django

with tempfile.TemporaryDirectory(prefix="screens-", ignore_cleanup_errors=True) as folder:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    os.environ["DATA_DIR"] = folder
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps a loop in this thread
    django.setup()
    import_module("lms.screens.photographs").main()
