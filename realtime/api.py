"""`/notifications/*` of the API."""

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from lms.lib.pagination import Feed
from lms.lib.scoping import ScopedMixin
from realtime import services
from realtime.models import Notification
from realtime.serializers import NotificationSerializer, ReadCountSerializer


class NewestFirst(Feed):
    """A user's notifications, newest first."""

    ordering = "-number"


class NotificationViewSet(ScopedMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Notification]):
    """The caller's notifications."""

    queryset = Notification.objects.all()
    serializer_class = NotificationSerializer
    permission_classes = (IsAuthenticated,)
    pagination_class = NewestFirst
    lookup_field = "number"

    @extend_schema(request=None, responses=NotificationSerializer)
    @action(detail=True, methods=["post"])
    def read(self, request: Request, number: str) -> Response:
        """Mark one notification as read; answer it."""
        services.mark_read(user=request.user, number=self.get_object().number)
        return Response(NotificationSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=ReadCountSerializer)
    @action(detail=False, methods=["post"])
    def read_all(self, request: Request) -> Response:
        """Mark all notifications as read; answer how many were not yet."""
        return Response({"read": services.mark_read(user=request.user)})
