"""The second factor: an authenticator app or codes by mail, and ten recovery codes (QUALITY A04, A05, A06)."""

import binascii
import io
from base64 import b32encode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import segno
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django_otp import devices_for_user
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import codes, limits, passwords, tasks
from accounts.errors import AccountError
from accounts.models import Challenge, User
from accounts.models.proofs import ChallengePurpose, Door
from lms.platform.audit import record

APP, MAIL, RECOVERY = "totp", "email", "recovery"
LIFE_SECONDS = 300


@dataclass(frozen=True)
class Setup:
    """What somebody needs to turn a second factor on; the secret only for an app."""

    challenge_token: str
    method: str
    secret: str | None = None
    otpauth_url: str | None = None
    qr_svg: str | None = None
    expires_in_seconds: int = LIFE_SECONDS

    @property
    def qr_data(self) -> str:
        """The picture as an address, which a page shows without letting markup through."""
        return "data:image/svg+xml;base64," + b64encode((self.qr_svg or "").encode()).decode()


def _signer() -> signing.Signer:
    return signing.Signer(salt="accounts.challenge")


def token_of(challenge: Challenge) -> str:
    """Return what the client holds of a challenge: its id, signed. It opens nothing but the second step."""
    return _signer().sign(challenge.pk.hex)


def method_of(user: User) -> str:
    """Return by which means a user proves themselves: the app, if they have one, else mail. One query."""
    return APP if TOTPDevice.objects.filter(user=user, confirmed=True).exists() else MAIL


def challenge(*, user: User, door: Door) -> Challenge:
    """Begin the second step of a login; mail the code, if that is how this user does it."""
    begun = Challenge.objects.create(user=user, purpose=ChallengePurpose.LOGIN, door=door, method=method_of(user))
    if begun.method == MAIL:
        tasks.mail_code.send_or_defer(str(begun.pk))
    return begun


def find(*, token: str, purpose: ChallengePurpose, user: User | None = None) -> Challenge:
    """Return the challenge behind a token, with its user; raise AccountError `challenge_expired` (401) for what is
    none, is spent, too old, for something else or of somebody else. One query."""
    found = None
    with suppress(signing.BadSignature, ValidationError, ValueError):
        found = Challenge.objects.select_related("user").filter(pk=_signer().unsign(token), purpose=purpose).first()
    if found is None or not found.is_open() or not found.user.is_active or (user is not None and found.user != user):
        raise expired()
    return found


def expired() -> AccountError:
    """Return the one error for a challenge that takes no more codes."""
    return AccountError(
        "challenge_expired", _("This step took too long, or had too many wrong codes. Begin again."), status=401
    )


def answer(*, challenge: Challenge, code: str) -> Any:
    """Try a code on a challenge; return the device that it came from.

    The try is counted under the challenge's lock before the code is looked at, so of many at once five are (QUALITY
    A05); another limit holds over all challenges of the user. Raises AccountError `invalid_code` (401), or
    `challenge_expired` (401) once it is spent; LimitError `account_locked`.
    """
    limits.spend(limits.SECOND_STEP, account=str(challenge.user_id))
    with transaction.atomic():
        locked = Challenge.objects.select_for_update(of=("self",)).select_related("user").get(pk=challenge.pk)
        if not locked.is_open():
            raise expired()
        locked.attempts += 1
        locked.save(update_fields=["attempts"])
        device = _device_of(locked, code.strip())
        if device is not None:
            Challenge.objects.filter(pk=locked.pk).use()
    # Raised after the commit, or the try would be given back with it.
    if device is None:
        raise AccountError("invalid_code", _("That code is not right, or was used before."), status=401)
    limits.forgive(limits.SECOND_STEP, account=str(challenge.user_id))
    return device


def _device_of(challenge: Challenge, code: str) -> Any:
    """Return the device that gave this code, or None; a code of the app and a recovery code work once."""
    user = challenge.user
    enabling = challenge.purpose == ChallengePurpose.ENABLE
    if challenge.method == MAIL and codes.is_mailed_code(challenge, code):
        return EmailDevice.objects.filter(user=user).first()
    if challenge.method == APP and code.isascii() and code.isdigit() and len(code) == 6:
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=not enabling).first()
        return device if device is not None and device.verify_token(code) else None
    return None if enabling else codes.use_recovery_code(user, code)


@transaction.atomic
def begin(*, user: User, method: str) -> Setup:
    """Begin to turn a second factor on; nothing is on until `confirm`. Raises AccountError `mfa_already_enabled`."""
    if user.mfa_enabled:
        raise AccountError("mfa_already_enabled", _("Your second factor is on already. Turn it off first."))
    Challenge.objects.filter(user=user, purpose=ChallengePurpose.ENABLE).use()
    begun = Challenge.objects.create(user=user, purpose=ChallengePurpose.ENABLE, method=method)
    if method == MAIL:
        EmailDevice.objects.filter(user=user).delete()
        EmailDevice.objects.create(user=user, name="email", confirmed=False)
        tasks.mail_code.delay_on_commit(str(begun.pk))
        return Setup(token_of(begun), method)
    TOTPDevice.objects.filter(user=user).delete()
    device = TOTPDevice.objects.create(user=user, name="app", confirmed=False)
    return _setup(begun, device)


