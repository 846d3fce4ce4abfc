"""Addresses of the quizzes' pages."""

from django.urls import path

from files.kinds import MB
from files.uploading import takes_uploads
from quizzes import teaching_views as teaching
from quizzes import views

app_name = "quizzes"
question = takes_uploads(file=10 * MB)(teaching.question)
urlpatterns = [
    path("quizzes/<uuid:quiz_id>/", views.quiz, name="quiz"),
    path("quizzes/<uuid:quiz_id>/start/", views.start, name="start"),
    path("quizzes/attempts/<uuid:attempt_id>/", views.take, name="take"),
    path("quizzes/attempts/<uuid:attempt_id>/review/", views.review, name="review"),
    path("teach/courses/<str:slug>/quizzes/", teaching.quiz_list, name="list"),
    path("teach/quizzes/<uuid:quiz_id>/", teaching.edit, name="edit"),
    path("teach/quizzes/<uuid:quiz_id>/questions/new/", question, name="add_question"),
    path("teach/quizzes/<uuid:quiz_id>/questions/<uuid:question_id>/", question, name="question"),
    path("teach/quizzes/<uuid:quiz_id>/questions/<uuid:question_id>/move/", teaching.move_question, name="move"),
    path("teach/quizzes/<uuid:quiz_id>/questions/<uuid:question_id>/delete/", teaching.delete_question, name="drop"),
    path("teach/quizzes/<uuid:quiz_id>/publish/", teaching.publish, name="publish"),
    path("teach/quizzes/<uuid:quiz_id>/delete/", teaching.delete, name="delete"),
    path("teach/quizzes/<uuid:quiz_id>/results/", teaching.results, name="results"),
    path("teach/quizzes/<uuid:quiz_id>/results.csv", teaching.results_csv, name="results_csv"),
    path("teach/quizzes/<uuid:quiz_id>/regrade/", teaching.regrade, name="regrade"),
    path("teach/quizzes/attempts/<uuid:attempt_id>/", teaching.mark, name="mark"),
]
