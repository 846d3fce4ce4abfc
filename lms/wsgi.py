"""WSGI entry point: pages and API under gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from lms.lib.settling import settle_after_first_answer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

application = get_wsgi_application()
settle_after_first_answer()
