"""Settings, read from the environment. A checkout runs without any; docs/operations.md lists every variable.

An unknown value for a choice, or a missing secret outside development, stops the start with the variable's name.
"""

from datetime import timedelta
from importlib import import_module
from pathlib import Path

import django_stubs_ext
import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

from lms import environment

django_stubs_ext.monkeypatch()  # generic classes that take their model in brackets: FormView[LoginForm]

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
choice = environment.Choice(env)

# --- What runs, and where it keeps its things -------------------------------------------------------------------

ENVIRONMENT = choice("ENVIRONMENT", "development", ["development", "production"])
DEVELOPMENT = ENVIRONMENT == "development"
DEBUG = DEVELOPMENT  # Django's test runner turns this one off; DEVELOPMENT stays what the environment says
DEMO = env.bool("DEMO", default=True)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

if DEBUG:
    # Kept beside the data, so that logins outlive a restart and no two checkouts share a key (quality row X02, A10).
    SECRET_KEY = env.str("SECRET_KEY", default="") or environment.stored_secret(DATA_DIR / "secret_key")
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
else:
    SECRET_KEY = environment.strong_secret(env, "SECRET_KEY")
    ALLOWED_HOSTS = environment.allowed_hosts(env, "ALLOWED_HOSTS")

# Signs the lines of the audit log. Set it before you exchange SECRET_KEY: old lines keep the key they were signed with.
AUDIT_KEY = env.str("AUDIT_KEY", default="") or environment.derive_key(SECRET_KEY, "audit")
AUDIT_KEY_FALLBACKS = env.list("AUDIT_KEY_FALLBACKS", default=[])  # earlier keys, for verification only

PORT = env.int("PORT", default=8000)
SITE_URL = env.str("SITE_URL", default=f"http://127.0.0.1:{PORT}" if DEBUG else "").rstrip("/")
if not SITE_URL:
    raise ImproperlyConfigured("SITE_URL is not set: it is the address that mails and certificates link to.")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

INSTALLED_APPS = [
    "lms.admin_dashboard.admin_config.AdminConfig",  # Django's admin, behind our own login and its second step
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # its widgets' templates, which ComponentRenderer looks up as it does ours
    "django.contrib.humanize",
    "channels",
    "rest_framework",
    "rest_framework_simplejwt",
    "rest_framework_simplejwt.token_blacklist",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_email",
    "django_htmx",
    "lucide",
    "csp",
    "djstripe",
    "core",
    "accounts",
    "realtime",
    "files",
    "courses",
    "enrollments",
    "quizzes",
    "assignments",
    "certificates",
    "payments",
    "analytics",
    "instructors",
    "lms.apps.ProjectConfig",
]
if DEVELOPMENT:
    INSTALLED_APPS.append("tools")  # commands, demo data and pages for developers; not in the image

MIDDLEWARE = [
    "core.http.middleware.request_id",
    "core.http.metrics.measure_requests",
    "django.middleware.security.SecurityMiddleware",
    "core.http.middleware.compress_responses",
    "csp.middleware.CSPMiddleware",
    "core.http.middleware.ConsistentErrors",
    "core.http.middleware.reject_unstorable_urls",
    "core.http.middleware.optional_api_slash",
    "core.http.middleware.private_by_default",
    "core.http.middleware.acknowledge_forms",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",  # what the browser asks for; reader_language below knows better
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.limit_privileges",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.Impersonation",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.reader_language",
    "accounts.middleware.reader_time_zone",
]
if not DEBUG:  # in development, Django's own handler reads static files from where they are written
    MIDDLEWARE.insert(
        MIDDLEWARE.index("django.middleware.security.SecurityMiddleware") + 1,
        "whitenoise.middleware.WhiteNoiseMiddleware",
    )

ROOT_URLCONF = "lms.urls"
WSGI_APPLICATION = "lms.wsgi.application"
ASGI_APPLICATION = "lms.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = True  # for pages; the API answers with and without (core.http.middleware.optional_api_slash)

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.site.context_processors.site",
                "realtime.context.inbox",
            ],
            "builtins": [
                "django.templatetags.static",
                "django.templatetags.i18n",
                "core.templatetags.components",
            ],
        },
    }
]
FORM_RENDERER = "core.http.form_renderer.ComponentRenderer"

# --- Database: SQLite for one machine, PostgreSQL to grow -------------------------------------------------------

DATABASES = {"default": environment.database(env, DATA_DIR)}
# Every GET would take SQLite's one write lock if requests were transactions (docs/architecture.md, "Facts", 3).
ATOMIC_REQUESTS = False

