"""Paths of `/auth/*` and `/users/*` (seed, "Auth Module" and "Users Module")."""

from django.urls import path

from accounts import api

urlpatterns = [
    path("auth/token", api.TokenView.as_view()),
    path("auth/refresh", api.RefreshView.as_view()),
    path("auth/logout", api.LogoutView.as_view()),
    path("auth/sessions", api.LoginSessionViewSet.as_view({"get": "list"})),
    path("auth/sessions/<session_id>", api.LoginSessionViewSet.as_view({"delete": "destroy"})),
    path("users/", api.UserViewSet.as_view({"get": "list", "post": "create"})),
    path("users/me", api.UserViewSet.as_view({"get": "me", "put": "me", "patch": "me"})),
    path("users/<user_id>", api.UserViewSet.as_view({"get": "retrieve"})),
]
