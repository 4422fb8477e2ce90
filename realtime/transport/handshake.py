"""What the handshake of a socket says: where it comes from, and whose browser it is."""

import re
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings

from intraday.rest import origins

_SESSION_KEY = re.compile(r"[a-z0-9]{32}")


def _header(scope: dict[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def origin_allowed(scope: dict[str, Any]) -> bool:
    """Our own or a listed one. Without the header it is no browser, and must authenticate by message."""
    origin = _header(scope, b"origin")
    return not origin or origins.is_allowed(origin, _header(scope, b"host"))


def session_key(scope: dict[str, Any]) -> str:
    """The session of the browser, if the page that opened the socket is ours; '' without one.

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
