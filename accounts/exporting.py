"""Everything the site holds about somebody, as a ZIP file of JSON: packed by a task, fetched by a signed link."""

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
from accounts.models.exports import LASTS
from lms.lib import mail
from lms.lib.stored_files import put_in_place

_signer = signing.TimestampSigner(salt="accounts.export")


def pack(export_id: str) -> bool:
    """Pack an export and write to its owner, each unless it was done; return whether this call wrote.

    The work is done before the row is locked; who comes second to the lock throws theirs away.
    """
    export = DataExport.objects.lasting().select_related("user").filter(pk=export_id).first()
    if export is None:
        return False
    content = b"" if export.is_ready else archive(user=export.user)
    with transaction.atomic():
        locked = DataExport.objects.select_for_update(of=("self",)).select_related("user").get(pk=export.pk)
        if not locked.is_ready:
            put_in_place(locked.file, f"{locked.pk}.zip", content)
            locked.save(update_fields=["file"])
    return _write_to_owner(locked)


@transaction.atomic
def _write_to_owner(export: DataExport) -> bool:
    locked = DataExport.objects.select_for_update(of=("self",)).get(pk=export.pk)
    if locked.mailed_at is not None:
        return False
    context = {"user": export.user, "token": token_of(export), "expires_at": export.expires_at}
    mail.send("data_export", to=export.user.email, context=context)
    locked.mailed_at = timezone.now()
    locked.save(update_fields=["mailed_at"])
    return True


def token_of(export: DataExport) -> str:
    """Return what a link to an export carries: its id, signed, and good for as long as the file is."""
    return _signer.sign(export.pk.hex)


def opened(*, token: str, user: User) -> DataExport | None:
    """Return the user's own export behind a token, with its file; None for any other. One query."""
    with suppress(signing.BadSignature):
        export_id = _signer.unsign(token, max_age=LASTS)
        return DataExport.objects.lasting().exclude(file="").filter(pk=export_id, user=user).first()
    return None


def archive(*, user: User) -> bytes:
    """Return a ZIP file with one JSON file for each app that holds something about the user."""
    parts = {"account": _account(user), **registry.export(user)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        for name, part in parts.items():
            files.writestr(f"{name}.json", json.dumps(part, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False))
    return packed.getvalue()


def _account(user: User) -> dict[str, object]:
    """Return the account itself and its logins; never a hash, a token or a secret."""
    fields = ("id", "email", "full_name", "role", "time_zone", "language", "profile_metadata", "email_verified_at",
              "created_at", "last_login", "mfa_enabled")  # fmt: skip
    logins = LoginSession.objects.filter(user=user)
    return {
        **{name: getattr(user, name) for name in fields},
        "logins": list(logins.values("kind", "created_at", "last_used_at", "ended_at", "ip_address", "user_agent")),
    }
