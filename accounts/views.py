"""Account pages: login, registration, profile; end of an impersonation."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse_lazy
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import FormView, UpdateView

from accounts import impersonation, mfa, pending_login, services, time_zones
from accounts.forms import LoginForm, ProfileForm, RegistrationForm, TimeZoneForm
from accounts.models import User
from accounts.models.one_time_tokens import Transport
from accounts.permissions import signed_in
from accounts.registry import RegistrationHint, find_registration_hint
from core.access.impersonation import allow_while_impersonating
from core.http.errors import DomainError


class HintMixin:
    """Find the hint for the requested next page."""

    request: HttpRequest

    @cached_property
    def hint(self) -> RegistrationHint | None:
        """Return the hint for the requested next page."""
        return find_registration_hint(self.request.POST.get("next") or self.request.GET.get("next", ""))


class LoginView(HintMixin, DjangoLoginView):
    """Log in; then redirect to the requested page of this site (quality row A11)."""

    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True
    pending_user: User | None = None  # between the password and the second factor

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Remove `site`, which would replace the context processor's site settings."""
        context = super().get_context_data(**kwargs)
        del context["site"], context["site_name"]
        return {**context, "hint": self.hint}

    def get_initial(self) -> dict[str, Any]:
        """Return the email address of an invitation, if the requested page is one."""
        return {**super().get_initial(), "username": self.hint.email if self.hint else ""}

    def get_default_redirect_url(self) -> str:
        """Return the URL of the user's own page: administration, teaching or learning."""
        return resolve_url((self.pending_user or signed_in(self.request)).home_page)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Start the session, or ask for a code first if the second factor is on (quality row A06)."""
        user = form.get_user()
        if not isinstance(user, User) or not user.mfa_enabled:
            response = super().form_valid(form)
            time_zones.adopt_time_zone(user=signed_in(self.request), name=form.cleaned_data["time_zone"])
            return response
        self.pending_user = user
        pending_login.store(
            self.request, mfa.create_login_challenge(user=user, transport=Transport.PAGE), self.get_success_url()
        )
        return redirect("accounts:login_code")

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the errors; respond with 429 and Retry-After after too many attempts (quality row A07)."""
        response = super().form_invalid(form)
        wait = getattr(form, "retry_after", None)
        if wait is not None:
            response.status_code, response["Retry-After"] = 429, str(wait)
        return response


class RegisterView(HintMixin, FormView[RegistrationForm]):
    """Register and log in."""

    template_name = "accounts/register.html"
    form_class = RegistrationForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Redirect logged-in users to their dashboard."""
        if request.user.is_authenticated:
            return redirect("enrollments:dashboard")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: RegistrationForm) -> HttpResponse:
        """Create the user and log in; show the service's errors on the form."""
        try:
            user = services.register(actor=self.request.user, **form.cleaned_data)
        except DomainError as error:
            form.add_error("email" if error.code == "email_taken" else None, str(error.detail))
            return self.form_invalid(form)
        except ValidationError as error:
            form.add_error("password", error)
            return self.form_invalid(form)
        login(self.request, user, backend="django.contrib.auth.backends.ModelBackend")
        return redirect(_get_next_url(self.request) or "enrollments:dashboard")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the next page and its hint."""
        return super().get_context_data(next=self.request.GET.get("next", ""), hint=self.hint, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        """Return the name and email address of an invitation, if the requested page is one."""
        hint = self.hint or RegistrationHint("")
        return {**super().get_initial(), "email": hint.email, "full_name": hint.full_name}


class ProfileView(LoginRequiredMixin, UpdateView[User, ProfileForm]):
    """The user's name, time zone and language."""

    template_name = "accounts/profile.html"
    form_class = ProfileForm
    success_url = reverse_lazy("accounts:profile")

    def get_object(self, queryset: Any = None) -> User:
        """Return a fresh copy of the user, so that an invalid form does not change the page's header."""
        return User.objects.get(pk=signed_in(self.request).pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the list of time zones."""
        return super().get_context_data(cities=time_zones.list_cities(), **kwargs)

    def form_valid(self, form: ProfileForm) -> HttpResponse:
        user = self.get_object()
        services.update_profile(actor=user, user=user, changes=form.cleaned_data)
        messages.success(self.request, _("Saved."))
        return redirect(self.success_url)


@login_required
@require_POST
def set_time_zone(request: HttpRequest) -> HttpResponse:
    """Store the browser's time zone in the profile and redirect back."""
    form = TimeZoneForm(request.POST)
    if form.is_valid():
        user = User.objects.get(pk=signed_in(request).pk)
        services.update_profile(actor=user, user=user, changes=form.cleaned_data)
        messages.success(request, _("Your time zone is now %s.") % user.time_zone)
    else:
        messages.error(request, _("This time zone is unknown. Choose one in your profile."))
    return redirect(_get_next_url(request) or "accounts:profile")


def _get_next_url(request: HttpRequest) -> str:
    """Return the requested next page if it belongs to this site, else an empty string."""
    next_url = request.POST.get("next", "")
    is_safe = url_has_allowed_host_and_scheme(next_url, {request.get_host()}, request.is_secure())
    return next_url if is_safe else ""


@allow_while_impersonating
@require_POST
def stop_impersonating(request: HttpRequest) -> HttpResponse:
    """End the impersonation and return to the user's page in the admin."""
    login_session = getattr(request, "impersonation", None)
    if login_session is None:
        return redirect("home")
    impersonation.end(login=login_session)
    del request.session[impersonation.SESSION_KEY]
    messages.success(request, _("You are back in your own account."))
    return redirect("admin:accounts_user_change", login_session.user_id)
