"""Forms of the quiz editor. They validate shapes; the services validate rules."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django import forms
from django.core.validators import FileExtensionValidator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.http.fields import LocalDateTimeInput, NumberField
from core.text.characters import is_blank
from core.text.validators import validate_visible
from courses.models import Course, Lesson
from quizzes.formats import CHOICES as FORMAT_CHOICES
from quizzes.models import MAX_POINTS, QuestionVersion, Quiz
from quizzes.option_ids import assign_ids
from quizzes.question_types import MAX_OPTION_TEXT, MAX_OPTIONS

MIN_ROWS, EXTRA_ROWS = 12, 6  # rows of a form in total, and beyond the filled ones; two empty rows are visible
PICTURE_EXTENSIONS = ("png", "jpg", "jpeg", "webp", "gif")


class QuizForm(forms.ModelForm[Quiz]):
    """The settings of a quiz."""

    class Meta:
        model = Quiz
        fields = [
            "title", "description", "lesson", "is_required", "time_limit_minutes", "max_attempts", "delay_minutes",
            "counts", "passing_score_percentage", "weight", "opens_at", "due_at", "closes_at", "one_per_page",
            "shuffle_questions", "shuffle_options", "show_answers", "show_score", "show_feedback",
        ]  # fmt: skip
        widgets = {
            "description": forms.Textarea(attrs={"rows": 3}),
            **{name: LocalDateTimeInput() for name in ("opens_at", "due_at", "closes_at")},
        }

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lesson"].queryset = Lesson.objects.filter(course=course).order_by("order")  # type: ignore[attr-defined]  # a choice


class NewQuizForm(forms.Form):
    title = forms.CharField(label=_("Title of the new quiz"), max_length=200)


class QuestionForm(forms.Form):
    """The fields of all question types. Subclasses add the fields of the key."""

    question_text = forms.CharField(
        label=_("Question"), max_length=10_000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Markdown: **bold**, `code`, formulas between dollar signs."),
    )  # fmt: skip
    picture = forms.FileField(
        label=_("Picture"), required=False, validators=[FileExtensionValidator(PICTURE_EXTENSIONS)],
        widget=forms.FileInput(attrs={"accept": ",".join(f".{one}" for one in PICTURE_EXTENSIONS)}),
        help_text=_("Added below the text of the question. To remove it, delete its line there."),
    )  # fmt: skip
    picture_shows = forms.CharField(
        label=_("Description of the picture"), required=False, max_length=300,
        help_text=_("For students who can't see the picture. Don't reveal the answer."),
    )  # fmt: skip
    points = forms.IntegerField(label=_("Points"), min_value=0, max_value=MAX_POINTS, initial=1)
    explanation = forms.CharField(
        label=_("Explanation"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Shown with the correct answer, if the quiz shows it."),
    )  # fmt: skip
    field_order = [
        "question_text", "picture", "picture_shows", "correct_answer", "accepted", "tolerance", "points", "explanation",
    ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Require a description for a picture."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("picture") and is_blank(cleaned.get("picture_shows", "")):
            self.add_error("picture_shows", _("Describe the picture."))
        return cleaned

    def get_key(self, before: QuestionVersion | None) -> dict[str, Any]:
        """Return options and key in the shape of the services. `before` is the version that is edited."""
        return {}

    @classmethod
    def initial_from(cls, version: QuestionVersion) -> dict[str, Any]:
        """Return the initial values of the form for a version."""
        return {name: getattr(version, name) for name in ("question_text", "points", "explanation")}


class Row(forms.Form):
    """A row of a key. It is either empty or has all required fields."""

    required_fields: tuple[str, ...] = ()
    incomplete_message: Any = ""

    @property
    def is_empty(self) -> bool:
        """Return whether all visible fields are empty. Hidden ids do not count: clearing a row deletes its option."""
        return not any(self.cleaned_data.get(field.name) for field in self.visible_fields())

    def clean(self) -> dict[str, Any]:
        """Require the required fields unless the row is empty."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in () if self.is_empty else self.required_fields:
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, self.incomplete_message)
        return cleaned


def _text(label: Any, widget: type[forms.Widget] = forms.TextInput, **attrs: Any) -> forms.CharField:
    # field.css recognizes an empty row by this placeholder.
    text_widget = widget(attrs={"placeholder": " ", **attrs})
    return forms.CharField(label=label, required=False, max_length=MAX_OPTION_TEXT, widget=text_widget)


def _id() -> forms.CharField:
    return forms.CharField(required=False, widget=forms.HiddenInput)


