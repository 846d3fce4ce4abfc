"""Everything the site holds about somebody, as a ZIP file of JSON."""

import io
import json
import zipfile

from django.core.serializers.json import DjangoJSONEncoder

from accounts import registry
from accounts.models import LoginSession, User
from lms.platform.audit import record


def archive(*, user: User) -> bytes:
    """Return a ZIP file with one JSON file for each app that holds something about the user."""
    parts = {"account": _account(user), **registry.export(user)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        for name, part in parts.items():
            files.writestr(f"{name}.json", json.dumps(part, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False))
    record(actor=user, action="accounts.data_exported", target=user)
    return packed.getvalue()


def _account(user: User) -> dict[str, object]:
    """Return the account itself and its logins; never a hash, a token or a secret."""
    fields = ("id", "email", "full_name", "role", "time_zone", "profile_metadata", "email_verified_at", "created_at",
              "last_login", "mfa_enabled")  # fmt: skip
    logins = LoginSession.objects.filter(user=user)
    return {
        **{name: getattr(user, name) for name in fields},
        "logins": list(logins.values("kind", "created_at", "last_used_at", "ended_at", "ip_address", "user_agent")),
    }
