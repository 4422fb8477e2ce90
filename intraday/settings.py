"""Settings, from the environment. Wrong values are reported by the system checks in intraday/checks.py.

With neither DATABASE_URL nor REDIS_URL the process is *embedded*: SQLite in WAL, in-memory layer, cache and broker.
"""

import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF

from intraday.connections import UrlError, postgres_url, redis_url, roles
from intraday.logs.setup import configure_logging
from intraday.version import VERSION

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- what kind of process this is ------------------------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
EMBEDDED = not DATABASE_URL
VAR_DIR = Path(env.str("INTRADAY_VAR", default=str(BASE_DIR / "var")))
DEMO = env.bool("INTRADAY_DEMO", default=False)  # `manage.py up` on a loopback address turns it on
DEBUG = False
CONNECTION_ERRORS: list[str] = []  # what is wrong with the two URLs; reported by the system checks


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


def _embedded_database() -> Path:
    """The file of the embedded database, for its owner alone; SQLite gives its log the same rights."""
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    path = VAR_DIR / "intraday.sqlite3"
    path.touch(mode=0o600)
    if path.stat().st_mode & 0o077:  # made by a release before
        path.chmod(0o600)
    return path


SECRET_KEY = env.str("SECRET_KEY", default="") or (_embedded_secret() if EMBEDDED else "")
# Former keys, comma-separated: what they signed or encrypted is still read (docs/operations.md, Keys and secrets).
SECRET_KEY_FALLBACKS = [key.strip() for key in env.list("SECRET_KEY_FALLBACKS", default=[]) if key.strip()]
ALLOWED_HOSTS = env.list("INTRADAY_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
ALLOWED_ORIGINS = env.list("INTRADAY_ALLOWED_ORIGINS", default=[])  # browsers on other origins: REST and /ws alike

# --- applications ----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",  # before staticfiles: `runserver` serves WebSockets too
    "intraday",  # before the admin: its templates are found first
    "intraday.apps.AdminConfig",  # django.contrib.admin, with pages that keep tenants apart
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "axes",
    "corsheaders",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "intraday.audit",
    "intraday.org",
    "intraday.sign_in",
    "intraday.jobs",
    "intraday.feed_health",
    "intraday.rest.idempotency",
    "realtime",
    "backlog",
    "attendance",
    "kpi",
    "alerts",
    "alerts.notifications",
    "alerts.actions",
]
MIDDLEWARE = [
    "intraday.logs.requests.with_request_id",
    "intraday.pages.headers.added",
    "intraday.pages.health.answered_first",
    "intraday.pages.prometheus.timed",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "intraday.pages.compression.CompressedAnswers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "intraday.audit.origin.remembered",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "intraday.sign_in.hashing.BusyAnswered",
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
        "ENGINE": "intraday.connections.sqlite",
        "NAME": _embedded_database(),
        "CONN_MAX_AGE": None,  # a thread keeps its own: opening the file takes as long as a statement
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

    from intraday.connections.database import bounded_by

    ROLE = env.str("INTRADAY_ROLE", default=roles.role_of())  # docker/run's; INTRADAY_ROLE where it is guessed wrong
    _role = roles.ROLES.get(ROLE, roles.WEB)
    if ROLE not in roles.ROLES:
        CONNECTION_ERRORS.append(f"INTRADAY_ROLE must be one of {', '.join(roles.ROLES)}.")
    DATABASE_TIMEOUTS = roles.Timeouts(
        statement=env.int("DATABASE_STATEMENT_TIMEOUT", default=_role.statement),
        lock=env.int("DATABASE_LOCK_TIMEOUT", default=_role.lock),
        idle_in_transaction=env.int("DATABASE_IDLE_TIMEOUT", default=_role.idle_in_transaction),
    )
    try:
        _postgres = postgres_url.read(DATABASE_URL, defaults=roles.libpq_defaults(DATABASE_TIMEOUTS, ROLE))
    except UrlError as error:
        _postgres = {"ENGINE": "django.db.backends.postgresql", "NAME": "", "OPTIONS": {}}  # refuses to connect
        CONNECTION_ERRORS.append(str(error))
    _pool: dict[str, Any] = {
        "timeout": env.int("DATABASE_POOL_TIMEOUT", default=10),  # seconds in the queue, then a request answers 503
        "reconnect_timeout": 10,  # then requests ask for a connection, rather than pauses that double for minutes
        "max_lifetime": 900,
        "connection_class": bounded_by(DATABASE_TIMEOUTS.statement),
    }
    _size = env.int("DATABASE_POOL", default=10)
    _pools = {
        "default": {"min_size": min(2, _size), "max_size": _size, **_pool},
        "snapshot": {"min_size": 1, "max_size": 4, **_pool},
    }
    if ROLE == "worker":  # its processes run one job at a time: they open connections as they need them
        _pools = {alias: {**pool, "min_size": 0} for alias, pool in _pools.items()}
    _postgres["CONN_HEALTH_CHECKS"] = True
    _parameters = _postgres["OPTIONS"]
    DATABASES = {
        "default": {**_postgres, "OPTIONS": {**_parameters, "pool": _pools["default"]}},
        "snapshot": {
            **_postgres,
            "OPTIONS": {
                **_parameters,
                "pool": _pools["snapshot"],
                "isolation_level": IsolationLevel.REPEATABLE_READ,
            },
            "TEST": {"MIRROR": "default"},
        },
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- channel layer, cache, jobs --------------------------------------------------------------------------------------
try:
    _redis = redis_url.read(REDIS_URL) if REDIS_URL else None
except UrlError as error:
    _redis = None
    CONNECTION_ERRORS.append(str(error))
REDIS_VERIFIED = _redis is None or _redis.verifies
if _redis is not None:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {
                "hosts": [_redis.layer_host(socket_timeout=1, socket_connect_timeout=1)],
                "prefix": env.str("INTRADAY_LAYER_PREFIX", default="intraday"),
            },
        }
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": [REDIS_URL],  # in a list: Django would split it at commas
            "KEY_PREFIX": env.str("INTRADAY_LAYER_PREFIX", default=""),
            # It counts calls, nothing more: without it they pass, so nobody shall wait for it.
            "OPTIONS": {
                "pool_class": "intraday.connections.redis_url.CachePool",
                "socket_timeout": 0.25,
                "socket_connect_timeout": 0.25,
            },
        }
    }
    # A worker looks at every `health_check_interval` whether an answer is overdue. Retries are bounded for jobs and for
    # its own heartbeats alike, which by default are tried for ever, without a word, while no job is taken.
    _broker_timeout = env.int("INTRADAY_BROKER_TIMEOUT", default=5)
    CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.5, "interval_max": 1}
    CELERY_BROKER_URL, CELERY_BROKER_USE_SSL, CELERY_BROKER_TRANSPORT_OPTIONS = _redis.broker(
        socket_timeout=_broker_timeout,
        socket_connect_timeout=min(3, _broker_timeout),
        health_check_interval=2 * _broker_timeout,
        **CELERY_TASK_PUBLISH_RETRY_POLICY,
    )
    CELERY_BROKER_CONNECTION_TIMEOUT = min(3, _broker_timeout)
    CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # for ever: after 100 tries a worker would end
    # A job that hangs ends: first by an exception in it, then with its process. (Threads of the embedded run cannot.)
    CELERY_TASK_SOFT_TIME_LIMIT = env.int("INTRADAY_JOB_SECONDS", default=240)
    CELERY_TASK_TIME_LIMIT = CELERY_TASK_SOFT_TIME_LIMIT + 30
    # A process of a worker that has used more ends after its job, and a fresh one takes its place.
    CELERY_WORKER_MAX_MEMORY_PER_CHILD = env.int("INTRADAY_WORKER_MEGABYTES", default=500) * 1024  # in kilobytes
