"""A client's connection: its writer, its caller and its subscriptions."""

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from intraday.clock.database import clock
from intraday.org.access import Principal
from intraday.org.names import Names
from realtime.hub.fanout.subscriptions import Subscription
from realtime.hub.fanout.writer import Writer
from realtime.protocol import messages
from realtime.protocol.rooms import Room


class Connection:
    __slots__ = ("closed", "connected_at", "id", "principal", "stuck_at", "stuck_since", "subscriptions", "writer")

    def __init__(self, writer: Writer) -> None:
        self.id = secrets.token_hex(8)
        self.writer = writer
        self.principal: Principal | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self.connected_at: datetime = clock.now()
        self.closed = False
        self.stuck_at: int | None = None
        self.stuck_since = 0.0
        writer.on_ready = self.pull

    @property
    def names(self) -> Names:
        return Names.NONE if self.principal is None else self.principal.names

    def pull(self) -> None:
        """Go on writing from each position: the client took what was written."""
        for subscription in list(self.subscriptions.values()):
            while subscription.stream.pull(subscription):
                pass

    def send(self, event: str, data: Mapping[str, object], request_id: str | int | None = None) -> None:
        if not self.closed:
            self.writer.send(messages.message(event, data, request_id))

    async def close(self, code: int, reason: str, *, within: float) -> None:
        """Close when the client took what was written, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.writer.drained()
        self.writer.fail(code, reason)

    def positions(self) -> dict[str, dict[str, object]]:
        return {
            name: {"epoch": subscription.epoch, "seq": subscription.position}
            for name, subscription in sorted(self.subscriptions.items())
            if subscription.position is not None
        }

    def leave_cursors(self) -> None:
        """Move no durable cursor any more: they belong to another user."""
        for subscription in self.subscriptions.values():
            subscription.cursor = None

    def rooms(self) -> frozenset[Room]:
        return frozenset(room for subscription in self.subscriptions.values() for room in subscription.rooms)
