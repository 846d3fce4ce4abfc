"""The pages under /dev/: all components, and the mail that the site sent."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from core import charts
from core.http.middleware import allow_frames
from core.http.pagination import paginate
from core.mail import delivery, mail_types
from core.mail.previews import mail_response, mail_type_or_404


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Render every component in every state."""
    return render(
        request, "dev/components.html", {"page": paginate(request, range(1, 101)), "sample": _sample_figures()}
    )


def _sample_figures() -> dict[str, Any]:
    """Return made-up figures: few, many, some negative, and none."""
    days = [f"{day} May" for day in range(1, 31)]
    few = [(7 * day) % 11 for day in range(30)]

    def chart(title: str, labels: list[str], values: list[int], before: tuple[int, ...] = ()) -> charts.Chart:
        return charts.build_time_chart(
            title=title, summary=title, headers=("Day", title, "Before"), labels=labels, values=values, before=before
        )

    many = [f"Day {day}" for day in range(120)]
    return {
        "charts": [
            chart("A month, and the one before", days, few, tuple(reversed(few))),
            chart("A hundred and twenty days", many, [(day * day) % 90 for day in range(120)]),
            chart("Some below zero", days, [value - 4 for value in few]),
            chart("No values", days, [0] * 30),
        ],
        "shares": [
            charts.Share("1. What a table promises", 88, "7 · 88%"),
            charts.Share("2. SELECT, slowly", 38, "3 · 38%", note="4 fewer than the lesson before", is_marked=True),
        ],
        "tiles": [
            {"label": "New", "value": "1,234", "change": "up from 987", "trend": "up"},
            {"label": "Completions", "value": "12", "change": "down from 20", "trend": "down"},
            {"label": "Revenue", "value": "€4,900", "change": "as before", "trend": "same"},
            {"label": "Average grade", "value": "81%", "note": "of 40 students"},
        ],
    }


@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """List the mail that the site sent, newest first."""
    page = paginate(request, delivery.list_saved_messages())
    messages = [{"name": path.name, "message": delivery.read_message(path)} for path in page.object_list]
    context = {"page": page, "mails": messages, "kinds": mail_types.get_mail_types()}
    return render(request, "dev/mail_list.html", context)


@allow_frames
@require_safe
def mail_detail(request: HttpRequest, name: str) -> HttpResponse:
    """Show the headers and the text of one message, and its HTML in a frame."""
    message = _read_message(name)
    body: Any = message.get_body(("plain",))
    context = {"name": name, "message": message, "text": body.get_content()}
    return render(request, "dev/mail_detail.html", context)


@xframe_options_sameorigin
@require_safe
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """Return the HTML of one message, with inline styles and without scripts, like a mail client."""
    body: Any = _read_message(name).get_body(("html",))
    return mail_response(request, body.get_content())


@allow_frames
@require_safe
def mail_kind(request: HttpRequest, kind: str) -> HttpResponse:
    """Show a sample of one type of mail: light, dark, and as text."""
    found = mail_type_or_404(kind)
    return render(request, "dev/mail_kind.html", {"kind": found, "mail": delivery.render_sample(found)})


@xframe_options_sameorigin
@require_safe
def mail_kind_html(request: HttpRequest, kind: str) -> HttpResponse:
    """Return the HTML of a sample mail with the light color scheme, or the dark one for `?dark`."""
    media = "all" if "dark" in request.GET else "not all"
    html = delivery.render_sample(mail_type_or_404(kind)).html
    return mail_response(request, html.replace("(prefers-color-scheme: dark)", media))


def _read_message(name: str) -> Any:
    """Return the stored message with this name; other files than those of the mail folder are not opened."""
    for path in delivery.list_saved_messages():
        if path.name == name:
            return delivery.read_message(path)
    raise Http404
