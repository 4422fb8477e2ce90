"""Transport: streams, the event log, the hub, sockets. Knows no domain."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from realtime.broadcasting import WebSocketService as WebSocketService
    from realtime.broadcasting import web_socket_service as web_socket_service

_LAZY = {"WebSocketService", "web_socket_service"}  # they need models, which cannot be imported before the apps are


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module("realtime.broadcasting"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
