"""A renderer of certificates that waits, for tests that kill a worker before or after the PDF is written.

`celery -A lms worker -I tools.testing.slow_renderer`, with SLOW_PRINTING=before or after. Only the first certificate
waits.
"""

import os
import time
from typing import Any

from django.conf import settings

from certificates import renderer

render_pdf: Any = renderer.render_pdf


def _wait_to_be_killed() -> None:
    """Write the process id to the file `printing` and wait, but only in the first call of all processes."""
    try:
        with (settings.DATA_DIR / "printing").open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        return
    time.sleep(100)


def print_slowly(certificate_id: str) -> None:
    """Call the original renderer, and wait before or after it."""
    if os.environ["SLOW_PRINTING"] == "before":
        _wait_to_be_killed()
    render_pdf(certificate_id)
    if os.environ["SLOW_PRINTING"] == "after":
        _wait_to_be_killed()


renderer.render_pdf = print_slowly
