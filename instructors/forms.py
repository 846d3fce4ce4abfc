"""Forms of the gradebook, and of the public profile."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from enrollments.models import GradedItem, GradeEntry
from instructors.models import LONGEST_EXPERTISE, MOST_EXPERTISE, Instructor
from lms.lib.forms import TextsField


class WeightsForm(forms.Form):
    """One number for each graded item of a course, by the item's id."""

    def __init__(self, *args: Any, items: list[GradedItem], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for item in items:
            self.fields[str(item.pk)] = forms.DecimalField(
                label=item.title, initial=item.weight, min_value=Decimal(0), max_digits=6, decimal_places=2
            )


class GradeForm(forms.Form):
    """Points, or none: excused, or taken back."""

    points = forms.DecimalField(
        label=_("Points"), required=False, max_digits=7, decimal_places=2, min_value=Decimal(0),
        help_text=_("Empty takes the grade back."),
    )  # fmt: skip
    is_excused = forms.BooleanField(
        label=_("Excused"), required=False, help_text=_("The student need not do it; it does not count.")
    )
    reason = forms.CharField(label=_("Why"), max_length=300, help_text=_("It stays in the history."))

    def __init__(self, *args: Any, item: GradedItem, standing: GradeEntry | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["points"].max_value = item.points_possible  # type: ignore[attr-defined]  # of a DecimalField
        self.fields["points"].widget.attrs["max"] = str(item.points_possible)
        if standing:
            self.initial.update(points=standing.points, is_excused=standing.is_excused)


def expertise_field() -> TextsField:
    """Return the field in which is written what an instructor knows about, on their page and in the admin."""
    return TextsField(
        label=_("What you know about"), required=False,
        help_text=_("Up to 12 words or short phrases, with commas between."),
        most=MOST_EXPERTISE, longest=LONGEST_EXPERTISE, separator=",", widget=forms.TextInput,
    )  # fmt: skip


class ProfileForm(forms.Form):
    """What stands on an instructor's public page."""

    title = forms.CharField(
        label=_("In one line"), max_length=120, required=False, help_text=_("For example: Data journalist, Bergen.")
    )
    bio = forms.CharField(
        label=_("About you"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Markdown. Everybody can read it."),
    )
    expertise = expertise_field()

    @staticmethod
    def filled(profile: Instructor) -> dict[str, Any]:
        """Return what the form shows of a profile."""
        return {"title": profile.title or "", "bio": profile.bio or "", "expertise": profile.expertise}
