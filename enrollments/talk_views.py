"""A course as a room, as pages: its chat, and its announcements from both sides."""

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
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from enrollments.rooms import course_open_to, moderates, room_of
from lms.lib.pages import attempt, attempt_or_say
from lms.lib.pagination import PAGE_SIZE
from lms.lib.scoping import editable_or_403
from realtime import announcing, chat
from realtime.forms import AnnouncementForm, MessageForm
from realtime.models import Announcement, Message, Mute

MESSAGES_A_PAGE = 50


@dataclass
class ShownMessage:
    """A message, and what its reader may do with it."""

    message: Message
    is_mine: bool
    may_edit: bool
    may_delete: bool
    is_muted: bool


class ChatView(LoginRequiredMixin, TemplateView):
    """The chat of a course: its last messages, oldest first, and a form. Reading it marks it as read."""

    template_name = "enrollments/chat.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the messages before `?before=`, or the last ones."""
        user = signed_in(self.request)
        course = course_open_to(user, slug=self.kwargs["slug"])
        said = self._said(course)
        newest_first = list(said[: MESSAGES_A_PAGE + 1])
        shown, older = newest_first[:MESSAGES_A_PAGE][::-1], newest_first[MESSAGES_A_PAGE:]
        if shown and self.request.method != "HEAD":
            chat.mark_read(user=user, room=room_of(course), number=shown[-1].number)
        muted = (
            set(Mute.objects.filter(conversation=shown[0].conversation).values_list("user", flat=True))
            if shown
            else set()
        )
        return super().get_context_data(
            course=course,
            messages_shown=[_shown(message, user, muted) for message in shown],
            older_before=shown[0].number if older else None,
            moderates=moderates(user, course.pk),
            form=kwargs.pop("form", None) or MessageForm(),
            **kwargs,
        )

    def _said(self, course: Course) -> QuerySet[Message]:
        said = Message.objects.said_in(room_of(course)).order_by("-number")
        before = self.request.GET.get("before", "")
        return said.filter(number__lt=int(before)) if before.isdigit() and len(before) < 19 else said

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Say something."""
        course = course_open_to(request.user, slug=slug)
        form = MessageForm(request.POST)
        if form.is_valid() and attempt(
            form, chat.post, actor=signed_in(request), room=room_of(course), **form.cleaned_data
        ):
            return redirect(reverse("enrollments:chat", args=[slug]) + "#end")
        return self.render_to_response(self.get_context_data(form=form))


def _shown(message: Message, user: Any, muted: set[Any]) -> ShownMessage:
    return ShownMessage(
        message,
        is_mine=message.author_id == user.pk,
        may_edit=message.may_be_edited_by(user),
        may_delete=message.may_be_deleted_by(user),
        is_muted=message.author_id in muted,
    )


def _message(request: HttpRequest, slug: str, number: int) -> tuple[Course, Message]:
    course = course_open_to(request.user, slug=slug)
    message = Message.objects.said_in(room_of(course)).filter(number=number).first()
    if message is None:
        raise Http404
    return course, message


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_message(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Change one's own message."""
    course, message = _message(request, slug, number)
    if message.author_id != signed_in(request).pk:
        raise Http404
    form = MessageForm(request.POST or None, initial={"text": message.text})
    if form.is_valid() and attempt(form, chat.edit, actor=signed_in(request), message=message, **form.cleaned_data):
        return redirect(reverse("enrollments:chat", args=[slug]) + f"#message-{number}")
    return render(request, "enrollments/chat_edit.html", {"course": course, "form": form})


@login_required
@require_POST
def act_on_message(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Take back one's own message; hide or show one, mute or unmute its author, as the instructor."""
    course, message = _message(request, slug, number)
    actor, room = signed_in(request), room_of(course)
    acts: dict[str, Any] = {
        "delete": lambda: attempt_or_say(request, chat.delete, actor=actor, message=message),
        "hide": lambda: attempt_or_say(request, chat.hide, actor=actor, message=message),
        "show": lambda: attempt_or_say(request, chat.hide, actor=actor, message=message, hidden=False),
        "mute": lambda: attempt_or_say(request, chat.mute, actor=actor, room=room, user=message.author),
        "unmute": lambda: attempt_or_say(request, chat.mute, actor=actor, room=room, user=message.author, muted=False),
    }
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    act()
    return redirect(reverse("enrollments:chat", args=[slug]) + f"#message-{number}")


class AnnouncementsView(LoginRequiredMixin, ListView[Announcement]):
    """What was announced in a course, for those who are in it."""

    template_name = "enrollments/announcements.html"
    context_object_name = "announcements"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Announcement]:
        """Return the course's announcements, newest first."""
        self.course = course_open_to(self.request.user, slug=self.kwargs["slug"])
        return Announcement.objects.made_in(room_of(self.course))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course."""
        return super().get_context_data(course=self.course, **kwargs)


class AnnounceView(TeachersOnlyMixin, ListView[Announcement]):
    """Announce something to a course, below it what was announced before."""

    template_name = "enrollments/announce.html"
    context_object_name = "announcements"
    paginate_by = PAGE_SIZE
    form: AnnouncementForm | None = None

    def get_queryset(self) -> QuerySet[Announcement]:
        """Return the course's announcements, newest first."""
        self.course = editable_or_403(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        return Announcement.objects.made_in(room_of(self.course))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course and the form."""
        return super().get_context_data(course=self.course, form=self.form or AnnouncementForm(), **kwargs)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Announce it, and say who gets it."""
        course = editable_or_403(Course.objects.all(), request.user, slug=slug)
        self.form = form = AnnouncementForm(request.POST)
        if form.is_valid() and attempt(
            form, announcing.announce, actor=signed_in(request), room=room_of(course), **form.cleaned_data
        ):
            messages.success(request, _("It is on its way, to each student as they chose."))
            return redirect("enrollments:announce", slug)
        return self.get(request, slug)
