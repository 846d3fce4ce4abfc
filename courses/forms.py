"""Forms of the course editor. They validate the format of fields; the services validate the result."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.http.fields import EmailFormField
from core.http.form_renderer import TextsField
from core.text import money
from courses.models import (
    MAX_OUTCOME_LENGTH,
    MAX_OUTCOMES,
    MAX_TAG_LENGTH,
    MAX_TAGS,
    CompletionRule,
    Course,
    Lesson,
    Section,
)

DEFAULT_VIDEO_SHARE = 90


def make_outcomes_field() -> TextsField:
    """Return the form field for learning outcomes, shared by the course editor and the admin."""
    return TextsField(
        label=_("Learning outcomes"), required=False, help_text=_("One per line, up to 12."),
        most=MAX_OUTCOMES, longest=MAX_OUTCOME_LENGTH, separator="\n", widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip


class CourseForm(forms.ModelForm[Course]):
    """Form of a course's details, with the price in the major unit and comma-separated tags."""

    price = forms.DecimalField(
        label=_("Price"), min_value=Decimal(0), max_digits=9, decimal_places=3, initial=0,
        help_text=_("Enter 0 for a free course."),
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.01"}),
    )  # fmt: skip
    outcomes = make_outcomes_field()
    tags = TextsField(
        label=_("Tags"), required=False, help_text=_("Up to 10, separated by commas."),
        most=MAX_TAGS, longest=MAX_TAG_LENGTH, separator=",", widget=forms.TextInput,
    )  # fmt: skip
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in money.CURRENCIES])
    version = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    class Meta:
        model = Course
        fields = ["title", "short_description", "description", "category", "level", "currency"]
        widgets = {
            "short_description": forms.Textarea(attrs={"rows": 2}),
            "description": forms.Textarea(attrs={"rows": 8}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        course: Course | None = kwargs.get("instance")
        if course is not None:
            kwargs["initial"] = {
                "price": money.to_major(course.price_cents, course.currency),
                "outcomes": course.outcomes,
                "tags": [tag.name for tag in course.tags.all()],
                **kwargs.get("initial", {}),
            }
        super().__init__(*args, **kwargs)
        self.fields["category"].empty_label = _("Choose a subject")  # type: ignore[attr-defined]  # a choice of rows

    def clean(self) -> dict[str, Any]:
        """Convert the price to minor units of the currency."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "price" in cleaned and "currency" in cleaned:
            try:
                cleaned["price_cents"] = money.to_minor(cleaned["price"], cleaned["currency"])
            except ValueError as error:
                self.add_error("price", str(error))
        return cleaned

    def service_fields(self) -> dict[str, Any]:
        """Return the cleaned data as arguments of the course services."""
        return {name: value for name, value in self.cleaned_data.items() if name != "price"}

    def _post_clean(self) -> None:
        """Skip the update and validation of the instance: the service validates and saves a locked, fresh row."""


class TransferForm(forms.Form):
    """The address of the instructor who becomes the owner of a course; the cleaned value is the user."""

    email = EmailFormField(
        label=_("Email of the new owner"), max_length=254,
        help_text=_("An instructor of this site. You lose access to the course."),
    )  # fmt: skip

    def clean_email(self) -> User:
        """Return the active user with that address."""
        user = User.objects.filter(email=self.cleaned_data["email"], is_active=True).first()
        if user is None:
            raise forms.ValidationError(_("No user of this site has this address."), code="unknown_user")
        return user


class LessonForm(forms.ModelForm[Lesson]):
    """Form of a lesson."""

    video_url = forms.URLField(label=_("Video"), required=False, max_length=500, assume_scheme="https")
    version = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    class Meta:
        model = Lesson
        fields = [
            "title", "section", "content", "video_url", "video_seconds", "completion_rule", "video_share",
            "duration_minutes", "is_published", "is_preview",
        ]  # fmt: skip
        widgets = {"content": forms.Textarea(attrs={"rows": 22, "class": "mono", "spellcheck": "true"})}

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("completion_rule", "video_share"):
            self.fields[name].required = False
        sections = Section.objects.filter(course=course)
        field: Any = self.fields["section"]
        field.queryset = sections
        field.initial = sections.last()
        field.empty_label = None

    def clean_content(self) -> str:
        """Return the text with LF line endings; browsers send CRLF."""
        return str(self.cleaned_data["content"]).replace("\r\n", "\n")

    def clean_video_share(self) -> int:
        """Return the share in percent, or the default for an empty field."""
        return int(self.cleaned_data["video_share"] or DEFAULT_VIDEO_SHARE)

    def clean_completion_rule(self) -> str:
        """Return the rule, or the default for an empty field."""
        return str(self.cleaned_data["completion_rule"] or CompletionRule.BUTTON)

    def clean_video_url(self) -> str | None:
        """Return the URL, or None for an empty field."""
        return self.cleaned_data["video_url"] or None

    def _post_clean(self) -> None:
        """Skip the update and validation of the instance: the service validates and saves a locked, fresh row."""


class SectionForm(forms.ModelForm[Section]):
    """Form of a section."""

    class Meta:
        model = Section
        fields = ["title"]
        labels = {"title": _("New section")}

    def _post_clean(self) -> None:
        """Skip the update and validation of the instance: the service validates and saves."""
