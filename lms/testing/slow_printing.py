"""For a worker that is to be killed: the first certificate waits, before or after it is printed, for that to happen.

`celery -A lms worker -I lms.testing.slow_printing`, with SLOW_PRINTING=before or after.
"""

import os
import time
from typing import Any

from django.conf import settings

from certificates import printing

print_pdf: Any = printing.print_pdf


def _wait_to_be_killed() -> None:
    """Write down which process this is, once, and wait."""
    try:
        with (settings.DATA_DIR / "printing").open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        return
    time.sleep(100)


def slowly(certificate_id: str) -> None:
    """Print as always, with a wait."""
    if os.environ["SLOW_PRINTING"] == "before":
        _wait_to_be_killed()
    print_pdf(certificate_id)
    if os.environ["SLOW_PRINTING"] == "after":
        _wait_to_be_killed()


printing.print_pdf = slowly
