"""Only processes that render PDFs import WeasyPrint and pyHanko."""

import subprocess
import sys

from django.conf import settings

PDF_MODULES = ("weasyprint", "pyhanko", "fontTools.subset")
EVERYTHING = """
import sys, django
django.setup()
import lms.asgi, lms.celery, lms.wsgi, lms.urls
lms.celery.app.loader.import_default_modules()
import celery.signals
{more}
print(*(name for name in {modules} if name in sys.modules))
"""


def loaded(more: str = "") -> list[str]:
    """Return the PDF modules that a process has imported after it started and ran `more`."""
    script = EVERYTHING.format(modules=PDF_MODULES, more=more)
    command = [sys.executable, "-c", script]
    answer = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    return answer.stdout.split()


def test_web_and_socket_processes_start_without_pdf_modules() -> None:
    assert loaded() == []


def test_a_worker_imports_pdf_modules_before_it_forks() -> None:
    assert loaded("celery.signals.worker_init.send(sender=None)") == list(PDF_MODULES)
