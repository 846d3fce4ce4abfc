"""An upload in a process that is killed after the bytes are stored and before the row is inserted.

A test runs `python -m tools.testing.killed_upload DATABASE MEDIA_ROOT EMAIL HEX` on its own database.
"""

import os
import signal
import sys
from typing import Any

import django
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.db.models.signals import pre_save

if __name__ == "__main__":
    database, media_root, email, content = sys.argv[1:]
    settings.DATABASES["default"]["NAME"] = database
    settings.MEDIA_ROOT = media_root
    django.setup()
    connections["default"].settings_dict["NAME"] = database

from accounts.models import User  # models can be imported only after django.setup()
from files import services  # as above
from files.models import File  # as above


def kill_process(**kwargs: Any) -> None:
    """Kill this process as a power failure does, without any cleanup."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    pre_save.connect(kill_process, sender=File)
    services.upload(
        actor=User.objects.get(email=email),
        content=SimpleUploadedFile("me.png", bytes.fromhex(content)),
        purpose="avatar",
    )
