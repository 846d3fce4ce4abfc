"""Health, and the pages that only a development start has."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import condition, require_safe
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from lms.lib import charts, mail, mail_kinds, markdown
from lms.lib.mail_kinds import Kind
from lms.lib.metrics import registry
from lms.lib.paging import page_of
from lms.platform import health, queues
from lms.platform.models import Accent, SiteLogo, SiteSettings
from lms.platform.searching import find_everywhere

metrics_of_jobs = Gauge(
    "campus_jobs_waiting", "Jobs that wait, by queue; -1 is unknown.", ["queue"], multiprocess_mode="mostrecent"
)


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """200 while the process lives; asks nothing of anything else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when every part answers, 503 otherwise, with the state of each."""
    ready, states = health.readiness()
    return JsonResponse({"status": "ok" if ready else "down", "parts": states}, status=200 if ready else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What the site measures, as Prometheus reads it: for whoever has METRICS_TOKEN; without one set, nobody."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not constant_time_compare(given, settings.METRICS_TOKEN):
        raise Http404
    for name, depth in {**queues.depths(), **queues.stuck()}.items():
        metrics_of_jobs.labels(name).set(-1 if depth is None else depth)
    return HttpResponse(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)


@never_cache
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Everything that a person may open with these words in it; `?panel` gives the results without the page, for the
    palette that lies over any page."""
    text = request.GET.get("search", "")
    template = "search/_results.html" if "panel" in request.GET else "search/search.html"
    return render(request, template, {"text": text.strip(), "found": find_everywhere(request.user, text)})


@require_safe
def logo(request: HttpRequest, version: str) -> HttpResponse:
    """The site's logo; its address changes with it, so that it may be kept for a year."""
    found = SiteLogo.objects.filter(pk=version).first()
    if found is None:
        raise Http404
    return HttpResponse(
        bytes(found.content),
        content_type="image/png",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


@require_safe
@condition(etag_func=lambda request, colour: f'"{colour}"')
def accent(request: HttpRequest, colour: str) -> HttpResponse:
    """The style sheet of the site's own accent; its address changes with the colour."""
    site = SiteSettings.current()
    if site.accent != Accent.OWN or site.accent_colour != f"#{colour}":
        raise Http404
    headers = {"Cache-Control": "public, max-age=86400"}
    return HttpResponse(site.accent_pair.sheet, content_type="text/css; charset=utf-8", headers=headers)


@require_safe
def legal(request: HttpRequest, name: str) -> HttpResponse:
    """A legal page, while it has a text."""
    site = SiteSettings.current()
    titles = dict(site.legal_pages)
    if name not in titles:
        raise Http404
    return render(request, "legal.html", {"title": titles[name], "text": markdown.to_html(getattr(site, name))})


@require_safe
@cache_control(public=True, max_age=86_400)
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines may leave out: pages of one's own, of which they would only see the login with ever another
    `next`, and answers that are not pages."""
    closed = ("/account/", "/admin/", "/api/", "/search/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def development_only() -> None:
    """Raise Http404 unless this is a development start."""
    if not settings.DEVELOPMENT:
        raise Http404


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Every component in every state, to look at."""
    development_only()
    return render(request, "dev/components.html", {"page": page_of(request, range(1, 101)), "sample": _figures()})


def _figures() -> dict[str, Any]:
    """Return figures that nobody counted: few, many, some below zero, and none."""
    days = [f"{day} May" for day in range(1, 31)]
    few = [(7 * day) % 11 for day in range(30)]

    def chart(title: str, labels: list[str], values: list[int], before: tuple[int, ...] = ()) -> charts.Chart:
        return charts.over_time(
            title=title, summary=title, heads=("Day", title, "Before"), labels=labels, values=values, before=before
        )

    many = [f"Day {day}" for day in range(120)]
    return {
        "charts": [
            chart("A month, and the one before", days, few, tuple(reversed(few))),
            chart("A hundred and twenty days", many, [(day * day) % 90 for day in range(120)]),
            chart("Some below zero", days, [value - 4 for value in few]),
            chart("Nothing at all", days, [0] * 30),
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
    """The mail that the site sent, newest first."""
    development_only()
    page = page_of(request, mail.kept_messages())
    messages = [{"name": path.name, "message": mail.read_message(path)} for path in page.object_list]
    return render(request, "dev/mail_list.html", {"page": page, "mails": messages, "kinds": mail_kinds.every_kind()})


@require_safe
def mail_detail(request: HttpRequest, name: str) -> HttpResponse:
    """One message: its headers, its text, and its HTML in a frame."""
    development_only()
    message = _kept(name)
    body: Any = message.get_body(("plain",))
    context = {"name": name, "message": message, "text": body.get_content()}
    return with_frames(render(request, "dev/mail_detail.html", context))


@xframe_options_sameorigin
@require_safe
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML of one message, as a mail reader would show it: no scripts, its own inline styles."""
    development_only()
    body: Any = _kept(name).get_body(("html",))
    return as_mail(body.get_content())


@require_safe
def mail_kind(request: HttpRequest, kind: str) -> HttpResponse:
    """One kind of mail as its reader would get it, about somebody who does not exist: light, dark, and as text."""
    development_only()
    found = kind_or_404(kind)
    return with_frames(render(request, "dev/mail_kind.html", {"kind": found, "letter": mail.sample(found)}))


@xframe_options_sameorigin
@require_safe
def mail_kind_html(request: HttpRequest, kind: str) -> HttpResponse:
    """The HTML of one kind of mail, as a program shows it that is light, or `?dark`."""
    development_only()
    asked = "all" if "dark" in request.GET else "not all"
    return as_mail(mail.sample(kind_or_404(kind)).html.replace("(prefers-color-scheme: dark)", asked))


def as_mail(html: str) -> HttpResponse:
    """Return the HTML of a mail for a frame of ours, as a mail reader would show it: no scripts, its own styles. It is
    not kept: an answer that says "not changed" would come with the policy of other pages."""
    response = HttpResponse(html, headers={"Cache-Control": "no-store"})
    response._csp_replace = {"frame-ancestors": ["'self'"], "style-src": ["'unsafe-inline'"], "script-src": ["'none'"]}  # type: ignore[attr-defined]  # django-csp reads it
    return response


def with_frames(response: HttpResponse) -> HttpResponse:
    """Let a page show frames of ours; return it."""
    response._csp_update = {"frame-src": ["'self'"]}  # type: ignore[attr-defined]  # django-csp reads it
    return response


def kind_or_404(name: str) -> Kind:
    """Return the kind of mail called `name`; raise Http404 where there is none."""
    try:
        return mail_kinds.kind_of(name)
    except LookupError as error:
        raise Http404 from error


def _kept(name: str) -> Any:
    """Return the kept message called `name`; only names that stand in the folder are opened."""
    for path in mail.kept_messages():
        if path.name == name:
            return mail.read_message(path)
    raise Http404
