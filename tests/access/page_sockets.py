"""Sockets as pages of a browser open them."""

from typing import Any

from tests.live import LiveServer, socket


def browser(server: LiveServer, session: str, origin: str | None = "") -> Any:
    """A socket as a page opens it; of our own origin unless another is named, without one if None."""
    origin = server.http if origin == "" else origin
    return socket(server, origin=origin, additional_headers={"Cookie": f"theme=dark; sessionid={session}"})
