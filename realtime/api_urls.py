"""Paths of `/notifications/*` (docs/api-contract.md, "Realtime")."""

from django.urls import path

from realtime.api import AsyncApiView, NotificationViewSet, PreferencesView

urlpatterns = [
    path("asyncapi.json", AsyncApiView.as_view()),
    path("notifications/", NotificationViewSet.as_view({"get": "list"})),
    path("notifications/choices", PreferencesView.as_view()),
    path("notifications/read-all", NotificationViewSet.as_view({"post": "read_all"})),
    path("notifications/<number>/read", NotificationViewSet.as_view({"post": "read"})),
]
