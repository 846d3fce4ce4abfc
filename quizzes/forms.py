"""Forms of the quiz builder. They check shape; the services decide."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django import forms
from django.core.validators import FileExtensionValidator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from courses.models import Course, Lesson
from quizzes.models import MOST_POINTS, QuestionVersion, Quiz
from quizzes.option_ids import assign_ids
from quizzes.question_types import LONGEST_OPTION, MOST_OPTIONS

# How many rows there are to fill in: at least, and beyond those that are filled. Of the empty ones two are in sight.
FEWEST_ROWS, ROOM = 12, 6
PICTURES = ("png", "jpg", "jpeg", "webp", "gif")


class QuizForm(forms.ModelForm[Quiz]):
    """A quiz's rules."""

    class Meta:
        model = Quiz
        fields = [
            "title", "description", "lesson", "is_required", "time_limit_minutes", "max_attempts", "delay_minutes",
            "counts", "passing_score_percentage", "weight", "opens_at", "due_at", "closes_at", "one_per_page",
            "shuffle_questions", "shuffle_options", "show_answers", "show_score", "show_feedback",
        ]  # fmt: skip
        widgets = {
            "description": forms.Textarea(attrs={"rows": 3}),
            **{
                name: forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
                for name in ("opens_at", "due_at", "closes_at")
            },
        }

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lesson"].queryset = Lesson.objects.filter(course=course).order_by("order")  # type: ignore[attr-defined]  # a choice


class NewQuizForm(forms.Form):
    """Beginning a quiz takes a title."""

    title = forms.CharField(label=_("Title of a new quiz"), max_length=200)


