"""URLs of the account pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import security_views as security
from accounts import views
from core.access.impersonation import allow_while_impersonating

app_name = "accounts"
urlpatterns = [
    path("login/", views.LoginView.as_view(), name="login"),
    path("login/code/", security.LoginCodeView.as_view(), name="login_code"),
    path("logout/", allow_while_impersonating(LogoutView.as_view()), name="logout"),
    path("register/", views.RegisterView.as_view(), name="register"),
    path("reset/", security.ResetView.as_view(), name="reset"),
    path("verify/", security.VerifyView.as_view(), name="verify"),
    path("email/", security.ConfirmEmailView.as_view(), name="confirm_email"),
    path("profile/", views.ProfileView.as_view(), name="profile"),
    path("profile/time-zone/", views.set_time_zone, name="time_zone"),
    path("security/", security.SecurityView.as_view(), name="security"),
    path("security/password/", security.PasswordView.as_view(), name="password"),
    path("security/email/", security.EmailView.as_view(), name="email"),
    path("security/second-factor/begin/", security.BeginMfaView.as_view(), name="mfa_begin"),
    path("security/second-factor/", security.ConfirmMfaView.as_view(), name="mfa_on"),
    path("security/second-factor/off/", security.MfaOffView.as_view(), name="mfa_off"),
    path("security/second-factor/send/", security.SendCodeView.as_view(), name="mfa_send"),
    path("security/second-factor/codes/", security.NewCodesView.as_view(), name="recovery_codes"),
    path("security/logins/end-others/", security.EndOtherLoginsView.as_view(), name="end_other_logins"),
    path("security/logins/<session_id>/end/", security.EndLoginView.as_view(), name="end_login"),
    path("impersonation/end/", views.stop_impersonating, name="stop_impersonating"),
    path("export/", security.ExportView.as_view(), name="export"),
    path("export/download/", security.ExportDownloadView.as_view(), name="export_download"),
    path("close/", security.CloseView.as_view(), name="close"),
]
