"""Every address of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from core import views as platform
from courses.views import HomeView

urlpatterns = [
    path("api/v1/", include("lms.api_urls")),  # first, so that no call of the API is held against every page's address
    path("", HomeView.as_view(), name="home"),
    path("account/", include("accounts.urls")),
    path("", include("realtime.urls")),
    path("", include("files.urls")),
    path("", include("assignments.urls")),  # before the learning room, whose addresses are like theirs
    path("", include("enrollments.urls")),
    path("", include("courses.urls")),
    path("", include("quizzes.urls")),
    path("", include("certificates.urls")),
    path("", include("payments.urls")),
    path("", include("analytics.urls")),
    path("", include("instructors.urls")),
    path("admin/", admin.site.urls),
    path("search/", platform.search, name="search"),
    path("legal/<str:name>/", platform.legal, name="legal"),
    path("logo/<str:version>.png", platform.logo, name="logo"),
    path("icons/<str:version>.svg", platform.icons, name="icons"),
    path("robots.txt", platform.robots),
    path("accent/<str:color>.css", platform.accent, name="accent"),
    path("livez", platform.livez),
    path("healthz", platform.livez),
    path("readyz", platform.readyz),
    path("metrics", platform.metrics),
]
if settings.DEVELOPMENT:
    urlpatterns.append(path("dev/", include("tools.urls")))

handler400 = "core.http.errors.views.bad_request"
handler403 = "core.http.errors.views.permission_denied"
handler404 = "core.http.errors.views.not_found"
handler500 = "core.http.errors.views.server_error"
