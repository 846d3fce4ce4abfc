"""URLs of the quiz pages."""

from django.urls import path

from files.file_types import MB
from files.upload_handlers import accepts_uploads
from quizzes import editor_views as editor
from quizzes import question_file_views as question_files
from quizzes import views
from quizzes.formats.content import MAX_BYTES

app_name = "quizzes"
question = accepts_uploads(file=10 * MB)(editor.question)
import_questions = accepts_uploads(file=MAX_BYTES)(question_files.import_questions)
urlpatterns = [
    path("quizzes/<uuid:quiz_id>/", views.quiz, name="quiz"),
    path("quizzes/<uuid:quiz_id>/start/", views.start, name="start"),
    path("quizzes/attempts/<uuid:attempt_id>/", views.take, name="take"),
    path("quizzes/attempts/<uuid:attempt_id>/review/", views.review, name="review"),
    path("teach/courses/<str:slug>/quizzes/", editor.quiz_list, name="list"),
    path("teach/quizzes/<uuid:quiz_id>/", editor.edit, name="edit"),
    path("teach/quizzes/<uuid:quiz_id>/questions/new/", question, name="add_question"),
    path("teach/quizzes/<uuid:quiz_id>/questions/<uuid:question_id>/", question, name="question"),
    path("teach/quizzes/<uuid:quiz_id>/questions/<uuid:question_id>/move/", editor.move_question, name="move"),
    path("teach/quizzes/<uuid:quiz_id>/questions/<uuid:question_id>/delete/", editor.delete_question, name="drop"),
    path(
        "teach/quizzes/<uuid:quiz_id>/questions/<uuid:question_id>/restore/",
        editor.restore_question,
        name="restore_question",
    ),
    path("teach/quizzes/<uuid:quiz_id>/import/", import_questions, name="import"),
    path("teach/quizzes/<uuid:quiz_id>/export/<slug:file_format>/", question_files.export_questions, name="export"),
    path("teach/quizzes/<uuid:quiz_id>/publish/", editor.publish, name="publish"),
    path("teach/quizzes/<uuid:quiz_id>/delete/", editor.delete, name="delete"),
    path("teach/quizzes/<uuid:quiz_id>/results/", editor.results, name="results"),
    path("teach/quizzes/<uuid:quiz_id>/results.csv", editor.results_csv, name="results_csv"),
    path("teach/quizzes/<uuid:quiz_id>/regrade/", editor.regrade, name="regrade"),
    path("teach/quizzes/attempts/<uuid:attempt_id>/", editor.grade, name="mark"),
]
