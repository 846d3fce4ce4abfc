"""Views of the kernel: health, metrics, search, logo, accent style sheet, legal pages and robots.txt."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import condition, require_safe
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from core.http.metrics import registry
from core.jobs import queues
from core.models import Accent, SiteLogo, SiteSettings
from core.site import health
from core.site.icons import build_sprite
from core.site.search import search_all
from core.text import markdown

jobs_waiting = Gauge(
    "campus_jobs_waiting", "Waiting jobs by queue; -1 if unknown.", ["queue"], multiprocess_mode="mostrecent"
)


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Return 200 while the process runs, without using any other service."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Return the state of each service, with 200 if all are available and 503 otherwise."""
    ready, states = health.readiness()
    return JsonResponse({"status": "ok" if ready else "down", "parts": states}, status=200 if ready else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return metrics in the Prometheus format; 404 without a valid METRICS_TOKEN, or if none is set."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not constant_time_compare(token, settings.METRICS_TOKEN):
        raise Http404
    for name, depth in {**queues.get_queue_depths(), **queues.count_stuck_jobs()}.items():
        jobs_waiting.labels(name).set(-1 if depth is None else depth)
    return HttpResponse(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)


@never_cache
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show the search results that the user may open; with `?panel` only the results, for the command palette."""
    text = request.GET.get("search", "")
    template = "search/_results.html" if "panel" in request.GET else "search/search.html"
    return render(request, template, {"text": text.strip(), "groups": search_all(request.user, text)})


@require_safe
def logo(request: HttpRequest, version: str) -> HttpResponse:
    """Return the logo. The version in the URL allows caching for a year."""
    found = SiteLogo.objects.filter(pk=version).first()
    if found is None:
        raise Http404
    return HttpResponse(
        bytes(found.content),
        content_type="image/png",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


@require_safe
@condition(etag_func=lambda request, color: f'"{color}"')
def accent(request: HttpRequest, color: str) -> HttpResponse:
    """Return the style sheet of the custom accent. The color in the URL allows caching."""
    site = SiteSettings.current()
    if site.accent != Accent.OWN or site.accent_colour != f"#{color}":
        raise Http404
    headers = {"Cache-Control": "public, max-age=86400"}
    return HttpResponse(site.accent_pair.stylesheet, content_type="text/css; charset=utf-8", headers=headers)


@require_safe
def legal(request: HttpRequest, name: str) -> HttpResponse:
    """Show a legal page; 404 if it has no text."""
    site = SiteSettings.current()
    titles = dict(site.legal_pages)
    if name not in titles:
        raise Http404
    text = markdown.to_html(getattr(site, name), allow_html=True, id_prefix=markdown.MAIN_TEXT)
    return render(request, "legal.html", {"title": titles[name], "text": text})


@require_safe
@cache_control(public=True, max_age=86_400)
def robots(request: HttpRequest) -> HttpResponse:
    """Return robots.txt: excludes personal pages, which redirect to the login with varying `next`, and the API."""
    disallowed = ("/account/", "/admin/", "/api/", "/search/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in disallowed)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def icons(request: HttpRequest, version: str) -> HttpResponse:
    """Return the sprite of icons; its address changes with its content."""
    sprite = build_sprite()
    if version != sprite.version:
        raise Http404
    return HttpResponse(sprite.content, content_type="image/svg+xml")
