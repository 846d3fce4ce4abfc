"""Pages about the safety of one's account: password, address, second factor, logins, leaving."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth import login, logout
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
from django_otp import login as otp_login

from accounts import addresses, closing, codes, exporting, mfa, passwords, second_step, services, signing_in
from accounts.forms import (
    CodeForm,
    EmailChangeForm,
    EmailForm,
    NewPasswordForm,
    PasswordChangeForm,
    ProofForm,
    TokenForm,
)
from accounts.models import DataExport, LoginSession
from accounts.permissions import signed_in
from lms.lib.errors import DomainError
from lms.lib.scoping import visible_or_404
from lms.platform.models import AuditEntry

SETUP = "accounts.mfa_setup"
MOST_VISITS = 20


class ActingFormView(FormView[Form]):
    """A form whose service may refuse; what it refuses stands on the form, and nothing typed is lost."""

    template_name = "accounts/form.html"
    title: Any = ""
    lead: Any = ""
    button: Any = gettext_lazy("Save")
    danger = False
    weak_field = "new_password"
    done: Any = ""
    success_url = reverse_lazy("accounts:security")

    def act(self, form: Form) -> HttpResponse | None:
        """Do what the form is for; return where to go instead of `success_url`, if anywhere."""
        raise NotImplementedError

    def form_valid(self, form: Form) -> HttpResponse:
        """Act, say that it is done, and go on."""
        try:
            answer = self.act(form)
        except DomainError as error:
            form.add_error(None, str(error.detail))
            answer = self.form_invalid(form)
            answer.status_code = 429 if error.status == 429 else 200
            return answer
        except ValidationError as error:
            form.add_error(self.weak_field if self.weak_field in form.fields else None, error)
            return self.form_invalid(form)
        if self.done:
            messages.success(self.request, self.done)
        return answer or redirect(self.get_success_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the words around the form."""
        words = {"title": self.title, "lead": self.lead, "button": self.button, "danger": self.danger}
        return super().get_context_data(**words, **kwargs)


class ProvenFormView(LoginRequiredMixin, ActingFormView):
    """A form for what its owner alone may do to an account: it asks for the password, and for a code where the second
    factor is on (QUALITY A12)."""

    template_name = "accounts/proven_form.html"
    form_class = ProofForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Say whether a code is asked for."""
        return {**super().get_form_kwargs(), "second_factor": signed_in(self.request).mfa_enabled}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say where to come back to from having a code mailed."""
        return super().get_context_data(back=self.request.resolver_match.url_name, **kwargs)  # type: ignore[union-attr]  # of a view, there is one


class MailedLinkView(ActingFormView):
    """Opens with `?token=` from a mail, or asks for an address to send a link to."""

    ask_title: Any = ""
    ask_lead: Any = ""
    token_form: type[Form] = TokenForm
    form_class = EmailForm
    # The services behind the two forms, and what is said and shown when the link was used.
    ask_service: Callable[..., object]
    use_service: Callable[..., object]
    used: Any = ""
    used_url = "home"

    def has_token(self) -> bool:
        """Return whether the visitor came by a link."""
        return "token" in self.request.GET or "token" in self.request.POST

    def get_form_class(self) -> type[Form]:
        """Return the form for the link, or the one that asks for the address."""
        return self.token_form if self.has_token() else EmailForm

    def get_initial(self) -> dict[str, Any]:
        """Carry the link's token along; fill in the address of those who are logged in."""
        return {"token": self.request.GET.get("token", ""), "email": getattr(self.request.user, "email", "")}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Show the words that go with the form."""
        context = super().get_context_data(**kwargs)
        if not self.has_token():
            context |= {"title": self.ask_title, "lead": self.ask_lead, "button": _("Send me a link")}
        return context

    def act(self, form: Form) -> HttpResponse | None:
        """Use the link, or ask for one; the answer to that is the same for every address."""
        if self.has_token():
            self.use_service(**form.cleaned_data)
            messages.success(self.request, self.used)
            return redirect(self.used_url)
        self.ask_service(email=form.cleaned_data["email"])
        messages.info(
            self.request,
            _("If there is an account with this address, a mail is on its way. Its link works for an hour."),
        )
        return redirect(self.request.path)


class ResetView(MailedLinkView):
    """Set a new password by a mailed link."""

    title = gettext_lazy("Set a new password")
    lead = gettext_lazy("It ends every login of yours, on all devices; then you log in with the new one.")
    ask_title = gettext_lazy("Forgotten your password?")
    ask_lead = gettext_lazy("Give your address, and we send you a link to set a new one.")
    token_form = NewPasswordForm
    ask_service = staticmethod(passwords.ask_for_reset)
    # Nobody is logged in by it: whoever has a second factor is asked for it.
    use_service = staticmethod(passwords.reset)
    used = gettext_lazy("Your new password is set. Log in with it.")
    used_url = "accounts:login"


class VerifyView(MailedLinkView):
    """Confirm one's address by a mailed link."""

    title = gettext_lazy("Confirm your e-mail address")
    lead = gettext_lazy("One press, and we know that our mails reach you.")
    button = gettext_lazy("Confirm my address")
    ask_title = gettext_lazy("Confirm your e-mail address")
    ask_lead = gettext_lazy("Give your address, and we send you a link to confirm it.")
    ask_service = staticmethod(addresses.ask_for_confirmation)
    # The link alone shows who reads it.
    use_service = staticmethod(addresses.confirm)
    used = gettext_lazy("Thank you, your address is confirmed.")


