"""The list of notifications, as a page."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.generic import ListView

from lms.lib.pagination import PAGE_SIZE
from lms.lib.scoping import ScopedMixin
from realtime import services
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
