"""Origins that a browser may call from, for REST and `/ws` alike: our own and INTRADAY_ALLOWED_ORIGINS."""

from typing import Any
from urllib.parse import urlsplit

import structlog
from corsheaders.signals import check_request_enabled
from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

log = structlog.get_logger(__name__)


def is_same(origin: str, host: str) -> bool:
    """The host must be one of ours, too: a foreign name that resolves to this machine would be its own origin."""
    return _netloc(origin) == host and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def is_allowed(origin: str, host: str) -> bool:
    if is_same(origin, host) or origin in settings.ALLOWED_ORIGINS:
        return True
    log.warning("origin_refused", origin=origin[:200], setting="INTRADAY_ALLOWED_ORIGINS")
    return False


def _log_refusal(request: HttpRequest, **_: Any) -> bool:
    """Log the refusal of an origin that is not listed; django-cors-headers calls this, and no origin is added."""
    origin = request.headers.get("Origin")
    if origin:
        is_allowed(origin, request.headers.get("Host", ""))
    return False


def log_refusals() -> None:
    check_request_enabled.connect(_log_refusal, dispatch_uid="log-refused-origins")
