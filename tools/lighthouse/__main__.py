"""Entry point of `make lighthouse`, with a temporary DATA_DIR that contains the demo.

The demo is loaded by processes with development settings, because production refuses its public passwords. Then it is
served with production settings.
"""

import os
import secrets
import subprocess
import sys
import tempfile
from importlib import import_module

import django

from tools.ports import free_port

with tempfile.TemporaryDirectory(prefix="lighthouse-", ignore_cleanup_errors=True) as folder:
    site = f"http://127.0.0.1:{free_port()}"
    os.environ.update(DJANGO_SETTINGS_MODULE="lms.settings", DATA_DIR=folder, SITE_URL=site)
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(50)
    for command in (["migrate", "-v0"], ["seed_demo"]):
        subprocess.run([sys.executable, "manage.py", *command], check=True)  # noqa: S603  # constant commands
    os.environ.update(
        ENVIRONMENT="production",
        ALLOWED_HOSTS="127.0.0.1,testserver",
        SECURE_SSL_REDIRECT="0",  # no TLS proxy here; browsers treat localhost as secure
        RATE_LIMITS="0",
        LOG_LEVEL="ERROR",
    )
    django.setup()
    sys.exit(import_module("tools.lighthouse.runner").run(site, sys.argv[1:]))
