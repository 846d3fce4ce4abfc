"""Who prints nothing loads no printer."""

import subprocess
import sys

from django.conf import settings

from lms.lib.lazy_modules import lazily

PRINTERS = ("weasyprint", "pyhanko", "fontTools.subset")
EVERYTHING = """
import sys, django
django.setup()
import lms.asgi, lms.celery, lms.wsgi, lms.urls
lms.celery.app.loader.import_default_modules()
import celery.signals
{more}
print(*(name for name in {printers} if name in sys.modules))
"""


def test_a_module_is_imported_when_something_of_it_is_asked_for() -> None:
    module = lazily("json.tool")
    sys.modules.pop("json.tool", None)
    assert "json.tool" not in sys.modules
    assert callable(module.main)
    assert "json.tool" in sys.modules


def loaded(more: str = "") -> list[str]:
    """Return the printers that a process has when it has imported everything else, and done `more`."""
    script = EVERYTHING.format(printers=PRINTERS, more=more)
    command = [sys.executable, "-c", script]
    answer = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    return answer.stdout.split()


def test_neither_web_nor_sockets_load_the_printers_at_their_start() -> None:
    assert loaded() == []


def test_a_worker_loads_them_before_it_forks() -> None:
    assert loaded("celery.signals.worker_init.send(sender=None)") == list(PRINTERS)
