"""Import and export of questions: the service, the API and the pages."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import User
from core.models import AuditEntry
from courses.models import Course
from quizzes import editor
from quizzes.editor import QuizError
from quizzes.models import Quiz
from quizzes.question_import import import_questions
from quizzes.tests.conftest import ESSAY, QUESTIONS, make_quiz

GIFT = b"::Plant::Tea is a plant.{T}\n\nWhich leaf?{=green ~%50%oolong ~black}\n\nUnclosed {T\n\nRead this first.\n"


def upload(content: bytes = GIFT, name: str = "tea.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def url(quiz: Quiz, tail: str) -> str:
    return f"/api/v1/quizzes/{quiz.pk}/questions/{tail}"


def test_an_import_adds_the_questions_at_the_end(alice: User, course: Course) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    report = import_questions(actor=alice, quiz=quiz, content=GIFT)
    assert (report.format, report.created, len(report.errors)) == ("gift", 2, 1)
    texts = list(quiz.questions.present().values_list("current__question_text", flat=True))
    assert texts == ["Which leaf is green tea?", "Tea is a plant.", "Which leaf?"]
    quiz.refresh_from_db()
    assert quiz.points_possible == 4
    assert AuditEntry.objects.filter(action="quizzes.questions_imported").count() == 1


def test_a_dry_run_writes_nothing(alice: User, course: Course) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    report = import_questions(actor=alice, quiz=quiz, content=GIFT, dry_run=True)
    assert (report.created, quiz.questions.count()) == (2, 1)


def test_only_the_instructor_imports(alice: User, bob: User, course: Course) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    with pytest.raises(QuizError) as refused:
        import_questions(actor=bob, quiz=quiz, content=GIFT)
    assert refused.value.code == "not_your_quiz"
    with pytest.raises(QuizError):
        editor.add_questions(actor=bob, quiz=quiz, questions=[QUESTIONS[1]], source="gift")


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_import_that_does_not_fit_adds_nothing(alice: User, course: Course, dry_run: bool) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    with pytest.raises(QuizError) as refused:
        import_questions(actor=alice, quiz=quiz, content=b"True?{T}\n\n" * 200, dry_run=dry_run)
    assert (refused.value.code, quiz.questions.count()) == ("too_many", 1)


def test_the_api_returns_the_report(api_of: Callable[..., APIClient], alice: User, course: Course) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    client = api_of(alice)
    dry = client.post(url(quiz, "import"), {"file": upload(), "dry_run": "true"}, format="multipart")
    assert (dry.status_code, dry.json()["created"], quiz.questions.count()) == (200, 2, 1)
    done = client.post(url(quiz, "import"), {"file": upload(), "format": "gift"}, format="multipart")
    assert done.status_code == 200, done.content
    assert done.json() == dry.json()
    assert done.json()["format"] == "gift"
    assert done.json()["questions"] == [
        {"title": "Plant", "question_type": "true_false", "fidelity": "exact", "notes": []},
        {
            "title": "Which leaf?",
            "question_type": "multiple_choice",
            "fidelity": "approximated",
            "notes": ["“oolong” earned 50% and earns nothing here."],
        },
        {
            "title": "Read this first.",
            "question_type": "description",
            "fidelity": "dropped",
            "notes": ["A description without a question."],
        },
    ]
    assert done.json()["errors"] == [
        {"line": 5, "code": "invalid_question", "detail": "The braces around the answers are not paired."}
    ]
    assert quiz.questions.count() == 3


def test_the_api_rejects_files_in_no_format(api_of: Callable[..., APIClient], alice: User, course: Course) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    answer = api_of(alice).post(url(quiz, "import"), {"file": upload(b"a,b\n1,2")}, format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unreadable_file")
    unknown = api_of(alice).post(url(quiz, "import"), {"file": upload(), "format": "docx"}, format="multipart")
    assert unknown.status_code == 400


@pytest.mark.parametrize(("name", "start"), [("gift", "[markdown]Which leaf"), ("moodle_xml", "<?xml")])
def test_the_api_exports_the_questions(
    name: str, start: str, api_of: Callable[..., APIClient], alice: User, course: Course
) -> None:
    quiz = make_quiz(alice, course, [*QUESTIONS, ESSAY])
    client = api_of(alice)
    answer = client.get(url(quiz, "export"), {"format": name})
    assert (answer.status_code, answer.content.decode()[: len(start)]) == (200, start)
    assert "attachment" in answer["Content-Disposition"]
    losses = client.get(url(quiz, "export"), {"format": name, "report": "1"}).json()["losses"]
    assert ("Question 1: GIFT has no points." in losses) is (name == "gift")
    assert client.get(url(quiz, "export"), {"format": "docx"}).status_code == 400


def test_the_page_previews_an_import_and_then_adds_the_questions(alice: User, client: Client, course: Course) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    client.force_login(alice)
    address = reverse("quizzes:import", args=[quiz.pk])
    assert "Import questions" in client.get(reverse("quizzes:edit", args=[quiz.pk])).content.decode()
    assert client.get(address).status_code == 200
    preview = client.post(address, {"file": upload()}).content.decode()
    for text in ("Exact", "Approximated", "Dropped", "“oolong” earned 50%", "Import 2 questions", "are not paired"):
        assert text in preview
    assert quiz.questions.count() == 1
    kept = re.search(r'name="kept" value="([^"]+)"', preview)[1]
    report = client.post(address, {"kept": kept, "action": "report"})
    assert report["Content-Type"].startswith("text/csv")
    assert "oolong" in b"".join(report.streaming_content).decode()
    done = client.post(address, {"kept": kept, "action": "import"}, follow=True)
    assert "2 questions imported." in done.content.decode()
    assert quiz.questions.count() == 3


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (lambda: {"file": upload(b"a,b")}, "in none of the supported formats"),
        (dict, "This field is required."),
        (lambda: {"kept": "forged", "action": "import"}, "Choose the file again."),
    ],
)
def test_the_page_shows_why_a_file_is_refused(
    sent: Callable[[], Any], expected: str, alice: User, client: Client, course: Course
) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    client.force_login(alice)
    answer = client.post(reverse("quizzes:import", args=[quiz.pk]), sent())
    assert expected in answer.content.decode()
    assert quiz.questions.count() == 1


def test_the_page_downloads_an_export(alice: User, client: Client, course: Course) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    client.force_login(alice)
    answer = client.get(reverse("quizzes:export", args=[quiz.pk, "moodle_xml"]))
    assert answer["Content-Type"].startswith("application/xml")
    assert client.get(reverse("quizzes:export", args=[quiz.pk, "docx"])).status_code == 404
