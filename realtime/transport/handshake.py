"""The handshake of a socket: its origin, and the session of the browser."""

import re
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings

from intraday.rest import origins

_SESSION_KEY = re.compile(r"[a-z0-9]{32}")


def _header(scope: dict[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def origin_allowed(scope: dict[str, Any]) -> bool:
    """Accept our own origin, listed ones, and none: programs send none, and must authenticate by message."""
    origin = _header(scope, b"origin")
    return not origin or origins.is_allowed(origin, _header(scope, b"host"))


def session_key(scope: dict[str, Any]) -> str:
    """Return the session key of the browser if our own page opened the socket; '' otherwise.

    Listed origins get no cookies on REST either: their pages authenticate by message.
    """
    origin = _header(scope, b"origin")
    if not origin or not origins.is_same(origin, _header(scope, b"host")):
        return ""
    try:
        cookies = SimpleCookie(_header(scope, b"cookie"))
    except CookieError:
        return ""
    found = cookies.get(settings.SESSION_COOKIE_NAME)
    return found.value if found is not None and _SESSION_KEY.fullmatch(found.value) else ""
