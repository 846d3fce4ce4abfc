"""Routes of the pages of assignments."""

from django.urls import path

from assignments import editor_views as teaching
from assignments import grading_views as grading
from assignments import views
from files.file_types import MAX_SIZES
from files.models import Purpose
from files.upload_handlers import accepts_uploads

app_name = "assignments"
accepts_submission = accepts_uploads(file=MAX_SIZES[Purpose.SUBMISSION], all_files=10 * MAX_SIZES[Purpose.SUBMISSION])
accepts_material = accepts_uploads(file=MAX_SIZES[Purpose.COURSE_MATERIAL])

urlpatterns = [
    path(
        "learn/<str:slug>/assignments/<uuid:assignment_id>/",
        accepts_submission(views.assignment_page),
        name="assignment",
    ),
    path("learn/<str:slug>/assignments/<uuid:assignment_id>/draft/", views.save_draft, name="keep_draft"),
    path("teach/courses/<str:slug>/assignments/", teaching.AssignmentListView.as_view(), name="list"),
    path("teach/courses/<str:slug>/assignments/new/", teaching.AssignmentFormView.as_view(), name="add"),
    path(
        "teach/courses/<str:slug>/assignments/<uuid:assignment_id>/",
        teaching.AssignmentFormView.as_view(),
        name="edit",
    ),
    path("teach/assignments/<uuid:assignment_id>/delete/", teaching.delete, name="delete"),
    path("teach/assignments/<uuid:assignment_id>/release/", teaching.release, name="release"),
    path("teach/assignments/<uuid:assignment_id>/files/", accepts_material(teaching.add_file), name="add_file"),
    path(
        "teach/assignments/<uuid:assignment_id>/files/<uuid:file_id>/remove/", teaching.remove_file, name="remove_file"
    ),
    path("teach/grading/", grading.GradingQueueView.as_view(), name="queue"),
    path("teach/grading/<uuid:submission_id>/", accepts_submission(grading.grade), name="grade"),
    path("teach/grading/<uuid:submission_id>/revert/<int:change_id>/", grading.revert, name="revert"),
]
