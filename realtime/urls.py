"""URLs of the notification pages."""

from django.urls import path

from realtime.views import NotificationListView, PreferencesView, UnsubscribeView

app_name = "realtime"
urlpatterns = [
    path("notifications/", NotificationListView.as_view(), name="notifications"),
    path("notifications/choices/", PreferencesView.as_view(), name="choices"),
    path("notifications/unsubscribe/<str:token>/", UnsubscribeView.as_view(), name="unsubscribe"),
]
