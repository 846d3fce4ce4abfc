"""Export of a quiz's questions as a file."""

from django.http import HttpResponse

from quizzes.formats import WRITERS
from quizzes.formats.content import WrittenFile
from quizzes.models import QuestionVersion, Quiz

CONTENT_TYPES = {"gift": ("text/plain", "gift.txt"), "moodle_xml": ("application/xml", "xml")}


def export_questions(quiz: Quiz, format: str) -> WrittenFile:
    """Return the current questions of a quiz in one of the formats of `WRITERS`. One query."""
    questions = quiz.questions.present().select_related("current")
    versions: list[QuestionVersion] = [question.current for question in questions if question.current]
    return WRITERS[format](versions)


def download_response(quiz: Quiz, format: str, exported: WrittenFile) -> HttpResponse:
    """Return an export as a download."""
    content_type, extension = CONTENT_TYPES[format]
    headers = {"Content-Disposition": f'attachment; filename="quiz-{quiz.pk}.{extension}"'}
    return HttpResponse(exported.text, content_type=f"{content_type}; charset=utf-8", headers=headers)
