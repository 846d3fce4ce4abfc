"""WSGI entry point: pages and API under gunicorn."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from core.http.body_limit import ChunkedBodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

application = ChunkedBodies(get_wsgi_application(), settings.LARGEST_BODY)