# --- Cache, sessions, channel layer, broker: in-process, or Redis ----------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": f"{REDIS_URL}/1",
            # Nothing that must hold (lockouts, tokens, sessions, money) is stored in the cache, so while Redis is down
            # the site works without it.
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 2, "IGNORE_EXCEPTIONS": True},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CHANNEL_LAYERS = {"default": environment.channel_layer(REDIS_URL)}
SESSION_ENGINE = "accounts.session_store"

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=f"{REDIS_URL}/0" if REDIS_URL else "memory://")
CELERY_TASK_ALWAYS_EAGER = env.bool("CELERY_TASK_ALWAYS_EAGER", default=not REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "*.mail_*": {"queue": "mail"},
    "certificates.*": {"queue": "documents"},
    "files.*": {"queue": "documents"},
    "analytics.*": {"queue": "documents"},
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A request must not hang on a broker that is down: what it would not take goes to the outbox (quality row X05).
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
}
CELERY_TIMEZONE = "UTC"
DAILY_MAIL_HOUR = env.int("DAILY_MAIL_HOUR", default=6)  # UTC
CELERY_BEAT_SCHEDULE = {
    "deferred-tasks": {"task": "core.send_deferred_tasks", "schedule": 15.0},
    "expired-tokens": {"task": "accounts.flush_expired_tokens", "schedule": timedelta(days=1)},
    "old-idempotent-replies": {"task": "core.forget_old_replies", "schedule": timedelta(hours=1)},
    "check-audit-log": {"task": "core.check_audit_log", "schedule": timedelta(days=1)},
    "forgotten-mails": {"task": "realtime.mail_forgotten", "schedule": 120.0},
    "daily-mails": {"task": "realtime.mail_digests", "schedule": crontab(hour=DAILY_MAIL_HOUR, minute=0)},
    "reconcile-payments": {"task": "payments.reconcile", "schedule": 120.0},
    "overdue-attempts": {"task": "quizzes.close_overdue", "schedule": 30.0},
    "pending-certificates": {"task": "certificates.render_pending", "schedule": 60.0},
    "orphaned-files": {"task": "files.sweep_orphans", "schedule": timedelta(hours=6)},
    "roll-up-days": {"task": "analytics.roll_up", "schedule": 300.0},
    "check-roll-ups": {"task": "analytics.check_roll_ups", "schedule": timedelta(days=1)},
    "old-exports": {"task": "analytics.forget_exports", "schedule": timedelta(days=1)},
}

# --- People and passwords --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "accounts.backends.AdministratorBackend"]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "enrollments:dashboard"
LOGOUT_REDIRECT_URL = "home"
PASSWORD_HASHERS = [
    "accounts.hashers.BoundedArgon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ("email", "full_name")}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]  # fmt: skip
PASSWORD_RESET_TIMEOUT = 3600
# Off in development, where every test and script comes from one address; the lockout of logins is never off.
RATE_LIMITS = env.bool("RATE_LIMITS", default=not DEBUG)
# Limits of the emails that one person causes to others (accounts.mail_limits).
MAIL_PER_SENDER_PER_DAY = env.int("MAIL_PER_SENDER_PER_DAY", default=200)
MAIL_PER_RECIPIENT_PER_DAY = env.int("MAIL_PER_RECIPIENT_PER_DAY", default=3)
MAIL_PER_COURSE_PER_DAY = env.int("MAIL_PER_COURSE_PER_DAY", default=500)
ANNOUNCEMENTS_PER_COURSE_PER_HOUR = env.int("ANNOUNCEMENTS_PER_COURSE_PER_HOUR", default=10)
ANNOUNCEMENTS_PER_SENDER_PER_DAY = env.int("ANNOUNCEMENTS_PER_SENDER_PER_DAY", default=50)
NOTIFICATION_MAILS_PER_HOUR = env.int("NOTIFICATION_MAILS_PER_HOUR", default=20)
REQUIRE_VERIFIED_EMAIL = env.bool("REQUIRE_VERIFIED_EMAIL", default=not DEBUG)
MFA_REQUIRED_FOR_STAFF = env.bool("MFA_REQUIRED_FOR_STAFF", default=not DEBUG)
MFA_ISSUER = env.str("MFA_ISSUER", default="Campus")  # what an authenticator app shows beside the address
OTP_TOTP_THROTTLE_FACTOR = (
    0  # wrong codes are counted by accounts.limits and by each challenge, in rows that are locked
)
ALLOW_PUBLIC_REGISTRATION = env.bool("ALLOW_PUBLIC_REGISTRATION", default=True)
ALLOW_PUBLIC_ROLE_REGISTRATION = env.bool("ALLOW_PUBLIC_ROLE_REGISTRATION", default=False)

# Puts the emailed code of the second factor into the API's response, for scripts without a mailbox.
MFA_EXPOSE_CODE = env.bool("MFA_EXPOSE_CODE", default=False)
if MFA_EXPOSE_CODE and not DEVELOPMENT:
    raise ImproperlyConfigured("MFA_EXPOSE_CODE is set: it disables the second factor, and works in development only.")

API_AUTH_TRANSPORTS = env.list("API_AUTH_TRANSPORTS", default=["bearer", "cookie"])
if not API_AUTH_TRANSPORTS or not set(API_AUTH_TRANSPORTS) <= {"bearer", "cookie"}:
    raise ImproperlyConfigured("API_AUTH_TRANSPORTS must name bearer, cookie or both, separated by a comma.")
# The prefixes make browsers refuse the cookie from a subdomain or over plain HTTP; they need HTTPS.
ACCESS_COOKIE = "access" if DEBUG else "__Host-access"
REFRESH_COOKIE = "refresh" if DEBUG else "__Secure-refresh"
REFRESH_COOKIE_PATH = "/api/v1/auth/"

SESSION_COOKIE_AGE = 43_200
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
CSRF_FAILURE_VIEW = "core.http.errors.views.csrf_failure"

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ALGORITHM": "HS256",
    "SIGNING_KEY": env.str("JWT_SIGNING_KEY", default="") or environment.derive_key(SECRET_KEY, "jwt"),
    "AUDIENCE": "lms",
    "ISSUER": SITE_URL,
    "LEEWAY": 0,
    "USER_ID_FIELD": "id",
    "USER_ID_CLAIM": "user_id",
    "UPDATE_LAST_LOGIN": True,
}
LOGIN_MAX_AGE = timedelta(days=30)
REFRESH_REUSE_GRACE = timedelta(seconds=10)

