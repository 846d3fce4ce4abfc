"""Pages of a course's chat and announcements."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.generic import ListView, TemplateView

from accounts.permissions import signed_in
from core.access.scopes import editable_or_403
from core.http.forms import call_or_show_message, call_service
from core.http.pagination import PAGE_SIZE
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from enrollments.rooms import course_room, get_open_course, is_moderator
from realtime import announcements, chat
from realtime.forms import AnnouncementForm, MessageForm
from realtime.models import Announcement, Message, Mute

MESSAGES_PER_PAGE = 50


@dataclass
class ChatMessage:
    """A message, and what the user may do with it."""

    message: Message
    is_mine: bool
    can_edit: bool
    can_delete: bool
    is_muted: bool


class ChatView(LoginRequiredMixin, TemplateView):
    """The chat of a course: its last messages, oldest first, and a form. A GET request marks them as read."""

    template_name = "enrollments/chat.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the messages before `?before=`; the last messages without it."""
        user = signed_in(self.request)
        course = get_open_course(user, slug=self.kwargs["slug"])
        newest_first = list(self._get_messages(course)[: MESSAGES_PER_PAGE + 1])
        page, older = newest_first[:MESSAGES_PER_PAGE][::-1], newest_first[MESSAGES_PER_PAGE:]
        muted: set[Any] = set()
        if page:
            if self.request.method != "HEAD":
                chat.mark_read(user=user, room=course_room(course), number=page[-1].number)
            muted = set(Mute.objects.filter(conversation=page[0].conversation).values_list("user", flat=True))
        return super().get_context_data(
            course=course,
            chat_messages=[_build_chat_message(message, user, muted) for message in page],
            older_before=page[0].number if older else None,
            moderates=is_moderator(user, course.pk),
            is_muted=Mute.objects.in_room(course_room(course)).filter(user=user).exists(),
            form=kwargs.pop("form", None) or MessageForm(),
            **kwargs,
        )

    def _get_messages(self, course: Course) -> QuerySet[Message]:
        messages = Message.objects.in_room(course_room(course)).order_by("-number")
        before = self.request.GET.get("before", "")
        is_number = before.isascii() and before.isdigit() and len(before) < 19
        return messages.filter(number__lt=int(before)) if is_number else messages

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Post a message."""
        course = get_open_course(request.user, slug=slug)
        form = MessageForm(request.POST)
        if form.is_valid() and call_service(
            form, chat.post, actor=signed_in(request), room=course_room(course), **form.cleaned_data
        ):
            return redirect(reverse("enrollments:chat", args=[slug]) + "#end")
        return self.render_to_response(self.get_context_data(form=form))


def _build_chat_message(message: Message, user: Any, muted: set[Any]) -> ChatMessage:
    return ChatMessage(
        message,
        is_mine=message.author_id == user.pk,
        can_edit=message.can_be_edited_by(user),
        can_delete=message.can_be_deleted_by(user),
        is_muted=message.author_id in muted,
    )


def _get_message(request: HttpRequest, slug: str, number: int) -> tuple[Course, Message]:
    course = get_open_course(request.user, slug=slug)
    message = Message.objects.in_room(course_room(course)).filter(number=number).first()
    if message is None:
        raise Http404
    return course, message


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_message(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Edit the user's own message; 404 for messages of others."""
    course, message = _get_message(request, slug, number)
    if message.author_id != signed_in(request).pk:
        raise Http404
    form = MessageForm(request.POST or None, initial={"text": message.text})
    if form.is_valid() and call_service(
        form, chat.edit, actor=signed_in(request), message=message, **form.cleaned_data
    ):
        return redirect(reverse("enrollments:chat", args=[slug]) + f"#message-{number}")
    return render(request, "enrollments/chat_edit.html", {"course": course, "form": form})


@login_required
@require_POST
def act_on_message(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Delete the user's own message; as a moderator, hide or show a message, or mute or unmute its author."""
    course, message = _get_message(request, slug, number)
    actor, room = signed_in(request), course_room(course)
    actions: dict[str, Any] = {
        "delete": lambda: call_or_show_message(request, chat.delete, actor=actor, message=message),
        "hide": lambda: call_or_show_message(request, chat.hide, actor=actor, message=message),
        "show": lambda: call_or_show_message(request, chat.hide, actor=actor, message=message, hidden=False),
        "mute": lambda: call_or_show_message(request, chat.mute, actor=actor, room=room, user=message.author),
        "unmute": lambda: call_or_show_message(
            request, chat.mute, actor=actor, room=room, user=message.author, muted=False
        ),
    }
    action = actions.get(request.POST.get("act", ""))
    if action is None:
        raise Http404
    action()
    return redirect(reverse("enrollments:chat", args=[slug]) + f"#message-{number}")


class AnnouncementsView(LoginRequiredMixin, ListView[Announcement]):
    """Announcements of a course, for its members."""

    template_name = "enrollments/announcements.html"
    context_object_name = "announcements"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Announcement]:
        """Return the course's announcements, newest first."""
        self.course = get_open_course(self.request.user, slug=self.kwargs["slug"])
        return Announcement.objects.in_room(course_room(self.course))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course to the context."""
        return super().get_context_data(course=self.course, **kwargs)


class AnnounceView(TeachersOnlyMixin, ListView[Announcement]):
    """Form to post an announcement, with the earlier ones, for the course's instructor."""

    template_name = "enrollments/announce.html"
    context_object_name = "announcements"
    paginate_by = PAGE_SIZE
    form: AnnouncementForm | None = None

    def get_queryset(self) -> QuerySet[Announcement]:
        """Return the course's announcements, newest first."""
        self.course = editable_or_403(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        return Announcement.objects.in_room(course_room(self.course))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course and the form."""
        return super().get_context_data(course=self.course, form=self.form or AnnouncementForm(), **kwargs)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Post the announcement."""
        course = editable_or_403(Course.objects.all(), request.user, slug=slug)
        self.form = form = AnnouncementForm(request.POST)
        if form.is_valid() and call_service(
            form, announcements.announce, actor=signed_in(request), room=course_room(course), **form.cleaned_data
        ):
            messages.success(request, _("Announcement sent."))
            return redirect("enrollments:announce", slug)
        return self.get(request, slug)
