"""`/notifications/*` of the API."""

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import signed_in
from core.access.scopes import ScopedMixin
from core.http.pagination import FeedPagination
from realtime import services
from realtime.asyncapi import document
from realtime.models import Notification
from realtime.serializers import ChoicesSerializer, NotificationSerializer, ReadCountSerializer


class NewestFirst(FeedPagination):
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
        """Mark one notification as read and return it."""
        services.mark_read(user=request.user, number=self.get_object().number)
        return Response(NotificationSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=ReadCountSerializer)
    @action(detail=False, methods=["post"])
    def read_all(self, request: Request) -> Response:
        """Mark all notifications as read and return how many were unread."""
        return Response({"read": services.mark_read(user=request.user)})


class PreferencesView(APIView):
    """The caller's notification preferences: for each event `site`, `mail`, `digest` or `off`."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=ChoicesSerializer, operation_id="notifications_choices")
    def get(self, request: Request) -> Response:
        """Return the delivery channel of each event."""
        return Response({"ways": services.get_preferences(signed_in(request))})

    @extend_schema(request=ChoicesSerializer, responses=ChoicesSerializer, operation_id="notifications_choose")
    def put(self, request: Request) -> Response:
        """Change the delivery channels of the given events and return all.

        Returns 400 `no_choice` for an event without a preference.
        """
        serializer = ChoicesSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        services.save_preferences(actor=signed_in(request), channels=serializer.validated_data["ways"])
        return self.get(request)


class AsyncApiView(APIView):
    """The AsyncAPI document of the WebSocket."""

    permission_classes = (AllowAny,)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(document())
