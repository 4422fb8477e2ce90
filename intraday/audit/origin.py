"""The caller of the running request, for entries of the audit log. Services need not be told who calls them."""

from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse
from structlog.contextvars import get_contextvars

Handler = Callable[[HttpRequest], HttpResponse]
SYSTEM = "system"
"""The actor of jobs and commands."""


class Origin:
    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.name = ""
        """The name of a caller of the API, once `enter` knows it."""

    @property
    def actor(self) -> str:
        user = getattr(self._request, "user", None)
        signed_in = user.get_username() if user is not None and user.is_authenticated else ""
        return self.name or signed_in or "nobody"

    @property
    def address(self) -> str:
        return str(self._request.META.get("REMOTE_ADDR", ""))


_origin: ContextVar[Origin | None] = ContextVar("origin", default=None)


def remembered(get_response: Handler) -> Handler:
    """Middleware: remember the request while it is handled."""

    def handle(request: HttpRequest) -> HttpResponse:
        token = _origin.set(Origin(request))
        try:
            return get_response(request)
        finally:
            _origin.reset(token)

    return handle


def name_caller(name: str) -> None:
    """Say who calls, once the credential has been checked."""
    origin = _origin.get()
    if origin is not None:
        origin.name = name


def current() -> tuple[str, str, str]:
    """Return the actor, the address and the id of the running request; those of a job or command without one."""
    origin = _origin.get()
    return (SYSTEM, "", request_id()) if origin is None else (origin.actor, origin.address, request_id())


def request_id() -> str:
    """Return the id of the running request, as its log lines have it; that of the request that started a job."""
    return str(get_contextvars().get("request_id", ""))
