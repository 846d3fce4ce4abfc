"""URLs of `/auth/*`, `/users/*` and `/admin/*` of the API."""

from django.urls import path

from accounts import api, auth_api, staff_api

urlpatterns = [
    path("auth/token", auth_api.TokenView.as_view()),
    path("auth/login/mfa", auth_api.MfaLoginView.as_view()),
    path("auth/refresh", auth_api.RefreshView.as_view()),
    path("auth/logout", auth_api.LogoutView.as_view()),
    path("auth/login-cookie", auth_api.LoginCookieView.as_view()),
    path("auth/refresh-cookie", auth_api.RefreshCookieView.as_view()),
    path("auth/logout-cookie", auth_api.LogoutCookieView.as_view()),
    path("auth/csrf", auth_api.CsrfView.as_view()),
    path("auth/ws-ticket", auth_api.SocketTicketView.as_view()),
    path("auth/password/reset", auth_api.PasswordResetView.as_view()),
    path("auth/password/reset/confirm", auth_api.PasswordResetConfirmView.as_view()),
    path("auth/email/verify", auth_api.EmailVerifyView.as_view()),
    path("auth/email/verify/confirm", auth_api.EmailVerifyConfirmView.as_view()),
    path("auth/mfa/enable", auth_api.MfaEnableView.as_view()),
    path("auth/mfa/disable", auth_api.MfaDisableView.as_view()),
    path("auth/sessions", auth_api.LoginSessionViewSet.as_view({"get": "list"})),
    path("auth/sessions/<session_id>", auth_api.LoginSessionViewSet.as_view({"delete": "destroy"})),
    path("users/", api.UserViewSet.as_view({"get": "list", "post": "create"})),
    path("users/me", api.UserViewSet.as_view({"get": "me", "put": "me", "patch": "me"})),
    path("users/<user_id>", api.UserViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path("admin/users", staff_api.StaffUserViewSet.as_view({"get": "list"})),
    path(
        "admin/users/<user_id>",
        staff_api.StaffUserViewSet.as_view({"get": "retrieve", "put": "update", "patch": "update"}),
    ),
    path("admin/users/<user_id>/impersonate", staff_api.StaffUserViewSet.as_view({"post": "impersonate"})),
    path("admin/audit-logs", staff_api.AuditLogViewSet.as_view({"get": "list"})),
]
