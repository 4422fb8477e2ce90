"""Events that ask for a receipt (`requires_ack`): sent again until the client's program has acknowledged them.

A receipt says that the message arrived. It is not a person's acknowledgement of an alert.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog
from django.db import DatabaseError

from realtime.eventlog.records import Record
from realtime.eventlog.store import Page
from realtime.hub.fanout import subscriptions
from realtime.hub.fanout.connections import Connection
from realtime.hub.fanout.subscriptions import SubscribedStream, Subscription
from realtime.hub.rights import RefusedError
from realtime.protocol import messages
from realtime.protocol.rooms import RoomFilter

log = structlog.get_logger(__name__)

MAX_RESENDS = 5  # then the client gets it when it connects again


class MoveCursor(Protocol):
    def __call__(self, row: int, holder: str, epoch: str, seq: int) -> None: ...


ReadPage = Callable[[str, int, int, int], Awaitable[Page | None]]
"""(stream, after, most events, most bytes) -> a page of the log; raises DatabaseError."""


class Receipts:
    def __init__(
        self, streams: Mapping[str, SubscribedStream], *, read_page: ReadPage, move_cursor: MoveCursor
    ) -> None:
        self._streams = streams
        self._read_page = read_page
        self._move_cursor = move_cursor

    def acknowledge(self, connection: Connection, stream: str, seq: int) -> None:
        """Note that everything up to `seq` has arrived. Raises RefusedError."""
        subscription = connection.subscriptions.get(stream)
        if subscription is None or subscription.position is None:
            raise RefusedError("not_subscribed", "There is no such stream on this connection.")
        if seq > subscription.position:
            raise RefusedError("not_sent", f"The newest event sent to this connection has seq {subscription.position}.")
        subscription.acknowledge(seq)
        if subscription.cursor is not None:
            self._move_cursor(subscription.cursor, connection.id, subscription.epoch, seq)

    async def resend_due(self) -> None:
        """Send again the events whose receipt is overdue."""
        now = asyncio.get_running_loop().time()
        for stream in list(self._streams.values()):
            for subscription in list(stream.awaiting):
                if not subscription.unacknowledged:
                    stream.awaiting.pop(subscription, None)
                elif subscription.writer.ready:
                    await self._resend(stream, subscription, now)

    async def _resend(self, stream: SubscribedStream, subscription: Subscription, now: float) -> None:
        for seq in [seq for seq, each in subscription.unacknowledged.items() if each.due <= now]:
            record = await self._record(stream, seq)
            state = subscription.unacknowledged.get(seq)
            if state is None:
                continue  # acknowledged meanwhile
            if record is None or state.resent == MAX_RESENDS or not self._hears(subscription, record):
                del subscription.unacknowledged[seq]
                continue
            state.resent, state.due = state.resent + 1, now + subscriptions.RESEND_SECONDS
            text = stream.text(record, subscription.redaction)
            subscription.writer.send(messages.flagged_redelivered(text, state.resent))

    async def _record(self, stream: SubscribedStream, seq: int) -> Record | None:
        if record := stream.ring.get(seq):
            return record
        try:
            page = await self._read_page(stream.name, seq - 1, 1, 1)
        except DatabaseError as error:
            log.warning("event_not_read", stream=stream.name, seq=seq, error=str(error).strip())
            return None
        return page.records[0] if page is not None and page.epoch == stream.ring.epoch and page.records else None

    @staticmethod
    def _hears(subscription: Subscription, record: Record) -> bool:
        shown = subscription.stream.shows(record, subscription.redaction)
        return shown and RoomFilter(subscription.rooms).hears(record.department, record.queue)