# --- What browsers are told ------------------------------------------------------------------------------------

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if not DEBUG:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_REDIRECT_EXEMPT = [r"^(livez|healthz|readyz|metrics)$"]
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

VIDEO_HOSTS = ["https://www.youtube-nocookie.com", "https://player.vimeo.com", "https://vimeo.com/event/"]
# More origins of players that lessons may frame, such as "https://media.example.org". Never an origin of this site.
EMBED_HOSTS = env.list("EMBED_HOSTS", default=[])
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "media-src": ["'self'", "https:"],
        "connect-src": ["'self'", environment.websocket_origin(SITE_URL)],
        "frame-src": [*VIDEO_HOSTS, *EMBED_HOSTS],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_HANDLERS = [
    "files.upload_handlers.CountingHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "files.upload_handlers.SpoolingHandler",
]
LARGEST_BODY = 210 * 1024 * 1024  # a little more than the largest file

# --- API -------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "accounts.authentication.CookieAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.http.json_parser.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "core.http.pagination.NumberedPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_METADATA_CLASS": "core.http.metadata.ViewMetadata",
    "DEFAULT_SCHEMA_CLASS": "core.http.openapi.DocumentedErrors",
    "EXCEPTION_HANDLER": "core.http.errors.handler.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "COERCE_DECIMAL_TO_STRING": True,
    "DEFAULT_THROTTLE_CLASSES": ["core.http.throttles.Anonymous", "core.http.throttles.SignedIn"]
    if RATE_LIMITS
    else [],
    "DEFAULT_THROTTLE_RATES": {"anon": "60/min", "user": "600/min", "verify": "30/min"},
    "NUM_PROXIES": TRUSTED_PROXIES,
}
DRF_STANDARDIZED_ERRORS = {"ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True}
SPECTACULAR_SETTINGS = {
    "TITLE": "Campus API",
    "DESCRIPTION": "Courses, learning and certificates. Every path answers with and without its trailing slash.",
    "VERSION": "1.0.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATION_PARAMETERS": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
    ],
}

# --- Files and mail --------------------------------------------------------------------------------------------

