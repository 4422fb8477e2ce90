"""Settings, from the environment. Wrong values are reported by the system checks in intraday/checks.py.

With neither DATABASE_URL nor REDIS_URL the process is *embedded*: SQLite in WAL, in-memory layer, cache and broker.
"""

import warnings
from datetime import timedelta
from pathlib import Path

import environ
from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF

from intraday.logs import configure_logging

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- what kind of process this is ------------------------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
EMBEDDED = not DATABASE_URL
VAR_DIR = Path(env.str("INTRADAY_VAR", default=str(BASE_DIR / "var")))
DEMO = env.bool("INTRADAY_DEMO", default=False)  # `manage.py up` on a loopback address turns it on
DEBUG = False


def _embedded_secret() -> str:
    """A secret of this installation, made once, so that sessions outlive a restart."""
    from django.core.management.utils import get_random_secret_key

    VAR_DIR.mkdir(parents=True, exist_ok=True)
    path = VAR_DIR / "secret_key"
    try:
        with path.open("x") as new:
            path.chmod(0o600)
            new.write(get_random_secret_key())
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", default="") or (_embedded_secret() if EMBEDDED else "")
ALLOWED_HOSTS = env.list("INTRADAY_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
ALLOWED_ORIGINS = env.list("INTRADAY_ALLOWED_ORIGINS", default=[])  # browsers on other origins: REST and /ws alike

# --- applications ----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",  # before staticfiles: `runserver` serves WebSockets too
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "corsheaders",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "intraday",
    "intraday.org",
    "intraday.jobs",
    "intraday.feed_health",
    "realtime",
    "backlog",
    "attendance",
    "kpi",
    "alerts",
    "alerts.notifications",
]
MIDDLEWARE = [
    "intraday.pages.health.answered_first",
    "intraday.pages.prometheus.timed",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # last: it answers for a sign-in that was refused
]
ROOT_URLCONF = "intraday.urls"
ASGI_APPLICATION = "intraday.asgi.application"
WSGI_APPLICATION = "intraday.wsgi.application"
APPEND_SLASH = False  # the paths of the API are exactly as documented
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- database --------------------------------------------------------------------------------------------------------
# Two aliases, one database. `default` writes. `snapshot` is for reads that must see one instant and must not block
# writers: REPEATABLE READ on PostgreSQL, a DEFERRED transaction on SQLite.
if EMBEDDED:
    _sqlite = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": VAR_DIR / "intraday.sqlite3",
        "TEST": {"NAME": VAR_DIR / "test.sqlite3"},
    }
    # Under WAL, synchronous=NORMAL keeps every commit through a killed process; only a power cut may lose the last.
    _pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;"
    _options = {"timeout": 20, "init_command": _pragmas}
    DATABASES = {
        "default": {**_sqlite, "OPTIONS": {**_options, "transaction_mode": "IMMEDIATE"}},
        "snapshot": {**_sqlite, "OPTIONS": {**_options, "transaction_mode": "DEFERRED"}, "TEST": {"MIRROR": "default"}},
    }
else:
    from psycopg import IsolationLevel

    _postgres = {**env.db_url("DATABASE_URL"), "CONN_HEALTH_CHECKS": True}
    _pool = {"min_size": 2, "max_size": env.int("DATABASE_POOL", default=10), "timeout": 10}
    DATABASES = {
        "default": {**_postgres, "OPTIONS": {"pool": _pool}},
        "snapshot": {
            **_postgres,
            "OPTIONS": {
                "pool": {"min_size": 1, "max_size": 4, "timeout": 10},
                "isolation_level": IsolationLevel.REPEATABLE_READ,
            },
            "TEST": {"MIRROR": "default"},
        },
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- channel layer, cache, jobs --------------------------------------------------------------------------------------
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {
                "hosts": [{"address": REDIS_URL, "socket_connect_timeout": 1}],
                "prefix": env.str("INTRADAY_LAYER_PREFIX", default="intraday"),
            },
        }
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            # It counts calls, nothing more: without it they pass, so nobody shall wait for it.
            "OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
        }
    }
else:
    # The default capacity of 100 drops silently; one channel per process must hold a burst.
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 10_000}},
    }
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Each event also to the group of every room that encloses it, for stock Channels consumers (docs/adr/0010).
REALTIME_ROOM_GROUPS = env.bool("REALTIME_ROOM_GROUPS", default=False)
REALTIME_MEMORY = env.int("INTRADAY_REALTIME_MEGABYTES", default=256) * 1024 * 1024  # of recent events, per process
# Always a broker: without a reachable one Celery hangs at start, and says nothing.
CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"

