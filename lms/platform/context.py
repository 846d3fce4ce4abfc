"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from lms.platform.models import SiteSettings


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the site's settings and address, and whether this is a development start."""
    site = SiteSettings.current()
    return {
        "site": site,
        "DEBUG": settings.DEBUG,
        "SITE_URL": settings.SITE_URL,
        "REGISTRATION_OPEN": settings.ALLOW_PUBLIC_REGISTRATION and site.registration_open,
    }