else:
    # The default capacity of 100 drops silently; one channel per process must hold a burst.
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 10_000}},
    }
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    # Always a broker: without a reachable one Celery hangs at start, and says nothing.
    CELERY_BROKER_URL = "memory://localhost/"
# Each event also to the group of every room that encloses it, for stock Channels consumers (docs/adr/0010).
REALTIME_ROOM_GROUPS = env.bool("REALTIME_ROOM_GROUPS", default=False)
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat")
WORKER_NICE = env.int("INTRADAY_WORKER_NICE", default=5)
REALTIME_MEMORY = env.int("INTRADAY_REALTIME_MEGABYTES", default=256) * 1024 * 1024  # of recent events, per process

# --- people and requests ---------------------------------------------------------------------------------------------
# Proxies before us that append to X-Forwarded-For: the client's address is so many entries from the right, and
# X-Forwarded-Proto counts. 0: the peer is the client.
TRUSTED_PROXIES = env.int("INTRADAY_TRUSTED_PROXIES", default=0)
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# Failed sign-ins are counted in the database: they work, and are limited, without Redis. By name and address together,
# so that nobody can lock somebody else out; wider limits are in intraday.sign_in.limits.
AXES_CLIENT_IP_CALLABLE = "intraday.sign_in.limits.network"
AXES_FAILURE_LIMIT = env.int("INTRADAY_SIGN_IN_FAILURES", default=10)
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_LOCKOUT_TEMPLATE = "intraday/locked.html"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # its pages edit counts by hand; `manage.py axes_reset_username` lets somebody try again
SIGN_IN_FAILURES_ADDRESS = env.int("INTRADAY_SIGN_IN_FAILURES_ADDRESS", default=100)  # in 15 minutes
SIGN_IN_FAILURES_NAME = env.int("INTRADAY_SIGN_IN_FAILURES_NAME", default=100)  # in a day, from unknown browsers
# allauth: second factors and OpenID Connect. Its own limits live in the cache, without which they would stop everybody.
ACCOUNT_ADAPTER = "intraday.sign_in.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False
MFA_ADAPTER = "intraday.sign_in.adapters.MFAAdapter"
SOCIALACCOUNT_ADAPTER = "intraday.sign_in.adapters.SocialAccountAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form's way to another origin is closed by the content security policy
PROVIDER_SESSION = env.int("INTRADAY_PROVIDER_SESSION_HOURS", default=12) * 3600  # then its groups are asked again
SECURITY_CONTACT = env.str(
    "INTRADAY_SECURITY_CONTACT", default=""
)  # mailto:… or https://… for /.well-known/security.txt
METRICS_TOKEN = env.str("INTRADAY_METRICS_TOKEN", default="")  # `Authorization: Bearer …` of Prometheus on /metrics
CALLS_PER_MINUTE_PERSON = env.int("INTRADAY_CALLS_PER_MINUTE_PERSON", default=600)
CALLS_PER_MINUTE_KEY = env.int("INTRADAY_CALLS_PER_MINUTE_KEY", default=6_000)
# What one organization may use, unless superusers set a limit of its own (intraday.org.limits): docs/operations.md.
LIMITS = {
    "queues": env.int("INTRADAY_LIMIT_QUEUES", default=10_000),
    "departments": env.int("INTRADAY_LIMIT_DEPARTMENTS", default=1_000),
    "rows_per_minute": env.int("INTRADAY_LIMIT_ROWS_PER_MINUTE", default=60_000),
    "bytes_per_minute": env.int("INTRADAY_LIMIT_BYTES_PER_MINUTE", default=50_000_000),
    "events_per_minute": env.int("INTRADAY_LIMIT_EVENTS_PER_MINUTE", default=1_200),
    "event_names": env.int("INTRADAY_LIMIT_EVENT_NAMES", default=100),
    "connections": env.int("INTRADAY_LIMIT_CONNECTIONS", default=2_000),
    "connections_per_credential": env.int("INTRADAY_LIMIT_CONNECTIONS_PER_CREDENTIAL", default=500),
    "computes": env.int("INTRADAY_LIMIT_COMPUTES", default=2),
    "posts": env.int("INTRADAY_LIMIT_POSTS", default=3),
}
PASSWORD_HASHES = env.int("INTRADAY_PASSWORD_HASHES", default=2)  # at once, per process; each takes 100 MB
PASSWORD_HASHERS = [
    "intraday.sign_in.hashing.BoundedArgon2PasswordHasher",
    "intraday.sign_in.hashing.BoundedPBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
MAX_REQUEST_BYTES = env.int("INTRADAY_REQUEST_MEGABYTES", default=10) * 1024 * 1024  # of a body; above it: 413
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_REQUEST_BYTES
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "intraday.rest.authentication.ApiKeyAuthentication",
        "intraday.rest.authentication.TokenAuthentication",
        "intraday.rest.authentication.PersonAuthentication",
        "intraday.rest.authentication.DemoAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["intraday.rest.permissions.Nobody"],
    "DEFAULT_THROTTLE_CLASSES": ["intraday.rest.limits.throttling.PerCredential"],
    "DEFAULT_RENDERER_CLASSES": ["intraday.rest.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["intraday.rest.json.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "intraday.rest.openapi.operations.OperationSchema",
    "EXCEPTION_HANDLER": "intraday.rest.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Intraday console API",
    "DESCRIPTION": "Facts in (backlog, attendance, intervals, forecasts, shifts), figures and alerts out. Events are "
    "pushed over `/ws` (`/asyncapi.json`). Everything that creates takes an `Idempotency-Key`; errors have one shape, "
    "with a `code` that `/docs/errors` explains.",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",  # null is a type: 3.0 cannot say that a reference may be null
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "intraday.rest.schema.match_any",
        "intraday.rest.openapi.document.complete",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AlertSeverityEnum": "alerts.choices.Severity.choices",
        "AlertSourceEnum": "alerts.choices.Source.choices",
        "AlertStatusEnum": "alerts.choices.Status.choices",
        "ScheduledActivity": ["work", "break", "training"],
        # two enumerations of one field name
        "ActionKind": ["move", "hold_breaks", "call_in", "time_off", "other"],
        "SuggestionKind": "kpi.advice.suggestions.KINDS",
        "AgentStateName": "attendance.choices.AGENT_STATES",
        "PersonState": "attendance.choices.STATE_NAMES",
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
CORS_ALLOW_HEADERS = (
    *default_headers,
    "content-encoding",
    "idempotency-key",
    "if-none-match",
    "last-event-id",  # as sent by programs that are no EventSource
    "x-request-id",
)
CORS_EXPOSE_HEADERS = (  # that scripts on other origins may read
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
)
CORS_URLS_REGEX = r"^/api/.*$"
CSRF_TRUSTED_ORIGINS = env.list("INTRADAY_TRUSTED_ORIGINS", default=[])

if not EMBEDDED:  # behind a proxy that ends TLS, redirects plain HTTP and says so
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = env.int("INTRADAY_HSTS_SECONDS", default=365 * 24 * 3600)
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]  # the proxy's business

# --- telling people of alerts ----------------------------------------------------------------------------------------
BASE_URL = env.str("INTRADAY_BASE_URL", default="http://localhost:5000").rstrip("/")  # of links to alerts
WEBHOOK_PRIVATE = env.bool("INTRADAY_WEBHOOK_PRIVATE", default=False)  # webhooks to addresses of private networks
SEND_TIMEOUT = EMAIL_TIMEOUT = env.float("INTRADAY_SEND_TIMEOUT", default=5.0)  # seconds
# Such as smtp+tls://user:password@mail.example:587. Without one `make run` prints mails; production records failures.
EMAIL_URL = env.str("EMAIL_URL", default="")
vars().update(env.email_url_config(EMAIL_URL or ("consolemail://" if EMBEDDED else "dummymail://")))
DEFAULT_FROM_EMAIL = env.str("INTRADAY_MAIL_FROM", default="intraday@localhost")
MAIL_DOMAIN = DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")

# --- how long things are kept, by table: docs/operations.md and intraday/retention ------------------------------------
KEEP_DETAIL = timedelta(days=env.float("INTRADAY_KEEP_DETAIL_DAYS", default=35))  # every figure, record and shift
KEEP_HISTORY = timedelta(days=env.float("INTRADAY_KEEP_HISTORY_DAYS", default=400))  # intervals, backlog in quarters
KEEP_ALERTS = timedelta(days=env.float("INTRADAY_KEEP_ALERTS_DAYS", default=400))  # resolved, with audit; rule changes
KEEP_ACCESS = timedelta(days=env.float("INTRADAY_KEEP_ACCESS_DAYS", default=400))  # revoked keys, admin log
KEEP_ANSWERS = timedelta(hours=env.float("INTRADAY_KEEP_ANSWERS_HOURS", default=24))  # of Idempotency-Keys
KEEP_SIGN_INS = timedelta(days=env.float("INTRADAY_KEEP_SIGN_INS_DAYS", default=30))  # failed ones

# --- time, static files, logs ----------------------------------------------------------------------------------------
TIME_ZONE = "UTC"  # REST, events and jobs must spell one instant one way
USE_TZ = True
USE_I18N = False
LANGUAGE_CODE = "en-us"
FORMAT_MODULE_PATH = ["intraday.admin.formats"]
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# Static files are small: that each is read before it is sent, instead of streamed, is no news to the operator.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
WHITENOISE_IMMUTABLE_FILE_TEST = r"/build/assets/"  # their names hold a hash
WHITENOISE_USE_FINDERS = True  # no collectstatic step on a machine that only wants to look
LOG_LEVEL = env.str("INTRADAY_LOG_LEVEL", default="INFO")
LOGGING_CONFIG = None
configure_logging(
    level=LOG_LEVEL,
    as_json=env.bool("INTRADAY_LOG_JSON", default=not EMBEDDED),
    access=env.bool("INTRADAY_ACCESS_LOG", default=not EMBEDDED),  # the console of `make run` stays readable
)
