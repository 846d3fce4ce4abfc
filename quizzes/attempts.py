"""Taking a quiz: starting, saving answers, submitting; and what the clock closes.

The journal of an attempt is written under the lock of the attempt's row, so that its numbers grow and nothing
comes after its submission. Locks are taken in one order, attempt before enrolment; starting locks the enrolment alone.
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
from enrollments.deadlines import Terms, terms_for
from enrollments.models import Enrollment
from enrollments.signals import learned
from enrollments.states import ENROLLMENT
from lms.lib.errors import DomainError
from lms.lib.prepared import Prepared
from quizzes.marking import apply_marks, enter_in_ledger, tell_student
from quizzes.models import GRACE, AnswerEvent, Attempt, Mark, Quiz, fold, mixed, receipt_of
from quizzes.question_types import AnswerError
from quizzes.states import ATTEMPT, CLOSED

MOST_BATCH = 200
WRITTEN_AT_THE_END = (
    "answers", "last_number", "submitted_at", "by_clock", "receipt", "points_earned", "score", "passed"
)  # fmt: skip
LARGEST_SEQ = 2**53  # what a browser's numbers hold exactly


class AttemptError(DomainError):
    """The attempt cannot begin, or cannot go on. `current` is the state that a stale save should have known."""

    current: dict[str, Any] | None = None


@dataclass(frozen=True)
class Saved:
    """What the server acknowledges: the journal's newest number, and when; and until when there is time by now."""

    number: int
    saved_at: datetime
    deadline: datetime | None


def start(*, actor: User, quiz: Quiz) -> tuple[Attempt, bool]:
    """Begin an attempt, or find the running one; return it, and whether it is new.

    The enrolment's row is locked, and a constraint lets one running attempt through, so that of many at once one begins
    and the others find it (QUALITY Q02). Raises AttemptError `not_enrolled` (403; 409 for an enrollment that ends just
    now), `not_open`, `closed`, `no_attempts_left`, `too_soon` or `nothing_to_answer` (409).
    """
    enrollment = Enrollment.objects.active().filter(user=actor, course=quiz.course_id).first()
    if enrollment is None:
        raise AttemptError("not_enrolled", _("Only students of the course take its quizzes."), status=403)
    close_if_overdue(running_attempt(quiz, enrollment))
    try:
        with transaction.atomic():
            return _begin(quiz, Enrollment.objects.select_for_update(of=("self",)).get(pk=enrollment.pk))
    except IntegrityError:
        found = running_attempt(quiz, enrollment)
        if found is None:
            raise
        return found, False


def running_attempt(quiz: Quiz, enrollment: Enrollment) -> Attempt | None:
    """Return the attempt that is not submitted, if there is one."""
    return (
        Attempt.objects.running().select_related("quiz", "enrollment").filter(quiz=quiz, enrollment=enrollment).first()
    )


def _begin(quiz: Quiz, enrollment: Enrollment) -> tuple[Attempt, bool]:
    """Create the attempt, or return the running one, and whether it is new. Call it with the enrollment locked."""
    ENROLLMENT.check("work", enrollment.state, raises=AttemptError)
    running = running_attempt(quiz, enrollment)
    if running is not None:
        return running, False
    now = timezone.now()
    terms = terms_for(quiz, enrollment)
    earlier = list(Attempt.objects.filter(quiz=quiz, enrollment=enrollment).order_by("number"))
    problem = why_not(quiz, terms, earlier, now)
    if problem is not None:
        raise problem
    present = list(quiz.questions.present().select_related("current"))
    layout = [[str(one.pk), str(one.current_id)] for one in present]
    if not layout:
        raise AttemptError("nothing_to_answer", _("This quiz has no questions yet."))
    seed = secrets.randbelow(2**31)
    attempt = Attempt.objects.create(
        quiz=quiz,
        enrollment=enrollment,
        number=earlier[-1].number + 1 if earlier else 1,
        seed=seed,
        layout=mixed(layout, seed) if quiz.shuffle_questions else layout,
        started_at=now,
        expires_at=terms.deadline(now),
        points_possible=sum(one.current.points for one in present if one.current),
    )
    return attempt, True