class ConfirmEmailView(ActingFormView):
    """Take a new address by the link that was mailed to it."""

    title = gettext_lazy("Use your new address")
    lead = gettext_lazy("From now on you log in with it, and our mails go there.")
    button = gettext_lazy("Use this address")
    form_class = TokenForm

    def get_initial(self) -> dict[str, Any]:
        """Carry the link's token along."""
        return {"token": self.request.GET.get("token", "")}

    def act(self, form: Form) -> HttpResponse | None:
        """Change the address."""
        addresses.change(**form.cleaned_data)
        messages.success(self.request, _("Your address is changed."))
        return redirect("home")


class SecurityView(LoginRequiredMixin, TemplateView):
    """How safe the account is, and which logins are open."""

    template_name = "accounts/security.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the open logins, how many recovery codes are left, the export that was asked for, and when staff acted in
        one's name. Five queries."""
        user = signed_in(self.request)
        logins = LoginSession.objects.visible_to(user).listed()
        left = codes.recovery_codes_left(user) if user.mfa_enabled else 0
        export = DataExport.objects.lasting().filter(user=user).first()
        visits = AuditEntry.objects.about(user, "accounts.impersonation_started").select_related("actor")[:MOST_VISITS]
        return super().get_context_data(
            logins=logins,
            here=self.request.session.session_key,
            codes_left=left,
            export=export,
            export_token=exporting.token_of(export) if export is not None and export.is_ready else "",
            visits=visits,
            **kwargs,
        )


class PasswordView(ProvenFormView):
    """Change one's password; this browser stays logged in, everything else is logged out."""

    title = gettext_lazy("Change your password")
    lead = gettext_lazy("Your other devices are logged out.")
    form_class = PasswordChangeForm
    done = gettext_lazy("Your password is changed, and your other devices are logged out.")

    def act(self, form: Form) -> HttpResponse | None:
        """Change it, and begin this browser's session anew."""
        user = services.change_password(user=signed_in(self.request), **form.cleaned_data)
        device = getattr(user, "otp_device", None)
        login(self.request, user, backend=signing_in.BACKEND)
        if device is not None:
            otp_login(self.request, device)
        return None


class EmailView(ProvenFormView):
    """Ask for another address."""

    title = gettext_lazy("Change your e-mail address")
    button = gettext_lazy("Send the link")
    form_class = EmailChangeForm
    weak_field = "email"
    done = gettext_lazy("A link is on its way to the new address. Until you open it, nothing changes.")

    def act(self, form: Form) -> HttpResponse | None:
        """Have the link mailed."""
        addresses.ask_for_change(user=signed_in(self.request), **form.cleaned_data)
        return None


class BeginMfaView(LoginRequiredMixin, View):
    """Begin to turn the second factor on, with the method that a button says."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Begin, and show the next step."""
        method = mfa.MAIL if request.POST.get("method") == mfa.MAIL else mfa.APP
        try:
            setup = mfa.begin(user=signed_in(request), method=method)
        except DomainError as error:
            messages.error(request, str(error.detail))
            return redirect("accounts:security")
        request.session[SETUP] = setup.challenge_token
        return redirect("accounts:mfa_on")


class ConfirmMfaView(LoginRequiredMixin, ActingFormView):
    """The QR code, and the first code that comes of it."""

    template_name = "accounts/mfa_on.html"
    form_class = CodeForm
    button = gettext_lazy("Turn it on")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Send those who have not begun, or took too long, back to the beginning."""
        if request.user.is_authenticated:
            try:
                token = request.session.get(SETUP, "")
                self.setup_shown = mfa.setup_of(user=signed_in(request), token=token)
            except DomainError:
                return redirect("accounts:security")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what to put into the app."""
        return super().get_context_data(setup=self.setup_shown, **kwargs)

    def act(self, form: Form) -> HttpResponse | None:
        """Turn it on, and show the recovery codes in this one answer."""
        user = signed_in(self.request)
        shown, device = mfa.confirm(user=user, token=self.setup_shown.challenge_token, code=form.cleaned_data["code"])
        otp_login(self.request, device)
        self.request.session.pop(SETUP, None)
        return _show_codes(self, shown)


