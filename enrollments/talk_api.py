"""`/courses/{course_id}/messages/*` and `/courses/{course_id}/announcements/` of the API: a course as a room."""

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
from courses.models import Course
from enrollments.rooms import course_open_to, moderates, room_of
from lms.lib.pagination import Feed
from lms.lib.scoping import SAFE_METHODS
from lms.platform.idempotency import IdempotentMixin
from realtime import announcing, chat
from realtime.models import Announcement, Message
from realtime.serializers import (
    AnnouncementSerializer,
    MessageSerializer,
    MessageWriteSerializer,
    ReadMarkSerializer,
    UnreadSerializer,
)

COURSE_ID = OpenApiParameter("course_id", OpenApiTypes.UUID, OpenApiParameter.PATH)


class NewestFirst(Feed):
    """What was said, newest first."""

    ordering = "-number"


class RoomViewSet(viewsets.GenericViewSet[Any]):
    """What happens in the room of a course: 404 for whoever is not in it."""

    permission_classes = (IsAuthenticated,)

    @cached_property
    def course(self) -> Course:
        """The course that the address names, if the caller may be in its room."""
        return course_open_to(self.request.user, pk=self.kwargs["course_id"])


@extend_schema(parameters=[COURSE_ID])
class MessageViewSet(IdempotentMixin, mixins.ListModelMixin, RoomViewSet):
    """The chat of a course."""

    queryset = Message.objects.all()
    serializer_class = MessageSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[Message]:
        """Return what was said in the course."""
        return Message.objects.said_in(room_of(self.course))

    def get_serializer_context(self) -> dict[str, Any]:
        """Add whether the caller keeps order."""
        context = dict(super().get_serializer_context())
        if not getattr(self, "swagger_fake_view", False):
            context["moderates"] = moderates(signed_in(self.request), self.course.pk)
        return context

    def _message(self, number: str) -> Message:
        message = self.get_queryset().filter(number=number).first() if number.isdigit() and len(number) < 19 else None
        if message is None:
            raise Http404
        return message

    def _answer(self, message: Message, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(message).data, status=code)

    @extend_schema(request=MessageWriteSerializer, responses={201: MessageSerializer})
    def create(self, request: Request, course_id: str) -> Response:
        """Say something: 201; 403 `muted`; 429 `too_fast` beyond twenty a minute."""
        text = _text_of(request)
        return self._answer(
            chat.post(actor=signed_in(request), room=room_of(self.course), text=text), status.HTTP_201_CREATED
        )

    @extend_schema(request=MessageWriteSerializer, responses=MessageSerializer)
    def partial_update(self, request: Request, course_id: str, number: str) -> Response:
        """Change one's own message within 15 minutes: 403 `not_yours`; 409 `too_late`."""
        message = self._message(number)
        return self._answer(chat.edit(actor=signed_in(request), message=message, text=_text_of(request)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, course_id: str, number: str) -> Response:
        """Take back one's own message within a day: 403 `not_yours`; 409 `too_late`."""
        chat.delete(actor=signed_in(request), message=self._message(number))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=MessageSerializer)
    @action(detail=True, methods=["post"])
    def hide(self, request: Request, course_id: str, number: str) -> Response:
        """Hide a message, as its instructor: 403 `not_a_moderator`."""
        return self._answer(chat.hide(actor=signed_in(request), message=self._message(number)))

    @extend_schema(request=None, responses=MessageSerializer)
    @action(detail=True, methods=["post"])
    def show(self, request: Request, course_id: str, number: str) -> Response:
        """Show a hidden message again: 403 `not_a_moderator`."""
        return self._answer(chat.hide(actor=signed_in(request), message=self._message(number), hidden=False))

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def mute(self, request: Request, course_id: str, number: str) -> Response:
        """Let the author of a message only read: 403 `not_a_moderator`; 409 `keeps_order`."""
        author = self._message(number).author
        chat.mute(actor=signed_in(request), room=room_of(self.course), user=author)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def unmute(self, request: Request, course_id: str, number: str) -> Response:
        """Let the author of a message write again: 403 `not_a_moderator`; 409 `keeps_order`."""
        author = self._message(number).author
        chat.mute(actor=signed_in(request), room=room_of(self.course), user=author, muted=False)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(methods=["GET"], responses=UnreadSerializer)
    @extend_schema(methods=["POST"], request=ReadMarkSerializer, responses=UnreadSerializer)
    @action(detail=False, methods=["get", "post"])
    def unread(self, request: Request, course_id: str) -> Response:
        """How many messages of others one has not read; a POST says up to which one has."""
        user, room = signed_in(request), room_of(self.course)
        if request.method not in SAFE_METHODS:
            shape = ReadMarkSerializer(data=request.data)
            shape.is_valid(raise_exception=True)
            chat.mark_read(user=user, room=room, number=shape.validated_data["id"])
        return Response({"unread": chat.unread_in(user=user, room=room)})


@extend_schema(parameters=[COURSE_ID])
class AnnouncementViewSet(mixins.ListModelMixin, RoomViewSet):
    """The announcements of a course."""

    queryset = Announcement.objects.all()
    serializer_class = AnnouncementSerializer
    pagination_class = Feed

    def get_queryset(self) -> QuerySet[Announcement]:
        """Return what was announced in the course."""
        return Announcement.objects.made_in(room_of(self.course))

    def create(self, request: Request, course_id: str) -> Response:
        """Announce something to everybody in the course, as its instructor: 201; 403 `not_a_moderator`."""
        shape = AnnouncementSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        made = announcing.announce(actor=signed_in(request), room=room_of(self.course), **shape.validated_data)
        return Response(AnnouncementSerializer(made).data, status=status.HTTP_201_CREATED)


def _text_of(request: Request) -> str:
    shape = MessageWriteSerializer(data=request.data)
    shape.is_valid(raise_exception=True)
    text: str = shape.validated_data["text"]
    return text
