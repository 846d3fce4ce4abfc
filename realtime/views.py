"""Pages of notifications: the list, the settings and the unsubscribe link."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import FormView, ListView

from accounts.permissions import signed_in
from core.access.scopes import ScopedMixin
from core.http.pagination import PAGE_SIZE
from realtime import services, unsubscribe
from realtime.forms import EVENT_LABELS, PreferencesForm
from realtime.models import SILENT_EVENTS, Notification


class NotificationListView(LoginRequiredMixin, ScopedMixin, ListView[Notification]):
    """The user's notifications, newest first, without those that only sync devices. POST marks all as read."""

    template_name = "realtime/notification_list.html"
    queryset = Notification.objects.all()
    paginate_by = PAGE_SIZE
    context_object_name = "notifications"

    def get_queryset(self) -> QuerySet[Notification]:
        return super().get_queryset().exclude(event__in=SILENT_EVENTS).order_by("-number")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        services.mark_read(user=request.user)
        return redirect("realtime:notifications")


class PreferencesView(LoginRequiredMixin, FormView[PreferencesForm]):
    """The user's notification preferences."""

    template_name = "realtime/choices.html"
    form_class = PreferencesForm
    success_url = reverse_lazy("realtime:choices")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the current preferences."""
        user = signed_in(self.request)
        return {**super().get_form_kwargs(), "channels": services.get_preferences(user), "teaches": user.teaches}

    def form_valid(self, form: PreferencesForm) -> HttpResponse:
        """Save the preferences."""
        services.save_preferences(actor=signed_in(self.request), channels=form.cleaned_data)
        messages.success(self.request, _("Notification settings saved."))
        return super().form_valid(form)


@method_decorator(csrf_exempt, name="dispatch")
class UnsubscribeView(View):
    """Stop the emails of a subscription by the link in them.

    GET only asks for confirmation, because email clients open links by themselves. POST unsubscribes; it comes from the
    button of this page or from the email client, which sends neither a cookie nor a CSRF token (RFC 8058).
    """

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Ask for confirmation."""
        return self._respond(request, token, done=False)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Unsubscribe."""
        return self._respond(request, token, done=True)

    def _respond(self, request: HttpRequest, token: str, *, done: bool) -> HttpResponse:
        subscription = unsubscribe.subscription_from_token(token)
        if subscription is None:
            raise Http404
        if done:
            unsubscribe.end_subscription(subscription)
        what = EVENT_LABELS.get(subscription.topic, _("Daily digest"))
        return render(request, "realtime/unsubscribe.html", {"what": what, "done": done})
