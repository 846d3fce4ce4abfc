"""Addresses of the notification pages."""

from django.urls import path

from realtime.views import ChoicesView, NotificationListView, UnsubscribeView

app_name = "realtime"
urlpatterns = [
    path("notifications/", NotificationListView.as_view(), name="notifications"),
    path("notifications/choices/", ChoicesView.as_view(), name="choices"),
    path("notifications/unsubscribe/<str:token>/", UnsubscribeView.as_view(), name="unsubscribe"),
]