def why_not(quiz: Quiz, terms: Terms, earlier: list[Attempt], now: datetime) -> AttemptError | None:
    """Return what stands against another attempt now; None where nothing does. `earlier` is in order."""
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


def deadline_of(attempt: Attempt) -> datetime | None:
    """Return when a running attempt ends. Two queries with a time limit; one where the enrolment was read with its
    accommodation."""
    if attempt.expires_at is None:
        return None
    return deadline_under(terms_for(attempt.quiz, attempt.enrollment), attempt)


def deadline_under(terms: Terms, attempt: Attempt) -> datetime | None:
    """Return when a running attempt ends: what the clock says now, never earlier than it was promised. No queries."""
    now_given = terms.deadline(attempt.started_at)
    if attempt.expires_at is None or now_given is None:
        return None
    return max(now_given, attempt.expires_at)


def is_overdue(attempt: Attempt, now: datetime) -> bool:
    """Return whether its time, with the grace for the network, is over. Asks the clock once the promise is past."""
    if attempt.expires_at is None or now <= attempt.expires_at + GRACE:
        return False
    ends = deadline_of(attempt)
    return ends is not None and now > ends + GRACE


# What saving reads of an attempt, which a class does every few seconds.
READ_TO_SAVE = (
    "layout", "started_at", "expires_at", "submitted_at", "last_number", "enrollment__user", "quiz__course",
    "quiz__opens_at", "quiz__due_at", "quiz__closes_at", "quiz__time_limit_minutes", "quiz__max_attempts",
    "enrollment__accommodation__extra_time_percent",
)  # fmt: skip
_TO_SAVE = Prepared(
    lambda attempt_id, user_id: (
        Attempt.objects.filter(pk=attempt_id)
        .answerable_by_id(user_id)
        .select_related("quiz", "enrollment__accommodation")
        .only(*READ_TO_SAVE)
    )
)


def own_to_save(user: Any, attempt_id: uuid.UUID) -> Attempt | None:
    """Return the attempt with what saving reads, if `user` may answer it; None otherwise. One query."""
    return _TO_SAVE.row(attempt_id, user.pk) if user.is_authenticated else None


_TO_SHOW = Prepared(
    lambda attempt_id, user_id: (
        Attempt.objects.filter(pk=attempt_id)
        .answerable_by_id(user_id)
        .select_related("quiz__course", "enrollment__accommodation")
    )
)


def own_to_show(user: Any, attempt_id: uuid.UUID) -> Attempt | None:
    """Return the attempt with its quiz and course, if `user` may answer it; None otherwise. One query."""
    return _TO_SHOW.row(attempt_id, user.pk) if user.is_authenticated else None


def save_answers(*, actor: User, attempt: Attempt, answers: dict[str, Any], seq: int | None = None) -> Saved:
    """Append answers to the journal, all or none; return the acknowledgement.

    Five statements; with a time limit one or two more, and one more where the process does not know the quiz yet.

    An empty text takes an answer back. The acknowledgement carries the deadline as it is now, so that an open page
    follows an extension.

    `seq` is the client's number of the save: for each question it must be larger than the one that stands, else
    AttemptError `stale_answer` (409) carries the current state; the same answer under the same number is acknowledged
    again (QUALITY Q08). Raises AttemptError `attempt_closed`, `not_enrolled` or `time_over` (409), AnswerError (400).
    """
    now = timezone.now()
    if is_overdue(attempt, now):
        close_if_overdue(attempt)
        raise AttemptError("time_over", _("The time is over. What was saved in time counts."))
    with transaction.atomic():
        events = _append(attempt, answers, seq, now)
    number = events[-1].number if events else attempt.last_number
    learned.send(sender=Attempt, user_id=actor.pk, course_id=attempt.quiz.course_id)
    return Saved(number=number, saved_at=now, deadline=deadline_of(attempt))


