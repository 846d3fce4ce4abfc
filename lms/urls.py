"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from courses.views import HomeView
from lms.platform import views as platform

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
    path("robots.txt", platform.robots),
    path("accent/<str:colour>.css", platform.accent, name="accent"),
    path("livez", platform.livez),
    path("healthz", platform.livez),
    path("readyz", platform.readyz),
    path("metrics", platform.metrics),
    path("dev/components/", platform.components, name="dev_components"),
    path("dev/mail/", platform.mail_list, name="dev_mail"),
    path("dev/mail/kinds/<slug:kind>/", platform.mail_kind, name="dev_mail_kind"),
    path("dev/mail/kinds/<slug:kind>/html/", platform.mail_kind_html, name="dev_mail_kind_html"),
    path("dev/mail/<str:name>/", platform.mail_detail, name="dev_mail_detail"),
    path("dev/mail/<str:name>/html/", platform.mail_html, name="dev_mail_html"),
]

handler400 = "lms.lib.error_views.bad_request"
handler403 = "lms.lib.error_views.permission_denied"
handler404 = "lms.lib.error_views.not_found"
handler500 = "lms.lib.error_views.server_error"
