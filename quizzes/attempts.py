"""Services for attempts: start, save answers, submit, and close overdue attempts.

The journal of an attempt is written with the attempt's row locked. Its numbers therefore increase, and no event follows
the submission. To avoid deadlocks, an attempt is locked before its enrollment; a start locks the enrollment only.
"""

import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.db.prepared import Prepared
from core.http.errors import DomainError
from enrollments.deadlines import Terms, get_terms
from enrollments.models import Enrollment
from enrollments.signals import learned
from enrollments.states import ENROLLMENT
from quizzes.grading import apply_marks, notify_student, record_quiz_grade
from quizzes.models import GRACE, AnswerEvent, Attempt, Mark, Quiz, compute_receipt, fold_journal, shuffle_layout
from quizzes.question_types import AnswerError
from quizzes.states import ATTEMPT, CLOSED

MAX_BATCH = 200
SUBMISSION_FIELDS = (
    "answers", "last_number", "submitted_at", "by_clock", "receipt", "points_earned", "score", "passed"
)  # fmt: skip


class AttemptError(DomainError):
    """An attempt cannot be started or continued. `current` contains the saved answers for a stale save."""

    current: dict[str, Any] | None = None


@dataclass(frozen=True)
class SaveResult:
    """The acknowledgment of a save: the newest journal number, the time of the save and the current deadline.

    `answers` are the answers by question id as they were understood, without those that were saved before.
    """

    number: int
    saved_at: datetime
    deadline: datetime | None
    answers: dict[str, Any]


def start_attempt(*, actor: User, quiz: Quiz) -> tuple[Attempt, bool]:
    """Start an attempt; return it or the running attempt, and whether it is new.

    The row of the enrollment is locked, and a constraint permits one running attempt: of several simultaneous starts,
    one creates the attempt and the others return it (quality row Q02).

    Raises AttemptError `not_enrolled` (403, or 409 if the enrollment ends meanwhile), `not_open`, `closed`,
    `no_attempts_left`, `too_soon` or `nothing_to_answer` (409).
    """
    enrollment = Enrollment.objects.active().filter(user=actor, course=quiz.course_id).first()
    if enrollment is None:
        raise AttemptError("not_enrolled", _("Enroll in the course to take this quiz."), status=403)
    close_if_overdue(get_running_attempt(quiz, enrollment))
    try:
        with transaction.atomic():
            return _get_or_create_attempt(
                quiz, Enrollment.objects.select_for_update(of=("self",)).get(pk=enrollment.pk)
            )
    except IntegrityError:
        found = get_running_attempt(quiz, enrollment)
        if found is None:
            raise
        return found, False


def get_running_attempt(quiz: Quiz, enrollment: Enrollment) -> Attempt | None:
    return (
        Attempt.objects.running().select_related("quiz", "enrollment").filter(quiz=quiz, enrollment=enrollment).first()
    )


def _get_or_create_attempt(quiz: Quiz, enrollment: Enrollment) -> tuple[Attempt, bool]:
    """Return the running attempt or a new one, and whether it is new. Requires the lock on the enrollment."""
    ENROLLMENT.check("work", enrollment.state, raises=AttemptError)
    running = get_running_attempt(quiz, enrollment)
    if running is not None:
        return running, False
    now = timezone.now()
    terms = get_terms(quiz, enrollment)
    earlier = list(Attempt.objects.filter(quiz=quiz, enrollment=enrollment).order_by("number"))
    error = find_start_error(quiz, terms, earlier, now)
    if error is not None:
        raise error
    questions = list(quiz.questions.present().select_related("current"))
    layout = [[str(question.pk), str(question.current_id)] for question in questions]
    if not layout:
        raise AttemptError("nothing_to_answer", _("This quiz has no questions yet."))
    seed = secrets.randbelow(2**31)
    attempt = Attempt.objects.create(
        quiz=quiz,
        enrollment=enrollment,
        number=earlier[-1].number + 1 if earlier else 1,
        seed=seed,
        layout=shuffle_layout(layout, seed) if quiz.shuffle_questions else layout,
        started_at=now,
        expires_at=terms.deadline(now),
        points_possible=sum(question.current.points for question in questions if question.current),
    )
    return attempt, True


