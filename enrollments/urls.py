"""URLs of the enrollment pages."""

from django.urls import path

from enrollments import (
    accommodation_views,
    chat_views,
    grade_views,
    import_views,
    join_views,
    preview_views,
    review_views,
    roster_views,
    views,
)

app_name = "enrollments"
urlpatterns = [
    path("dashboard/", views.DashboardView.as_view(), name="dashboard"),
    path("courses/<str:slug>/enroll/", views.enroll, name="enroll"),
    path("courses/<str:slug>/review/", views.ReviewView.as_view(), name="review"),
    path("courses/<str:slug>/reviews/<uuid:review_id>/reply/", review_views.reply_to_review, name="reply"),
    path("courses/<str:slug>/reviews/<uuid:review_id>/report/", review_views.report_review, name="report"),
    path("teach/courses/<str:slug>/students/", roster_views.StudentsView.as_view(), name="students"),
    path("teach/courses/<str:slug>/students/invite/", roster_views.invite_student, name="invite"),
    path("teach/courses/<str:slug>/students/<uuid:enrollment_id>/", accommodation_views.show_student, name="terms"),
    path("teach/courses/<str:slug>/students/add/", import_views.AddStudentsView.as_view(), name="add_students"),
    path(
        "teach/courses/<str:slug>/students/imports/<uuid:import_id>/undo/", import_views.undo_import, name="undo_import"
    ),
    path("teach/courses/<str:slug>/students/links/", join_views.create_link, name="create_link"),
    path("teach/courses/<str:slug>/students/links/<uuid:link_id>/revoke/", join_views.revoke_link, name="revoke_link"),
    path(
        "teach/courses/<str:slug>/students/<uuid:enrollment_id>/time/",
        accommodation_views.save_accommodation,
        name="accommodate",
    ),
    path(
        "teach/courses/<str:slug>/students/<uuid:enrollment_id>/work/<uuid:item_id>/",
        accommodation_views.ExtensionView.as_view(),
        name="extend",
    ),
    path(
        "teach/courses/<str:slug>/students/<uuid:enrollment_id>/end/",
        accommodation_views.end_student_enrollment,
        name="end",
    ),
    path(
        "teach/courses/<str:slug>/students/<uuid:enrollment_id>/readmit/",
        accommodation_views.readmit_student,
        name="readmit",
    ),
    path("teach/courses/<str:slug>/announcements/", chat_views.AnnounceView.as_view(), name="announce"),
    path("learn/<str:slug>/announcements/", chat_views.AnnouncementsView.as_view(), name="announcements"),
    path("learn/<str:slug>/chat/", chat_views.ChatView.as_view(), name="chat"),
    path("learn/<str:slug>/chat/<int:number>/", chat_views.act_on_message, name="act_on_message"),
    path("learn/<str:slug>/chat/<int:number>/edit/", chat_views.edit_message, name="edit_message"),
    path("teach/courses/<str:slug>/preview/", preview_views.PreviewView.as_view(), name="preview"),
    path(
        "teach/courses/<str:slug>/preview/<uuid:lesson_id>/", preview_views.PreviewView.as_view(), name="preview_lesson"
    ),
    path("grades/", grade_views.GradesView.as_view(), name="grades"),
    path("calendar/", grade_views.CalendarView.as_view(), name="calendar"),
    path("calendar/reset/", grade_views.reset_calendar, name="reset_calendar"),
    path("calendar/<str:token>.ics", grade_views.calendar_file, name="calendar_file"),
    path("learn/<str:slug>/grades/", grade_views.CourseGradesView.as_view(), name="course_grades"),
    path("invitations/<str:token>/", roster_views.show_invitation, name="invitation"),
    path("join/<str:key>/", join_views.show_join_link, name="join"),
    path("learn/<str:slug>/", views.LearningRoomView.as_view(), name="learn"),
    path("learn/<str:slug>/progress/", views.ProgressView.as_view(), name="progress"),
    path("learn/<str:slug>/<uuid:lesson_id>/", views.LearningRoomView.as_view(), name="lesson"),
    path("learn/<str:slug>/<uuid:lesson_id>/done/", views.finish_lesson, name="finish_lesson"),
]
