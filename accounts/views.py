"""Pages of the account: log in, register, profile."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.generic import FormView, UpdateView

from accounts import mfa, second_step, services
from accounts.forms import LoginForm, ProfileForm, RegistrationForm
from accounts.models import User
from accounts.models.proofs import Door
from accounts.permissions import signed_in
from lms.lib.errors import DomainError


class LoginView(DjangoLoginView):
    """Log in; then to where the visitor wanted to go, on this site only (QUALITY A11)."""

    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Leave `site` to the context processor: Django's view would put the host's name in its place."""
        context = super().get_context_data(**kwargs)
        del context["site"], context["site_name"]
        return context

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Start the session; with a second factor on, ask for its code first (QUALITY A06)."""
        user = form.get_user()
        if not isinstance(user, User) or not user.mfa_enabled:
            return super().form_valid(form)
        second_step.keep(self.request, mfa.challenge(user=user, door=Door.PAGE), self.get_success_url())
        return redirect("accounts:login_code")

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show what is wrong; say how long to wait when there were too many tries (QUALITY A07)."""
        answer = super().form_invalid(form)
        wait = getattr(form, "retry_after", None)
        if wait is not None:
            answer.status_code, answer["Retry-After"] = 429, str(wait)
        return answer


class RegisterView(FormView[RegistrationForm]):
    """Register, and be logged in."""

    template_name = "accounts/register.html"
    form_class = RegistrationForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Send people who are logged in to their dashboard."""
        if request.user.is_authenticated:
            return redirect("enrollments:dashboard")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: RegistrationForm) -> HttpResponse:
        """Create the user and log them in; show on the form what the service refuses."""
        try:
            user = services.register(actor=self.request.user, **form.cleaned_data)
        except DomainError as error:
            form.add_error("email" if error.code == "email_taken" else None, str(error.detail))
            return self.form_invalid(form)
        except ValidationError as error:
            form.add_error("password", error)
            return self.form_invalid(form)
        login(self.request, user, backend="django.contrib.auth.backends.ModelBackend")
        return redirect(self._wanted())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add where to go afterwards."""
        return super().get_context_data(next=self.request.GET.get("next", ""), **kwargs)

    def _wanted(self) -> str:
        wanted = self.request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(wanted, {self.request.get_host()}, self.request.is_secure()):
            return wanted
        return resolve_url("enrollments:dashboard")


class ProfileView(LoginRequiredMixin, UpdateView[User, ProfileForm]):
    """The user's own name and time zone."""

    template_name = "accounts/profile.html"
    form_class = ProfileForm
    success_url = reverse_lazy("accounts:profile")

    def get_object(self, queryset: Any = None) -> User:
        """Return a fresh copy of the user: a form that fails must not change what the page's header shows."""
        return User.objects.get(pk=signed_in(self.request).pk)

    def form_valid(self, form: ProfileForm) -> HttpResponse:
        """Save what changed."""
        user = self.get_object()
        services.update_profile(actor=user, user=user, changes=form.cleaned_data)
        messages.success(self.request, _("Saved."))
        return redirect(self.success_url)
