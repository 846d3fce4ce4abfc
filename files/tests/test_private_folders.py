"""Folders of files and mails are readable by their owner only."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import EmailMessage

from core.mail.delivery import FolderBackend


@pytest.mark.quality("V11")
def test_the_folders_of_files_and_mails_are_private(tmp_path: Path, settings: Any) -> None:
    settings.MAIL_DIR = tmp_path / "mail"
    FolderBackend().send_messages([EmailMessage("Hello", "Text", to=["bob@example.com"])])
    name = default_storage.save("uploads/ab/note.txt", ContentFile(b"text"))
    private = [settings.MAIL_DIR, settings.MEDIA_ROOT / "uploads", settings.MEDIA_ROOT / name]
    assert [path.stat().st_mode & 0o077 for path in private] == [0, 0, 0]
