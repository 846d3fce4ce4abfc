"""Second-factor codes: six digits by email, and ten recovery codes; stored only as keyed hashes, or not at all."""

import base64
import secrets

from django.utils.crypto import constant_time_compare, salted_hmac
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from accounts.models import Challenge, User
from core.text.codes import normalize_one_time_code

RECOVERY_CODES = 10
RECOVERY_NAME = "recovery"
HASH_LENGTH = 16  # the length of django-otp's column: 64 bits of a keyed hash


def derive_mailed_code(challenge: Challenge) -> str:
    """Return the six digits of a challenge, derived from its id and the site's key; never stored."""
    digest = salted_hmac("accounts.mailed_code", challenge.pk.hex, algorithm="sha256").digest()
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06}"


def is_mailed_code(challenge: Challenge, code: str) -> bool:
    """Return whether `code` is the emailed code of the challenge."""
    return constant_time_compare(derive_mailed_code(challenge), code)


def make_recovery_codes(user: User) -> list[str]:
    """Replace a user's recovery codes and return the ten new ones; only hashes are stored. Call in a transaction."""
    StaticDevice.objects.filter(user=user, name=RECOVERY_NAME).delete()
    device = StaticDevice.objects.create(user=user, name=RECOVERY_NAME, confirmed=True)
    texts = [base64.b32encode(secrets.token_bytes(8)).decode().rstrip("=").lower()[:12] for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_hash_code(user, text)) for text in texts)
    return [f"{text[:4]}-{text[4:8]}-{text[8:]}" for text in texts]


def use_recovery_code(user: User, code: str) -> StaticDevice | None:
    """Use up a recovery code; return its device, or None.

    Of two concurrent uses, one succeeds. Two queries.
    """
    device = StaticDevice.objects.filter(user=user, name=RECOVERY_NAME).first()
    if device is None:
        return None
    deleted, _by_model = StaticToken.objects.filter(device=device, token=_hash_code(user, code)).delete()
    return device if deleted else None


def count_recovery_codes(user: User) -> int:
    """Return the number of unused recovery codes of a user. One query."""
    return StaticToken.objects.filter(device__user=user, device__name=RECOVERY_NAME).count()


def _hash_code(user: User, code: str) -> str:
    """Return the stored hash of a recovery code; spaces, dashes and case are ignored."""
    plain = normalize_one_time_code(code)
    return salted_hmac("accounts.recovery", f"{user.pk}:{plain}", algorithm="sha256").hexdigest()[:HASH_LENGTH]