FILE_STORAGE_PROVIDER = choice("FILE_STORAGE_PROVIDER", "local", ["local", "azure"])
FILE_DOWNLOAD_URL_EXPIRE_SECONDS = env.int("FILE_DOWNLOAD_URL_EXPIRE_SECONDS", default=900)
MEDIA_ROOT = DATA_DIR / "media"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static", ("fonts", environment.font_directory("font_source_serif_pro"))]
STORAGES = {
    "default": environment.storage(env, FILE_STORAGE_PROVIDER),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "core.http.static_files.HashedFiles"
    },
}
if checkpoint_storage := environment.checkpoint_storage(env):
    STORAGES["audit"] = checkpoint_storage
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Campus <campus@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAIL_DIR = DATA_DIR / "mail"
if env.str("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "core.mail.delivery.FolderBackend"

# --- Payments --------------------------------------------------------------------------------------------------

STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_PUBLISHABLE_KEY = env.str("STRIPE_PUBLISHABLE_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
if STRIPE_SECRET_KEY and not STRIPE_WEBHOOK_SECRET:
    raise ImproperlyConfigured("STRIPE_WEBHOOK_SECRET is not set: without it, anyone could tell us that they paid.")
if STRIPE_SECRET_KEY and not STRIPE_PUBLISHABLE_KEY:
    raise ImproperlyConfigured("STRIPE_PUBLISHABLE_KEY is not set: the checkout's form cannot load without it.")
STRIPE_LIVE_MODE = STRIPE_SECRET_KEY.startswith("sk_live_")
# Without keys, a development start pays at a stand-in on this machine, with cards that cost nobody anything.
STRIPE_SANDBOX = DEVELOPMENT and not STRIPE_SECRET_KEY
STRIPE_SANDBOX_KEY = "sk_test_sandbox00000000000000000000"  # opens nothing: the stand-in takes any key
STRIPE_API_HOST = env.str("STRIPE_API_HOST", default="").rstrip("/")
if STRIPE_LIVE_MODE and STRIPE_API_HOST:
    raise ImproperlyConfigured("STRIPE_API_HOST is set beside a live key: real money goes to Stripe itself.")
# dj-stripe warns of the setting as such; what would be wrong with it is refused just above.
SILENCED_SYSTEM_CHECKS = ["djstripe.W002"]
if STRIPE_SANDBOX:
    STRIPE_API_HOST = STRIPE_API_HOST or "http://127.0.0.1:8420"
    STRIPE_WEBHOOK_SECRET = STRIPE_WEBHOOK_SECRET or environment.stored_secret(DATA_DIR / "stripe_webhook_secret")
# Whether dj-stripe copies what Stripe tells us, for the admin.
PAYMENTS_MIRROR = env.bool("PAYMENTS_MIRROR", default=True)
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
# dj-stripe's own three migrations cost 80 s of CPU on a new database; ours is one, freshly generated, and a test
# fails when it differs from the installed package's models (payments/tests/test_djstripe_migration.py).
MIGRATION_MODULES = {"djstripe": "payments.djstripe_migrations"}

# --- Certificates ----------------------------------------------------------------------------------------------

# What signs the PDFs: a PKCS#12 file, or key and certificate as PEM files; with none, a self-signed key is made beside
# the data.
CERTIFICATE_SIGNING_PKCS12 = env.str("CERTIFICATE_SIGNING_PKCS12", default="")
CERTIFICATE_SIGNING_KEY = env.str("CERTIFICATE_SIGNING_KEY", default="")
CERTIFICATE_SIGNING_CERT = env.str("CERTIFICATE_SIGNING_CERT", default="")
CERTIFICATE_SIGNING_PASSPHRASE = env.str("CERTIFICATE_SIGNING_PASSPHRASE", default="")

# --- Analytics -------------------------------------------------------------------------------------------------

# Seconds between somebody's click in a course and the row that says that they learned; 0 waits to be told to write.
ACTIVITY_WRITTEN_AFTER = env.float("ACTIVITY_WRITTEN_AFTER", default=20)

# --- Language and time -----------------------------------------------------------------------------------------

LANGUAGES = environment.languages(env, "LANGUAGES")  # people choose among them; the first is the site's own
LANGUAGE_CODE = LANGUAGES[0][0]
LOCALE_PATHS = [BASE_DIR / "lms" / "locale", DATA_DIR / "locale"]
USE_I18N = True
FORMAT_MODULE_PATH = ["lms.formats"]
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

DEFAULT_EXCEPTION_REPORTER_FILTER = "core.http.errors.reports.ReportFilter"

# --- Logs ------------------------------------------------------------------------------------------------------

LOG_FORMAT = choice("LOG_FORMAT", "line" if DEBUG else "json", ["line", "json"])
# Opens /metrics to whoever sends it as a bearer token; with none set, nobody reads them.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Where exceptions are sent; with none set, they stay in the log.
SENTRY_DSN = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    import_module("core.http.errors.sentry").start(SENTRY_DSN, ENVIRONMENT)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "core.http.request_id.Filter"},
        "without_query": {"()": "core.http.logs.WithoutQuery"},
    },
    "formatters": {
        "line": {
            "()": "core.http.logs.LineFormatter",
            "format": "{asctime} {levelname} {name} [{request_id}] {message}",
            "style": "{",
        },
        "json": {"()": "core.http.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["request_id"], "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "ERROR"},
        "fontTools": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "pyhanko": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        # Each names the address of every request or socket, and a socket's may carry a token (quality row W03).
        "uvicorn.access": {"filters": ["without_query"], "handlers": ["console"], "propagate": False},
        "uvicorn.error": {"filters": ["without_query"]},
        "weasyprint": {"level": "ERROR"},
    },
}
