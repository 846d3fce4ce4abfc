"""Addresses of the notification pages."""

from django.urls import path

from realtime.views import NotificationListView

app_name = "realtime"
urlpatterns = [path("notifications/", NotificationListView.as_view(), name="notifications")]
