"""The interface that a transport implements for the hub: everything a connection gets goes through it, in order."""

from collections.abc import Callable
from typing import Protocol

from realtime.hub.fanout.rendering import Batch


class Writer(Protocol):
    """A socket or an event stream as the hub writes to it."""

    on_ready: Callable[[], None]

    ready: bool
    """True while a batch may be written. When it turns true again, `on_ready` is called."""

    def write(self, batch: Batch) -> None: ...
    def send(self, text: bytes) -> None:
        """Write a message outside the log; taken whether ready or not."""

    async def drained(self) -> None:
        """Wait until the client took what was written: a client that asks faster than it reads must wait."""

    def stuck(self) -> int | None:
        """Return a number that changes when the client accepts bytes; None when nothing waits."""

    def fail(self, code: int, reason: str) -> None:
        """Close a connection whose client may not be reading."""
