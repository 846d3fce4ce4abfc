"""Mail texts edited by staff: stored per mail type and language, cached, and audited with old and new values."""

from functools import partial
from http import HTTPStatus
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from core.audit.entries import record
from core.http.errors import DomainError
from core.mail.mail_types import MailText, MailType
from core.models import MailWording


class MailTextError(DomainError):
    """The mail text is not valid."""


def get_site_text(name: str, language: str) -> MailText | None:
    """Return the site's text for the mail type called `name`, or None for the default text.

    All texts are cached in one entry for up to a minute, as there are only as many as mail types times languages. At
    most one query, usually none.
    """
    found: dict[tuple[str, str], MailText] | None = cache.get(MailWording.CACHE_KEY)
    if found is None:
        found = {(row.kind, row.language): MailText(row.subject, row.text) for row in MailWording.objects.all()}
        cache.set(MailWording.CACHE_KEY, found, MailWording.CACHE_SECONDS)
    return found.get((name, language))


def get_mail_text(mail_type: MailType, language: str) -> MailText:
    """Return the site's text of a mail type, or its default text. `language` must be the active language."""
    return get_site_text(mail_type.name, language) or mail_type.default_text


def get_placeholder_error(mail_type: MailType, text: str) -> str:
    """Return the error message for unknown placeholders in `text`, or an empty string."""
    unknown = ", ".join(f"{{{name}}}" for name in mail_type.find_unknown_placeholders(text))
    if not unknown:
        return ""
    known = ", ".join(f"{{{name}}}" for name in mail_type.values)
    return _("Unknown placeholders: %(unknown)s. Use any of these: %(known)s.") % {"unknown": unknown, "known": known}


@transaction.atomic
def save_mail_text(*, actor: Any, mail_type: MailType, language: str, text: MailText) -> MailWording:
    """Store the site's text of a mail type in one language; it applies from the next mail on.

    Raise MailTextError `unknown_name` (400) if the text has a placeholder that the mail type does not define.
    """
    error = get_placeholder_error(mail_type, f"{text.subject}\n{text.text}")
    if error:
        raise MailTextError("unknown_name", error, status=HTTPStatus.BAD_REQUEST)
    before = MailWording.objects.select_for_update().filter(kind=mail_type.name, language=language).first()
    row, _created = MailWording.objects.update_or_create(
        kind=mail_type.name, language=language, defaults={"subject": text.subject, "text": text.text}
    )
    changes = {name: [getattr(before, name, ""), getattr(row, name)] for name in ("subject", "text")}
    record(actor=actor, action="platform.mail_worded", target=row, changes={"mail": str(row), **changes})
    transaction.on_commit(partial(cache.delete, MailWording.CACHE_KEY))
    return row


@transaction.atomic
def reset_mail_text(*, actor: Any, mail_type: MailType, language: str) -> bool:
    """Delete the site's text of a mail type in one language; return whether there was one."""
    row = MailWording.objects.select_for_update().filter(kind=mail_type.name, language=language).first()
    if row is None:
        return False
    changes = {"mail": str(row), "subject": [row.subject, ""], "text": [row.text, ""]}
    record(actor=actor, action="platform.mail_unworded", target=row, changes=changes)
    row.delete()
    transaction.on_commit(partial(cache.delete, MailWording.CACHE_KEY))
    return True
