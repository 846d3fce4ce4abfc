"""`python -m lms.testing.engines python -m lms.bench [--quick] [part ...]`: measures with production settings."""

import argparse
import os
import secrets
import sys
import tempfile
from importlib import import_module

import django


def main() -> int:
    """Measure; return the exit code."""
    arguments = argparse.ArgumentParser(prog="lms.bench")
    arguments.add_argument("--quick", action="store_true", help="a tenth of the school; writes no report")
    arguments.add_argument("parts", nargs="*")
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="lms-bench-", ignore_cleanup_errors=True) as folder:
        os.environ.update(
            DJANGO_SETTINGS_MODULE="lms.settings",
            ENVIRONMENT="production",
            SECRET_KEY=secrets.token_urlsafe(50),
            ALLOWED_HOSTS="127.0.0.1,testserver",
            SITE_URL="https://127.0.0.1",
            TRUSTED_PROXIES="1",
            # The limits are held by tests; here they would be all that is measured.
            RATE_LIMITS="0",
            REQUIRE_VERIFIED_EMAIL="0",
            LOG_LEVEL="ERROR",
            CONN_MAX_AGE="60",  # as in production, and as the yardsticks; the engines of the tests say otherwise
            DATA_DIR=folder,
        )
        django.setup()
        code: int = import_module("lms.bench.measuring").run(wanted.parts, quick=wanted.quick)
    return code


if __name__ == "__main__":
    sys.exit(main())
