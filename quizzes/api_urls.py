"""API paths below `/quizzes/` (docs/api-contract.md)."""

from typing import Any

from django.urls import path

from files.upload_handlers import accepts_uploads
from quizzes.api import AttemptViewSet, QuestionFileViewSet, QuestionViewSet, QuizViewSet
from quizzes.formats.content import MAX_BYTES

DETAIL: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
LIST: dict[str, Any] = {"get": "list", "post": "create"}
REGRADE: dict[str, Any] = {"get": "regrade", "post": "regrade"}
import_questions = accepts_uploads(file=MAX_BYTES)(QuestionFileViewSet.as_view({"post": "import_questions"}))

urlpatterns = [
    path("", QuizViewSet.as_view(LIST)),
    path("<quiz_id>", QuizViewSet.as_view(DETAIL)),
    path("<quiz_id>/publish", QuizViewSet.as_view({"post": "publish"})),
    path("<quiz_id>/unpublish", QuizViewSet.as_view({"post": "unpublish"})),
    path("<quiz_id>/results", QuizViewSet.as_view({"get": "results"})),
    path("<quiz_id>/results.csv", QuizViewSet.as_view({"get": "results_csv"})),
    path("<quiz_id>/regrade", QuizViewSet.as_view(REGRADE)),
    path("<quiz_id>/questions/", QuestionViewSet.as_view(LIST)),
    path("<quiz_id>/questions/import", import_questions),
    path("<quiz_id>/questions/export", QuestionFileViewSet.as_view({"get": "export_questions"})),
    path("<quiz_id>/questions/<question_id>", QuestionViewSet.as_view(DETAIL)),
    path("<quiz_id>/questions/<question_id>/restore", QuestionViewSet.as_view({"post": "restore"})),
    path("<quiz_id>/attempts/", AttemptViewSet.as_view(LIST)),
    path("<quiz_id>/attempts/<attempt_id>", AttemptViewSet.as_view({"get": "retrieve"})),
    path(
        "<quiz_id>/attempts/<attempt_id>/answers",
        AttemptViewSet.as_view({"put": "answers", "patch": "answers"}),
    ),
    path("<quiz_id>/attempts/<attempt_id>/submit", AttemptViewSet.as_view({"post": "submit"})),
    path("<quiz_id>/attempts/<attempt_id>/grade", AttemptViewSet.as_view({"post": "grade"})),
]
