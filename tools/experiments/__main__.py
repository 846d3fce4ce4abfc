"""Runs the experiment with the given name in a temporary data folder, with the engines of `tools.testing.engines`."""

import os
import sys
import tempfile
from importlib import import_module

import django


def main(name: str) -> int:
    """Run the experiment; return its exit code."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "lms.settings"
    with tempfile.TemporaryDirectory(prefix="lms-experiment-", ignore_cleanup_errors=True) as folder:
        os.environ["DATA_DIR"] = folder
        django.setup()
        code: int = import_module(f"tools.experiments.{name}").main()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
