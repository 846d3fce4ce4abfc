"""Users and their roles."""

import uuid
import zoneinfo
from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.text.email_addresses import normalize_email
from core.text.validators import is_advertising, validate_one_line, validate_person_name

DELETED_USER_NAME = "Deleted user"
DELETED_EMAIL_SUFFIX = "@deleted.invalid"  # of anonymized users


class Role(models.TextChoices):
    """The role of a user. Administrators see everything."""

    STUDENT = "student", _("Student")
    INSTRUCTOR = "instructor", _("Instructor")
    ADMIN = "admin", _("Administrator")


def has_role(user: Any, *roles: Role) -> bool:
    """Return whether `user`, who may be anonymous, has one of `roles`."""
    return getattr(user, "role", None) in roles


def validate_time_zone(name: str) -> None:
    """Raise ValidationError for an unknown time zone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("%(name)s is not a valid time zone."), params={"name": name}, code="invalid_time_zone")


def validate_language(code: str) -> None:
    """Raise ValidationError for a language that is not in LANGUAGES."""
    if code not in dict(settings.LANGUAGES):
        raise ValidationError(
            _("%(code)s is not an available language."), params={"code": code}, code="invalid_language"
        )


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: Any) -> Self:
        """Return all users for administrators, instructors and their students for instructors, else the user."""
        if has_role(user, Role.ADMIN):
            return self
        if has_role(user, Role.INSTRUCTOR):
            students = models.Q(enrollments__course__instructor=user)
            return self.filter(models.Q(pk=user.pk) | students).distinct()
        return self.filter(pk=user.pk) if user.is_authenticated else self.none()

    def editable_by(self, user: Any) -> Self:
        """Return all users for administrators, the user for others."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(pk=user.pk) if user.is_authenticated else self.none()


def is_deleted_user(prefix: str = "") -> Q:
    """Return the condition that a user was deleted and anonymized. `prefix` is the path to the user."""
    return Q(**{f"{prefix}email__endswith": DELETED_EMAIL_SUFFIX})