def _append(attempt: Attempt, answers: dict[str, Any], seq: int | None, now: datetime) -> list[AnswerEvent]:
    """Lock the attempt, check the answers, append what is new; return the events."""
    if len(answers) > MOST_BATCH or not answers.keys() <= attempt.version_ids.keys():
        raise AnswerError("unknown_question", _("This attempt has no such question."))
    last_number = Attempt.objects.append_to_journal(attempt.pk, len(answers))
    if last_number is None:
        raise _refused_save(attempt)
    fresh = _checked(attempt, answers)
    stands = _standing_seqs(attempt, answers) if last_number > len(answers) else {}
    if seq is not None and any((stands.get(key) or 0) >= seq for key in fresh):
        fresh = _without_repeats(attempt, fresh, stands, seq)
    events = [
        AnswerEvent(
            attempt_id=attempt.pk,
            number=number,
            question_id=uuid.UUID(key),
            seq=stands.get(key) if seq is None else seq,
            answer=answer,
            saved_at=now,
        )
        for number, (key, answer) in enumerate(fresh.items(), start=last_number - len(fresh) + 1)
    ]
    return AnswerEvent.objects.bulk_create(events)


def _refused_save(attempt: Attempt) -> DomainError:
    """Return why the journal of an attempt takes nothing: its own state or its enrollment's. One query."""
    now = Attempt.objects.select_related("enrollment").get(pk=attempt.pk)
    refusal = ENROLLMENT.refusal("work", now.enrollment.state) or ATTEMPT.refusal("save", now.state) or CLOSED
    return refusal.error(AttemptError)


def _checked(attempt: Attempt, answers: dict[str, Any]) -> dict[str, Any]:
    """Return the answers as they are stored; raise AnswerError for what is no answer, or to no question of this."""
    versions = {str(version.question_id): version for version in attempt.versions}
    if not answers.keys() <= versions.keys():
        raise AnswerError("unknown_question", _("This attempt has no such question."))
    return {key: versions[key].checked(answer) for key, answer in answers.items()}


_NEWEST_SEQ = Prepared(
    lambda attempt_id, question_id: (
        AnswerEvent.objects.filter(attempt=attempt_id, question_id=question_id)
        .order_by("-number")
        .values_list("seq", flat=True)[:1]
    )
)


def _standing_seqs(attempt: Attempt, keys: Collection[str]) -> dict[str, int | None]:
    """Return the client's number of the answer that stands, by the question's id. One query; mostly for one answer."""
    if len(keys) == 1:
        return {key: _NEWEST_SEQ.row(attempt.pk, uuid.UUID(key)) for key in keys}
    rows = AnswerEvent.objects.filter(attempt=attempt, question_id__in=list(keys)).order_by("number")
    return {str(question_id): seq for question_id, seq in rows.values_list("question_id", "seq")}


def _without_repeats(
    attempt: Attempt, fresh: dict[str, Any], stands: dict[str, int | None], seq: int
) -> dict[str, Any]:
    """Leave out what stands already under this number: it is sent again because its acknowledgement was lost. Raises
    AttemptError `stale_answer` when another answer stands under it, or under a later one."""
    state = state_of(attempt)
    left = {key: answer for key, answer in fresh.items() if stands.get(key) != seq or state[key]["answer"] != answer}
    if any((stands.get(key) or 0) >= seq for key in left):
        error = AttemptError("stale_answer", _("A newer answer is saved, from another window of yours."))
        error.current = state
        raise error
    return left


def state_of(attempt: Attempt) -> dict[str, Any]:
    """Return the answers as they stand, with the client's number and the time of each. One query."""
    standing = fold(attempt.journal())
    return {
        key: {"answer": event.answer, "seq": event.seq, "saved_at": event.saved_at} for key, event in standing.items()
    }


