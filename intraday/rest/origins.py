"""Origins that a browser may call from, for REST and `/ws` alike: our own and INTRADAY_ALLOWED_ORIGINS."""

from typing import Any
from urllib.parse import urlsplit

import structlog
from corsheaders.signals import check_request_enabled
from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

log = structlog.get_logger(__name__)


def is_same(origin: str, host: str, *, secure: bool) -> bool:
    """Tell whether a page of this origin is our own. `secure`: it asks over TLS, as far as we know.

    The host must be one of ours, too: a foreign name that resolves to this machine would be its own origin. A page over
    plain HTTP is none of a site with TLS, because anybody on the way may have written it. The reverse is: TLS that ends
    at a proxy which says nothing of it.
    """
    scheme, netloc = _parts(origin)
    if netloc != host or not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    return scheme == "https" or (scheme == "http" and not secure and _parts(settings.BASE_URL) != ("https", host))


def _parts(origin: str) -> tuple[str, str]:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc


def is_allowed(origin: str, host: str, *, secure: bool) -> bool:
    if is_same(origin, host, secure=secure) or origin in settings.ALLOWED_ORIGINS:
        return True
    log.warning("origin_refused", origin=origin[:200], setting="INTRADAY_ALLOWED_ORIGINS")
    return False


def _log_refusal(request: HttpRequest, **_: Any) -> bool:
    """Log the refusal of an origin that is not listed; django-cors-headers calls this, and no origin is added."""
    of_request_allowed(request)
    return False


def of_request_allowed(request: HttpRequest) -> bool:
    """Tell whether a page that may call us, or no page at all, sent the request; log a refusal."""
    origin = request.headers.get("Origin")
    return not origin or is_allowed(origin, request.headers.get("Host", ""), secure=request.is_secure())


def log_refusals() -> None:
    check_request_enabled.connect(_log_refusal, dispatch_uid="log-refused-origins")
