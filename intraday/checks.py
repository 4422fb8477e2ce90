"""System checks: wrong settings are said in words, with an id, before anything is served."""

from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

DAY = timedelta(days=1)
LOWEST_PRIORITY = 19


@register()
def demo_needs_embedded(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if settings.DEMO and not settings.EMBEDDED:
        hint = "Unset INTRADAY_DEMO, or unset DATABASE_URL to use the embedded database."
        return [
            Error("Demo mode trusts every caller and works with the embedded database only.", hint, id="intraday.E001")
        ]
    return []


def _secret_key() -> str:
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's own word for an empty one
        return ""


@register()
def secret_key_is_set(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if not _secret_key():
        return [Error("SECRET_KEY is missing.", "Set it to 50 random characters.", id="intraday.E002")]
    return []


LEAST_LENGTH, LEAST_DISTINCT = 50, 5
"""The strength of a key that Django's own deployment check asks for."""


@register()
def secret_key_is_strong(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Return an error for a key that can be guessed: it signs sessions and tokens, and encrypts stored secrets."""
    key = _secret_key()
    if not key or not _is_weak(key):
        return []
    message = f"SECRET_KEY is weak: it needs {LEAST_LENGTH} random characters, so that nobody can guess it."
    hint = (
        "Make one by `openssl rand -base64 48`, and put the present one into SECRET_KEY_FALLBACKS for a while: "
        "docs/operations.md, Keys and secrets."
    )
    return [Error(message, hint, id="intraday.E007")]


def _is_weak(key: str) -> bool:
    return len(key) < LEAST_LENGTH or len(set(key)) < LEAST_DISTINCT or key.startswith("django-insecure-")


@register()
def origins_are_origins(app_configs: Any, **options: Any) -> list[CheckMessage]:
    def wrong(origin: str) -> bool:
        parts = urlsplit(origin)
        return parts.scheme not in ("http", "https") or not parts.netloc or bool(parts.path)

    return [
        Error(f"INTRADAY_ALLOWED_ORIGINS: {origin!r} is no origin such as https://wall.example.", id="intraday.E003")
        for origin in settings.ALLOWED_ORIGINS
        if wrong(origin)
    ]


@register()
def layer_reaches_other_processes(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if not settings.EMBEDDED and not settings.REDIS_URL:
        message = "DATABASE_URL without REDIS_URL: events of other processes arrive a second late, from the log."
        return [checks.Warning(message, "Set REDIS_URL.", id="intraday.W001")]
    return []


@register()
def security_contact_is_an_address(app_configs: Any, **options: Any) -> list[CheckMessage]:
    contact = settings.SECURITY_CONTACT
    if not contact or (urlsplit(contact).scheme in ("mailto", "https", "tel") and contact.isprintable()):
        return []
    message = f"INTRADAY_SECURITY_CONTACT: {contact!r} is no address such as mailto:security@example.com."
    return [Error(message, "It is shown in /.well-known/security.txt.", id="intraday.E020")]


@register()
def requests_may_have_bodies(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if settings.MAX_REQUEST_BYTES > 0:
        return []
    megabytes = settings.MAX_REQUEST_BYTES // 1024 // 1024
    message = f"INTRADAY_REQUEST_MEGABYTES is {megabytes}: every request with a body would be refused."
    return [Error(message, "Set it to 1 or more; 10 fits the documented batches.", id="intraday.E030")]


@register()
def base_url_is_an_address(app_configs: Any, **options: Any) -> list[CheckMessage]:
    parts = urlsplit(settings.BASE_URL)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        message = f"INTRADAY_BASE_URL: {settings.BASE_URL!r} is no address such as https://console.example."
        return [Error(message, "Messages about alerts link to it.", id="intraday.E004")]
    return []


@register()
def sign_in_is_possible(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Return an error for each limit that would let nobody in."""
    named = {
        "PASSWORD_HASHES": settings.PASSWORD_HASHES,
        "SIGN_IN_FAILURES": settings.AXES_FAILURE_LIMIT,
        "SIGN_IN_FAILURES_ADDRESS": settings.SIGN_IN_FAILURES_ADDRESS,
        "SIGN_IN_FAILURES_NAME": settings.SIGN_IN_FAILURES_NAME,
        "PROVIDER_SESSION_HOURS": settings.PROVIDER_SESSION // 3600,
    }
    hint = "docs/sign-in.md says what it limits."
    return [
        Error(f"INTRADAY_{name} is {value}: at least 1.", hint, id="intraday.E032")
        for name, value in named.items()
        if value < 1
    ]


@register()
def connection_urls_are_read(app_configs: Any, **options: Any) -> list[CheckMessage]:
    return [
        Error(message, "docs/operations.md, Connection URLs.", id="intraday.E005")
        for message in settings.CONNECTION_ERRORS
    ]


@register()
def redis_is_verified(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if not settings.REDIS_VERIFIED:
        message = "REDIS_URL turns off the verification of certificates: anybody between may read and change events."
        return [checks.Warning(message, "Name the authority with ssl_ca_certs.", id="intraday.W002")]
    return []


@register()
def things_are_kept_long_enough(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Return an error for each limit that would delete what is still being worked with."""
    least = {"DETAIL": timedelta(days=3), "HISTORY": settings.KEEP_DETAIL, "ALERTS": timedelta(days=8)}
    least |= {"ACCESS": timedelta(days=1), "SIGN_INS": timedelta(days=1)}
    return [
        Error(
            f"INTRADAY_KEEP_{name}_DAYS is {getattr(settings, f'KEEP_{name}') / DAY:g}: at least {limit / DAY:g}.",
            "docs/operations.md says what depends on it.",
            id="intraday.E006",
        )
        for name, limit in least.items()
        if getattr(settings, f"KEEP_{name}") < limit
    ]


@register()
def limits_allow_something(app_configs: Any, **options: Any) -> list[CheckMessage]:
    return [
        Error(
            f"INTRADAY_LIMIT_{name.upper()} is {allowed}: at least 1.",
            "docs/operations.md, Limits of an organization.",
            id="intraday.E031",
        )
        for name, allowed in settings.LIMITS.items()
        if allowed < 1
    ]


@register()
def workers_give_way(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Return an error for a priority that the system does not have, or grants to root alone."""
    if 0 <= settings.WORKER_NICE <= LOWEST_PRIORITY:
        return []
    message = f"INTRADAY_WORKER_NICE: {settings.WORKER_NICE} is no lower priority."
    return [Error(message, f"Use 0 (that of servers) to {LOWEST_PRIORITY}.", id="intraday.E014")]


# --- `manage.py check --deploy`, which `docker/run migrate` begins with -----------------------------------------------
@register(deploy=True)
def mail_has_a_server(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if settings.EMBEDDED or settings.EMAIL_URL:
        return []
    hint = "Set it to smtp+tls://user:password@host:587, or to dummymail:// where alerts go to webhooks alone."
    return [Error("EMAIL_URL is missing: no mail about an alert would be sent.", hint, id="intraday.E010")]


@register(deploy=True)
def mail_has_a_sender(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if settings.EMBEDDED or not settings.EMAIL_URL.startswith("smtp") or settings.MAIL_DOMAIN != "localhost":
        return []
    message = f"INTRADAY_MAIL_FROM: {settings.DEFAULT_FROM_EMAIL!r} is a sender that mail servers refuse."
    return [Error(message, "Set it to an address of yours, such as intraday@console.example.", id="intraday.E011")]


@register(deploy=True)
def links_lead_to_the_console(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if settings.EMBEDDED or not _is_this_machine(urlsplit(settings.BASE_URL).hostname or ""):
        return []
    message = f"INTRADAY_BASE_URL: {settings.BASE_URL!r} leads readers of messages to their own machine."
    hint = "Set it to how people reach the console, such as https://console.example."
    return [Error(message, hint, id="intraday.E012")]


def _is_this_machine(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


@register()
def proxies_are_a_number(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if settings.TRUSTED_PROXIES < 0:
        message = f"INTRADAY_TRUSTED_PROXIES: {settings.TRUSTED_PROXIES} is no number of proxies."
        return [Error(message, "Count those that append to X-Forwarded-For; 0 if there is none.", id="intraday.E013")]
    return []


@register(deploy=True)
def proxies_are_counted(app_configs: Any, **options: Any) -> list[CheckMessage]:
    if settings.EMBEDDED or settings.TRUSTED_PROXIES:
        return []
    message = "INTRADAY_TRUSTED_PROXIES is 0: all clients share the address of the proxy, and its TLS is not known."
    hint = "Set it to the number of proxies before this process; browsers cannot sign in over plain HTTP."
    return [checks.Warning(message, hint, id="intraday.W010")]
