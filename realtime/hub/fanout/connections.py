"""A client's connection as the hub sees it."""

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from django.utils import timezone

from intraday.org.access import Principal
from realtime.hub.fanout.subscriptions import Follower
from realtime.protocol import messages
from realtime.transport.writers import Writer


class Connection:
    __slots__ = ("closed", "connected_at", "followers", "id", "principal", "stuck_at", "stuck_since", "writer")

    def __init__(self, writer: Writer) -> None:
        self.id = secrets.token_hex(8)
        self.writer = writer
        self.principal: Principal | None = None
        self.followers: dict[str, Follower] = {}
        self.connected_at: datetime = timezone.now()
        self.closed = False
        self.stuck_at: int | None = None
        self.stuck_since = 0.0
        writer.on_ready = self.pull

    @property
    def names(self) -> bool:
        return self.principal is not None and self.principal.sees_names

    def pull(self) -> None:
        """The client took what was written: go on where it stands."""
        for follower in list(self.followers.values()):
            while follower.stream.pull(follower):
                pass

    def send(self, event: str, data: Mapping[str, object], request_id: str | int | None = None) -> None:
        if not self.closed:
            self.writer.send(messages.message(event, data, request_id))

    async def close(self, code: int, reason: str, *, within: float) -> None:
        """When the client took what was written, or so many seconds have passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.writer.drained()
        self.writer.fail(code, reason)

    def positions(self) -> dict[str, dict[str, object]]:
        return {
            name: {"epoch": follower.epoch, "seq": follower.position}
            for name, follower in sorted(self.followers.items())
            if follower.position is not None
        }

    def rooms(self) -> list[str]:
        return sorted(room.name for follower in self.followers.values() for room in follower.rooms)
