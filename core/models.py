"""Models of the kernel: audit log, site settings, mail texts, idempotent replies, outbox and failed jobs."""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.core.cache import cache
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Exists, F, OuterRef
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.audit import chain
from core.site import theme


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def unsealed(self) -> Self:
        """Return the entries without a seal in the chain. The site never writes such entries."""
        return self.filter(~Exists(AuditSeal.objects.filter(entry_id=OuterRef("pk"), position__isnull=False)))

    def about(self, target: models.Model, *actions: str) -> Self:
        """Return the entries about one row with one of these actions."""
        return self.filter(target_type=target_label(target), target_id=str(target.pk), action__in=actions)


class AuditEntry(models.Model):
    """Record of an act: appended in the transaction of the act, and never edited (quality rows M03, M05).

    `actor` is the user who acted. `subject` is the user affected by the act, or the impersonated user. The database has
    no foreign key constraint for them, so that deleting a user leaves the log unchanged. `digest` signs the entry, and
    `redaction` an entry whose personal values were replaced by digests (core.audit.chain).
    """

    created_at = models.DateTimeField(_("at"), default=timezone.now, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    action = models.CharField(_("action"), max_length=80, help_text=_("app.verb in the past tense: courses.published"))
    target_type = models.CharField(_("target type"), max_length=80, blank=True)
    target_id = models.CharField(_("target"), max_length=64, blank=True)
    changes = models.JSONField(_("changes"), default=dict, encoder=DjangoJSONEncoder)
    ip_address = models.GenericIPAddressField(_("address"), null=True)
    request_id = models.CharField(_("request"), max_length=64, default="-")
    digest = models.CharField(max_length=64, editable=False, default="")
    redaction = models.CharField(max_length=64, editable=False, default="", db_default="")

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes = [
            models.Index(fields=["target_type", "target_id"], name="platform_audit_target"),
            models.Index(fields=["actor", "-id"], name="platform_audit_actor"),
            models.Index(fields=["action", "-id"], name="platform_audit_action"),
            models.Index(fields=["created_at"], name="platform_audit_created"),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {self.action} {self.target_type} {self.target_id}"


class AuditSeal(models.Model):
    """Link from an entry of the audit log to the entry sealed before it; created when the entry's transaction commits.

    `entry_id` is not a foreign key: the seal of a deleted entry remains, and shows that the entry is missing.
    """

    entry_id = models.BigIntegerField(primary_key=True)
    position = models.BigIntegerField(unique=True, null=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"

    @classmethod
    def add(cls, entry: AuditEntry) -> Self:
        """Seal an entry, on databases without the sealing trigger. Two queries.

        The caller must hold the database's write lock; otherwise two entries could get the same position.
        """
        last = cls.objects.filter(position__isnull=False).order_by("-position").first()
        place, before = (last.position or 0, last.hash) if last is not None else (0, "")
        made = chain.link(before=before, position=place + 1, entry_id=entry.pk, digest=entry.digest)
        return cls.objects.create(entry_id=entry.pk, position=place + 1, hash=made)


class AuditCheckpoint(models.Model):
    """Signed statement of the length and the last seal of the audit log (core.audit.checkpoints)."""

    number = models.BigIntegerField(primary_key=True)
    position = models.BigIntegerField(unique=True)
    hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    signature = models.CharField(max_length=64)

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.position}:{self.hash}"


class Accent(models.TextChoices):
    """Accent colors: the presets of tokens.css, each for light and dark pages, or a custom color."""

    EVERGREEN = "evergreen", _("Evergreen")
    OCEAN = "ocean", _("Ocean")
    PLUM = "plum", _("Plum")
    CLAY = "clay", _("Clay")
    SLATE = "slate", _("Slate")
    OWN = "own", _("Custom color")


LEGAL_PAGES = ("imprint", "privacy", "terms")
LEGAL_HELP = _("Markdown. The page and its footer link exist only while this field has text.")


class SiteLogo(models.Model):
    """Logo of the site as a re-encoded PNG, without any other content of the uploaded file."""

    version = models.CharField(primary_key=True, max_length=16)
    content = models.BinaryField()

    class Meta:
        ordering = ["version"]

    def __str__(self) -> str:
        return self.version


class SiteSettings(models.Model):
    """Settings that administrators change at run time, in a single row."""

    CACHE_KEY = "platform.site_settings"
    CACHE_SECONDS = 60

    name = models.CharField(_("name"), max_length=80, default="Campus")
    headline = models.CharField(_("headline"), max_length=120, default="Learn something you can use by Friday.")
    introduction = models.TextField(
        _("introduction"),
        default="Short courses by people who do the work. Take a lesson on the train, hand in something real, "
        "earn a certificate that anyone can check.",
    )
    tagline = models.CharField(_("tagline"), max_length=120, default="learn by doing")
    contact_email = models.EmailField(_("contact email"), blank=True)
    certificate_issuer = models.CharField(_("certificate issuer"), max_length=120, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    seller_name = models.CharField(_("seller name"), max_length=120, blank=True)
    seller_address = models.TextField(_("seller address"), max_length=500, blank=True)
    tax_id = models.CharField(_("tax ID"), max_length=60, blank=True)
    tax_line = models.CharField(
        _("tax line"), max_length=200, blank=True, help_text=_("Printed on receipts, for example: VAT 19 % included.")
    )
    revoke_certificate_on_refund = models.BooleanField(_("revoke the certificate on a full refund"), default=False)
    accent = models.CharField(_("accent color"), max_length=12, choices=Accent.choices, default=Accent.EVERGREEN)
    accent_colour = models.CharField(
        _("custom color"),
        max_length=7,
        blank=True,
        validators=[RegexValidator(theme.HEX, _("Enter six lowercase hexadecimal digits, for example #0e6450."))],
        help_text=_("Any color, for example #0e6450. It is darkened on light pages and lightened on dark pages as far "
                    "as needed to keep text readable."),
    )  # fmt: skip
    logo_version = models.CharField(max_length=16, blank=True, editable=False)
    registration_open = models.BooleanField(_("allow registration"), default=True)
    imprint = models.TextField(_("imprint"), max_length=50_000, blank=True, help_text=LEGAL_HELP)
    privacy = models.TextField(_("privacy"), max_length=50_000, blank=True, help_text=LEGAL_HELP)
    terms = models.TextField(_("terms"), max_length=50_000, blank=True, help_text=LEGAL_HELP)

    class Meta:
        verbose_name = _("site settings")
        verbose_name_plural = _("site settings")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="platform_sitesettings_one_row"),
            models.CheckConstraint(
                condition=~models.Q(accent="own") | ~models.Q(accent_colour=""),
                name="platform_sitesettings_own_accent_has_a_colour",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def accent_pair(self) -> theme.ColorPair:
        """The accent colors for light and dark pages."""
        return theme.derive_pair(self.accent_colour) if self.accent == Accent.OWN else theme.PRESETS[self.accent]

    @property
    def accent_sheet(self) -> str:
        """The URL of the style sheet that overrides the accent; empty for the default accent of tokens.css."""
        if self.accent == Accent.OWN:
            return reverse("accent", args=[self.accent_colour.removeprefix("#")])
        return "" if self.accent == Accent.EVERGREEN else static(f"css/accents/{self.accent}.css")

    @property
    def legal_pages(self) -> list[tuple[str, Any]]:
        """The field name and title of each legal page that has text."""
        return [(name, self._meta.get_field(name).verbose_name) for name in LEGAL_PAGES if getattr(self, name)]  # type: ignore[union-attr]  # a column has one

    @classmethod
    def current(cls) -> Self:
        """Return the site's settings, cached for up to a minute. At most two queries, usually none."""
        found: Self | None = cache.get(cls.CACHE_KEY)
        if found is None:
            found, _created = cls.objects.get_or_create(pk=1)
            cache.set(cls.CACHE_KEY, found, cls.CACHE_SECONDS)
        return found


class MailWording(models.Model):
    """Site text of one mail type in one language, which replaces the default text.

    Placeholders in braces are names that the mail type defines (core.mail.mail_types); no other names are replaced.
    """

    CACHE_KEY = "platform.mail_wordings"
    CACHE_SECONDS = 60

    kind = models.CharField(_("mail type"), max_length=40)
    language = models.CharField(_("language"), max_length=15)
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"), max_length=4_000)
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        ordering = ["kind", "language"]
        verbose_name = _("mail text")
        verbose_name_plural = _("mail texts")
        constraints = [models.UniqueConstraint(fields=["kind", "language"], name="platform_mailwording_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.language}"


class IdempotentReplyQuerySet(models.QuerySet["IdempotentReply"]):
    def expired(self) -> Self:
        """Return the replies that are older than `IdempotentReply.LIFETIME`."""
        return self.filter(created_at__lt=timezone.now() - IdempotentReply.LIFETIME)


class IdempotentReply(models.Model):
    """Stored response to a request with an `Idempotency-Key`, returned again when the client repeats the request.

    See docs/api-contract.md, "Idempotency". `status` is null while the first request is being processed. If its process
    died, the key can be used again after `ABANDONED_AFTER`.
    """

    LIFETIME = timedelta(hours=24)
    ABANDONED_AFTER = timedelta(seconds=60)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    path = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text=_("Hash of the body of the first request."))
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(default=timezone.now)

    objects = IdempotentReplyQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "key", "path"], name="platform_idempotentreply_once"),
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.key}"

    def is_finished(self) -> bool:
        """Return whether the first request has been answered."""
        return self.status is not None

    def is_abandoned(self) -> bool:
        """Return whether the first request has been unanswered for so long that its process is considered dead."""
        return not self.is_finished() and self.created_at < timezone.now() - self.ABANDONED_AFTER


class DeferredTaskQuerySet(models.QuerySet["DeferredTask"]):
    def due(self) -> Self:
        """Return the tasks whose next attempt is due, oldest first."""
        return self.filter(next_try_at__lte=timezone.now()).order_by("id")


class DeferredTask(models.Model):
    """Outbox entry: a task that the broker refused after a commit, sent later by a periodic job (quality row X05)."""

    LONGEST_WAIT = timedelta(minutes=5)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    args = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    kwargs = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(default=timezone.now)
    next_try_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveIntegerField(default=0, validators=[MinValueValidator(0), MaxValueValidator(1_000_000)])
    last_error = models.TextField(blank=True)

    objects = DeferredTaskQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        verbose_name = _("deferred job")
        verbose_name_plural = _("deferred jobs")
        indexes = [models.Index(fields=["next_try_at"], name="platform_deferred_due")]

    def __str__(self) -> str:
        return f"{self.name} {self.args}"

    def postpone(self, error: Exception) -> None:
        """Store the error, and double the wait before the next attempt, up to `LONGEST_WAIT`."""
        wait = min(timedelta(seconds=5 * 2 ** min(self.tries, 10)), self.LONGEST_WAIT)
        type(self).objects.filter(pk=self.pk).update(
            tries=F("tries") + 1, last_error=str(error), next_try_at=timezone.now() + wait
        )


class FailedTaskQuerySet(models.QuerySet["FailedTask"]):
    def unresolved(self) -> Self:
        """Return the jobs that were neither retried nor dismissed."""
        return self.filter(settled_at=None)


class FailedTask(models.Model):
    """Job that raised an exception, stored with its error until staff retry or dismiss it."""

    LONGEST_ERROR = 2_000

    name = models.CharField(_("job"), max_length=200)
    args = models.JSONField(_("arguments"), default=list, encoder=DjangoJSONEncoder)
    kwargs = models.JSONField(_("keyword arguments"), default=dict, encoder=DjangoJSONEncoder)
    error = models.TextField(_("error"))
    request_id = models.CharField(_("request"), max_length=64, default="-")
    failed_at = models.DateTimeField(_("failed at"), default=timezone.now)
    settled_at = models.DateTimeField(_("resolved at"), null=True, blank=True)

    objects = FailedTaskQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("failed job")
        indexes = [models.Index(fields=["settled_at", "-id"], name="platform_failed_open")]

    def __str__(self) -> str:
        return f"{self.name} {self.args}"


def target_label(value: Any) -> str:
    """Return the label of a target's model, as stored in the audit log: "courses.course"."""
    return str(value._meta.label_lower)
