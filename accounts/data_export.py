"""Export of a user's personal data: a ZIP file of JSON, built by a task and downloaded through a signed link."""

import io
import json
import zipfile
from contextlib import suppress

from django.core import signing
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from accounts import registry
from accounts.models import DataExport, LoginSession, User
from accounts.models.exports import EXPORT_LIFETIME
from core.db.stored_files import put_in_place
from core.mail import delivery

_signer = signing.TimestampSigner(salt="accounts.export")


def build_export(export_id: str) -> bool:
    """Build the archive of an export and email its owner once; return whether this call sent the email.

    The archive is built before the row is locked; the loser of a race discards its archive.
    """
    export = DataExport.objects.unexpired().select_related("user").filter(pk=export_id).first()
    if export is None:
        return False
    content = b"" if export.is_ready else build_archive(user=export.user)
    with transaction.atomic():
        locked = DataExport.objects.select_for_update(of=("self",)).select_related("user").get(pk=export.pk)
        if not locked.is_ready:
            put_in_place(locked.file, f"{locked.pk}.zip", content)
            locked.save(update_fields=["file"])
    return _notify_owner(locked)


@transaction.atomic
def _notify_owner(export: DataExport) -> bool:
    """Email the download link to the export's owner, once; return whether this call sent it."""
    locked = DataExport.objects.select_for_update(of=("self",)).get(pk=export.pk)
    if locked.mailed_at is not None:
        return False
    context = {"user": export.user, "token": sign_export(export), "expires_at": export.expires_at}
    delivery.send("data_export", to=export.user.email, context=context)
    locked.mailed_at = timezone.now()
    locked.save(update_fields=["mailed_at"])
    return True


def sign_export(export: DataExport) -> str:
    """Return the token of an export's download link: its signed id, valid as long as the file exists."""
    return _signer.sign(export.pk.hex)


def find_export(*, token: str, user: User) -> DataExport | None:
    """Return the user's own export for a token if its file is ready, else None. One query."""
    with suppress(signing.BadSignature):
        export_id = _signer.unsign(token, max_age=EXPORT_LIFETIME)
        return DataExport.objects.unexpired().exclude(file="").filter(pk=export_id, user=user).first()
    return None


def build_archive(*, user: User) -> bytes:
    """Return a ZIP file with one JSON file for each app that has personal data of the user."""
    parts = {"account": _account(user), **registry.export(user)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as files:
        for name, part in parts.items():
            files.writestr(f"{name}.json", json.dumps(part, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False))
    return buffer.getvalue()


def _account(user: User) -> dict[str, object]:
    """Return the account and its logins, without hashes, tokens and secrets."""
    fields = ("id", "email", "full_name", "role", "time_zone", "language", "profile_metadata", "email_verified_at",
              "created_at", "last_login", "mfa_enabled")  # fmt: skip
    logins = LoginSession.objects.filter(user=user)
    return {
        **{name: getattr(user, name) for name in fields},
        "logins": list(logins.values("kind", "created_at", "last_used_at", "ended_at", "ip_address", "user_agent")),
    }
