"""Forms of the learning pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

from enrollments.models import Accommodation, Extension, Review

STARS = [(5, _("5 stars")), (4, _("4 stars")), (3, _("3 stars")), (2, _("2 stars")), (1, _("1 star"))]


class ReviewForm(forms.ModelForm[Review]):
    """Stars, and a few sentences."""

    rating = forms.TypedChoiceField(label=_("Stars"), choices=STARS, coerce=int)

    class Meta:
        model = Review
        fields = ["rating", "comment"]
        widgets = {"comment": forms.Textarea(attrs={"rows": 4})}


class InvitationForm(forms.Form):
    """Whom to invite."""

    email = forms.EmailField(label=_("Invite by e-mail address"), max_length=254)


class ReplyForm(forms.Form):
    """An instructor's answer to a review."""

    reply = forms.CharField(
        label=_("Your answer"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("It stands below the review, under your name. An empty one takes your answer back."),
    )  # fmt: skip


class ReportForm(forms.Form):
    """Why staff should look at a review."""

    reason = forms.CharField(
        label=_("What is wrong with it?"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4})
    )


class AccommodationForm(forms.ModelForm[Accommodation]):
    """More time in all timed work of a course."""

    class Meta:
        model = Accommodation
        fields = ["extra_time_percent", "reason"]


class EndForm(forms.Form):
    """Why an enrolment ends. It stands beside another form that asks why, so its fields have ids of their own."""

    reason = forms.CharField(
        label=_("Why"), max_length=300, help_text=_("The student is told. It stands in the course's history.")
    )


class ExtensionForm(forms.ModelForm[Extension]):
    """Other terms for one student and one piece of work."""

    class Meta:
        model = Extension
        fields = ["extra_minutes", "extra_attempts", "opens_at", "due_at", "closes_at", "reason"]
        widgets = {
            name: forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
            for name in ("opens_at", "due_at", "closes_at")
        }
