"""Routes of the catalog and of the course editor."""

from django.urls import path

from courses import editor_views as editor
from courses import file_views, lesson_views, views
from files.file_types import MAX_SIZES, MB
from files.upload_handlers import accepts_uploads

app_name = "courses"
add_file = accepts_uploads(file=max(MAX_SIZES.values()))(file_views.add_file)
set_thumbnail = accepts_uploads(file=2 * MB)(file_views.set_thumbnail)
urlpatterns = [
    path("courses/", views.CatalogView.as_view(), name="catalog"),
    path("courses/<uuid:course_id>/pattern.svg", views.cover_pattern, name="pattern"),
    path("courses/<str:slug>/", views.CourseView.as_view(), name="course"),
    path("courses/<str:slug>/lessons/<uuid:lesson_id>/", views.LessonPreviewView.as_view(), name="lesson"),
    path("teach/", editor.TeachingListView.as_view(), name="teaching"),
    path("teach/preview/", editor.preview_markdown, name="preview_markdown"),
    path("teach/courses/new/", editor.CourseCreateView.as_view(), name="create"),
    path("teach/courses/<str:slug>/", editor.CourseEditView.as_view(), name="edit"),
    path("teach/courses/<str:slug>/details/", editor.CourseDetailsView.as_view(), name="details"),
    path("teach/courses/<str:slug>/picture/", set_thumbnail, name="set_thumbnail"),
    path("teach/courses/<str:slug>/lessons/<uuid:lesson_id>/files/", add_file, name="add_file"),
    path(
        "teach/courses/<str:slug>/lessons/<uuid:lesson_id>/files/<uuid:file_id>/remove/",
        file_views.remove_file,
        name="remove_file",
    ),
    path("teach/courses/<str:slug>/publish/", editor.publish, name="publish"),
    path("teach/courses/<str:slug>/unpublish/", editor.unpublish, name="unpublish"),
    path("teach/courses/<str:slug>/transfer/", editor.transfer, name="transfer"),
    path("teach/courses/<str:slug>/delete/", editor.delete, name="delete"),
    path("teach/courses/<str:slug>/sections/", editor.add_section, name="add_section"),
    path("teach/courses/<str:slug>/sections/<uuid:section_id>/rename/", editor.rename_section, name="rename_section"),
    path("teach/courses/<str:slug>/sections/<uuid:section_id>/move/", editor.move_section, name="move_section"),
    path("teach/courses/<str:slug>/sections/<uuid:section_id>/delete/", editor.delete_section, name="delete_section"),
    path("teach/courses/<str:slug>/arrange/", editor.arrange, name="arrange"),
    path("teach/courses/<str:slug>/duplicate/", editor.duplicate, name="duplicate"),
    path("teach/courses/<str:slug>/lessons/new/", lesson_views.LessonFormView.as_view(), name="add_lesson"),
    path("teach/courses/<str:slug>/lessons/new/draft/", lesson_views.save_draft, name="keep_new_draft"),
    path(
        "teach/courses/<str:slug>/lessons/<uuid:lesson_id>/", lesson_views.LessonFormView.as_view(), name="edit_lesson"
    ),
    path("teach/courses/<str:slug>/lessons/<uuid:lesson_id>/draft/", lesson_views.save_draft, name="keep_draft"),
    path("teach/courses/<str:slug>/lessons/<uuid:lesson_id>/move/", editor.move_lesson, name="move_lesson"),
    path("teach/courses/<str:slug>/lessons/<uuid:lesson_id>/delete/", editor.delete_lesson, name="delete_lesson"),
]
