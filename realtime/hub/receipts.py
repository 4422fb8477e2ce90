"""Events that ask for a receipt (`requires_ack`): sent again until the client's program has acknowledged them.

A receipt says that the message arrived. It is not a person's acknowledgement of an alert.
"""

from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError

from realtime.eventlog.store import Record
from realtime.hub.fanout import subscriptions
from realtime.hub.fanout.connections import Connection
from realtime.hub.fanout.stream import LiveStream
from realtime.hub.fanout.subscriptions import Follower
from realtime.hub.rights import RefusedError
from realtime.protocol import messages
from realtime.protocol.rooms import RoomFilter

if TYPE_CHECKING:
    from realtime.hub.hub import Hub

log = structlog.get_logger(__name__)

MAX_RESENDS = 5  # then the client gets it when it connects again


class Receipts:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub

    def acknowledge(self, connection: Connection, stream: str, seq: int) -> None:
        """Everything up to `seq` has arrived. Raises RefusedError."""
        follower = connection.followers.get(stream)
        if follower is None or follower.position is None:
            raise RefusedError("not_subscribed", "There is no such stream on this connection.")
        if seq > follower.position:
            raise RefusedError("not_sent", f"The newest event sent to this connection has seq {follower.position}.")
        follower.acknowledge(seq)
        if follower.cursor is not None:
            self._hub.cursors.move(follower.cursor, connection.id, follower.epoch, seq)

    async def resend_due(self) -> None:
        """Once a second."""
        now = self._hub.loop.time()
        for stream in list(self._hub.streams.values()):
            for follower in list(stream.awaiting):
                if not follower.unacknowledged:
                    stream.awaiting.pop(follower, None)
                elif follower.writer.ready:
                    await self._resend(stream, follower, now)

    async def _resend(self, stream: LiveStream, follower: Follower, now: float) -> None:
        for seq in [seq for seq, each in follower.unacknowledged.items() if each.due <= now]:
            record = await self._record(stream, seq)
            state = follower.unacknowledged.get(seq)
            if state is None:
                continue  # acknowledged meanwhile
            if record is None or state.resent == MAX_RESENDS or not self._hears(follower, record):
                del follower.unacknowledged[seq]
                continue
            state.resent, state.due = state.resent + 1, now + subscriptions.RESEND_SECONDS
            text = record.text(names=follower.connection.names)
            follower.writer.send(messages.flagged_redelivered(text, state.resent))

    async def _record(self, stream: LiveStream, seq: int) -> Record | None:
        if record := stream.ring.get(seq):
            return record
        try:
            page = await self._hub.healing.page(stream, seq - 1, 1, 1)
        except DatabaseError as error:
            log.warning("event_not_read", stream=stream.name, seq=seq, error=str(error).strip())
            return None
        return page.records[0] if page is not None and page.epoch == stream.ring.epoch and page.records else None

    @staticmethod
    def _hears(follower: Follower, record: Record) -> bool:
        return RoomFilter(follower.rooms).hears(record.department, record.queue)
