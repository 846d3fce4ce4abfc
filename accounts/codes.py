"""Codes of the second step: six digits by mail, ten recovery codes. None of them is stored as it is."""

import base64
import secrets

from django.utils.crypto import constant_time_compare, salted_hmac
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from accounts.models import Challenge, User

RECOVERY_CODES = 10
RECOVERY_NAME = "recovery"
HASH_LENGTH = 16  # what django-otp's column holds: 64 bits of a keyed hash


def mailed_code(challenge: Challenge) -> str:
    """Return the six digits that belong to a challenge: made from its id with the site's key, kept nowhere."""
    digest = salted_hmac("accounts.mailed_code", challenge.pk.hex, algorithm="sha256").digest()
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06}"


def is_mailed_code(challenge: Challenge, code: str) -> bool:
    """Return whether this is the code that was mailed for the challenge."""
    return constant_time_compare(mailed_code(challenge), code)


def make_recovery_codes(user: User) -> list[str]:
    """Replace a user's recovery codes; return the ten new ones, which nobody can read again. Call in a transaction."""
    StaticDevice.objects.filter(user=user, name=RECOVERY_NAME).delete()
    device = StaticDevice.objects.create(user=user, name=RECOVERY_NAME, confirmed=True)
    texts = [base64.b32encode(secrets.token_bytes(8)).decode().rstrip("=").lower()[:12] for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_hashed(user, text)) for text in texts)
    return [f"{text[:4]}-{text[4:8]}-{text[8:]}" for text in texts]


def use_recovery_code(user: User, code: str) -> StaticDevice | None:
    """Spend a recovery code; return its device, or None. Of two at once, one gets it. Two queries."""
    device = StaticDevice.objects.filter(user=user, name=RECOVERY_NAME).first()
    if device is None:
        return None
    deleted, _by_model = StaticToken.objects.filter(device=device, token=_hashed(user, code)).delete()
    return device if deleted else None


def recovery_codes_left(user: User) -> int:
    """Return how many recovery codes a user has not used. One query."""
    return StaticToken.objects.filter(device__user=user, device__name=RECOVERY_NAME).count()


def _hashed(user: User, code: str) -> str:
    """Return how a recovery code is kept; spaces, dashes and capitals do not count."""
    plain = "".join(code.lower().replace("-", "").split())
    return salted_hmac("accounts.recovery", f"{user.pk}:{plain}", algorithm="sha256").hexdigest()[:HASH_LENGTH]
