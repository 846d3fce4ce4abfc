"""The audit log, the site's settings, replies kept for repeated requests, the outbox, and jobs that failed."""

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

from lms.platform import accents, chain


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """The audit log, by what a reader looks for."""

    def unsealed(self) -> Self:
        """Return the entries that no seal ties into the chain: nothing of ours writes such ones."""
        return self.filter(~Exists(AuditSeal.objects.filter(entry_id=OuterRef("pk"), position__isnull=False)))

    def about(self, target: models.Model, *actions: str) -> Self:
        """Return what was done to one row, of these kinds."""
        return self.filter(target_type=described(target), target_id=str(target.pk), action__in=actions)


class AuditEntry(models.Model):
    """Who did what to what, and when: appended in the transaction of the act itself, never edited (QUALITY M03, M05).

    `actor` acted, `subject` is whom it was done to, or whom they impersonated at it. Neither is a foreign key to the
    database, so that deleting a user changes no line of the log. `digest` signs the line (lms.platform.chain).
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
    """Ties an entry of the audit log to the one sealed before it; made when the entry's transaction commits.

    `entry_id` is no foreign key: a seal outlives an entry that somebody deletes, and so shows that it is missing.
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
        """Seal an entry where the database does not do it itself; the caller holds the one write lock. Two queries."""
        last = cls.objects.filter(position__isnull=False).order_by("-position").first()
        place, before = (last.position or 0, last.hash) if last is not None else (0, "")
        made = chain.link(before=before, position=place + 1, entry_id=entry.pk, digest=entry.digest)
        return cls.objects.create(entry_id=entry.pk, position=place + 1, hash=made)


class Accent(models.TextChoices):
    """The accents that are designed, light and dark, in tokens.css; and the site's own."""

    EVERGREEN = "evergreen", _("Evergreen")
    OCEAN = "ocean", _("Ocean")
    PLUM = "plum", _("Plum")
    CLAY = "clay", _("Clay")
    SLATE = "slate", _("Slate")
    OWN = "own", _("A colour of our own")


LEGAL_PAGES = ("imprint", "privacy", "terms")
LEGAL_HELP = _("Markdown. The page and its link at the foot of every page are there while there is a text.")


class SiteLogo(models.Model):
    """The picture in the place of the site's mark: drawn anew, so that nothing but a picture is in it."""

    version = models.CharField(primary_key=True, max_length=16)
    content = models.BinaryField()

    class Meta:
        ordering = ["version"]

    def __str__(self) -> str:
        return self.version


