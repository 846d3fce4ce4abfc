"""Addresses of the student's pages."""

from django.urls import path

from enrollments import grade_views as grades
from enrollments import preview_views, review_views, terms_views, views
from enrollments import talk_views as talk
from enrollments import teaching_views as teaching

app_name = "enrollments"
urlpatterns = [
    path("dashboard/", views.DashboardView.as_view(), name="dashboard"),
    path("courses/<str:slug>/enroll/", views.enroll, name="enroll"),
    path("courses/<str:slug>/review/", views.ReviewView.as_view(), name="review"),
    path("courses/<str:slug>/reviews/<uuid:review_id>/reply/", review_views.reply, name="reply"),
    path("courses/<str:slug>/reviews/<uuid:review_id>/report/", review_views.report, name="report"),
    path("teach/courses/<str:slug>/students/", teaching.StudentsView.as_view(), name="students"),
    path("teach/courses/<str:slug>/students/invite/", teaching.invite, name="invite"),
    path("teach/courses/<str:slug>/students/<uuid:enrollment_id>/", terms_views.terms, name="terms"),
    path("teach/courses/<str:slug>/students/<uuid:enrollment_id>/time/", terms_views.accommodate, name="accommodate"),
    path(
        "teach/courses/<str:slug>/students/<uuid:enrollment_id>/work/<uuid:item_id>/",
        terms_views.ExtensionView.as_view(),
        name="extend",
    ),
    path("teach/courses/<str:slug>/students/<uuid:enrollment_id>/end/", terms_views.end, name="end"),
    path("teach/courses/<str:slug>/announcements/", talk.AnnounceView.as_view(), name="announce"),
    path("learn/<str:slug>/announcements/", talk.AnnouncementsView.as_view(), name="announcements"),
    path("learn/<str:slug>/chat/", talk.ChatView.as_view(), name="chat"),
    path("learn/<str:slug>/chat/<int:number>/", talk.act_on_message, name="act_on_message"),
    path("learn/<str:slug>/chat/<int:number>/edit/", talk.edit_message, name="edit_message"),
    path("teach/courses/<str:slug>/preview/", preview_views.PreviewView.as_view(), name="preview"),
    path(
        "teach/courses/<str:slug>/preview/<uuid:lesson_id>/", preview_views.PreviewView.as_view(), name="preview_lesson"
    ),
    path("grades/", grades.GradesView.as_view(), name="grades"),
    path("calendar/", grades.CalendarView.as_view(), name="calendar"),
    path("calendar/reset/", grades.reset_calendar, name="reset_calendar"),
    path("calendar/<str:token>.ics", grades.calendar_file, name="calendar_file"),
    path("learn/<str:slug>/grades/", grades.CourseGradesView.as_view(), name="course_grades"),
    path("invitations/<str:token>/", teaching.invitation, name="invitation"),
    path("learn/<str:slug>/", views.LearningRoomView.as_view(), name="learn"),
    path("learn/<str:slug>/progress/", views.ProgressView.as_view(), name="progress"),
    path("learn/<str:slug>/<uuid:lesson_id>/", views.LearningRoomView.as_view(), name="lesson"),
    path("learn/<str:slug>/<uuid:lesson_id>/done/", views.finish_lesson, name="finish_lesson"),
]