class OptionRow(Row):
    """An option, whether it is correct, and the feedback for students who choose it."""

    required_fields = ("text",)
    incomplete_message = _("Enter the text of the option, or clear the row.")

    text = _text(_("Option"))
    is_correct = forms.BooleanField(label=_("Correct"), required=False)
    feedback = _text(_("Feedback for this answer"), forms.Textarea, rows=1)
    id = _id()


class PairRow(Row):
    """A pair of a matching question."""

    required_fields = ("left", "right")
    incomplete_message = _("Enter both sides of the pair.")

    left = _text(_("Left side"))
    right = _text(_("Match"))
    left_id = _id()
    right_id = _id()


class RowsForm(QuestionForm):
    """A question whose key consists of rows."""

    row: type[Row] = Row
    row_name: str | Promise = ""
    legend: str | Promise = ""
    help_text: str | Promise = ""
    row_errors: Any = {
        "missing_management_form": _("The rows were missing from the form. Submit it again."),
        "too_many_forms": _("Enter at most %(num)d rows."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        filled = self.initial.get("rows", [])
        extra = min(MAX_OPTIONS, max(MIN_ROWS, len(filled) + EXTRA_ROWS)) - len(filled)
        # One more than allowed, so that too many rows are an error and not cut off.
        rows = forms.formset_factory(self.row, extra=extra, max_num=MAX_OPTIONS, absolute_max=MAX_OPTIONS + 1)
        # No initial values for a submitted form: a row equal to its initial values would count as left empty.
        values: dict[str, Any] = {"data": self.data} if self.is_bound else {"initial": filled}
        self.rows = rows(**values, prefix="rows", error_messages=self.row_errors)

    def clean(self) -> dict[str, Any]:
        """Add the filled rows as `rows`, and the errors of rows to the errors of the form."""
        cleaned = super().clean()
        if not self.rows.is_valid():
            self.add_error(None, [*self.rows.non_form_errors(), *self._row_errors()])
            return cleaned
        return {**cleaned, "rows": [row.cleaned_data for row in self.rows if not row.is_empty]}

    def _row_errors(self) -> Iterator[str]:
        for number, row in enumerate(self.rows, 1):
            for error in chain(*row.errors.values()):
                yield f"{self.row_name} {number}: {error}"


class ChoiceForm(RowsForm):
    """A question with options, each marked as correct or not."""

    row = OptionRow
    row_name = _("Option")
    legend = _("Options")
    help_text = _("Check the correct options. The feedback is shown with the result. Formulas and code work as above.")

    def get_key(self, before: QuestionVersion | None) -> dict[str, Any]:
        """Return the options. Existing options keep their ids, because answers refer to them."""
        rows = self.cleaned_data["rows"]
        ids = assign_ids([(row["id"], row["text"]) for row in rows], _texts(before.options if before else []))
        options = [{**row, "id": option_id} for row, option_id in zip(rows, ids, strict=True)]
        return {"options": options, "correct_answer": None}

    @classmethod
    def initial_from(cls, version: QuestionVersion) -> dict[str, Any]:
        rows = [{name: one.get(name, "") for name in OptionRow.base_fields} for one in version.options]
        return {**super().initial_from(version), "rows": rows}


class TrueFalseForm(QuestionForm):
    correct_answer: forms.Field = forms.ChoiceField(
        label=_("Correct answer"), choices=[("true", _("True")), ("false", _("False"))]
    )

    def get_key(self, before: QuestionVersion | None) -> dict[str, Any]:
        return {"correct_answer": self.cleaned_data["correct_answer"]}

    @classmethod
    def initial_from(cls, version: QuestionVersion) -> dict[str, Any]:
        return {**super().initial_from(version), "correct_answer": version.correct_answer}


class ShortAnswerForm(TrueFalseForm):
    correct_answer = forms.CharField(label=_("Correct answer"), max_length=500)
    accepted = forms.CharField(
        label=_("Also accepted"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One per line. Case and extra spaces are ignored."),
    )  # fmt: skip

    def get_key(self, before: QuestionVersion | None) -> dict[str, Any]:
        return {**super().get_key(before), "accepted_answers": _lines(self.cleaned_data["accepted"])}

    @classmethod
    def initial_from(cls, version: QuestionVersion) -> dict[str, Any]:
        return {**super().initial_from(version), "accepted": "\n".join(version.accepted_answers)}


class NumericForm(TrueFalseForm):
    correct_answer = NumberField(label=_("Correct number"))
    tolerance = NumberField(label=_("Tolerance"), min_value=0, initial=0, required=False)

    def get_key(self, before: QuestionVersion | None) -> dict[str, Any]:
        return {**super().get_key(before), "tolerance": self.cleaned_data["tolerance"] or 0}

    @classmethod
    def initial_from(cls, version: QuestionVersion) -> dict[str, Any]:
        return {**super().initial_from(version), "tolerance": version.tolerance}


class MatchingForm(RowsForm):
    row = PairRow
    row_name = _("Pair")
    legend = _("Pairs")
    help_text = _("Students see the matches in random order. Several items on the left may have the same match.")

    def clean(self) -> dict[str, Any]:
        """Require two pairs: a single pair leaves no choice."""
        cleaned = super().clean()
        if "rows" in cleaned and len(cleaned["rows"]) < 2:
            self.add_error(None, _("Enter at least two pairs."))
        return cleaned

    def get_key(self, before: QuestionVersion | None) -> dict[str, Any]:
        """Return both sides and the pairs. Existing items keep their ids."""
        pairs = self.cleaned_data["rows"]
        known: dict[str, Any] = before.options if before else {"left": [], "right": []}
        left = assign_ids([(pair["left_id"], pair["left"]) for pair in pairs], _texts(known["left"]))
        right, partners = _right_side(pairs, _texts(known["right"]))
        unmatched = _unmatched(before, right) if before else []
        return {
            "options": {
                "left": [{"id": one, "text": pair["left"]} for one, pair in zip(left, pairs, strict=True)],
                "right": [*right, *unmatched],
            },
            "correct_answer": dict(zip(left, partners, strict=True)),
        }

    @classmethod
    def initial_from(cls, version: QuestionVersion) -> dict[str, Any]:
        right = _texts(version.options["right"])
        key = version.correct_answer or {}
        rows = [
            {"left": one["text"], "left_id": one["id"], "right": right[key[one["id"]]], "right_id": key[one["id"]]}
            for one in version.options["left"]
        ]
        return {**super().initial_from(version), "rows": rows}


def _texts(options: list[dict[str, Any]]) -> dict[str, str]:
    return {one["id"]: one["text"] for one in options}


def _right_side(pairs: list[dict[str, Any]], known: dict[str, str]) -> tuple[list[dict[str, str]], list[str]]:
    """Return the items on the right and the id of each pair's match. Pairs with the same text share an item."""
    unchanged = {pair["right"]: pair["right_id"] for pair in pairs if known.get(pair["right_id"]) == pair["right"]}
    sent: dict[tuple[str, str], str] = {}
    named = []
    for pair in pairs:
        own, text = pair["right_id"], pair["right"]
        name = (own if known.get(own) == text else unchanged.get(text, ""), text)
        named.append(name)
        sent.setdefault(name, own)
    ids = dict(zip(sent, assign_ids([(own, text) for (_name, text), own in sent.items()], known), strict=True))
    return [{"id": ids[name], "text": name[1]} for name in ids], [ids[name] for name in named]


def _unmatched(version: QuestionVersion, right: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the items on the right without a pair. The page doesn't show them, and saving must not delete them.

    An item with the text of one that has a pair now is left out: no two items have the same text.
    """
    matched = {*(version.correct_answer or {}).values(), *(one["id"] for one in right)}
    texts = {one["text"] for one in right}
    return [one for one in version.options["right"] if one["id"] not in matched and one["text"] not in texts]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if not is_blank(line)]


FORMS: dict[str, type[QuestionForm]] = {
    "multiple_choice": ChoiceForm,
    "multiple_select": ChoiceForm,
    "true_false": TrueFalseForm,
    "short_answer": ShortAnswerForm,
    "numeric": NumericForm,
    "matching": MatchingForm,
    "essay": QuestionForm,
}


class ImportForm(forms.Form):
    """A file with questions."""

    file = forms.FileField(label=_("File"), help_text=_("GIFT, Moodle XML or Aiken, at most 10 MB."))
    format = forms.ChoiceField(
        label=_("Format"), required=False, choices=[("", _("Recognize from the file")), *FORMAT_CHOICES]
    )


class GradeForm(forms.Form):
    """The grade of one answer."""

    question_id = forms.UUIDField(widget=forms.HiddenInput)
    points = forms.DecimalField(label=_("Points"), min_value=0, max_digits=7, decimal_places=2)
    feedback = forms.CharField(
        label=_("Feedback"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )
    reason = forms.CharField(label=_("Reason for the change"), required=False, max_length=300)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=300, validators=[validate_visible], help_text=_("Recorded in the audit log.")
    )
