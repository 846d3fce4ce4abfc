"""Forms of enrollment, review and accommodation pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.http.fields import EmailFormField, LocalDateTimeInput
from core.text.validators import validate_visible
from enrollments import roster_import
from enrollments.models import Accommodation, Extension, JoinLink, Review
from enrollments.roster_import import RosterPreview

STARS = [(5, _("5 stars")), (4, _("4 stars")), (3, _("3 stars")), (2, _("2 stars")), (1, _("1 star"))]


class ReviewForm(forms.ModelForm[Review]):
    """Rating and comment of a review."""

    rating = forms.TypedChoiceField(label=_("Rating"), choices=STARS, coerce=int)

    class Meta:
        model = Review
        fields = ["rating", "comment"]
        widgets = {"comment": forms.Textarea(attrs={"rows": 4})}


class InvitationForm(forms.Form):
    """Email address to invite."""

    email = EmailFormField(label=_("Invite by email"), max_length=254)


class AddStudentsForm(forms.Form):
    """Students to add: pasted addresses or a CSV file."""

    addresses = forms.CharField(
        label=_("Addresses"), required=False, strip=False, max_length=1_000_000,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=_("With any separators, such as commas or lines. “Name <address>” works, too."),
    )  # fmt: skip
    file = forms.FileField(
        label=_("CSV file"), required=False, allow_empty_file=True,
        help_text=_("Its first line names the columns: email, and full_name if you like."),
    )  # fmt: skip
    notify = forms.BooleanField(
        label=_("Send each student an email"), required=False, initial=True,
        help_text=_("Without it, send invited students a join link yourself."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Require either addresses or a file."""
        data = super().clean() or self.cleaned_data
        if not (data.get("addresses") or "").strip() and data.get("file") is None:
            raise forms.ValidationError(_("Paste addresses, or choose a file."), code="required")
        return data

    def read_students(self) -> RosterPreview:
        """Return the students of the file, or else of the pasted text."""
        file = self.cleaned_data["file"]
        if file is not None:
            return roster_import.preview(file.read())
        return roster_import.read_pasted(self.cleaned_data["addresses"])

    def write_students(self, preview: RosterPreview) -> str:
        """Return the text for the text field that holds the students of a file."""
        return roster_import.write_pasted(preview.rows)


class JoinLinkForm(forms.ModelForm[JoinLink]):
    """Limits of a new join link."""

    class Meta:
        model = JoinLink
        fields = ["expires_at", "max_uses"]
        widgets = {"expires_at": LocalDateTimeInput()}


class ReplyForm(forms.Form):
    """Instructor's reply to a review."""

    reply = forms.CharField(
        label=_("Reply"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Shown publicly below the review with your name. Leave empty to delete your reply."),
    )  # fmt: skip


class ReportForm(forms.Form):
    """Reason for reporting a review to staff."""

    reason = forms.CharField(
        label=_("Reason"), max_length=1000, validators=[validate_visible], widget=forms.Textarea(attrs={"rows": 4})
    )


class AccommodationForm(forms.ModelForm[Accommodation]):
    """Extra time in all timed work of a course."""

    class Meta:
        model = Accommodation
        fields = ["extra_time_percent", "reason"]


class EndForm(forms.Form):
    """Reason for ending an enrollment, and whether the student is barred.

    Its page has another `reason` field, so pass an `auto_id`.
    """

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        validators=[validate_visible],
        help_text=_("Sent to the student, and stored in the history of the enrollment."),
    )
    bar = forms.BooleanField(
        label=_("Don't let the student enroll again"),
        required=False,
        initial=True,
        help_text=_("Neither a purchase nor an invitation gives access until you readmit the student."),
    )


class ExtensionForm(forms.ModelForm[Extension]):
    """Extra time, extra attempts and other dates for one student and one graded item."""

    class Meta:
        model = Extension
        fields = ["extra_minutes", "extra_attempts", "opens_at", "due_at", "closes_at", "reason"]
        widgets = {name: LocalDateTimeInput() for name in ("opens_at", "due_at", "closes_at")}
