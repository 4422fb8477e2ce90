"""The handshake of a socket: its origin, and the session of the browser."""

import re
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http.cookie import parse_cookie

from intraday.rest import origins

_SESSION_KEY = re.compile(r"[a-z0-9]{32}")


def _header(scope: dict[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _is_secure(scope: dict[str, Any]) -> bool:
    return scope.get("scheme") == "wss"


def origin_allowed(scope: dict[str, Any]) -> bool:
    """Accept our own origin, listed ones, and none: programs send none, and must authenticate by message."""
    origin = _header(scope, b"origin")
    return not origin or origins.is_allowed(origin, _header(scope, b"host"), secure=_is_secure(scope))


def session_key(scope: dict[str, Any]) -> str:
    """Return the session key of the browser if our own page opened the socket; '' otherwise.

    Listed origins get no cookies on REST either: their pages authenticate by message.
    """
    origin = _header(scope, b"origin")
    if not origin or not origins.is_same(origin, _header(scope, b"host"), secure=_is_secure(scope)):
        return ""
    found = parse_cookie(_header(scope, b"cookie")).get(settings.SESSION_COOKIE_NAME, "")
    return found if _SESSION_KEY.fullmatch(found) else ""


def by_message_alone(scope: dict[str, Any]) -> bool:
    """Return whether the page brings credentials of its own (`?auth=message`): the session then counts for nothing."""
    query = scope.get("query_string", b"").decode("latin-1")
    return ("auth", "message") in parse_qsl(query)