def find_start_error(quiz: Quiz, terms: Terms, earlier: list[Attempt], now: datetime) -> AttemptError | None:
    """Return the error that blocks a new attempt, or None. `earlier` are the previous attempts, oldest first."""
    if not terms.has_opened(now):
        return AttemptError("not_open", _("This quiz is not open yet."))
    if terms.has_closed(now):
        return AttemptError("closed", _("This quiz is closed."))
    if terms.attempts is not None and len(earlier) >= terms.attempts:
        return AttemptError("no_attempts_left", _("You have used all your attempts."))
    ended = earlier[-1].submitted_at if earlier else None
    next_at = ended + timedelta(minutes=quiz.delay_minutes) if ended else now
    if next_at > now:
        wait = int((next_at - now).total_seconds()) + 1
        return AttemptError("too_soon", _("You can try again in %d min.") % -(-wait // 60), retry_after=wait)
    return None


def load_deadline(attempt: Attempt) -> datetime | None:
    """Return the deadline of a running attempt; None without a time limit.

    Two queries with a time limit; one if the enrollment was loaded with its accommodation.
    """
    if attempt.expires_at is None:
        return None
    return compute_deadline(get_terms(attempt.quiz, attempt.enrollment), attempt)


def compute_deadline(terms: Terms, attempt: Attempt) -> datetime | None:
    """Return the deadline of a running attempt under these terms, never earlier than `expires_at`. No queries."""
    deadline = terms.deadline(attempt.started_at)
    if attempt.expires_at is None or deadline is None:
        return None
    return max(deadline, attempt.expires_at)


def is_overdue(attempt: Attempt, now: datetime) -> bool:
    """Return whether the deadline plus the grace period has passed. No queries before `expires_at` has passed."""
    if attempt.expires_at is None or now <= attempt.expires_at + GRACE:
        return False
    deadline = load_deadline(attempt)
    return deadline is not None and now > deadline + GRACE


# The columns that `save_answers` needs. A class saves its answers every few seconds, so this query reads no others, and
# its SQL is compiled once.
SAVE_FIELDS = (
    "layout", "started_at", "expires_at", "submitted_at", "last_number", "enrollment__user", "quiz__course",
    "quiz__opens_at", "quiz__due_at", "quiz__closes_at", "quiz__time_limit_minutes", "quiz__max_attempts",
    "enrollment__accommodation__extra_time_percent",
)  # fmt: skip
_ATTEMPT_TO_SAVE = Prepared(
    lambda attempt_id, user_id: (
        Attempt.objects.filter(pk=attempt_id)
        .answerable_by_id(user_id)
        .select_related("quiz", "enrollment__accommodation")
        .only(*SAVE_FIELDS)
    )
)


def get_attempt_to_save(user: Any, attempt_id: uuid.UUID) -> Attempt | None:
    """Return the attempt with `SAVE_FIELDS` if `user` may answer it; None otherwise. One query."""
    return _ATTEMPT_TO_SAVE.row(attempt_id, user.pk) if user.is_authenticated else None


def get_own_attempt(user: Any, attempt_id: uuid.UUID) -> Attempt | None:
    """Return the attempt with its quiz and course if `user` may answer it; None otherwise. One query."""
    attempts = Attempt.objects.answerable_by(user).select_related("quiz__course", "enrollment__accommodation")
    return attempts.filter(pk=attempt_id).first()


def save_answers(*, actor: User, attempt: Attempt, answers: dict[str, Any], seq: int | None = None) -> SaveResult:
    """Append answers to the journal, all or none; return the acknowledgment.

    Five statements; one or two more with a time limit, and one more if the question versions are not cached yet.

    An empty string clears an answer. The acknowledgment contains the current deadline, so that an open page follows
    an extension.

    `seq` is the client's number of the save. It must be larger than the saved number of each question; otherwise
    AttemptError `stale_answer` (409) contains the saved answers. The same answer with the same number is acknowledged
    again (quality row Q08).

    Raises AttemptError `attempt_closed`, `not_enrolled` or `time_over` (409), AnswerError (400).
    """
    now = timezone.now()
    if is_overdue(attempt, now):
        close_if_overdue(attempt)
        raise AttemptError("time_over", _("The time is over. Answers saved in time are graded."))
    with transaction.atomic():
        events = _append_events(attempt, answers, seq, now)
    number = events[-1].number if events else attempt.last_number
    learned.send(sender=Attempt, user_id=actor.pk, course_id=attempt.quiz.course_id)
    understood = {str(event.question_id): event.answer for event in events}
    return SaveResult(number=number, saved_at=now, deadline=load_deadline(attempt), answers=understood)


def _append_events(attempt: Attempt, answers: dict[str, Any], seq: int | None, now: datetime) -> list[AnswerEvent]:
    """Lock the attempt, validate the answers and append the new ones; return their events."""
    if len(answers) > MAX_BATCH or not answers.keys() <= attempt.version_ids.keys():
        raise AnswerError("unknown_question", _("This attempt has no such question."))
    last_number = Attempt.objects.reserve_event_numbers(attempt.pk, len(answers))
    if last_number is None:
        raise _get_save_error(attempt)
    new = _clean_answers(attempt, answers)
    saved_seqs = _load_saved_seqs(attempt, answers) if last_number > len(answers) else {}
    if seq is not None and any((saved_seqs.get(key) or 0) >= seq for key in new):
        new = _drop_repeated_answers(attempt, new, saved_seqs, seq)
    events = [
        AnswerEvent(
            attempt_id=attempt.pk,
            number=number,
            question_id=uuid.UUID(key),
            seq=saved_seqs.get(key) if seq is None else seq,
            answer=answer,
            saved_at=now,
        )
        for number, (key, answer) in enumerate(new.items(), start=last_number - len(new) + 1)
    ]
    return AnswerEvent.objects.bulk_create(events)


def _get_save_error(attempt: Attempt) -> DomainError:
    """Return the error for a save that the state of the attempt or of its enrollment does not permit. One query."""
    fresh = Attempt.objects.select_related("enrollment").get(pk=attempt.pk)
    refusal = ENROLLMENT.refusal("work", fresh.enrollment.state) or ATTEMPT.refusal("save", fresh.state) or CLOSED
    return refusal.error(AttemptError)


def _clean_answers(attempt: Attempt, answers: dict[str, Any]) -> dict[str, Any]:
    """Return the answers in their stored form. Raises AnswerError for an unknown question or an invalid answer."""
    versions = {str(version.question_id): version for version in attempt.versions}
    if not answers.keys() <= versions.keys():
        raise AnswerError("unknown_question", _("This attempt has no such question."))
    return {key: versions[key].clean_answer(answer) for key, answer in answers.items()}


def _load_saved_seqs(attempt: Attempt, keys: Collection[str]) -> dict[str, int | None]:
    """Return the client's number of the newest saved answer, by question id. One query."""
    events = AnswerEvent.objects.filter(attempt=attempt.pk, question_id__in=list(keys))
    if len(keys) == 1:  # the usual save; an essay may have hundreds of events, of which only the newest is read
        return dict.fromkeys(keys, events.order_by("-number").values_list("seq", flat=True).first())
    return {str(question_id): seq for question_id, seq in events.order_by("number").values_list("question_id", "seq")}


def _drop_repeated_answers(
    attempt: Attempt, new: dict[str, Any], saved_seqs: dict[str, int | None], seq: int
) -> dict[str, Any]:
    """Return the answers that are not saved with this number yet.

    A client repeats a save if it did not receive the acknowledgment. Raises AttemptError `stale_answer` if a
    different answer is saved with this number, or any answer with a larger one.
    """
    saved = load_saved_answers(attempt)
    unsaved = {
        key: answer for key, answer in new.items() if saved_seqs.get(key) != seq or saved[key]["answer"] != answer
    }
    if any((saved_seqs.get(key) or 0) >= seq for key in unsaved):
        error = AttemptError("stale_answer", _("A newer answer was saved from another window."))
        error.current = saved
        raise error
    return unsaved


def load_saved_answers(attempt: Attempt) -> dict[str, Any]:
    """Return the newest answer of each question with its client's number and time, by question id. One query."""
    newest = fold_journal(attempt.load_journal())
    return {
        key: {"answer": event.answer, "seq": event.seq, "saved_at": event.saved_at} for key, event in newest.items()
    }


def submit_attempt(*, actor: User | None, attempt: Attempt, answers: dict[str, Any] | None = None) -> Attempt:
    """Submit and grade an attempt in one transaction; return it. `answers` are saved first if they are in time.

    A repeat has no effect and returns the same result (quality row Q03). After the deadline and the grace period,
    the saved answers are graded and `answers` are ignored.

    Raises AnswerError (400) and AttemptError `not_enrolled` (409), which leave the attempt running: if an enrollment
    has ended, its attempt is closed at the deadline only.
    """
    now = timezone.now()
    is_late = is_overdue(attempt, now)
    with transaction.atomic():
        locked = _LOCKED_WITH_ENROLLMENT.row(attempt.pk)
        if locked is None:
            raise Attempt.DoesNotExist
        enrollment_state = locked.enrollment.state
        locked.quiz, locked.enrollment = attempt.quiz, attempt.enrollment
        if not ATTEMPT.check("submit", locked.state, raises=AttemptError):
            return locked
        ENROLLMENT.check("work", enrollment_state, raises=AttemptError)
        if answers and not is_late:
            _append_last_answers(locked, answers, now)
        return _grade_attempt(locked, actor=actor, by_clock=is_late, now=now)


def _append_last_answers(attempt: Attempt, answers: dict[str, Any], now: datetime) -> None:
    """Append the answers sent with the submission. Requires the lock on the attempt."""
    cleaned = _clean_answers(attempt, answers)
    AnswerEvent.objects.bulk_create(
        AnswerEvent(attempt_id=attempt.pk, number=number, question_id=key, answer=answer, saved_at=now)
        for number, (key, answer) in enumerate(cleaned.items(), start=attempt.last_number + 1)
    )
    attempt.last_number += len(cleaned)


def close_if_overdue(attempt: Attempt | None) -> Attempt | None:
    """Submit an overdue attempt with its saved answers; return the attempt in its new state (quality row Q07)."""
    if attempt is None or not attempt.is_running or not is_overdue(attempt, timezone.now()):
        return attempt
    with transaction.atomic():
        rows = Attempt.objects.select_for_update(of=("self",)).select_related("quiz__course", "enrollment")
        locked = rows.get(pk=attempt.pk)
        if ATTEMPT.check("close", locked.state, raises=AttemptError):
            _grade_attempt(locked, actor=None, by_clock=True, now=timezone.now())
            notify_student(locked)
        return locked


_LOCKED_WITH_ENROLLMENT = Prepared(
    lambda attempt_id: (
        Attempt.objects.filter(pk=attempt_id).select_related("enrollment").select_for_update(of=("self", "enrollment"))
    )
)


def _grade_attempt(attempt: Attempt, *, actor: User | None, by_clock: bool, now: datetime) -> Attempt:
    """Store answers, marks, receipt and score computed from the journal. Requires the lock on the attempt."""
    events = attempt.load_journal()
    attempt.answers = {key: event.answer for key, event in fold_journal(events).items()}
    attempt.submitted_at, attempt.by_clock = now, by_clock
    attempt.receipt = compute_receipt(attempt, events)
    marks = [
        Mark(
            attempt_id=attempt.pk,
            version=version,
            question_id=version.question_id,
            points=version.compute_points(attempt.answers.get(str(version.question_id))),
        )
        for version in attempt.versions
    ]
    Mark.objects.bulk_create(marks)
    attempt.current_marks = {str(mark.question_id): mark for mark in marks}
    apply_marks(attempt, [mark.points for mark in marks])
    attempt.save(update_fields=SUBMISSION_FIELDS)
    record_quiz_grade(attempt, actor=actor)
    return attempt


def count_attempts_left(terms: Terms, used: int) -> int | None:
    """Return the number of attempts that a student has left; None without a limit."""
    return None if terms.attempts is None else max(0, terms.attempts - used)
