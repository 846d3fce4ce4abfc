"""Rows and bytes, including indexes, that one learner adds to each table; the figures of docs/growth.md.

`python -m tools.testing.engines python -m tools.experiments row_sizes` creates learners in an empty PostgreSQL through
the services: each logs in, enrolls in a course of eight lessons, completes it, takes a quiz of ten questions with
twenty saves, and submits a text of two hundred words. It prints one line for each table that grew.
"""

from decimal import Decimal

from django.core.management import call_command
from django.db import connection

from accounts.tokens import start_session
from assignments.models import Assignment
from assignments.services import create_assignment
from assignments.submissions import submit
from enrollments import services as enrollments
from lms.celery import app
from quizzes import attempts
from quizzes.models import Quiz
from tools.experiments.attempts import create_quiz
from tools.experiments.races import create_user

LEARNERS = 60
LESSONS = 8
QUESTIONS = 10
SAVES = 20
TEXT = "Water just off the boil is poured over the leaves. " * 20
SIZES = "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"


def learn(quiz: Quiz, task: Assignment) -> None:
    """Perform all actions of one learner in one course."""
    user, course = create_user(), task.course
    start_session(user=user)
    enrollment = enrollments.enroll(actor=user, user=user, course=course)
    for lesson in course.lessons.all():
        enrollments.complete_lesson(actor=user, enrollment=enrollment, lesson_id=lesson.pk)
    attempt, _made = attempts.start_attempt(actor=user, quiz=quiz)
    keys = list(attempt.version_ids)
    for seq in range(1, SAVES + 1):
        answers = {keys[seq % len(keys)]: f"the answer {seq}"}
        attempts.save_answers(actor=user, attempt=attempt, answers=answers, seq=seq)
    attempts.submit_attempt(actor=user, attempt=attempt)
    submit(actor=user, assignment=task, content=TEXT)


def sizes() -> dict[str, tuple[int, int]]:
    """Return the number of rows and bytes of every table."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(SIZES)
        found = dict(cursor.fetchall())
        counted = {}
        for table, size in found.items():
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608  # a name from PostgreSQL's catalog
            counted[table] = (cursor.fetchone()[0], size)
    return counted


def main() -> int:
    """Create the learners and print the growth per table."""
    call_command("migrate", verbosity=0)
    # Tasks are queued and never run: they create mails and files, not rows.
    app.conf.update(task_always_eager=False, broker_url="memory://")
    quiz = create_quiz(QUESTIONS)
    course = quiz.course
    for number in range(LESSONS - course.lessons.count()):
        course.lessons.create(section=course.sections.get(), title=f"More {number}", order=number + 2, content="Text.")
    task = create_assignment(
        actor=course.instructor, course=course, title="Write", points_possible=Decimal(10), is_published=True
    )
    learn(quiz, task)  # allocates the first page of every table
    before = sizes()
    for _number in range(LEARNERS):
        learn(quiz, task)
    rows = []
    for table, (count, size) in sizes().items():
        more, bytes_more = count - before[table][0], size - before[table][1]
        if more >= LEARNERS:
            rows.append((bytes_more / LEARNERS, table, more / LEARNERS, bytes_more / more))
    for each, table, per_learner, per_row in sorted(rows, reverse=True):
        print(f"| `{table}` | {per_learner:.0f} | {per_row:.0f} | {each:.0f} |")
    print(f"| all | {sum(row[2] for row in rows):.0f} | | {sum(row[0] for row in rows):.0f} |")
    return 0
