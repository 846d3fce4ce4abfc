"""Account pages for password, email address, second factor, logins, data export and deletion."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.generic import FormView, TemplateView

from accounts import (
    account_deletion,
    addresses,
    codes,
    data_export,
    mfa,
    passwords,
    pending_login,
    services,
    time_zones,
)
from accounts import login as account_login
from accounts.forms import (
    EmailChangeForm,
    EmailForm,
    LoginCodeForm,
    MfaSetupForm,
    NewPasswordForm,
    PasswordChangeForm,
    ReauthenticationForm,
    TokenForm,
)
from accounts.models import DataExport, LoginSession
from accounts.permissions import signed_in
from core.access.impersonation import hide_while_impersonating, is_impersonating
from core.access.scopes import visible_or_404
from core.http.errors import DomainError
from core.models import AuditEntry

SETUP_SESSION_KEY = "accounts.mfa_setup"
MAX_LISTED_IMPERSONATIONS = 20


class ServiceFormView(FormView[Form]):
    """A form view that adds a service's errors to the form and keeps the input."""

    template_name = "accounts/form.html"
    title: Any = ""
    lead: Any = ""
    button: Any = gettext_lazy("Save")
    danger = False
    error_field = "new_password"
    success_message: Any = ""
    success_url = reverse_lazy("accounts:security")

    def perform(self, form: Form) -> HttpResponse | None:
        """Call the service; return a response to use in place of a redirect to `success_url`, or None."""
        raise NotImplementedError

    def form_valid(self, form: Form) -> HttpResponse:
        """Call the service, add a success message and redirect; show the service's error on the form."""
        try:
            response = self.perform(form)
        except DomainError as error:
            form.add_error(None, str(error.detail))
            response = self.form_invalid(form)
            response.status_code = 429 if error.status == 429 else 200
            return response
        except ValidationError as error:
            form.add_error(self.error_field if self.error_field in form.fields else None, error)
            return self.form_invalid(form)
        if self.success_message:
            messages.success(self.request, self.success_message)
        return response or redirect(self.get_success_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the page's title, lead and button."""
        texts = {"title": self.title, "lead": self.lead, "button": self.button, "danger": self.danger}
        return super().get_context_data(**texts, **kwargs)


@hide_while_impersonating
class ReauthenticatedFormView(LoginRequiredMixin, ServiceFormView):
    """A form that requires the password, and a code if the second factor is on (quality row A12)."""

    template_name = "accounts/proven_form.html"
    form_class = ReauthenticationForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add whether the form asks for a code."""
        return {**super().get_form_kwargs(), "second_factor": signed_in(self.request).mfa_enabled}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the URL name to return to after requesting an emailed code."""
        return super().get_context_data(back=self.request.resolver_match.url_name, **kwargs)  # type: ignore[union-attr]  # never None in a view


@hide_while_impersonating
class MailedLinkView(ServiceFormView):
    """Uses the link of an email (`?token=`), or asks for the address to send one to."""

    request_title: Any = ""
    request_lead: Any = ""
    token_form: type[Form] = TokenForm
    form_class = EmailForm
    # The services of the two forms, and the message and page after the link was used.
    request_service: Callable[..., object]
    token_service: Callable[..., object]
    message_after_link: Any = ""
    success_url_after_link = "home"

    def has_token(self) -> bool:
        return "token" in self.request.GET or "token" in self.request.POST

    def get_form_class(self) -> type[Form]:
        """Return the form for the link, or the form for the address."""
        return self.token_form if self.has_token() else EmailForm

    def get_initial(self) -> dict[str, Any]:
        """Return the link's token, and the address of a logged-in user."""
        return {"token": self.request.GET.get("token", ""), "email": getattr(self.request.user, "email", "")}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the title and lead of the form."""
        context = super().get_context_data(**kwargs)
        if not self.has_token():
            context |= {"title": self.request_title, "lead": self.request_lead, "button": _("Send link")}
        return context

    def perform(self, form: Form) -> HttpResponse | None:
        """Use the link, or request one; that response is the same for every address."""
        if self.has_token():
            self.token_service(**form.cleaned_data)
            messages.success(self.request, self.message_after_link)
            return redirect(self.success_url_after_link)
        self.request_service(email=form.cleaned_data["email"])
        messages.info(
            self.request,
            _("If an account with this address exists, we have sent an email. Its link expires in one hour."),
        )
        return redirect(self.request.path)


class ResetView(MailedLinkView):
    """Set a new password with an emailed link."""

    title = gettext_lazy("Set a new password")
    lead = gettext_lazy("All your devices are logged out. Log in with the new password afterwards.")
    request_title = gettext_lazy("Forgot your password?")
    request_lead = gettext_lazy("Enter your email address, and we'll send you a link to set a new one.")
    token_form = NewPasswordForm
    request_service = staticmethod(passwords.request_reset)
    # Does not log the user in, so that a second factor is still required.
    token_service = staticmethod(passwords.reset)
    message_after_link = gettext_lazy("Your password was changed. Log in with the new one.")
    success_url_after_link = "accounts:login"


class VerifyView(MailedLinkView):
    """Confirm an email address with an emailed link."""

    title = gettext_lazy("Confirm your email address")
    lead = gettext_lazy("Confirm that you receive email at this address.")
    button = gettext_lazy("Confirm email address")
    request_title = gettext_lazy("Confirm your email address")
    request_lead = gettext_lazy("Enter your email address, and we'll send you a confirmation link.")
    request_service = staticmethod(addresses.request_confirmation)
    # The link alone identifies the user.
    token_service = staticmethod(addresses.confirm)
    message_after_link = gettext_lazy("Your email address is confirmed.")


@hide_while_impersonating
class ConfirmEmailView(ServiceFormView):
    """Change the email address with the link that was sent to the new one."""

    title = gettext_lazy("Confirm your new email address")
    lead = gettext_lazy("You will log in with it, and we will send emails to it.")
    button = gettext_lazy("Confirm new address")
    form_class = TokenForm

    def get_initial(self) -> dict[str, Any]:
        return {"token": self.request.GET.get("token", "")}

    def perform(self, form: Form) -> HttpResponse | None:
        addresses.change(**form.cleaned_data)
        messages.success(self.request, _("Your email address was changed."))
        return redirect("home")


class SecurityView(LoginRequiredMixin, TemplateView):
    """Overview of the account's security settings and live logins."""

    template_name = "accounts/security.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add live logins, the number of recovery codes, the data export, and past impersonations. Five queries."""
        user = signed_in(self.request)
        logins = LoginSession.objects.visible_to(user).listed()
        codes_left = codes.count_recovery_codes(user) if user.mfa_enabled else 0
        export = DataExport.objects.unexpired().filter(user=user).first()
        is_downloadable = export is not None and export.is_ready and not is_impersonating()
        visits = AuditEntry.objects.about(user, "accounts.impersonation_started").select_related("actor")[
            :MAX_LISTED_IMPERSONATIONS
        ]
        return super().get_context_data(
            logins=logins,
            current_session_key=self.request.session.session_key,
            codes_left=codes_left,
            export=export,
            export_token=data_export.sign_export(export) if export is not None and is_downloadable else "",
            visits=visits,
            **kwargs,
        )


class PasswordView(ReauthenticatedFormView):
    """Change the password; this browser stays logged in, all other logins end."""

    title = gettext_lazy("Change password")
    lead = gettext_lazy("Your other devices will be logged out.")
    form_class = PasswordChangeForm
    success_message = gettext_lazy("Your password was changed, and your other devices were logged out.")

    def perform(self, form: Form) -> HttpResponse | None:
        """Change the password and start a new session for this browser."""
        user = services.change_password(user=signed_in(self.request), **form.cleaned_data)
        account_login.start_browser_login(request=self.request, user=user, is_verified=user.mfa_enabled)
        return None


class EmailView(ReauthenticatedFormView):
    """Request a change of the email address."""

    title = gettext_lazy("Change email address")
    button = gettext_lazy("Send link")
    form_class = EmailChangeForm
    error_field = "email"
    success_message = gettext_lazy("We sent a link to the new address. Open it to confirm the change.")

    def perform(self, form: Form) -> HttpResponse | None:
        addresses.request_change(user=signed_in(self.request), **form.cleaned_data)
        return None


@hide_while_impersonating
class BeginMfaView(LoginRequiredMixin, View):
    """Start enabling the second factor with the method of the pressed button."""

    def post(self, request: HttpRequest) -> HttpResponse:
        method = mfa.MAIL if request.POST.get("method") == mfa.MAIL else mfa.APP
        try:
            setup = mfa.begin_setup(user=signed_in(request), method=method)
        except DomainError as error:
            messages.error(request, str(error.detail))
            return redirect("accounts:security")
        request.session[SETUP_SESSION_KEY] = setup.challenge_token
        return redirect("accounts:mfa_on")


@hide_while_impersonating
class ConfirmMfaView(LoginRequiredMixin, ServiceFormView):
    """Show the QR code and ask for the first code and the password."""

    template_name = "accounts/mfa_on.html"
    form_class = MfaSetupForm
    button = gettext_lazy("Turn on")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Redirect to the security page if the setup has not been started or has expired."""
        if request.user.is_authenticated:
            try:
                token = request.session.get(SETUP_SESSION_KEY, "")
                self.setup_data = mfa.get_setup(user=signed_in(request), token=token)
            except DomainError:
                return redirect("accounts:security")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(setup=self.setup_data, **kwargs)

    def perform(self, form: Form) -> HttpResponse | None:
        """Enable the second factor, and show the recovery codes in this response only.

        This browser gets a new, verified session, since it has just passed both factors; all other logins end.
        """
        user = signed_in(self.request)
        recovery_codes = mfa.confirm_setup(user=user, token=self.setup_data.challenge_token, **form.cleaned_data)
        self.request.session.pop(SETUP_SESSION_KEY, None)
        account_login.start_browser_login(request=self.request, user=user, is_verified=True)
        return _recovery_codes_response(self, recovery_codes)


def _recovery_codes_response(view: ServiceFormView, recovery_codes: list[str]) -> HttpResponse:
    """Return the page with new recovery codes; only their hashes are stored."""
    view.template_name = "accounts/recovery_codes.html"
    response = view.render_to_response({"recovery_codes": recovery_codes})
    response["Cache-Control"] = "no-store"
    return response


@hide_while_impersonating
class SendCodeView(LoginRequiredMixin, View):
    """Email a code for a protected action, if the user's method is email."""

    # The URL names of the forms that may request a code.
    FORM_URL_NAMES = ("mfa_off", "recovery_codes", "password", "email", "close")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send the code and return to the form."""
        mfa.send_code(user=signed_in(request))
        messages.info(request, _("If you use email codes, we sent you one."))
        back = request.POST.get("back")
        return redirect(f"accounts:{back if back in self.FORM_URL_NAMES else self.FORM_URL_NAMES[0]}")


class MfaOffView(ReauthenticatedFormView):
    """Disable the second factor."""

    title = gettext_lazy("Turn off two-factor authentication")
    lead = gettext_lazy("You will log in with your password only.")
    button = gettext_lazy("Turn off")
    danger = True
    success_message = gettext_lazy("Two-factor authentication is off.")

    def perform(self, form: Form) -> HttpResponse | None:
        mfa.disable(user=signed_in(self.request), **form.cleaned_data)
        return None


class NewCodesView(ReauthenticatedFormView):
    """Replace the recovery codes."""

    title = gettext_lazy("New recovery codes")
    lead = gettext_lazy("Your current codes will stop working.")
    button = gettext_lazy("Generate codes")

    def perform(self, form: Form) -> HttpResponse | None:
        return _recovery_codes_response(
            self, mfa.renew_recovery_codes(user=signed_in(self.request), **form.cleaned_data)
        )


@hide_while_impersonating
class EndLoginView(LoginRequiredMixin, View):
    """End one login of the user."""

    def post(self, request: HttpRequest, session_id: str) -> HttpResponse:
        session = visible_or_404(LoginSession.objects.all(), request.user, pk=session_id)
        account_login.end_login(actor=signed_in(request), session=session)
        messages.success(request, _("The device was logged out."))
        return redirect("accounts:security")


@hide_while_impersonating
class EndOtherLoginsView(LoginRequiredMixin, View):
    """End all logins of the user except this one."""

    def post(self, request: HttpRequest) -> HttpResponse:
        account_login.end_other_logins(actor=signed_in(request), keep_session_key=request.session.session_key or "")
        messages.success(request, _("Your other devices were logged out."))
        return redirect("accounts:security")


@hide_while_impersonating
class ExportView(LoginRequiredMixin, View):
    """Request an export of the user's personal data."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Queue the export; an email follows when it is ready."""
        export = services.request_export(user=signed_in(request))
        if export.mailed_at is None:
            messages.info(request, _("Your export is being prepared. You'll receive an email when it is ready."))
        return redirect("accounts:security")


@hide_while_impersonating
class ExportDownloadView(LoginRequiredMixin, View):
    """Download the export of the user's personal data."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Return the ZIP file to its owner only, while the signed link is valid."""
        export = data_export.find_export(token=request.GET.get("token", ""), user=signed_in(request))
        if export is None:
            messages.error(request, _("This link is invalid or has expired. Export your data again."))
            return redirect("accounts:security")
        response = FileResponse(
            export.file.open("rb"), as_attachment=True, filename="my-data.zip", content_type="application/zip"
        )
        response["Cache-Control"] = "no-store"
        return response


class CloseView(ReauthenticatedFormView):
    """Delete the user's own account."""

    title = gettext_lazy("Delete account")
    lead = gettext_lazy(
        "Your name, email address, profile and access to courses will be deleted. Orders, grades and certificates "
        "are kept without your account. This can't be undone."
    )
    button = gettext_lazy("Delete account")
    danger = True

    def perform(self, form: Form) -> HttpResponse | None:
        """Close the account and end this session."""
        account_deletion.close_own_account(user=signed_in(self.request), **form.cleaned_data)
        logout(self.request)
        messages.success(self.request, _("Your account was deleted."))
        return redirect("home")


class LoginCodeView(ServiceFormView):
    """The second step of a login."""

    template_name = "accounts/login_code.html"
    form_class = LoginCodeForm
    button = gettext_lazy("Log in")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Redirect to the login page if no password was checked before."""
        if pending_login.load(request) is None:
            return redirect("accounts:login")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the method of the second factor."""
        return super().get_context_data(step=pending_login.load(self.request), **kwargs)

    def perform(self, form: Form) -> HttpResponse | None:
        """Log in and redirect to the next page; redirect to the login page if the challenge has expired."""
        step = pending_login.load(self.request) or {}
        try:
            user = account_login.complete_page_login(
                token=step["token"], code=form.cleaned_data["code"], request=self.request
            )
        except DomainError as error:
            if error.code != "challenge_expired":
                raise
            pending_login.clear(self.request)
            messages.error(self.request, str(error.detail))
            return redirect("accounts:login")
        time_zones.adopt_time_zone(user=user, name=form.cleaned_data["time_zone"])
        pending_login.clear(self.request)
        return redirect(step["next"])
