"""Starts `make lighthouse` on data of its own: the demo, loaded as in development, then served as in production.

The demo's passwords are known to everybody, so no production start loads it: a process before this one does.
"""

import os
import secrets
import subprocess
import sys
import tempfile
from importlib import import_module

import django

from lms.lib.ports import free_port

with tempfile.TemporaryDirectory(prefix="lighthouse-", ignore_cleanup_errors=True) as folder:
    site = f"http://127.0.0.1:{free_port()}"
    os.environ.update(DJANGO_SETTINGS_MODULE="lms.settings", DATA_DIR=folder, SITE_URL=site)
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(50)
    for command in (["migrate", "-v0"], ["seed_demo"]):
        subprocess.run([sys.executable, "manage.py", *command], check=True)  # noqa: S603  # our own commands
    os.environ.update(
        ENVIRONMENT="production",
        ALLOWED_HOSTS="127.0.0.1,testserver",
        SECURE_SSL_REDIRECT="0",  # TLS is the proxy's; browsers trust this machine without
        RATE_LIMITS="0",
        LOG_LEVEL="ERROR",
    )
    django.setup()
    sys.exit(import_module("lms.lighthouse.measuring").run(site, sys.argv[1:]))
