"""Context variables of all templates."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from core.models import SiteSettings


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the site settings, the site URL, `DEBUG`, and whether registration is open."""
    site = SiteSettings.current()
    return {
        "site": site,
        "DEBUG": settings.DEBUG,
        "SITE_URL": settings.SITE_URL,
        "REGISTRATION_OPEN": settings.ALLOW_PUBLIC_REGISTRATION and site.registration_open,
    }
