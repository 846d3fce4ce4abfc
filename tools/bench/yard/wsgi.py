"""WSGI entry point of the yardsticks."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "tools.bench.yard.settings"

application = get_wsgi_application()
