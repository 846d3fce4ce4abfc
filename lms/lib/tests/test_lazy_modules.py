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
print(*(name for name in {printers} if name in sys.modules))
"""


def test_a_module_is_imported_when_something_of_it_is_asked_for() -> None:
    module = lazily("json.tool")
    sys.modules.pop("json.tool", None)
    assert "json.tool" not in sys.modules
    assert callable(module.main)
    assert "json.tool" in sys.modules


def test_neither_web_nor_socket_nor_worker_loads_the_printers_at_its_start() -> None:
    command = [sys.executable, "-c", EVERYTHING.format(printers=PRINTERS)]
    answer = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []
