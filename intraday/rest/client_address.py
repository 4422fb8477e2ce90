"""The address and scheme of the client, behind INTRADAY_TRUSTED_PROXIES proxies, for REST, streams and sockets alike.

Each proxy appends the address of its own caller to X-Forwarded-For. What stands to the left of what ours appended was
written by the client, and counts for nothing. Django finds the address in REMOTE_ADDR.
"""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]

SECURE = {"http": "https", "websocket": "wss"}
PLAIN = {"http": "http", "websocket": "ws"}
SIGNS_OF_A_PROXY = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


def with_client_address(application: Application) -> Application:
    """Wrap an ASGI application so that the scope says who the client is, and not who the last proxy is."""

    async def with_address(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] in SECURE and settings.TRUSTED_PROXIES:
            scope = {**scope, "client": (address(scope), 0), "scheme": _scheme(scope)}
        await application(scope, receive, send)

    return with_address


def address(scope: Scope) -> str:
    """Return the address of the client; that of the peer where no proxy is trusted, or names no address."""
    peer = (scope.get("client") or ("",))[0]
    return _parsed(_as_our_proxies_say(scope, b"x-forwarded-for")) or _parsed(peer) or peer


def _scheme(scope: Scope) -> str:
    said = _as_our_proxies_say(scope, b"x-forwarded-proto").lower()
    return (SECURE if said == "https" else PLAIN)[scope["type"]]


def _as_our_proxies_say(scope: Scope, name: bytes) -> str:
    """Return the entry of the outermost trusted proxy: so many from the right, over all lines of this header."""
    lines = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    entries = [entry.strip() for entry in ",".join(lines).split(",")]
    return entries[-settings.TRUSTED_PROXIES :][0] if settings.TRUSTED_PROXIES else ""


def _parsed(text: str) -> str:
    """Return the address in `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`; '' in all else."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)


# --- requests --------------------------------------------------------------------------------------------------------
def of_request(request: HttpRequest) -> str:
    """Return the address of the client; django-axes counts failed sign-ins by it."""
    return str(request.META.get("REMOTE_ADDR", ""))


def is_local(request: HttpRequest) -> bool:
    """Return whether a program of this machine asks, and not a proxy on it."""
    if any(sign in request.headers for sign in SIGNS_OF_A_PROXY):
        return False
    try:
        return ip_address(of_request(request)).is_loopback
    except ValueError:
        return False
