"""Everything under `/api/v1`."""

from collections.abc import Callable
from typing import Any, cast

from csp.constants import NONCE
from csp.decorators import csp_update
from django.http import HttpResponse
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from core.http.openapi import CachedSchemaGenerator
from lms.admin_dashboard.api import StatsView

# These views render HTML templates, which have no form for the answer to OPTIONS.
READ_ONLY = ["get", "head"]
View = Callable[..., HttpResponse]
# Redoc adds style elements, which need the nonce of the response.
allow_styles_with_nonce: Callable[[View], View] = cast(Any, csp_update({"style-src": [NONCE]}))
redoc_view = allow_styles_with_nonce(SpectacularRedocView.as_view(url_name="schema", http_method_names=READ_ONLY))

urlpatterns = [
    path("quizzes/", include("quizzes.api_urls")),  # first, for a class at a quiz saves its answers every few seconds
    path("schema/", SpectacularAPIView.as_view(generator_class=CachedSchemaGenerator), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema", http_method_names=READ_ONLY), name="docs"),
    path("redoc/", redoc_view, name="redoc"),
    path("", include("accounts.api_urls")),
    path("", include("realtime.api_urls")),
    path("", include("files.api_urls")),
    path("", include("courses.api_urls")),
    path("", include("enrollments.api_urls")),
    path("", include("assignments.api_urls")),
    path("", include("certificates.api_urls")),
    path("", include("payments.api_urls")),
    path("", include("analytics.api_urls")),
    path("", include("instructors.api_urls")),
    path("admin/stats", StatsView.as_view()),
]
