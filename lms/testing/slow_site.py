"""The site, slow on demand: `gunicorn lms.testing.slow_site`. `/slow` takes two seconds over what `/livez` answers."""

import time
from collections.abc import Iterable
from typing import Any

from lms.wsgi import application as site

SECONDS = 2


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer as the site does, `/slow` later."""
    if environ["PATH_INFO"] == "/slow":
        time.sleep(SECONDS)
        environ["PATH_INFO"] = "/livez"
    return site(environ, start_response)
