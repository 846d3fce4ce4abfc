"""Settings of the test suite: the project's settings with fast password hashes and immediate tasks."""

from lms.settings import *  # noqa: F403  # extends the project's settings
from lms.settings import CACHES, INSTALLED_APPS, PASSWORD_HASHERS, REDIS_URL, STRIPE_SANDBOX, env

INSTALLED_APPS = [*INSTALLED_APPS, "tools.testing"]  # replaces the command `flush`

if REDIS_URL:
    # Each worker of a parallel run has its own cache database, because every test empties it.
    worker = int(env.str("PYTEST_XDIST_WORKER", default="gw0").removeprefix("gw"))
    CACHES["default"]["LOCATION"] = f"{REDIS_URL}/{3 + worker}"

CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# The slow hashes cost more than the tests that log in; test_hashers.py uses the real list.
PASSWORD_HASHERS = ["tools.testing.hashers.QuickTestHasher", *PASSWORD_HASHERS]
if not env.str("EMAIL_URL", default=""):
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if STRIPE_SANDBOX:
    # Tests of payments start their own Stripe sandbox; no server listens on port 1.
    STRIPE_API_HOST = env.str("STRIPE_API_HOST", default="http://127.0.0.1:1")
PAYMENTS_MIRROR = env.bool("PAYMENTS_MIRROR", default=False)
ACTIVITY_WRITTEN_AFTER = env.float("ACTIVITY_WRITTEN_AFTER", default=0)
