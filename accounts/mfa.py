"""The second factor: an authenticator app or emailed codes, and ten recovery codes (quality row A04, A05, A06)."""

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
from accounts.models import Challenge, LoginSession, User
from accounts.models.one_time_tokens import ChallengePurpose, Transport
from core.audit.entries import record
from core.text.codes import normalize_one_time_code

APP, MAIL, RECOVERY = "totp", "email", "recovery"
LIFE_SECONDS = 300


@dataclass(frozen=True)
class Setup:
    """The data for enabling a second factor; `secret`, `otpauth_url` and `qr_svg` only for an app."""

    challenge_token: str
    method: str
    secret: str | None = None
    otpauth_url: str | None = None
    qr_svg: str | None = None
    expires_in_seconds: int = LIFE_SECONDS
    code: str | None = None

    @property
    def qr_data(self) -> str:
        """The QR code as a data URL, which needs no trusted markup in the page."""
        return "data:image/svg+xml;base64," + b64encode((self.qr_svg or "").encode()).decode()


def _signer() -> signing.Signer:
    return signing.Signer(salt="accounts.challenge")


def sign_challenge(challenge: Challenge) -> str:
    """Return the token of a challenge: its signed id. It grants access to the second step only."""
    return _signer().sign(challenge.pk.hex)


def get_exposed_code(challenge: Challenge) -> str | None:
    """Return the emailed code of a challenge if MFA_EXPOSE_CODE is on; None otherwise, and for an app."""
    is_exposed = settings.MFA_EXPOSE_CODE and challenge.method == MAIL
    return codes.derive_mailed_code(challenge) if is_exposed else None


def get_method(user: User) -> str:
    """Return a user's method: the app, if one is confirmed, else email. One query."""
    return APP if TOTPDevice.objects.filter(user=user, confirmed=True).exists() else MAIL


def create_login_challenge(*, user: User, transport: Transport) -> Challenge:
    """Create the challenge of a login; email the code if that is the user's method."""
    challenge = Challenge.objects.create(
        user=user, purpose=ChallengePurpose.LOGIN, door=transport, method=get_method(user)
    )
    if challenge.method == MAIL:
        tasks.mail_code.send_or_defer(str(challenge.pk))
    return challenge


def find_challenge(*, token: str, purpose: ChallengePurpose, user: User | None = None) -> Challenge:
    """Return the open challenge of a token, with its user. One query.

    Raises AccountError `challenge_expired` (401) if the token is invalid, used, expired, or of another purpose or user.
    """
    found = None
    with suppress(signing.BadSignature, ValidationError, ValueError):
        found = Challenge.objects.select_related("user").filter(pk=_signer().unsign(token), purpose=purpose).first()
    if found is None or not found.is_open() or not found.user.is_active or (user is not None and found.user != user):
        raise challenge_expired_error()
    return found


def challenge_expired_error() -> AccountError:
    """Return the one error for a challenge that accepts no more codes."""
    return AccountError(
        "challenge_expired", _("The code has expired or was entered incorrectly too often. Start again."), status=401
    )


def verify_code(*, challenge: Challenge, code: str) -> Any:
    """Verify a code for a challenge and return the device that it came from.

    The attempt is counted under the challenge's lock before the code is compared, so that at most five codes are
    compared, also if many arrive at once (quality row A05); a second limit covers all challenges of the user. Raises
    AccountError `invalid_code` (401), or `challenge_expired` (401) after five attempts; LimitError `account_locked`.
    """
    limits.spend(limits.SECOND_STEP, account=str(challenge.user_id))
    with transaction.atomic():
        locked = Challenge.objects.select_for_update(of=("self",)).select_related("user").get(pk=challenge.pk)
        if not locked.is_open():
            raise challenge_expired_error()
        locked.attempts += 1
        locked.save(update_fields=["attempts"])
        device = _device_for_code(locked, normalize_one_time_code(code))
        if device is not None:
            Challenge.objects.filter(pk=locked.pk).use()
    # Raised after the commit; otherwise the counted attempt would be rolled back.
    if device is None:
        raise AccountError("invalid_code", _("This code is incorrect or was already used."), status=401)
    limits.reset(limits.SECOND_STEP, account=str(challenge.user_id))
    return device


def _device_for_code(challenge: Challenge, code: str) -> Any:
    """Return the device that a code came from, or None; codes of the app and recovery codes work once."""
    user = challenge.user
    enabling = challenge.purpose == ChallengePurpose.ENABLE
    if challenge.method == MAIL and codes.is_mailed_code(challenge, code):
        return EmailDevice.objects.filter(user=user).first()
    if challenge.method == APP and code.isascii() and code.isdigit() and len(code) == 6:
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=not enabling).first()
        return device if device is not None and device.verify_token(code) else None
    return None if enabling else codes.use_recovery_code(user, code)


@transaction.atomic
def begin_setup(*, user: User, method: str) -> Setup:
    """Start enabling a second factor; it is on after `confirm_setup`. Raises AccountError `mfa_already_enabled`."""
    if user.mfa_enabled:
        raise AccountError("mfa_already_enabled", _("Two-factor authentication is already on. Turn it off first."))
    Challenge.objects.filter(user=user, purpose=ChallengePurpose.ENABLE).use()
    challenge = Challenge.objects.create(user=user, purpose=ChallengePurpose.ENABLE, method=method)
    if method == MAIL:
        EmailDevice.objects.filter(user=user).delete()
        EmailDevice.objects.create(user=user, name="email", confirmed=False)
        tasks.mail_code.delay_on_commit(str(challenge.pk))
        return Setup(sign_challenge(challenge), method, code=get_exposed_code(challenge))
    TOTPDevice.objects.filter(user=user).delete()
    device = TOTPDevice.objects.create(user=user, name="app", confirmed=False)
    return _setup(challenge, device)


