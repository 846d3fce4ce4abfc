"""Import of questions from a file into a quiz."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from quizzes import editor
from quizzes.formats import read_file
from quizzes.formats.content import ReadError, ReadQuestion
from quizzes.models import Quiz
from quizzes.question_types import TYPES


@dataclass(frozen=True)
class ImportReport:
    """What an import adds. `created` is the number of added questions, or under a dry run of those that would be."""

    format: str
    created: int
    questions: list[ReadQuestion]
    errors: list[ReadError]


@transaction.atomic
def import_questions(
    *,
    actor: User,
    quiz: Quiz,
    content: bytes,
    format: str | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Add the questions of a file to a quiz and return the report. A dry run does not add them.

    Broken and dropped questions are in the report and do not stop the others. Raises UnreadableFileError (422
    `unreadable_file`), QuizError `not_your_quiz` (403) or `too_many` (409).
    """
    editor.require_editor(quiz, actor)
    read = read_file(content, format)
    usable = [question.fields for question in read.questions if question.fields]
    editor.require_room(quiz, len(usable))
    if usable and not dry_run:
        editor.add_questions(actor=actor, quiz=quiz, questions=usable, source=read.format)
    return ImportReport(read.format, len(usable), read.questions, read.errors)


def report_rows(report: ImportReport) -> Iterator[list[Any]]:
    """Yield the header and the rows of a report as CSV, in the order of the file."""
    yield [_("Line"), _("Question"), _("Type"), _("Result"), _("Notes")]
    items: list[ReadQuestion | ReadError] = [*report.questions, *report.errors]
    for item in sorted(items, key=lambda one: one.line or 0):
        if isinstance(item, ReadError):
            yield [item.line, "", "", "error", item.detail]
        else:
            yield [item.line, item.title, get_type_label(item), item.fidelity, " ".join(item.notes)]


def get_type_label(question: ReadQuestion) -> str:
    """Return the name of the type that the question gets; that of the file for a dropped one."""
    name = question.fields.get("question_type", question.question_type)
    return str(TYPES[name].label) if name in TYPES else name
