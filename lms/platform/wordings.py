"""How the site words its mails: changed by staff, kept in the cache, in the audit log before and after."""

from functools import partial
from http import HTTPStatus
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from lms.lib.errors import DomainError
from lms.lib.mail_kinds import Kind, Wording, use_wordings
from lms.platform.audit import record
from lms.platform.models import MailWording


class WordingError(DomainError):
    """A mail cannot be worded so."""


def kept_wording(kind: str, language: str) -> Wording | None:
    """Return how the site words a kind in a language; None for the kind's own wording. At most one query, mostly none.

    All of them are one entry of the cache, for up to a minute: there are as many as kinds and languages.
    """
    found: dict[tuple[str, str], Wording] | None = cache.get(MailWording.CACHE_KEY)
    if found is None:
        found = {(row.kind, row.language): Wording(row.subject, row.text) for row in MailWording.objects.all()}
        cache.set(MailWording.CACHE_KEY, found, MailWording.CACHE_SECONDS)
    return found.get((kind, language))


use_wordings(kept_wording)


def unknown_names(kind: Kind, text: str) -> str:
    """Return what to say about names in braces that a kind does not know; empty where there are none."""
    unknown = ", ".join(f"{{{name}}}" for name in kind.unknown(text))
    if not unknown:
        return ""
    known = ", ".join(f"{{{name}}}" for name in kind.values)
    return _("This mail knows nothing of %(unknown)s. It knows %(known)s.") % {"unknown": unknown, "known": known}


@transaction.atomic
def word_mail(*, actor: Any, kind: Kind, language: str, wording: Wording) -> MailWording:
    """Have a kind of mail say something else in one language, from its next one on. Raises WordingError
    `unknown_name` (400) for a name in braces that the kind does not know."""
    problem = unknown_names(kind, f"{wording.subject}\n{wording.text}")
    if problem:
        raise WordingError("unknown_name", problem, status=HTTPStatus.BAD_REQUEST)
    before = MailWording.objects.select_for_update().filter(kind=kind.name, language=language).first()
    row, _made = MailWording.objects.update_or_create(
        kind=kind.name, language=language, defaults={"subject": wording.subject, "text": wording.text}
    )
    changes = {name: [getattr(before, name, ""), getattr(row, name)] for name in ("subject", "text")}
    record(actor=actor, action="platform.mail_worded", target=row, changes={"mail": str(row), **changes})
    transaction.on_commit(partial(cache.delete, MailWording.CACHE_KEY))
    return row


@transaction.atomic
def unword_mail(*, actor: Any, kind: Kind, language: str) -> bool:
    """Have a kind of mail say again what it comes with, in one language; return whether it said anything else."""
    row = MailWording.objects.select_for_update().filter(kind=kind.name, language=language).first()
    if row is None:
        return False
    changes = {"mail": str(row), "subject": [row.subject, ""], "text": [row.text, ""]}
    record(actor=actor, action="platform.mail_unworded", target=row, changes=changes)
    row.delete()
    transaction.on_commit(partial(cache.delete, MailWording.CACHE_KEY))
    return True
