"""What somebody asked to take along: everything that the site holds about them, for a few days."""

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

LASTS = timedelta(days=3)


def end_of_export() -> datetime:
    """Return when an export that is asked for now is deleted: in three days."""
    return timezone.now() + LASTS


class DataExportQuerySet(models.QuerySet["DataExport"]):
    """Exports by how long they last."""

    def lasting(self) -> Self:
        """Return those that are not to be deleted yet."""
        return self.filter(expires_at__gt=timezone.now())

    def remove(self) -> int:
        """Delete these, and their files after the commit; return how many."""
        for name in self.exclude(file="").values_list("file", flat=True):
            transaction.on_commit(partial(default_storage.delete, name))
        return self.delete()[0]


class DataExport(models.Model):
    """A ZIP file of everything about one person; packed by a task, fetched by its owner, then deleted.

    There is one for each person at a time, so that nobody fills the disk by asking again.
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
        """Whether the file is there."""
        return bool(self.file)
