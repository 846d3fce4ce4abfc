"""A process that is killed between writing an upload's bytes and writing its row; a test starts it on its own database.

`python -m lms.testing.killed_upload DATABASE MEDIA_ROOT EMAIL HEX`
"""

import os
import signal
import sys
from typing import Any

import django
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections

if __name__ == "__main__":
    database, media_root, email, content = sys.argv[1:]
    settings.DATABASES["default"]["NAME"] = database
    settings.MEDIA_ROOT = media_root
    django.setup()
    connections["default"].settings_dict["NAME"] = database

from accounts.models import User  # models can be imported only once Django is set up
from files import services  # as above


def killed(*args: Any) -> None:
    """Die as a machine does that loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    services._kept = killed
    services.upload(
        actor=User.objects.get(email=email),
        content=SimpleUploadedFile("me.png", bytes.fromhex(content)),
        purpose="avatar",
    )
