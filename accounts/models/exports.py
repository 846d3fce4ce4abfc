"""Exports of personal data, available for a few days."""

import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Self

from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User

EXPORT_LIFETIME = timedelta(days=3)


def end_of_export() -> datetime:
    """Return when an export that is requested now expires: in three days."""
    return timezone.now() + EXPORT_LIFETIME


class DataExportQuerySet(models.QuerySet["DataExport"]):
    def unexpired(self) -> Self:
        """Return the exports that have not expired."""
        return self.filter(expires_at__gt=timezone.now())

    def remove(self) -> int:
        """Delete these exports, and their files after the commit; return their number."""
        for name in self.exclude(file="").values_list("file", flat=True):
            transaction.on_commit(partial(default_storage.delete, name))
        return self.delete()[0]


class DataExport(models.Model):
    """A ZIP file with all personal data of a user; built by a task, downloaded by its owner, then deleted.

    A user has one at a time, so that repeated requests cannot fill the disk.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(User, models.CASCADE, related_name="data_export")
    file = models.FileField(upload_to="exports", blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=end_of_export)
    mailed_at = models.DateTimeField(null=True)

    objects = DataExportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("data export")
        constraints = [
            models.CheckConstraint(
                condition=Q(mailed_at=None) | ~Q(file=""), name="accounts_dataexport_mailed_has_file"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_ready(self) -> bool:
        return bool(self.file)
