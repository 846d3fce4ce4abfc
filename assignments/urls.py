"""Addresses of the pages of assignments."""

from django.urls import path

from assignments import grading_views as grading
from assignments import teaching_views as teaching
from assignments import views
from files.kinds import LARGEST
from files.models import Purpose
from files.uploading import takes_uploads

app_name = "assignments"
takes_work = takes_uploads(file=LARGEST[Purpose.SUBMISSION], all_files=10 * LARGEST[Purpose.SUBMISSION])
takes_material = takes_uploads(file=LARGEST[Purpose.COURSE_MATERIAL])

urlpatterns = [
    path("learn/<str:slug>/assignments/<uuid:assignment_id>/", takes_work(views.assignment), name="assignment"),
    path("learn/<str:slug>/assignments/<uuid:assignment_id>/draft/", views.keep_draft, name="keep_draft"),
    path("teach/courses/<str:slug>/assignments/", teaching.AssignmentListView.as_view(), name="list"),
    path("teach/courses/<str:slug>/assignments/new/", teaching.AssignmentFormView.as_view(), name="add"),
    path(
        "teach/courses/<str:slug>/assignments/<uuid:assignment_id>/",
        teaching.AssignmentFormView.as_view(),
        name="edit",
    ),
    path("teach/assignments/<uuid:assignment_id>/delete/", teaching.delete, name="delete"),
    path("teach/assignments/<uuid:assignment_id>/release/", teaching.release, name="release"),
    path("teach/assignments/<uuid:assignment_id>/files/", takes_material(teaching.add_file), name="add_file"),
    path(
        "teach/assignments/<uuid:assignment_id>/files/<uuid:file_id>/remove/", teaching.remove_file, name="remove_file"
    ),
    path("teach/grading/", grading.GradingQueueView.as_view(), name="queue"),
    path("teach/grading/<uuid:submission_id>/", takes_work(grading.grade), name="grade"),
    path("teach/grading/<uuid:submission_id>/revert/<int:change_id>/", grading.revert, name="revert"),
]