class SiteSettings(models.Model):
    """What the site is called and what it says of itself; one row, changed in the admin without a restart."""

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
    contact_email = models.EmailField(_("contact address"), blank=True)
    certificate_issuer = models.CharField(_("certificates are issued by"), max_length=120, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    seller_name = models.CharField(_("receipts are from"), max_length=120, blank=True)
    seller_address = models.TextField(_("address on receipts"), max_length=500, blank=True)
    tax_id = models.CharField(_("tax number on receipts"), max_length=60, blank=True)
    tax_line = models.CharField(
        _("tax line on receipts"), max_length=200, blank=True, help_text=_("For example: VAT 19 % included.")
    )
    revoke_certificate_on_refund = models.BooleanField(_("a full refund takes the certificate back"), default=False)
    accent = models.CharField(_("accent colour"), max_length=12, choices=Accent.choices, default=Accent.EVERGREEN)
    accent_colour = models.CharField(
        _("a colour of our own"),
        max_length=7,
        blank=True,
        validators=[RegexValidator(accents.HEX, _("Six hexadecimal digits in lower case: #0e6450"))],
        help_text=_("Any colour, as #0e6450. It is darkened on light pages and lightened on dark ones as far as it "
                    "must be, so that text in it can be read."),
    )  # fmt: skip
    logo_version = models.CharField(max_length=16, blank=True, editable=False)
    registration_open = models.BooleanField(_("visitors may register"), default=True)
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
    def accent_pair(self) -> accents.Pair:
        """The accent's colours on light and on dark pages."""
        return accents.derived(self.accent_colour) if self.accent == Accent.OWN else accents.DESIGNED[self.accent]

    @property
    def accent_sheet(self) -> str:
        """The address of the style sheet that exchanges the accent; none for the one that tokens.css begins with."""
        if self.accent == Accent.OWN:
            return reverse("accent", args=[self.accent_colour.removeprefix("#")])
        return "" if self.accent == Accent.EVERGREEN else static(f"css/accents/{self.accent}.css")

    @property
    def legal_pages(self) -> list[tuple[str, Any]]:
        """The legal pages that have a text: their field's name and their title."""
        return [(name, self._meta.get_field(name).verbose_name) for name in LEGAL_PAGES if getattr(self, name)]  # type: ignore[union-attr]  # a column has one

    @classmethod
    def current(cls) -> Self:
        """Return the site's settings, from the cache for up to a minute. At most two queries, mostly none."""
        found: Self | None = cache.get(cls.CACHE_KEY)
        if found is None:
            found, _created = cls.objects.get_or_create(pk=1)
            cache.set(cls.CACHE_KEY, found, cls.CACHE_SECONDS)
        return found


class MailWording(models.Model):
    """How the site words one kind of mail in one language, where it does not take the wording that comes with it.

    What stands in braces is a name that the kind knows (lms.lib.mail_kinds); nothing else is ever filled in.
    """

    CACHE_KEY = "platform.mail_wordings"
    CACHE_SECONDS = 60

    kind = models.CharField(_("kind of mail"), max_length=40)
    language = models.CharField(_("language"), max_length=15)
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"), max_length=4_000)
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        ordering = ["kind", "language"]
        verbose_name = _("wording of a mail")
        verbose_name_plural = _("wordings of mails")
        constraints = [models.UniqueConstraint(fields=["kind", "language"], name="platform_mailwording_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.language}"


class IdempotentReplyQuerySet(models.QuerySet["IdempotentReply"]):
    """Kept replies, by age."""

    def forgotten(self) -> Self:
        """Return the replies that are too old for a client to still be repeating its request."""
        return self.filter(created_at__lt=timezone.now() - IdempotentReply.KEPT)


class IdempotentReply(models.Model):
    """The first answer to a request with an `Idempotency-Key`; a repeat gets it again (API.md, "Idempotency").

    `status` is null while the first request is being worked on. A process that died over it frees the key after
    `ABANDONED`.
    """

    KEPT = timedelta(hours=24)
    ABANDONED = timedelta(seconds=60)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    path = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text=_("Hash of the body that came with the key first."))
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
        """Return whether the first request has been unanswered for so long that its process must have died."""
        return not self.is_finished() and self.created_at < timezone.now() - self.ABANDONED


class DeferredTaskQuerySet(models.QuerySet["DeferredTask"]):
    """What waits for the broker to come back."""

    def due(self) -> Self:
        """Return the tasks whose next try is due, oldest first."""
        return self.filter(next_try_at__lte=timezone.now()).order_by("id")


class DeferredTask(models.Model):
    """The outbox: after-commit work that the broker would not take, sent by a periodic job (QUALITY X05)."""

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
        verbose_name = _("job that waits for the broker")
        verbose_name_plural = _("jobs that wait for the broker")
        indexes = [models.Index(fields=["next_try_at"], name="platform_deferred_due")]

    def __str__(self) -> str:
        return f"{self.name} {self.args}"

    def postpone(self, error: Exception) -> None:
        """Note why the broker refused again, and wait twice as long, up to five minutes."""
        wait = min(timedelta(seconds=5 * 2 ** min(self.tries, 10)), self.LONGEST_WAIT)
        type(self).objects.filter(pk=self.pk).update(
            tries=F("tries") + 1, last_error=str(error), next_try_at=timezone.now() + wait
        )


class FailedTaskQuerySet(models.QuerySet["FailedTask"]):
    """Jobs that failed."""

    def open(self) -> Self:
        """Return those that nobody repeated or put aside yet."""
        return self.filter(settled_at=None)


class FailedTask(models.Model):
    """A job that raised, kept with its error until somebody repeats it or puts it aside."""

    LONGEST_ERROR = 2_000

    name = models.CharField(_("job"), max_length=200)
    args = models.JSONField(_("arguments"), default=list, encoder=DjangoJSONEncoder)
    kwargs = models.JSONField(_("named arguments"), default=dict, encoder=DjangoJSONEncoder)
    error = models.TextField(_("error"))
    request_id = models.CharField(_("request"), max_length=64, default="-")
    failed_at = models.DateTimeField(_("failed at"), default=timezone.now)
    settled_at = models.DateTimeField(_("repeated or put aside at"), null=True, blank=True)

    objects = FailedTaskQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("failed job")
        indexes = [models.Index(fields=["settled_at", "-id"], name="platform_failed_open")]

    def __str__(self) -> str:
        return f"{self.name} {self.args}"


def described(value: Any) -> str:
    """Return how a target is named in the audit log: its model's label, as in "courses.course"."""
    return str(value._meta.label_lower)
