"""Give each request an id, which all its log lines and its answer carry, and log one line when it was answered."""

import re
import secrets
from collections.abc import Callable
from time import perf_counter

import structlog
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars

from intraday.logs.access import access_log

log = structlog.get_logger(__name__)

HEADER = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
UNLOGGED = {"/healthz", "/readyz", "/metrics"}  # asked every few seconds, and nothing of a caller's

Handler = Callable[[HttpRequest], HttpResponse]


def with_request_id(get_response: Handler) -> Handler:
    """Middleware: outermost, so that no log line of a request is without its id.

    The context is cleared on both sides: a thread, or the task of a connection, serves several requests.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        begun = perf_counter()
        request_id = _request_id(request)
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        try:
            response = get_response(request)
            response[HEADER] = request_id
            if request.path_info not in UNLOGGED:
                _log_answer(request, response, perf_counter() - begun)
            return response
        finally:
            clear_contextvars()

    return handle


def _request_id(request: HttpRequest) -> str:
    """Return the caller's id if it is one; anything else must not get into the log."""
    given = request.headers.get(HEADER, "")
    return given if _ID.fullmatch(given) else secrets.token_hex(8)


def _log_answer(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """The route and never the path or the query: these hold the secrets of wall boards, and what callers make up."""
    access_log.info(
        "request_handled",
        method=(request.method or "")[:16],
        route=route_of(request),
        status=response.status_code,
        duration_ms=round(seconds * 1000, 1),
        remote=request.META.get("REMOTE_ADDR", ""),
        **_person(request),
    )


def route_of(request: HttpRequest) -> str:
    return f"/{request.resolver_match.route}" if request.resolver_match else "none"


def _person(request: HttpRequest) -> dict[str, str]:
    """Return the person signed in, where a page looked; callers of the API are bound by their authentication."""
    user = getattr(request, "_cached_user", None)
    return {"user": user.get_username()} if user is not None and user.is_authenticated else {}


def _log_failure(request: HttpRequest, **_: object) -> None:
    log.exception("request_failed", method=(request.method or "")[:16], route=route_of(request))


def log_failures() -> None:
    got_request_exception.connect(_log_failure, dispatch_uid="log-failed-requests")
