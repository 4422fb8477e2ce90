"""The interface that a transport implements for the hub: everything a connection gets goes through it, in order."""

from collections.abc import Callable
from typing import Any, Protocol

from realtime.hub.fanout.rendering import Batch, Form


class Writer(Protocol):
    """A socket or an event stream as the hub writes to it."""

    on_ready: Callable[[], None]

    ready: bool
    """True while a batch may be written. When it turns true again, `on_ready` is called."""

    @property
    def form(self) -> Form:
        """Return what `put` takes of a batch. It is made once for all writers that share the form."""

    @property
    def put(self) -> Callable[[Any], None]:
        """Return a function that writes while `ready`, without a look at any state: the flush calls it per client."""

    def write(self, batch: Batch) -> None:
        """Write a batch whether ready or not; nothing where the connection is ending."""

    def send(self, text: bytes) -> None:
        """Write a message outside the log; taken whether ready or not."""

    async def drained(self) -> None:
        """Wait until the client took what was written: a client that asks faster than it reads must wait."""

    def stuck(self) -> int | None:
        """Return a number that changes when the client accepts bytes; None when nothing waits."""

    def fail(self, code: int, reason: str) -> None:
        """Close a connection whose client may not be reading."""
