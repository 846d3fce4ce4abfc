"""The list of notifications, the choices, and the link that ends a kind of mail, as pages."""

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
from lms.lib.pagination import PAGE_SIZE
from lms.lib.scoping import ScopedMixin
from realtime import services, unsubscribing
from realtime.forms import LABELS, ChoicesForm
from realtime.models import Notification


class NotificationListView(LoginRequiredMixin, ScopedMixin, ListView[Notification]):
    """Everything the user was told, newest first."""

    template_name = "realtime/notification_list.html"
    queryset = Notification.objects.all()
    paginate_by = PAGE_SIZE
    context_object_name = "notifications"

    def get_queryset(self) -> QuerySet[Notification]:
        """Return the user's notifications, newest first."""
        return super().get_queryset().order_by("-number")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Mark all as read."""
        services.mark_read(user=request.user)
        return redirect("realtime:notifications")


class ChoicesView(LoginRequiredMixin, FormView[ChoicesForm]):
    """How the user wants to hear of each kind of event."""

    template_name = "realtime/choices.html"
    form_class = ChoicesForm
    success_url = reverse_lazy("realtime:choices")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Fill in what holds now."""
        return {**super().get_form_kwargs(), "ways": services.choices_of(signed_in(self.request))}

    def form_valid(self, form: ChoicesForm) -> HttpResponse:
        """Keep the choices."""
        services.choose(actor=signed_in(self.request), ways=form.cleaned_data)
        messages.success(self.request, _("Your choices are kept."))
        return super().form_valid(form)


@method_decorator(csrf_exempt, name="dispatch")
class UnsubscribeView(View):
    """Ends a kind of mail by the link in it. Opening it only asks, for mail programs open links by themselves; a POST
    ends it: from the button here, or from the mail program's own, which has neither cookie nor token (RFC 8058)."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Ask."""
        return self._page(request, token, done=False)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """End it."""
        return self._page(request, token, done=True)

    def _page(self, request: HttpRequest, token: str, *, done: bool) -> HttpResponse:
        subscription = unsubscribing.subscription_of(token)
        if subscription is None:
            raise Http404
        if done:
            unsubscribing.end(subscription)
        what = LABELS.get(subscription.what, _("The daily mail"))
        return render(request, "realtime/unsubscribe.html", {"what": what, "done": done})