def submit(*, actor: User | None, attempt: Attempt, answers: dict[str, Any] | None = None) -> Attempt:
    """Hand an attempt in: save `answers` if they come in time, fold the journal, grade, in one transaction; return it.

    A repeat changes nothing and gives the same result (QUALITY Q03). Once the time and the grace are over, what was
    saved in time is graded and `answers` are not. Raises AnswerError (400), which leaves the attempt running, as does
    AttemptError `not_enrolled` (409): for an ended enrollment only the clock closes an attempt.
    """
    now = timezone.now()
    late = is_overdue(attempt, now)
    with transaction.atomic():
        locked = _found(_LOCKED_WITH_ENROLLMENT.row(attempt.pk))
        enrollment_state = locked.enrollment.state
        locked.quiz, locked.enrollment = attempt.quiz, attempt.enrollment
        if not ATTEMPT.check("submit", locked.state, raises=AttemptError):
            return locked
        ENROLLMENT.check("work", enrollment_state, raises=AttemptError)
        if answers and not late:
            _append_last(locked, answers, now)
        return _grade(locked, actor=actor, by_clock=late, now=now)


def _append_last(attempt: Attempt, answers: dict[str, Any], now: datetime) -> None:
    """Append the answers that come with the submission. Call it with the attempt's row locked."""
    checked = _checked(attempt, answers)
    AnswerEvent.objects.bulk_create(
        AnswerEvent(attempt_id=attempt.pk, number=number, question_id=key, answer=answer, saved_at=now)
        for number, (key, answer) in enumerate(checked.items(), start=attempt.last_number + 1)
    )
    attempt.last_number += len(checked)


def close_if_overdue(attempt: Attempt | None) -> Attempt | None:
    """Submit a running attempt whose time is over with what was saved; return it as it is then (QUALITY Q07)."""
    if attempt is None or not attempt.is_running or not is_overdue(attempt, timezone.now()):
        return attempt
    with transaction.atomic():
        locked = _found(_LOCKED.row(attempt.pk))
        if ATTEMPT.check("close", locked.state, raises=AttemptError):
            closed = _grade(locked, actor=None, by_clock=True, now=timezone.now())
            tell_student(closed)
            return closed
        return locked


_LOCKED_WITH_ENROLLMENT = Prepared(
    lambda attempt_id: (
        Attempt.objects.filter(pk=attempt_id).select_related("enrollment").select_for_update(of=("self", "enrollment"))
    )
)
_LOCKED = Prepared(
    lambda attempt_id: (
        Attempt.objects.filter(pk=attempt_id)
        .select_related("quiz__course", "enrollment")
        .select_for_update(of=("self",))
    )
)


def _found(attempt: Attempt | None) -> Attempt:
    if attempt is None:
        raise Attempt.DoesNotExist
    return attempt


def _grade(attempt: Attempt, *, actor: User | None, by_clock: bool, now: datetime) -> Attempt:
    """Fold the journal into answers, marks and a receipt. Call it with the attempt's row locked."""
    events = attempt.journal()
    attempt.answers = {key: event.answer for key, event in fold(events).items()}
    attempt.submitted_at, attempt.by_clock = now, by_clock
    attempt.receipt = receipt_of(attempt, events)
    marks = [
        Mark(
            attempt_id=attempt.pk,
            version=version,
            question_id=version.question_id,
            points=version.earned(attempt.answers.get(str(version.question_id))),
        )
        for version in attempt.versions
    ]
    Mark.objects.bulk_create(marks)
    attempt.standing = {str(mark.question_id): mark for mark in marks}
    apply_marks(attempt, [mark.points for mark in marks])
    attempt.save(update_fields=WRITTEN_AT_THE_END)
    enter_in_ledger(attempt, actor=actor)
    return attempt


def attempts_left(terms: Terms, used: int) -> int | None:
    """Return how many attempts a student has left; None without a limit."""
    return None if terms.attempts is None else max(0, terms.attempts - used)