def setup_of(*, user: User, token: str) -> Setup:
    """Return what `begin` gave, for a page that is shown again after a wrong code. Raises AccountError."""
    begun = find(token=token, purpose=ChallengePurpose.ENABLE, user=user)
    device = TOTPDevice.objects.filter(user=user, confirmed=False).first() if begun.method == APP else None
    return _setup(begun, device) if device is not None else Setup(token, begun.method)


def _setup(begun: Challenge, device: TOTPDevice) -> Setup:
    secret = b32encode(binascii.unhexlify(device.key)).decode()
    label = f"{settings.MFA_ISSUER}:{begun.user.email}"
    address = f"otpauth://totp/{quote(label)}?{urlencode({'secret': secret, 'issuer': settings.MFA_ISSUER})}"
    picture = io.BytesIO()
    segno.make(address, error="m").save(picture, kind="svg", scale=5, xmldecl=False, svgns=True, omitsize=False)
    return Setup(token_of(begun), begun.method, secret, address, picture.getvalue().decode())


def confirm(*, user: User, token: str, code: str) -> tuple[list[str], Any]:
    """Turn the second factor on with the first right code; return ten recovery codes, and the device.

    Raises AccountError `invalid_code`, `challenge_expired` (401). The user is told by mail.
    """
    device = answer(challenge=find(token=token, purpose=ChallengePurpose.ENABLE, user=user), code=code)
    with transaction.atomic():
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        recovery = codes.make_recovery_codes(user)
        user.mfa_enabled = True
        user.save(update_fields=["mfa_enabled", "updated_at"])
        record(actor=user, action="accounts.mfa_enabled", target=user)
        tasks.mail_notice.delay_on_commit(str(user.pk), user.email, "mfa_enabled")
    return recovery, device


def send_code(*, user: User) -> None:
    """Begin a step that turns the factor off or renews recovery codes; mail the code where codes come by mail."""
    Challenge.objects.filter(user=user, purpose=ChallengePurpose.DISABLE).use()
    begun = Challenge.objects.create(user=user, purpose=ChallengePurpose.DISABLE, method=method_of(user))
    if begun.method == MAIL:
        tasks.mail_code.send_or_defer(str(begun.pk))


def check_code(*, user: User, code: str) -> None:
    """Make sure that a signed-in user has their second factor at hand. Raises AccountError, LimitError."""
    running = Challenge.objects.filter(user=user, purpose=ChallengePurpose.DISABLE).open().first()
    if running is None or not running.is_open():
        running = Challenge.objects.create(user=user, purpose=ChallengePurpose.DISABLE, method=method_of(user))
    answer(challenge=running, code=code)


def prove(*, user: User, password: str, code: str = "") -> None:
    """Make sure that it is the user who sits there, before something of their account changes (QUALITY A12): by their
    password, and by a code where the second factor is on.

    Raises AccountError `wrong_password` (403), `invalid_code` (401); LimitError.
    """
    passwords.check_again(user=user, password=password)
    if user.mfa_enabled:
        check_code(user=user, code=code)


def disable(*, user: User, password: str, code: str = "") -> None:
    """Turn the second factor off, with both: the password and a code (QUALITY A12). The user is told by mail.

    Raises AccountError `mfa_not_enabled` (409), `wrong_password` (403), `invalid_code` (401); LimitError.
    """
    if not user.mfa_enabled:
        raise AccountError("mfa_not_enabled", _("Your second factor is not on."))
    prove(user=user, password=password, code=code)
    with transaction.atomic():
        forget_devices(user)
        record(actor=user, action="accounts.mfa_disabled", target=user)
        tasks.mail_notice.delay_on_commit(str(user.pk), user.email, "mfa_disabled")


def renew_recovery_codes(*, user: User, password: str, code: str = "") -> list[str]:
    """Replace the recovery codes, with the password and a code; return the new ones. Raises as `disable`."""
    if not user.mfa_enabled:
        raise AccountError("mfa_not_enabled", _("Your second factor is not on."))
    prove(user=user, password=password, code=code)
    with transaction.atomic():
        record(actor=user, action="accounts.recovery_codes_renewed", target=user)
        return codes.make_recovery_codes(user)


def forget_devices(user: User) -> None:
    """Take every device and recovery code from a user, who has no second factor then. Call in a transaction."""
    for device in devices_for_user(user, confirmed=None):
        device.delete()
    user.mfa_enabled = False
    user.save(update_fields=["mfa_enabled", "updated_at"])