def get_setup(*, user: User, token: str) -> Setup:
    """Return the result of `begin_setup` again, for a page that is redisplayed. Raises AccountError."""
    challenge = find_challenge(token=token, purpose=ChallengePurpose.ENABLE, user=user)
    device = TOTPDevice.objects.filter(user=user, confirmed=False).first() if challenge.method == APP else None
    return _setup(challenge, device) if device is not None else Setup(token, challenge.method)


def _setup(challenge: Challenge, device: TOTPDevice) -> Setup:
    """Return the setup data of an app."""
    secret = b32encode(binascii.unhexlify(device.key)).decode()
    label = f"{settings.MFA_ISSUER}:{challenge.user.email}"
    address = f"otpauth://totp/{quote(label)}?{urlencode({'secret': secret, 'issuer': settings.MFA_ISSUER})}"
    image = io.BytesIO()
    segno.make(address, error="m").save(image, kind="svg", scale=5, xmldecl=False, svgns=True, omitsize=False)
    return Setup(sign_challenge(challenge), challenge.method, secret, address, image.getvalue().decode())


def confirm_setup(*, user: User, token: str, password: str, code: str, kept_login: str | None = None) -> list[str]:
    """Enable the second factor with the password and the first valid code; return ten recovery codes.

    Every login of the user ends, except `kept_login`, because none of them has passed the second factor. Raises
    AccountError `wrong_password` (403), `invalid_code`, `challenge_expired` (401); LimitError. The user is notified by
    email.
    """
    challenge = find_challenge(token=token, purpose=ChallengePurpose.ENABLE, user=user)
    passwords.confirm_password(user=user, password=password)
    device = verify_code(challenge=challenge, code=code)
    with transaction.atomic():
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        recovery = codes.make_recovery_codes(user)
        user.mfa_enabled = True
        user.save(update_fields=["mfa_enabled", "updated_at"])
        record(actor=user, action="accounts.mfa_enabled", target=user)
        others = LoginSession.objects.involving(user)
        (others.exclude(pk=kept_login) if kept_login else others).end()
        tasks.mail_notice.delay_on_commit(str(user.pk), user.email, "mfa_enabled")
    return recovery


def send_code(*, user: User) -> None:
    """Create a challenge for a protected action; email the code if that is the user's method."""
    Challenge.objects.filter(user=user, purpose=ChallengePurpose.DISABLE).use()
    challenge = Challenge.objects.create(user=user, purpose=ChallengePurpose.DISABLE, method=get_method(user))
    if challenge.method == MAIL:
        tasks.mail_code.send_or_defer(str(challenge.pk))


def check_code(*, user: User, code: str) -> None:
    """Verify a code of a logged-in user. Raises AccountError, LimitError."""
    challenge = Challenge.objects.filter(user=user, purpose=ChallengePurpose.DISABLE).open().first()
    if challenge is None or not challenge.is_open():
        challenge = Challenge.objects.create(user=user, purpose=ChallengePurpose.DISABLE, method=get_method(user))
    verify_code(challenge=challenge, code=code)


def reauthenticate(*, user: User, password: str, code: str = "") -> None:
    """Check password and second factor before a change of the account (quality row A12).

    The code is required if the second factor is on. Raises AccountError `wrong_password` (403), `invalid_code` (401);
    LimitError.
    """
    passwords.confirm_password(user=user, password=password)
    if user.mfa_enabled:
        check_code(user=user, code=code)


def disable(*, user: User, password: str, code: str = "") -> None:
    """Disable the second factor with password and code (quality row A12). The user is notified by email.

    Raises AccountError `mfa_not_enabled` (409), `wrong_password` (403), `invalid_code` (401); LimitError.
    """
    if not user.mfa_enabled:
        raise AccountError("mfa_not_enabled", _("Two-factor authentication is not on."))
    reauthenticate(user=user, password=password, code=code)
    with transaction.atomic():
        delete_devices(user)
        record(actor=user, action="accounts.mfa_disabled", target=user)
        tasks.mail_notice.delay_on_commit(str(user.pk), user.email, "mfa_disabled")


def renew_recovery_codes(*, user: User, password: str, code: str = "") -> list[str]:
    """Replace the recovery codes with password and code; return the new ones. Raises as `disable`."""
    if not user.mfa_enabled:
        raise AccountError("mfa_not_enabled", _("Two-factor authentication is not on."))
    reauthenticate(user=user, password=password, code=code)
    with transaction.atomic():
        record(actor=user, action="accounts.recovery_codes_renewed", target=user)
        return codes.make_recovery_codes(user)


def delete_devices(user: User) -> None:
    """Delete every device and recovery code of a user, which disables the second factor. Call in a transaction.

    The user's logins no longer count as verified, and impersonations by the user end.
    """
    for device in devices_for_user(user, confirmed=None):
        device.delete()
    LoginSession.objects.filter(user=user).update(verified_at=None)
    LoginSession.objects.filter(actor=user).end()
    user.mfa_enabled = False
    user.save(update_fields=["mfa_enabled", "updated_at"])
