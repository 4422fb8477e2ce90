"""Ends of connections, and their settings, for the sync and the async listener alike."""

from typing import Literal

from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI

from intraday_client.errors import ListenError
from intraday_client.transport import is_loopback

LARGEST_MESSAGE = 16 * 1024 * 1024  # the server sends at most 256 KB
OPEN_WITHIN = 10.0  # seconds
LOST = 1006


def proxy_for(url: str) -> Literal[True] | None:
    """A proxy of the environment must not stand between a program and its own machine."""
    return None if is_loopback(url) else True


def close_of(error: Exception) -> tuple[int, str]:
    """Return close code and reason of a connection that ended. Raises ListenError where another one cannot help."""
    if isinstance(error, InvalidURI):
        raise ListenError(str(error), code="invalid_uri") from error
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if status in {400, 401, 403, 404}:
            raise ListenError(f"the server refused the connection: HTTP {status}", code=status) from error
        return LOST, f"HTTP {status}"
    if isinstance(error, ConnectionClosed) and error.rcvd:
        return error.rcvd.code, error.rcvd.reason
    return LOST, str(error) or type(error).__name__