def _show_codes(view: ActingFormView, shown: list[str]) -> HttpResponse:
    """Return the page with new recovery codes, which nothing keeps as they are."""
    view.template_name = "accounts/recovery_codes.html"
    answer = view.render_to_response({"recovery_codes": shown})
    answer["Cache-Control"] = "no-store"
    return answer


class SendCodeView(LoginRequiredMixin, View):
    """Mail a code to those whose codes come by mail, before something of their account changes."""

    # The forms that it is asked for at.
    FORMS = ("mfa_off", "recovery_codes", "password", "email", "close")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send it, and go back to the form."""
        mfa.send_code(user=signed_in(request))
        messages.info(request, _("If your codes come by mail, one is on its way."))
        back = request.POST.get("back")
        return redirect(f"accounts:{back if back in self.FORMS else self.FORMS[0]}")


class MfaOffView(ProvenFormView):
    """Turn the second factor off."""

    title = gettext_lazy("Turn off the second factor")
    lead = gettext_lazy("Your password alone then opens your account.")
    button = gettext_lazy("Turn it off")
    danger = True
    done = gettext_lazy("Your second factor is off.")

    def act(self, form: Form) -> HttpResponse | None:
        """Turn it off."""
        mfa.disable(user=signed_in(self.request), **form.cleaned_data)
        return None


class NewCodesView(ProvenFormView):
    """Ten new recovery codes."""

    title = gettext_lazy("New recovery codes")
    lead = gettext_lazy("The old ones stop working.")
    button = gettext_lazy("Show me new codes")

    def act(self, form: Form) -> HttpResponse | None:
        """Show the new ones in this one answer."""
        return _show_codes(self, mfa.renew_recovery_codes(user=signed_in(self.request), **form.cleaned_data))


class EndLoginView(LoginRequiredMixin, View):
    """End one login of one's own."""

    def post(self, request: HttpRequest, session_id: str) -> HttpResponse:
        """End it."""
        session = visible_or_404(LoginSession.objects.all(), request.user, pk=session_id)
        signing_in.end_login(actor=signed_in(request), session=session)
        messages.success(request, _("That device is logged out."))
        return redirect("accounts:security")


class EndOtherLoginsView(LoginRequiredMixin, View):
    """End all logins but this one."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """End them."""
        signing_in.end_other_logins(actor=signed_in(request), keep_session_key=request.session.session_key or "")
        messages.success(request, _("Your other devices are logged out."))
        return redirect("accounts:security")


class ExportView(LoginRequiredMixin, View):
    """Ask for everything the site holds about oneself."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Have it packed; a mail tells when it is ready."""
        export = services.ask_for_export(user=signed_in(request))
        if export.mailed_at is None:
            messages.info(request, _("Your data is being packed. A mail tells you when it is ready."))
        return redirect("accounts:security")


class ExportDownloadView(LoginRequiredMixin, View):
    """Everything the site holds about somebody, for them to keep."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with a ZIP file of JSON to its owner alone, while the signed link lasts."""
        export = exporting.opened(token=request.GET.get("token", ""), user=signed_in(request))
        if export is None:
            messages.error(request, _("This link does not work (any more). Ask for your data again."))
            return redirect("accounts:security")
        answer = FileResponse(
            export.file.open("rb"), as_attachment=True, filename="my-data.zip", content_type="application/zip"
        )
        answer["Cache-Control"] = "no-store"
        return answer


class CloseView(ProvenFormView):
    """Delete one's account."""

    title = gettext_lazy("Delete your account")
    lead = gettext_lazy(
        "Your name, address and profile go, and so does your way into your courses. What others rely on stays without "
        "your name: orders, grades, and certificates you have earned. This cannot be taken back."
    )
    button = gettext_lazy("Delete my account")
    danger = True

    def act(self, form: Form) -> HttpResponse | None:
        """Close the account, and end this session."""
        closing.close_own_account(user=signed_in(self.request), **form.cleaned_data)
        logout(self.request)
        messages.success(self.request, _("Your account is deleted. Goodbye."))
        return redirect("home")


class LoginCodeView(ActingFormView):
    """The second step of a login."""

    template_name = "accounts/login_code.html"
    form_class = CodeForm
    button = gettext_lazy("Log in")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Send those who have not given their password to the first step."""
        if second_step.kept(request) is None:
            return redirect("accounts:login")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say where the code comes from."""
        return super().get_context_data(step=second_step.kept(self.request), **kwargs)

    def act(self, form: Form) -> HttpResponse | None:
        """Log in, and go where the visitor wanted to; begin again when the challenge is spent."""
        step = second_step.kept(self.request) or {}
        try:
            signing_in.finish_on_page(token=step["token"], code=form.cleaned_data["code"], request=self.request)
        except DomainError as error:
            if error.code != "challenge_expired":
                raise
            second_step.forget(self.request)
            messages.error(self.request, str(error.detail))
            return redirect("accounts:login")
        second_step.forget(self.request)
        return redirect(step["next"])
