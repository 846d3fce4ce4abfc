"""How the questions of a quiz went: facility and what was chosen, for those who teach it."""

import csv
import io
import statistics
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from quizzes.charts import Bar, histogram
from quizzes.marking import standing_marks
from quizzes.models import Mark, QuestionVersion, Quiz
from quizzes.question_types import folded

MOST_ATTEMPTS = 5000
MOST_LINES = 12  # of free answers
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


@dataclass
class Chosen:
    """How often an answer was given; `share` of those who answered, in percent."""

    answer: str
    count: int
    is_correct: bool
    share: int = 0


@dataclass
class QuestionResult:
    """How one question went over all submitted attempts."""

    version: QuestionVersion
    marks: list[Mark] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """How many answered it."""
        return len(self.answers)

    @property
    def marked(self) -> int:
        """How many of its answers have a mark."""
        return sum(mark.points is not None for mark in self.marks)

    @property
    def facility(self) -> float | None:
        """The mean share of its points, 0 to 1; None before the first mark, and for a question without points."""
        if not self.marked or not self.version.points:
            return None
        total = sum((mark.points for mark in self.marks if mark.points is not None), Decimal(0))
        return round(float(total / self.version.points / self.marked), 4)

    @property
    def percent(self) -> int | None:
        """The facility in percent."""
        return None if self.facility is None else round(self.facility * 100)

    @property
    def choices(self) -> list[Chosen]:
        """What was answered and how often: every option, or the most frequent free answers; none for essays."""
        version = self.version
        if version.kind.is_marked_by_hand:
            return []
        counted = Counter(line for answer in self.answers for line in self._lines(answer))
        key = version.kind.in_words(version, version.correct_answer)
        if isinstance(version.options, list) and version.options:
            lines = [one["text"] for one in version.options]
        else:
            lines = [line for line, _count in counted.most_common(MOST_LINES)]
        right = {folded(line) for line in [*key, *version.accepted_answers]}
        return [
            Chosen(line, counted[line], folded(line) in right, round(100 * counted[line] / max(1, self.answered)))
            for line in lines
        ]

    def _lines(self, answer: Any) -> list[str]:
        """Return the parts of an answer by the current version. Options that are gone have no text any more."""
        kind = self.version.kind
        return kind.in_words(self.version, kind.remaining(self.version, answer))


@dataclass(frozen=True)
class Summary:
    """How a quiz went as a whole: over the submitted attempts, in percent; None before one is marked."""

    submitted: int
    waiting: int
    passed: int
    scores: list[int]

    @property
    def median(self) -> float | None:
        """The score in the middle."""
        return statistics.median(self.scores) if self.scores else None

    @property
    def passed_percent(self) -> int | None:
        """How many of the marked attempts passed."""
        return round(100 * self.passed / len(self.scores)) if self.scores else None

    @property
    def bars(self) -> list[Bar]:
        """How the scores are spread."""
        return histogram(self.scores)


def summary_of(quiz: Quiz) -> Summary:
    """Return how the newest 5,000 submitted attempts went. One query."""
    rows = quiz.attempts.submitted().order_by("-submitted_at").values_list("score", "passed")[:MOST_ATTEMPTS]
    marked = [(score, passed) for score, passed in rows if score is not None]
    return Summary(
        submitted=len(rows),
        waiting=len(rows) - len(marked),
        passed=sum(passed is True for _score, passed in marked),
        scores=[score for score, _passed in marked],
    )


def results_of(quiz: Quiz) -> list[QuestionResult]:
    """Return how each present question went, in order, over the newest 5,000 submitted attempts. Three queries."""
    questions = quiz.questions.present().select_related("current")
    found = {str(one.pk): QuestionResult(one.current) for one in questions if one.current}
    attempts = list(quiz.attempts.submitted().defer("layout").order_by("-submitted_at")[:MOST_ATTEMPTS])
    marks = standing_marks(attempts)
    for attempt in attempts:
        for key, mark in marks[attempt.pk].items():
            if key in found:
                found[key].marks.append(mark)
                # An answer to a question of another type has no shape that the current one could read.
                is_readable = mark.version.question_type == found[key].version.question_type
                if is_readable and attempt.answers.get(key) is not None:
                    found[key].answers.append(attempt.answers[key])
    return list(found.values())


def as_csv(quiz: Quiz) -> str:
    """Return one line for each submitted attempt: who, when, score, and the points of each question."""
    questions = [one.current for one in quiz.questions.present().select_related("current") if one.current]
    attempts = list(
        quiz.attempts.submitted().select_related("enrollment__user").order_by("submitted_at")[:MOST_ATTEMPTS]
    )
    marks = standing_marks(attempts)
    out = io.StringIO()
    writer = csv.writer(out)
    head = ["name", "email", "attempt", "started_at", "submitted_at", "points", "possible", "percent", "passed"]
    writer.writerow(head + [_safe(one.question_text.replace("\n", " ")[:80]) for one in questions])
    for attempt in attempts:
        user, standing = attempt.enrollment.user, marks[attempt.pk]
        points = [getattr(standing.get(str(one.question_id)), "points", None) for one in questions]
        writer.writerow(
            [_safe(user.full_name), _safe(user.email), attempt.number, _when(attempt.started_at)]
            + [
                _when(attempt.submitted_at),
                attempt.points_earned,
                attempt.points_possible,
                attempt.score,
                attempt.passed,
            ]
            + ["" if one is None else one for one in points]
        )
    return out.getvalue()


def _when(moment: Any) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def _safe(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
