"""Forms of assignments and grading. They check shape; the services decide."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assignments.handing_in import MOST_FILES
from assignments.models import LONGEST_TEXT, Assignment, Submission, validate_file_types
from courses.models import Course, Lesson
from files.kinds import LARGEST, MB
from files.models import Purpose


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class AssignmentForm(forms.ModelForm[Assignment]):
    """What an assignment asks, and when."""

    points_possible = forms.IntegerField(label=_("Points"), min_value=1, max_value=99_999, initial=100)
    allowed_file_types = forms.CharField(
        label=_("Kinds of files"), required=False,
        help_text=_("Endings with commas between them: pdf, docx, png. Empty takes every kind that the site takes."),
    )  # fmt: skip

    class Meta:
        model = Assignment
        fields = [
            "title", "lesson", "description", "points_possible", "passing_points", "opens_at", "due_at", "closes_at",
            "allow_late_submission", "late_penalty_percentage", "max_attempts", "allowed_file_types", "weight",
            "is_required", "is_published",
        ]  # fmt: skip
        labels = {"title": _("Title"), "due_at": _("Due"), "closes_at": _("Last moment"), "opens_at": _("Opens")}
        help_texts = {
            "closes_at": _("After this nothing is taken, late or not."),
            "passing_points": _("Empty: any grade passes."),
        }
        widgets = {
            "description": forms.Textarea(attrs={"rows": 12, "class": "mono"}),
            "opens_at": _moment(), "due_at": _moment(), "closes_at": _moment(),
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
        lesson.empty_label = _("None: it belongs to the whole course")
        for name in ("late_penalty_percentage", "weight"):
            self.fields[name].required = False

    def clean_allowed_file_types(self) -> list[str]:
        """Return the endings, without dots."""
        words = self.cleaned_data["allowed_file_types"].replace(";", ",").split(",")
        types = list(dict.fromkeys(word.strip().lstrip(".").lower() for word in words if word.strip()))
        validate_file_types(types)
        return types

    def clean_late_penalty_percentage(self) -> int:
        """Return the percentage; none for an empty field."""
        return int(self.cleaned_data["late_penalty_percentage"] or 0)

    def clean_weight(self) -> Decimal:
        """Return the weight; 1 for an empty field."""
        given = self.cleaned_data["weight"]
        return Decimal(1) if given is None else Decimal(given)

    def clean_points_possible(self) -> Decimal:
        """Return the points as the item keeps them."""
        return Decimal(self.cleaned_data["points_possible"])

    def _post_clean(self) -> None:
        """Leave the instance alone: the service validates and saves a locked, fresh row."""


class SeveralFilesInput(forms.FileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class SubmitForm(forms.Form):
    """A text and files. `files.uploading.received` reads the files; the field shows them and their errors."""

    content = forms.CharField(
        label=_("Your text"), required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_("Markdown. It is kept while you type."),
    )  # fmt: skip
    file = forms.FileField(label=_("Files"), required=False, widget=SeveralFilesInput(attrs={"multiple": True}))

    def __init__(self, *args: Any, assignment: Assignment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        largest = LARGEST[Purpose.SUBMISSION] // MB
        self.fields["file"].widget.attrs["accept"] = assignment.accept
        self.fields["file"].help_text = _("Up to %(count)d files of up to %(largest)d MB each: %(types)s.") % {
            "count": MOST_FILES, "largest": largest, "types": ", ".join(assignment.taken_types),
        }  # fmt: skip


class GradeForm(forms.Form):
    """A grade before the penalty, and what to say about it."""

    grade = forms.IntegerField(label=_("Points"), min_value=0, widget=forms.NumberInput(attrs={"inputmode": "numeric"}))
    feedback = forms.CharField(
        label=_("Feedback"), required=False, max_length=20_000, help_text=_("Markdown."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Why the grade changes"), required=False, max_length=300, help_text=_("It stands in the history.")
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, submission: Submission, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = submission.assignment.points
        self.fields["grade"].max_value = most  # type: ignore[attr-defined]  # an IntegerField has one
        self.fields["grade"].widget.attrs["max"] = most
        self.fields["grade"].label = _("Points of %d") % most
        if submission.graded_at is None:
            del self.fields["reason"]
