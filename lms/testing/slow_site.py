"""The site, slow on demand: `gunicorn lms.testing.slow_site`. `/slow` takes five seconds over what `/livez` answers,
and leaves a file in the data folder when it has begun."""

import tempfile
import time
from collections.abc import Iterable
from typing import Any

from lms.wsgi import application as site

from django.conf import settings  # isort: skip  # the line above sets Django up

SECONDS = 5


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer as the site does, `/slow` later."""
    if environ["PATH_INFO"] == "/slow":
        tempfile.mkstemp(dir=settings.DATA_DIR, prefix="slow-")
        time.sleep(SECONDS)
        environ["PATH_INFO"] = "/livez"
    return site(environ, start_response)
