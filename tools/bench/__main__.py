"""`python -m tools.testing.engines python -m tools.bench [--quick] [part ...]`: benchmarks with production settings."""

import argparse
import os
import secrets
import sys
import tempfile
from importlib import import_module

import django


def main() -> int:
    """Run the benchmarks; return the exit code."""
    arguments = argparse.ArgumentParser(prog="tools.bench")
    arguments.add_argument("--quick", action="store_true", help="use a tenth of the data and write no report")
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
            # With rate limits, the benchmarks would measure only these.
            RATE_LIMITS="0",
            REQUIRE_VERIFIED_EMAIL="0",
            LOG_LEVEL="ERROR",
            CONN_MAX_AGE="60",  # as in production and in the yardsticks; tools.testing.engines sets 0
            DATA_DIR=folder,
        )
        django.setup()
        code: int = import_module("tools.bench.runner").run(wanted.parts, quick=wanted.quick)
    return code


if __name__ == "__main__":
    sys.exit(main())
