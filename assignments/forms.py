"""Forms of assignments, submissions and grading. They check formats; services validate the rest."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assignments.models import MAX_TEXT_LENGTH, Assignment, Submission, validate_file_types
from assignments.submissions import MAX_FILES
from core.http.fields import LocalDateTimeInput
from courses.models import Course, Lesson
from files.file_types import MAX_SIZES, MB
from files.models import Purpose


class AssignmentForm(forms.ModelForm[Assignment]):
    """Form of an assignment."""

    points_possible = forms.IntegerField(label=_("Points"), min_value=1, max_value=99_999, initial=100)
    allowed_file_types = forms.CharField(
        label=_("Accepted file types"), required=False,
        help_text=_("File extensions, separated by commas: pdf, docx, png. Leave empty to accept all supported types."),
    )  # fmt: skip

    class Meta:
        model = Assignment
        fields = [
            "title", "lesson", "description", "points_possible", "passing_points", "opens_at", "due_at", "closes_at",
            "allow_late_submission", "late_penalty_percentage", "max_attempts", "allowed_file_types", "weight",
            "is_required", "is_published",
        ]  # fmt: skip
        labels = {"title": _("Title"), "due_at": _("Due"), "closes_at": _("Closes"), "opens_at": _("Opens")}
        help_texts = {
            "closes_at": _("No submissions are accepted after this time."),
            "passing_points": _("Leave empty if any grade passes."),
        }
        widgets = {
            "description": forms.Textarea(attrs={"rows": 12, "class": "mono"}),
            "opens_at": LocalDateTimeInput(), "due_at": LocalDateTimeInput(), "closes_at": LocalDateTimeInput(),
        }  # fmt: skip

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        assignment: Assignment | None = kwargs.get("instance")
        if assignment is not None:
            kwargs["initial"] = {
                "allowed_file_types": ", ".join(assignment.allowed_file_types),
                "points_possible": assignment.points,
                **kwargs.get("initial", {}),
            }
        super().__init__(*args, **kwargs)
        lesson: Any = self.fields["lesson"]
        lesson.queryset = Lesson.objects.filter(course=course)
        lesson.empty_label = _("None (whole course)")
        for name in ("late_penalty_percentage", "weight"):
            self.fields[name].required = False

    def clean_allowed_file_types(self) -> list[str]:
        """Return the file extensions without dots."""
        words = self.cleaned_data["allowed_file_types"].replace(";", ",").split(",")
        types = list(dict.fromkeys(word.strip().lstrip(".").lower() for word in words if word.strip()))
        validate_file_types(types)
        return types

    def clean_late_penalty_percentage(self) -> int:
        """Return the percentage, or 0 for an empty field."""
        return int(self.cleaned_data["late_penalty_percentage"] or 0)

    def clean_weight(self) -> Decimal:
        """Return the weight, or 1 for an empty field."""
        weight = self.cleaned_data["weight"]
        return Decimal(1) if weight is None else Decimal(weight)

    def clean_points_possible(self) -> Decimal:
        """Return the points as a decimal, the type of the model field."""
        return Decimal(self.cleaned_data["points_possible"])

    def _post_clean(self) -> None:
        """Skip the update and validation of the instance: the service validates and saves a locked, fresh row."""


class MultipleFilesInput(forms.FileInput):
    """File input that accepts several files."""

    allow_multiple_selected = True


class SubmitForm(forms.Form):
    """Form of a submission: a text and files.

    The view reads the files with `files.upload_handlers.received_files`; the field only displays the input and its
    errors.
    """

    content = forms.CharField(
        label=_("Your text"), required=False, max_length=MAX_TEXT_LENGTH, widget=forms.Textarea(attrs={"rows": 10}),
        strip=False, help_text=_("Drafts are saved automatically."),
    )  # fmt: skip
    is_markdown = forms.BooleanField(
        label=_("Format as Markdown"), required=False,
        help_text=_("For **bold**, lists, code and formulas. Otherwise the text is shown as you type it."),
    )  # fmt: skip
    file = forms.FileField(label=_("Files"), required=False, widget=MultipleFilesInput(attrs={"multiple": True}))

    def __init__(self, *args: Any, assignment: Assignment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        max_size = MAX_SIZES[Purpose.SUBMISSION] // MB
        self.fields["file"].widget.attrs["accept"] = assignment.accept
        self.fields["file"].help_text = _("Up to %(count)d files of up to %(largest)d MB each: %(types)s.") % {
            "count": MAX_FILES, "largest": max_size, "types": ", ".join(assignment.accepted_types),
        }  # fmt: skip


class GradeForm(forms.Form):
    """Form of a grade, before the late penalty, with feedback."""

    grade = forms.IntegerField(label=_("Points"), min_value=0, widget=forms.NumberInput(attrs={"inputmode": "numeric"}))
    feedback = forms.CharField(
        label=_("Feedback"), required=False, max_length=20_000, strip=False, help_text=_("Markdown."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason for the change"), required=False, max_length=300, help_text=_("Shown in the history.")
    )
    new_due_at = forms.DateTimeField(
        label=_("New due date"), required=False, help_text=_("Applies if you return the work for revision."),
        widget=LocalDateTimeInput(),
    )  # fmt: skip
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, submission: Submission, needs_grade: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["grade"].required = needs_grade
        max_points = submission.assignment.points
        self.fields["grade"].max_value = max_points  # type: ignore[attr-defined]  # an IntegerField has one
        self.fields["grade"].widget.attrs["max"] = max_points
        self.fields["grade"].label = _("Points out of %d") % max_points
        if submission.graded_at is None:
            del self.fields["reason"]
