"""The site with one slow address, for tests of shutdown: `gunicorn tools.testing.slow_site`.

`/slow` creates a file in the data folder when the request begins, and answers like `/livez` after five seconds.
"""

import tempfile
import time
from collections.abc import Iterable
from typing import Any

from lms.wsgi import application as site

from django.conf import settings  # isort: skip  # the import above sets Django up

SECONDS = 5


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Call the site's WSGI application, after five seconds for `/slow`."""
    if environ["PATH_INFO"] == "/slow":
        tempfile.mkstemp(dir=settings.DATA_DIR, prefix="slow-")
        time.sleep(SECONDS)
        environ["PATH_INFO"] = "/livez"
    return site(environ, start_response)
