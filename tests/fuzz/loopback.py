"""A guard for attacks: no connection and no look-up of a name beyond this machine."""

import sys
from typing import Any

LOCAL = ("127.", "::1", "localhost", "0.0.0.0")


class LeftTheMachineError(BaseException):
    """No Exception: code that expects connections to fail must not hide it."""


def guard() -> None:
    """Hold for the rest of the process."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "localhost"
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host and not str(host).startswith(LOCAL):
        raise LeftTheMachineError(f"{event} of {host}")
