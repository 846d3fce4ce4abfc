"""Forms of the quiz builder. They check shape; the services decide."""

from typing import Any

from django import forms
from django.core.validators import FileExtensionValidator
from django.utils.translation import gettext_lazy as _

from courses.models import Course, Lesson
from quizzes.models import MOST_POINTS, QuestionVersion, Quiz

FEEDBACK = "::"
PAIR = "="
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
        "question_text", "picture", "picture_shows", "lines", "correct_answer", "accepted", "tolerance", "points",
        "explanation",
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


class ChoiceForm(QuestionForm):
    """Options, one in each line, the right ones with an asterisk."""

    lines = forms.CharField(
        label=_("Options"), widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One in each line. Begin a right one with *; feedback for who chooses it follows after ::"),
    )  # fmt: skip

    def key(self, before: QuestionVersion | None) -> dict[str, Any]:
        """Return the options; an option that keeps its words keeps its id, so that given answers keep their meaning."""
        known = {one["text"]: one["id"] for one in before.options} if before else {}
        options = []
        for line in _lines(self.cleaned_data["lines"]):
            text, _sign, feedback = line.removeprefix("*").partition(FEEDBACK)
            option = {"text": text.strip(), "is_correct": line.startswith("*"), "feedback": feedback.strip()}
            options.append(option | ({"id": known[text.strip()]} if text.strip() in known else {}))
        return {"options": options, "correct_answer": None}

    @classmethod
    def initial_of(cls, version: QuestionVersion) -> dict[str, Any]:
        """Return the options as lines."""
        lines = [
            ("* " if one["is_correct"] else "")
            + one["text"]
            + (f" {FEEDBACK} {one['feedback']}" if one.get("feedback") else "")
            for one in version.options
        ]
        return {**super().initial_of(version), "lines": "\n".join(lines)}


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


class MatchingForm(QuestionForm):
    """Pairs, one in each line."""

    lines = forms.CharField(
        label=_("Pairs"), widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One in each line, as “left = right”. Students see the right sides mixed."),
    )  # fmt: skip

    def clean_lines(self) -> str:
        """Return the lines, each with both sides."""
        text: str = self.cleaned_data["lines"]
        pairs = [line.partition(PAIR) for line in _lines(text)]
        if len(pairs) < 2 or not all(left.strip() and right.strip() for left, _sign, right in pairs):
            raise forms.ValidationError(_("Write at least two pairs, each as “left = right”."))
        return text

    def key(self, before: QuestionVersion | None) -> dict[str, Any]:
        """Return both sides and the pairs."""
        pairs = [line.partition(PAIR) for line in _lines(self.cleaned_data["lines"])]
        rights = list(dict.fromkeys(right.strip() for _left, _sign, right in pairs))
        left = [{"id": f"l{place}", "text": one.strip()} for place, (one, _sign, _right) in enumerate(pairs, 1)]
        right = [{"id": f"r{place}", "text": text} for place, text in enumerate(rights, 1)]
        key = {f"l{place}": f"r{rights.index(one[2].strip()) + 1}" for place, one in enumerate(pairs, 1)}
        return {"options": {"left": left, "right": right}, "correct_answer": key}

    @classmethod
    def initial_of(cls, version: QuestionVersion) -> dict[str, Any]:
        """Return the pairs as lines."""
        right = {one["id"]: one["text"] for one in version.options["right"]}
        key = version.correct_answer or {}
        lines = [f"{one['text']} {PAIR} {right[key[one['id']]]}" for one in version.options["left"]]
        return {**super().initial_of(version), "lines": "\n".join(lines)}


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