class QuestionForm(forms.Form):
    """What every question has; each type adds its key."""

    question_text = forms.CharField(
        label=_("Question"), max_length=10_000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Markdown: **bold**, `code`, formulas between dollar signs."),
    )  # fmt: skip
    picture = forms.FileField(
        label=_("Picture"), required=False, validators=[FileExtensionValidator(PICTURES)],
        widget=forms.FileInput(attrs={"accept": ",".join(f".{one}" for one in PICTURES)}),
        help_text=_("It is put below the text of the question. Take it away by deleting its line there."),
    )  # fmt: skip
    picture_shows = forms.CharField(
        label=_("What the picture shows"), required=False, max_length=300,
        help_text=_("For those who cannot see it, without giving the answer away."),
    )  # fmt: skip
    points = forms.IntegerField(label=_("Points"), min_value=0, max_value=MOST_POINTS, initial=1)
    explanation = forms.CharField(
        label=_("Explanation"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Shown with the right answer, when the quiz shows that."),
    )  # fmt: skip
    field_order = [
        "question_text", "picture", "picture_shows", "correct_answer", "accepted", "tolerance", "points", "explanation",
    ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Return the fields; a picture needs words."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("picture") and not cleaned.get("picture_shows", "").strip():
            self.add_error("picture_shows", _("Say what the picture shows."))
        return cleaned

    def key(self, before: QuestionVersion | None) -> dict[str, Any]:
        """Return options and key as the services take them."""
        return {}

    @classmethod
    def initial_of(cls, version: QuestionVersion) -> dict[str, Any]:
        """Return what the form shows of a version."""
        return {name: getattr(version, name) for name in ("question_text", "points", "explanation")}


class Row(forms.Form):
    """A part of a key on a line of its own: filled in as far as it must be, or left empty."""

    needed: tuple[str, ...] = ()
    incomplete: Any = ""

    @property
    def is_empty(self) -> bool:
        """Whether every visible field is empty. The ids of an emptied row do not count: its option is deleted."""
        return not any(self.cleaned_data.get(field.name) for field in self.visible_fields())

    def clean(self) -> dict[str, Any]:
        """Return the fields; what is begun is finished."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in () if self.is_empty else self.needed:
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, self.incomplete)
        return cleaned


def _text(label: Any, widget: type[forms.Widget] = forms.TextInput, **attrs: Any) -> forms.CharField:
    # The space lets the style know an empty row (field.css).
    shown = widget(attrs={"placeholder": " ", **attrs})
    return forms.CharField(label=label, required=False, max_length=LONGEST_OPTION, widget=shown)


def _id() -> forms.CharField:
    return forms.CharField(required=False, widget=forms.HiddenInput)


class OptionRow(Row):
    """One option, whether it is right, and what is said to who chooses it."""

    needed = ("text",)
    incomplete = _("Write the option, or empty its row.")

    text = _text(_("Option"))
    is_correct = forms.BooleanField(label=_("Right"), required=False)
    feedback = _text(_("Said to who chooses it"), forms.Textarea, rows=1)
    id = _id()


class PairRow(Row):
    """What belongs together."""

    needed = ("left", "right")
    incomplete = _("A pair has two sides.")

    left = _text(_("On the left"))
    right = _text(_("Belongs to it"))
    left_id = _id()
    right_id = _id()


class RowsForm(QuestionForm):
    """A question whose key is made of rows."""

    row: type[Row] = Row
    row_name: str | Promise = ""
    legend: str | Promise = ""
    hint: str | Promise = ""
    row_errors: Any = {
        "missing_management_form": _("The rows did not arrive with the form. Send it again."),
        "too_many_forms": _("There can be %(num)d rows at most."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        filled = self.initial.get("rows", [])
        extra = min(MOST_OPTIONS, max(FEWEST_ROWS, len(filled) + ROOM)) - len(filled)
        # One more than there may be, so that it is refused and not cut off.
        rows = forms.formset_factory(self.row, extra=extra, max_num=MOST_OPTIONS, absolute_max=MOST_OPTIONS + 1)
        # What was sent is all there is: a row that is as it was before would else count as one that was left empty.
        given: dict[str, Any] = {"data": self.data} if self.is_bound else {"initial": filled}
        self.rows = rows(**given, prefix="rows", error_messages=self.row_errors)

    def clean(self) -> dict[str, Any]:
        """Return the fields, with the filled rows as `rows`; what is wrong with one stands beside it, too."""
        cleaned = super().clean()
        if not self.rows.is_valid():
            self.add_error(None, [*self.rows.non_form_errors(), *self._of_rows()])
            return cleaned
        return {**cleaned, "rows": [row.cleaned_data for row in self.rows if not row.is_empty]}

    def _of_rows(self) -> Iterator[str]:
        for number, row in enumerate(self.rows, 1):
            for error in chain(*row.errors.values()):
                yield f"{self.row_name} {number}: {error}"


class ChoiceForm(RowsForm):
    """Options, each with a tick where it is right."""

    row = OptionRow
    row_name = _("Option")
    legend = _("Options")
    hint = _("Tick what is right. What you say to who chooses an option is shown with the result.")

    def key(self, before: QuestionVersion | None) -> dict[str, Any]:
        """Return the options; one that was there before keeps its id, so that given answers keep their meaning."""
        rows = self.cleaned_data["rows"]
        ids = assign_ids([(row["id"], row["text"]) for row in rows], _texts(before.options if before else []))
        options = [{**row, "id": option_id} for row, option_id in zip(rows, ids, strict=True)]
        return {"options": options, "correct_answer": None}

    @classmethod
    def initial_of(cls, version: QuestionVersion) -> dict[str, Any]:
        """Return the options as rows."""
        rows = [{name: one.get(name, "") for name in OptionRow.base_fields} for one in version.options]
        return {**super().initial_of(version), "rows": rows}


class TrueFalseForm(QuestionForm):
    """True or false."""

    correct_answer: forms.Field = forms.ChoiceField(
        label=_("Right answer"), choices=[("true", _("True")), ("false", _("False"))]
    )

    def key(self, before: QuestionVersion | None) -> dict[str, Any]:
        """Return the key."""
        return {"correct_answer": self.cleaned_data["correct_answer"]}

    @classmethod
    def initial_of(cls, version: QuestionVersion) -> dict[str, Any]:
        """Return the key, too."""
        return {**super().initial_of(version), "correct_answer": version.correct_answer}


class ShortAnswerForm(TrueFalseForm):
    """A text and others that are accepted."""

    correct_answer = forms.CharField(label=_("Right answer"), max_length=500)
    accepted = forms.CharField(
        label=_("Also accepted"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One in each line. Case and spaces do not matter."),
    )  # fmt: skip

    def key(self, before: QuestionVersion | None) -> dict[str, Any]:
        """Return the key and what else is accepted."""
        return {**super().key(before), "accepted_answers": _lines(self.cleaned_data["accepted"])}

    @classmethod
    def initial_of(cls, version: QuestionVersion) -> dict[str, Any]:
        """Return what is accepted, too."""
        return {**super().initial_of(version), "accepted": "\n".join(version.accepted_answers)}


class NumericForm(TrueFalseForm):
    """A number and how far off one may be."""

    correct_answer = forms.DecimalField(label=_("Right number"), max_digits=25, decimal_places=10)
    tolerance = forms.DecimalField(
        label=_("Tolerance"), min_value=0, initial=0, max_digits=25, decimal_places=10, required=False
    )

    def key(self, before: QuestionVersion | None) -> dict[str, Any]:
        """Return number and tolerance."""
        return {**super().key(before), "tolerance": self.cleaned_data["tolerance"] or 0}

    @classmethod
    def initial_of(cls, version: QuestionVersion) -> dict[str, Any]:
        """Return the tolerance, too."""
        return {**super().initial_of(version), "tolerance": version.tolerance}


class MatchingForm(RowsForm):
    """Pairs, each in a row."""

    row = PairRow
    row_name = _("Pair")
    legend = _("Pairs")
    hint = _("Students see the right sides mixed. Two on the left may belong to the same on the right.")

    def clean(self) -> dict[str, Any]:
        """Return the fields; a single pair leaves nothing to choose."""
        cleaned = super().clean()
        if "rows" in cleaned and len(cleaned["rows"]) < 2:
            self.add_error(None, _("Write at least two pairs."))
        return cleaned

    def key(self, before: QuestionVersion | None) -> dict[str, Any]:
        """Return both sides and the pairs; sides that were there before keep their ids."""
        pairs = self.cleaned_data["rows"]
        known: dict[str, Any] = before.options if before else {"left": [], "right": []}
        left = assign_ids([(pair["left_id"], pair["left"]) for pair in pairs], _texts(known["left"]))
        right, partners = _right_side(pairs, _texts(known["right"]))
        unmatched = _unmatched(before, {one["id"] for one in right}) if before else []
        return {
            "options": {
                "left": [{"id": one, "text": pair["left"]} for one, pair in zip(left, pairs, strict=True)],
                "right": [*right, *unmatched],
            },
            "correct_answer": dict(zip(left, partners, strict=True)),
        }

    @classmethod
    def initial_of(cls, version: QuestionVersion) -> dict[str, Any]:
        """Return the pairs as rows."""
        right = _texts(version.options["right"])
        key = version.correct_answer or {}
        rows = [
            {"left": one["text"], "left_id": one["id"], "right": right[key[one["id"]]], "right_id": key[one["id"]]}
            for one in version.options["left"]
        ]
        return {**super().initial_of(version), "rows": rows}


def _texts(options: list[dict[str, Any]]) -> dict[str, str]:
    return {one["id"]: one["text"] for one in options}


def _right_side(pairs: list[dict[str, Any]], known: dict[str, str]) -> tuple[list[dict[str, str]], list[str]]:
    """Return the options on the right, and the partner's id for each pair. Pairs with the same text share an option."""
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


def _unmatched(version: QuestionVersion, used: set[str]) -> list[dict[str, str]]:
    """Return the options on the right that belong to no pair, which the page doesn't show and must not lose."""
    matched = {*(version.correct_answer or {}).values(), *used}
    return [one for one in version.options["right"] if one["id"] not in matched]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


FORMS: dict[str, type[QuestionForm]] = {
    "multiple_choice": ChoiceForm,
    "multiple_select": ChoiceForm,
    "true_false": TrueFalseForm,
    "short_answer": ShortAnswerForm,
    "numeric": NumericForm,
    "matching": MatchingForm,
    "essay": QuestionForm,
}


class MarkForm(forms.Form):
    """A mark by hand."""

    question_id = forms.UUIDField(widget=forms.HiddenInput)
    points = forms.DecimalField(label=_("Points"), min_value=0, max_digits=7, decimal_places=2)
    feedback = forms.CharField(
        label=_("Feedback"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )
    reason = forms.CharField(label=_("Why it changes"), required=False, max_length=300)


class ReasonForm(forms.Form):
    """Why marks change."""

    reason = forms.CharField(label=_("Why"), max_length=300, help_text=_("It stands in the audit log."))
