"""Forms of the course editor. They check shape; the services decide."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.models import (
    LONGEST_OUTCOME,
    LONGEST_TAG,
    MOST_OUTCOMES,
    MOST_TAGS,
    CompletionRule,
    Course,
    Lesson,
    Section,
)
from lms.lib import money
from lms.lib.forms import TextsField

USUAL_SHARE = 90


def outcomes_field() -> TextsField:
    """Return the field in which the outcomes of a course are written, on its page and in the admin."""
    return TextsField(
        label=_("What one can do afterwards"), required=False, help_text=_("One in each line, up to 12."),
        most=MOST_OUTCOMES, longest=LONGEST_OUTCOME, separator="\n", widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip


class CourseForm(forms.ModelForm[Course]):
    """A course's details, with the price in the major unit and the tags in one line."""

    price = forms.DecimalField(
        label=_("Price"), min_value=Decimal(0), max_digits=9, decimal_places=3, initial=0,
        help_text=_("0 makes the course free."),
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.01"}),
    )  # fmt: skip
    outcomes = outcomes_field()
    tags = TextsField(
        label=_("Tags"), required=False, help_text=_("Up to 10 short words, with commas between them."),
        most=MOST_TAGS, longest=LONGEST_TAG, separator=",", widget=forms.TextInput,
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
        """Turn the price into minor units of the currency."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "price" in cleaned and "currency" in cleaned:
            try:
                cleaned["price_cents"] = money.to_minor(cleaned["price"], cleaned["currency"])
            except ValueError as error:
                self.add_error("price", str(error))
        return cleaned

    def changes(self) -> dict[str, Any]:
        """Return what the services take."""
        return {name: value for name, value in self.cleaned_data.items() if name != "price"}

    def _post_clean(self) -> None:
        """Leave the instance alone: the service validates and saves a locked, fresh row."""


class LessonForm(forms.ModelForm[Lesson]):
    """A lesson's text and what surrounds it."""

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
        """Return the text with the line ends of Markdown files, whatever the browser sent."""
        return str(self.cleaned_data["content"]).replace("\r\n", "\n")

    def clean_video_share(self) -> int:
        """Return the share; the usual one for an empty field."""
        return int(self.cleaned_data["video_share"] or USUAL_SHARE)

    def clean_completion_rule(self) -> str:
        """Return the rule; the button where none is chosen."""
        return str(self.cleaned_data["completion_rule"] or CompletionRule.BUTTON)

    def clean_video_url(self) -> str | None:
        """Return the address, or None for an empty field."""
        return self.cleaned_data["video_url"] or None

    def _post_clean(self) -> None:
        """Leave the instance alone: the service validates and saves a locked, fresh row."""


class SectionForm(forms.ModelForm[Section]):
    """A section's title."""

    class Meta:
        model = Section
        fields = ["title"]
        labels = {"title": _("New section")}

    def _post_clean(self) -> None:
        """Leave the instance alone: the service validates and saves."""
