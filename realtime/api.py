"""`/notifications/*` of the API."""

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import signed_in
from lms.lib.pagination import Feed
from lms.lib.scoping import ScopedMixin
from realtime import services
from realtime.asyncapi import document
from realtime.models import Notification
from realtime.serializers import ChoicesSerializer, NotificationSerializer, ReadCountSerializer


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


class ChoicesView(APIView):
    """How the caller wants to hear of each kind of event: on the site, by mail at once, in the daily mail, or not."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=ChoicesSerializer, operation_id="notifications_choices")
    def get(self, request: Request) -> Response:
        """Answer what holds for each kind."""
        return Response({"ways": services.choices_of(signed_in(request))})

    @extend_schema(request=ChoicesSerializer, responses=ChoicesSerializer, operation_id="notifications_choose")
    def put(self, request: Request) -> Response:
        """Change the kinds that are named; answer what holds for each. 400 `no_choice` for an unknown kind."""
        shape = ChoicesSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        services.choose(actor=signed_in(request), ways=shape.validated_data["ways"])
        return self.get(request)


class AsyncApiView(APIView):
    """What the WebSocket sends and takes, as an AsyncAPI document."""

    permission_classes = (AllowAny,)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """Answer 200 with the document."""
        return Response(document())
