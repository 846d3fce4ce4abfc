"""Forms of the gradebook and of the public profile."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.http.form_renderer import TextsField
from core.text.validators import validate_visible
from enrollments.models import GradedItem, GradeEntry
from instructors.models import MAX_EXPERTISE, MAX_EXPERTISE_LENGTH, Instructor


class WeightsForm(forms.Form):
    """Weight of each graded item of a course, by item id."""

    def __init__(self, *args: Any, items: list[GradedItem], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for item in items:
            self.fields[str(item.pk)] = forms.DecimalField(
                label=item.title, initial=item.weight, min_value=Decimal(0), max_digits=6, decimal_places=2
            )


class GradeForm(forms.Form):
    """Form of one grade: points, excused, or neither, which withdraws the grade."""

    points = forms.DecimalField(
        label=_("Points"), required=False, max_digits=7, decimal_places=2, min_value=Decimal(0),
        help_text=_("Leave empty to withdraw the grade."),
    )  # fmt: skip
    is_excused = forms.BooleanField(
        label=_("Excused"), required=False, help_text=_("This item does not count toward the student's final grade.")
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=300, validators=[validate_visible], help_text=_("Shown in the grade history.")
    )

    def __init__(self, *args: Any, item: GradedItem, current: GradeEntry | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["points"].max_value = item.points_possible  # type: ignore[attr-defined]  # of a DecimalField
        self.fields["points"].widget.attrs["max"] = str(item.points_possible)
        if current:
            self.initial.update(points=current.points, is_excused=current.is_excused)


def expertise_field() -> TextsField:
    """Return the field of comma-separated areas of expertise, used by the profile form and the admin."""
    return TextsField(
        label=_("Expertise"), required=False,
        help_text=_("Up to 12 words or short phrases, separated by commas."),
        most=MAX_EXPERTISE, longest=MAX_EXPERTISE_LENGTH, separator=",", widget=forms.TextInput,
    )  # fmt: skip


class ProfileForm(forms.Form):
    """Form of an instructor's public profile."""

    title = forms.CharField(
        label=_("Headline"), max_length=120, required=False, help_text=_("For example: Data journalist, Bergen.")
    )
    bio = forms.CharField(
        label=_("Bio"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Public. You can use Markdown."),
    )
    expertise = expertise_field()

    @staticmethod
    def initial_from(profile: Instructor) -> dict[str, Any]:
        """Return the initial values for a profile."""
        return {"title": profile.title or "", "bio": profile.bio or "", "expertise": profile.expertise}