def matches_person(text: str, prefix: str = "") -> Q:
    """Return the condition that a user's name or address contains a text. `prefix` is the path to the user."""
    return Q(**{f"{prefix}full_name__icontains": text}) | Q(**{f"{prefix}email__icontains": text})


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, user: Any) -> UserQuerySet:
        """Return the users that `user` may see; see UserQuerySet.visible_to."""
        return self.get_queryset().visible_to(user)

    def editable_by(self, user: Any) -> UserQuerySet:
        """Return the users that `user` may change; see UserQuerySet.editable_by."""
        return self.get_queryset().editable_by(user)

    def get_by_natural_key(self, email: str | None) -> "User":
        """Return the user with this address in any spelling; raise User.DoesNotExist."""
        return self.get(email=normalize_email(email or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and return a user, a student unless `role` is given. Administrators are staff."""
        user = self.model(email=normalize_email(email), **fields)
        user.is_staff = user.role == Role.ADMIN
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and return a superuser with the role of an administrator."""
        return self.create_user(email, password, **{**fields, "role": Role.ADMIN, "is_superuser": True})


PRIVILEGE_FIELDS = frozenset({"role", "is_staff", "is_superuser"})


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an email address and a role; the id is also the instructor id (docs/api-contract.md, "Courses").

    The user of a request is limited if its login lacks the second factor that its privileges require (`limit`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("email"), max_length=254, unique=True)
    full_name = models.CharField(_("full name"), max_length=120, validators=[validate_one_line])
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.STUDENT)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    mfa_enabled = models.BooleanField(_("two-factor authentication"), default=False)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, validators=[validate_time_zone])
    language = models.CharField(_("language"), max_length=15, blank=True, validators=[validate_language])
    profile_metadata = models.JSONField(_("profile data"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    email_verified_at = models.DateTimeField(_("email confirmed at"), null=True, blank=True)
    created_at = models.DateTimeField(_("joined at"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    objects = UserManager()

    # Whether this object is without its privileges, because its login lacks the second factor.
    is_limited = False

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("user")
        permissions = [("impersonate_user", _("Can log in as a person, to see what they see"))]
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_once")]
        indexes = [models.Index(fields=["created_at"], name="accounts_user_joined")]

    def __str__(self) -> str:
        return self.full_name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the user; a limited one without its privileges, which differ from the row's.

        Raises ValueError if `update_fields` names a privilege of a limited user.
        """
        if self.is_limited:
            names = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            wanted = names - PRIVILEGE_FIELDS if kwargs.get("update_fields") is None else set(kwargs["update_fields"])
            if wanted & PRIVILEGE_FIELDS:
                raise ValueError("The privileges of a limited user can't be saved; load the user from the database.")
            kwargs["update_fields"] = wanted
        super().save(*args, **kwargs)

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Reload the values; a limited user stays limited."""
        super().refresh_from_db(*args, **kwargs)
        if self.is_limited:
            self.limit()

    def limit(self) -> None:
        """Remove the privileges from this object, not from the row: the user counts as one without them."""
        self.is_limited = True
        self.role = Role.STUDENT if self.role == Role.ADMIN else self.role
        self.is_staff = self.is_superuser = False

    @property
    def needs_second_factor(self) -> bool:
        """Whether the user has privileges that count only in a login with the second factor.

        The site requires it of all staff (MFA_REQUIRED_FOR_STAFF), and everyone who turned it on requires it, too.
        """
        is_privileged = self.is_staff or self.is_superuser or self.role == Role.ADMIN
        return is_privileged and (settings.MFA_REQUIRED_FOR_STAFF or self.mfa_enabled)

    # Permissions belong to staff. So a limited user has none, whether they come from a group or the user's own row.
    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_staff and super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff and super().has_module_perms(app_label)

    def get_all_permissions(self, obj: Any = None) -> set[str]:
        return super().get_all_permissions(obj) if self.is_staff else set()

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """Return the stored form of an email address; `clean()` calls this for every model form."""
        return normalize_email(username)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Validate the fields; also refuse a new name that contains an address. A stored one may stay. At most 1 query.

        Raises ValidationError with the code `advertising` for the name (`validate_person_name`).
        """
        super().clean_fields(exclude)
        if "full_name" in (exclude or ()) or not is_advertising(self.full_name):
            return
        if User.objects.filter(pk=self.pk, full_name=self.full_name).exists():
            return
        try:
            validate_person_name(self.full_name)
        except ValidationError as error:
            raise ValidationError({"full_name": error.error_list}) from error

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        """Return the first word of the name, for greetings."""
        return self.full_name.split(" ", 1)[0]

    def get_greeting_name(self) -> str:
        """Return the name for greetings in mails, which people get who did not choose it: no name with an address."""
        return str(_("there")) if is_advertising(self.full_name) else self.get_short_name()

    def get_mail_name(self) -> str:
        """Return the full name for mails to other people: no name with an address."""
        return str(_("A member of the site")) if is_advertising(self.full_name) else self.full_name

    def get_name_for(self, reader: Any) -> str:
        """Return the name that `reader` sees in public places: visitors get the first name and an initial."""
        words = self.full_name.split()
        if reader.is_authenticated or len(words) < 2 or self.full_name == DELETED_USER_NAME:
            return self.full_name
        return f"{words[0]} {words[-1][0].upper()}."

    @property
    def picture_id(self) -> uuid.UUID | None:
        """Return the id of the profile picture's file, or None. One query unless `avatar` is loaded."""
        # `avatar` is a relation of the app files, where a test checks its name.
        avatar = getattr(self, "avatar", None)
        return avatar.file_id if avatar else None

    @property
    def avatar_url(self) -> str | None:
        """Return the absolute URL of the profile picture, or None. One query unless `avatar` is loaded."""
        picture = self.picture_id
        return settings.SITE_URL + reverse("files:picture", args=[picture, 256]) if picture else None

    @property
    def home_page(self) -> str:
        """Name of the URL to which a login leads without a requested page."""
        if self.is_staff and (self.mfa_enabled or not self.needs_second_factor):
            return "admin:index"
        return "instructors:dashboard" if self.role == Role.INSTRUCTOR else "enrollments:dashboard"

    @property
    def teaches(self) -> bool:
        """Whether the user is an instructor or an administrator."""
        return has_role(self, Role.INSTRUCTOR, Role.ADMIN)