# --- people and requests ---------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# Failed sign-ins are counted in the database: they work, and are limited, without Redis. By name and address together,
# so that nobody can lock somebody else out.
AXES_FAILURE_LIMIT = env.int("INTRADAY_SIGN_IN_FAILURES", default=10)
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_LOCKOUT_TEMPLATE = "intraday/locked.html"
AXES_VERBOSE = False
METRICS_TOKEN = env.str("INTRADAY_METRICS_TOKEN", default="")  # `Authorization: Bearer …` of Prometheus on /metrics
CALLS_PER_MINUTE_PERSON = env.int("INTRADAY_CALLS_PER_MINUTE_PERSON", default=600)
CALLS_PER_MINUTE_KEY = env.int("INTRADAY_CALLS_PER_MINUTE_KEY", default=6_000)
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
MAX_REQUEST_BYTES = 10 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_REQUEST_BYTES
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "intraday.rest.authentication.ApiKeyAuthentication",
        "intraday.rest.authentication.TokenAuthentication",
        "intraday.rest.authentication.PersonAuthentication",
        "intraday.rest.authentication.DemoAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["intraday.rest.permissions.Nobody"],
    "DEFAULT_THROTTLE_CLASSES": ["intraday.rest.throttling.PerCredential"],
    "DEFAULT_RENDERER_CLASSES": ["intraday.rest.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["intraday.rest.json.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "intraday.rest.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Intraday console API",
    "DESCRIPTION": "Facts in (backlog snapshots; more to come), figures out. Events are pushed over `/ws`.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "intraday.rest.schema.match_any",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AlertSeverityEnum": "alerts.choices.Severity.choices",
        "AlertSourceEnum": "alerts.choices.Source.choices",
        "AlertStatusEnum": "alerts.choices.Status.choices",
        # two enumerations of one field name
        "BacklogQuality": ["ok", "partial", "stale"],
        "KPIQuality": ["ok", "partial", "suspect", "stale", "no_data"],
        "StateLevel": ["ok", "at_risk", "critical", "stale", "closed", "unknown"],
        "StateComponentLevel": ["ok", "at_risk", "critical"],
        "StateReasonLevel": ["at_risk", "critical", "stale", "unknown"],
    },
    "AUTHENTICATION_WHITELIST": [  # demo mode asks for no credential, so there is none to describe
        "intraday.rest.authentication.ApiKeyAuthentication",
        "intraday.rest.authentication.TokenAuthentication",
        "intraday.rest.authentication.PersonAuthentication",
    ],
}
# Nothing from other hosts, nothing inline: on every page, Django's admin included. `data:` is the favicon with a count.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
LOGIN_URL = "/signin"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/signin"
CORS_ALLOWED_ORIGINS = ALLOWED_ORIGINS
CORS_ALLOW_HEADERS = (*default_headers, "last-event-id")  # as sent by programs that are no EventSource
CORS_URLS_REGEX = r"^/api/.*$"
CSRF_TRUSTED_ORIGINS = env.list("INTRADAY_TRUSTED_ORIGINS", default=[])

if not EMBEDDED:  # behind a proxy that ends TLS, redirects plain HTTP and says so
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("INTRADAY_HSTS_SECONDS", default=3600)
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]  # the proxy's business

# --- telling people of alerts ----------------------------------------------------------------------------------------
BASE_URL = env.str("INTRADAY_BASE_URL", default="http://localhost:5000").rstrip("/")  # of links to alerts
WEBHOOK_PRIVATE = env.bool("INTRADAY_WEBHOOK_PRIVATE", default=False)  # webhooks to addresses of private networks
SEND_TIMEOUT = EMAIL_TIMEOUT = env.float("INTRADAY_SEND_TIMEOUT", default=5.0)  # seconds
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))  # such as smtp+tls://user:password@mail.example:587
DEFAULT_FROM_EMAIL = env.str("INTRADAY_MAIL_FROM", default="intraday@localhost")
MAIL_DOMAIN = DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")

# --- time, static files, logs ----------------------------------------------------------------------------------------
TIME_ZONE = "UTC"  # REST, events and jobs must spell one instant one way
USE_TZ = True
USE_I18N = False
LANGUAGE_CODE = "en-us"
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# Static files are small: that each is read before it is sent, instead of streamed, is no news to the operator.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
WHITENOISE_IMMUTABLE_FILE_TEST = r"/build/assets/"  # their names hold a hash
WHITENOISE_USE_FINDERS = True  # no collectstatic step on a machine that only wants to look
LOG_LEVEL = env.str("INTRADAY_LOG_LEVEL", default="INFO")
LOGGING_CONFIG = None
configure_logging(level=LOG_LEVEL, as_json=env.bool("INTRADAY_LOG_JSON", default=not EMBEDDED))
