"""Statistics of a quiz for its instructor: scores, and facility and answers of each question."""

import statistics
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from quizzes.charts import Bar, histogram
from quizzes.grading import load_current_marks
from quizzes.models import Mark, QuestionVersion, Quiz
from quizzes.question_types import FULL_CREDIT

MAX_ATTEMPTS = 5000
MAX_FREE_ANSWERS = 12


@dataclass
class AnswerCount:
    """The number of times that an answer was given; `share` is its percentage of all given answers."""

    answer: str
    count: int
    is_correct: bool
    share: int = 0


@dataclass
class QuestionResult:
    """The result of one question over all submitted attempts."""

    version: QuestionVersion
    marks: list[Mark] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """Return the number of attempts in which the question was answered."""
        return len(self.answers)

    @property
    def marked(self) -> int:
        """Return the number of graded answers."""
        return sum(mark.points is not None for mark in self.marks)

    @property
    def facility(self) -> float | None:
        """Return the mean share of the points, 0 to 1; None without a graded answer and for a question of 0 points."""
        if not self.marked or not self.version.points:
            return None
        total = sum((mark.points for mark in self.marks if mark.points is not None), Decimal(0))
        return round(float(total / self.version.points / self.marked), 4)

    @property
    def percent(self) -> int | None:
        """Return the facility in percent."""
        return None if self.facility is None else round(self.facility * 100)

    @property
    def choices(self) -> list[AnswerCount]:
        """Return all options, or the most frequent free answers, with their counts; an empty list for essays."""
        version = self.version
        if version.type.is_graded_by_hand:
            return []
        counts: Counter[str] = Counter()
        correct = set(version.type.describe_answer(version, version.correct_answer))
        for given in self.answers:
            answer = version.type.drop_deleted_options(version, given)
            texts = version.type.describe_answer(version, answer)
            counts.update(texts)
            # Free answers need not be equal to the key: numbers within the tolerance, other spellings of a text.
            if version.type.grade(version, answer) == FULL_CREDIT:
                correct.update(texts)
        if isinstance(version.options, list) and version.options:
            texts = [option["text"] for option in version.options]
        else:
            texts = [text for text, _count in counts.most_common(MAX_FREE_ANSWERS)]
        return [
            AnswerCount(
                answer=text,
                count=counts[text],
                is_correct=text in correct,
                share=round(100 * counts[text] / max(1, self.answered)),
            )
            for text in texts
        ]


@dataclass(frozen=True)
class Summary:
    """Totals over the submitted attempts of a quiz. Scores are in percent."""

    submitted: int
    waiting: int
    passed: int
    scores: list[int]

    @property
    def median(self) -> float | None:
        """Return the median score; None without a graded attempt."""
        return statistics.median(self.scores) if self.scores else None

    @property
    def passed_percent(self) -> int | None:
        """Return the percentage of graded attempts that passed; None without a graded attempt."""
        return round(100 * self.passed / len(self.scores)) if self.scores else None

    @property
    def bars(self) -> list[Bar]:
        """Return the bars of the score distribution."""
        return histogram(self.scores)


def summarize_attempts(quiz: Quiz) -> Summary:
    """Return the totals over the newest 5,000 submitted attempts. One query."""
    rows = quiz.attempts.submitted().order_by("-submitted_at").values_list("score", "passed")[:MAX_ATTEMPTS]
    graded = [(score, passed) for score, passed in rows if score is not None]
    return Summary(
        submitted=len(rows),
        waiting=len(rows) - len(graded),
        passed=sum(passed is True for _score, passed in graded),
        scores=[score for score, _passed in graded],
    )


def get_question_results(quiz: Quiz) -> list[QuestionResult]:
    """Return the result of each question, in order, over the newest 5,000 submitted attempts. Three queries."""
    questions = quiz.questions.present().select_related("current")
    results = {str(one.pk): QuestionResult(one.current) for one in questions if one.current}
    attempts = list(quiz.attempts.submitted().defer("layout").order_by("-submitted_at")[:MAX_ATTEMPTS])
    marks = load_current_marks(attempts)
    for attempt in attempts:
        for key, mark in marks[attempt.pk].items():
            if key in results:
                results[key].marks.append(mark)
                # If the type of the question was changed since, the answer has another shape.
                is_readable = mark.version.question_type == results[key].version.question_type
                if is_readable and attempt.answers.get(key) is not None:
                    results[key].answers.append(attempt.answers[key])
    return list(results.values())


def csv_rows(quiz: Quiz) -> list[list[Any]]:
    """Return a header and a row for each submitted attempt: student, times, score, and the points of each question."""
    questions = [one.current for one in quiz.questions.present().select_related("current") if one.current]
    attempts = list(
        quiz.attempts.submitted().select_related("enrollment__user").order_by("submitted_at")[:MAX_ATTEMPTS]
    )
    marks = load_current_marks(attempts)
    head = ["name", "email", "attempt", "started_at", "submitted_at", "points", "possible", "percent", "passed"]
    rows: list[list[Any]] = [head + [one.question_text.replace("\n", " ")[:80] for one in questions]]
    for attempt in attempts:
        user, own_marks = attempt.enrollment.user, marks[attempt.pk]
        points = [getattr(own_marks.get(str(one.question_id)), "points", None) for one in questions]
        times = [_format_time(attempt.started_at), _format_time(attempt.submitted_at)]
        score = [attempt.points_earned, attempt.points_possible, attempt.score, attempt.passed]
        rows.append([user.full_name, user.email, attempt.number, *times, *score, *points])
    return rows


def _format_time(moment: Any) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
