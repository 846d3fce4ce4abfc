"""API of a course's chat (`/courses/{course_id}/messages/*`) and announcements."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.functional import cached_property
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import signed_in
from core.access.scopes import SAFE_METHODS
from core.http.idempotency import IdempotentMixin
from core.http.pagination import FeedPagination
from courses.models import Course
from enrollments.rooms import course_room, get_open_course, is_moderator
from realtime import announcements, chat
from realtime.models import Announcement, Message
from realtime.serializers import (
    AnnouncementSerializer,
    MessageSerializer,
    MessageWriteSerializer,
    ReadMarkSerializer,
    UnreadSerializer,
)

COURSE_ID = OpenApiParameter("course_id", OpenApiTypes.UUID, OpenApiParameter.PATH)


class NewestFirst(FeedPagination):
    """Cursor pagination by message number, newest first."""

    ordering = "-number"


class RoomViewSet(viewsets.GenericViewSet[Any]):
    """Base of viewsets for a course room; 404 for users who may not enter it."""

    permission_classes = (IsAuthenticated,)

    @cached_property
    def course(self) -> Course:
        """Course of the URL; Http404 if the user may not enter its room."""
        return get_open_course(self.request.user, pk=self.kwargs["course_id"])


@extend_schema(parameters=[COURSE_ID])
class MessageViewSet(IdempotentMixin, mixins.ListModelMixin, RoomViewSet):
    """Messages in the chat of a course."""

    queryset = Message.objects.all()
    serializer_class = MessageSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[Message]:
        """Return the messages of the course."""
        return Message.objects.in_room(course_room(self.course))

    def get_serializer_context(self) -> dict[str, Any]:
        """Add `moderates`: whether the user moderates the chat."""
        context = dict(super().get_serializer_context())
        if not getattr(self, "swagger_fake_view", False):
            context["moderates"] = is_moderator(signed_in(self.request), self.course.pk)
        return context

    def _message(self, number: str) -> Message:
        is_number = number.isascii() and number.isdigit() and len(number) < 19
        message = self.get_queryset().filter(number=number).first() if is_number else None
        if message is None:
            raise Http404
        return message

    def _respond(self, message: Message, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(message).data, status=code)

    @extend_schema(request=MessageWriteSerializer, responses={201: MessageSerializer})
    def create(self, request: Request, course_id: str) -> Response:
        """Post a message.

        Return 201; 403 `muted`; 429 `too_fast` after 20 messages in a minute.
        """
        text = _validated_text(request)
        message = chat.post(actor=signed_in(request), room=course_room(self.course), text=text)
        return self._respond(message, status.HTTP_201_CREATED)

    @extend_schema(request=MessageWriteSerializer, responses=MessageSerializer)
    def partial_update(self, request: Request, course_id: str, number: str) -> Response:
        """Edit the user's own message within 15 minutes.

        Return 200; 403 `not_yours`; 409 `too_late`.
        """
        message = self._message(number)
        return self._respond(chat.edit(actor=signed_in(request), message=message, text=_validated_text(request)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, course_id: str, number: str) -> Response:
        """Delete the user's own message within a day.

        Return 204; 403 `not_yours`; 409 `too_late`.
        """
        chat.delete(actor=signed_in(request), message=self._message(number))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=MessageSerializer)
    @action(detail=True, methods=["post"])
    def hide(self, request: Request, course_id: str, number: str) -> Response:
        """Hide a message as a moderator.

        Return 200; 403 `not_a_moderator`.
        """
        return self._respond(chat.hide(actor=signed_in(request), message=self._message(number)))

    @extend_schema(request=None, responses=MessageSerializer)
    @action(detail=True, methods=["post"])
    def show(self, request: Request, course_id: str, number: str) -> Response:
        """Show a hidden message again as a moderator.

        Return 200; 403 `not_a_moderator`.
        """
        return self._respond(chat.hide(actor=signed_in(request), message=self._message(number), hidden=False))

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def mute(self, request: Request, course_id: str, number: str) -> Response:
        """Mute the author of a message.

        Return 204; 403 `not_a_moderator`; 409 `keeps_order`.
        """
        author = self._message(number).author
        chat.mute(actor=signed_in(request), room=course_room(self.course), user=author)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def unmute(self, request: Request, course_id: str, number: str) -> Response:
        """Unmute the author of a message.

        Return 204; 403 `not_a_moderator`; 409 `keeps_order`.
        """
        author = self._message(number).author
        chat.mute(actor=signed_in(request), room=course_room(self.course), user=author, muted=False)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(methods=["GET"], responses=UnreadSerializer)
    @extend_schema(methods=["POST"], request=ReadMarkSerializer, responses=UnreadSerializer)
    @action(detail=False, methods=["get", "post"])
    def unread(self, request: Request, course_id: str) -> Response:
        """Return the number of unread messages of others (GET), or mark messages as read up to an id (POST)."""
        user, room = signed_in(request), course_room(self.course)
        if request.method not in SAFE_METHODS:
            serializer = ReadMarkSerializer(data=request.data)
            serializer.is_valid(raise_exception=True)
            chat.mark_read(user=user, room=room, number=serializer.validated_data["id"])
        return Response({"unread": chat.count_unread(user=user, room=room)})


@extend_schema(parameters=[COURSE_ID])
class AnnouncementViewSet(mixins.ListModelMixin, RoomViewSet):
    """Announcements of a course."""

    queryset = Announcement.objects.all()
    serializer_class = AnnouncementSerializer
    pagination_class = FeedPagination

    def get_queryset(self) -> QuerySet[Announcement]:
        """Return the announcements of the course."""
        return Announcement.objects.in_room(course_room(self.course))

    def create(self, request: Request, course_id: str) -> Response:
        """Post an announcement to all members of the course, as its instructor.

        Return 201; 403 `not_a_moderator`.
        """
        serializer = AnnouncementSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        announcement = announcements.announce(
            actor=signed_in(request), room=course_room(self.course), **serializer.validated_data
        )
        return Response(AnnouncementSerializer(announcement).data, status=status.HTTP_201_CREATED)


def _validated_text(request: Request) -> str:
    serializer = MessageWriteSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    text: str = serializer.validated_data["text"]
    return text
