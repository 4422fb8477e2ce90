"""Healing: keep the rings level with the log, which decides what is true, and read what a client missed."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

import structlog
from django.db import DatabaseError

from realtime.eventlog import store
from realtime.eventlog.records import Record
from realtime.eventlog.store import Page
from realtime.hub.fanout.incoming import IncomingStream
from realtime.hub.fanout.ring import MAX_EVENTS
from realtime.hub.loops import Backoff
from realtime.hub.shared_reads import SingleFlight, in_thread
from realtime.protocol.messages import Position

log = structlog.get_logger(__name__)

MAX_HEAL_BYTES = 8 * 1024 * 1024
MAX_REPLAY_EVENTS = 1_000
MAX_REPLAY_BYTES = 1024 * 1024
DOUBT_SECONDS = 60.0  # a client may claim any position above the head: that begins a new epoch this often at most
MAX_IDLE_READS = 5  # reads of one healing that bring nothing new; the next check of heads begins another
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 1.0

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Healing:
    def __init__(
        self, streams: Mapping[str, IncomingStream], *, resync_all: Callable[[str], None], spawn: Spawn
    ) -> None:
        self._streams = streams
        self._resync_all = resync_all
        self._spawn = spawn
        self.healed = 0  # reads that brought events which the layer had not brought
        self._flights = SingleFlight()
        self._doubted_at: dict[str, float] = {}

    def heal_soon(self, stream: IncomingStream) -> None:
        """Heal in the background."""
        self._spawn(self._heal_quietly(stream))

    async def _heal_quietly(self, stream: IncomingStream) -> None:
        try:
            await self.heal(stream)
        except DatabaseError as error:
            log.warning("heal_failed", stream=stream.name, error=str(error).strip())

    async def heal(self, stream: IncomingStream) -> None:
        """Bring the ring up to the head of the log; one read at a time per stream. Raises DatabaseError."""
        await self._flights.do(("heal", stream.name), lambda: self._heal(stream))

    async def _heal(self, stream: IncomingStream) -> None:
        backoff = Backoff(first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)
        for idle_reads in range(MAX_IDLE_READS):
            if idle_reads:
                await backoff.wait()
            if await self._read_ahead(stream):
                return
        log.warning("heal_without_progress", stream=stream.name, last=stream.ring.last, announced=stream.known_head)
        stream.known_head = stream.ring.last or 0  # an announced head that the log does not have is not waited for

    async def _read_ahead(self, stream: IncomingStream) -> bool:
        """Read page after page as long as they bring events; return whether the ring is level with the log."""
        while (after := stream.ring.last) is not None:
            page = await self.page(stream.name, after, MAX_EVENTS, MAX_HEAL_BYTES)
            if page is not None and page.epoch == stream.ring.epoch and page.head < after:
                if not await self._begin_epoch(stream, lost=after):
                    return True  # the read was slow: what it lacks has been committed
                continue
            if page is None or page.epoch != stream.ring.epoch:
                await self._restart(stream)
                return True
            if page.records:
                self.healed += 1
                stream.extend(page.records)
            if page.complete and page.head >= stream.known_head:
                return True
            if not page.records:
                return False
        return True

    async def page(self, stream: str, after: int, max_events: int, max_bytes: int) -> Page | None:
        """Read the log after a position, once for all who ask for the same page."""

        async def read() -> Page | None:
            return await in_thread(store.read, stream, after=after, max_events=max_events, max_bytes=max_bytes)

        return await self._flights.do(("page", stream, after, max_events), read)

    async def _restart(self, stream: IncomingStream) -> None:
        """Begin anew at the head, with a snapshot for all: another epoch, or a log that no longer reaches back."""
        found = (await in_thread(store.heads, [stream.name])).get(stream.name)
        if found is not None:
            stream.restart(*found)
            self._resync_all(stream.name)

    async def check_heads(self, names: Iterable[str]) -> None:
        """Compare the heads of these streams with the log, in one query, and heal those that differ."""
        delivered = {name: stream.ring.last for name in names if (stream := self._streams.get(name))}
        if not delivered:
            return
        for name, (epoch, head) in (await in_thread(store.heads, list(delivered))).items():
            stream, before = self._streams.get(name), delivered[name]
            if stream is None or stream.ring.last is None or before is None:
                continue
            differs = head > stream.ring.last or head < before or epoch != stream.ring.epoch
            if differs and not self._flights.is_under_way(("heal", name)):
                self.heal_soon(stream)

    # --- replay ------------------------------------------------------------------------------------------------------
    async def missed(self, stream: IncomingStream, since: Position) -> list[Record] | None:
        """Return all events after `since`; None where the log lacks some of them, or they are too many."""
        await self._reach_back(stream, since.seq)
        if stream.ring.last is not None and since.epoch == stream.ring.epoch and since.seq > stream.ring.last:
            await self.heal(stream)
            await self._doubt(stream, since)
        recent = stream.ring.after(since.seq) if since.epoch == stream.ring.epoch else None
        if recent is None or since.seq > (stream.ring.last or 0):
            return None
        few = len(recent) <= MAX_REPLAY_EVENTS and sum(len(record.full) for record in recent) <= MAX_REPLAY_BYTES
        return recent if few else None

    async def _reach_back(self, stream: IncomingStream, seq: int) -> None:
        """Fill the ring with all that a replay may hold, once: later replays are served from memory."""
        ring = stream.ring
        for _ in range(2):  # it may be begun, elsewhere, while the log is read
            if ring.last is None or (seq < ring.start_after and not ring.filled):
                await self._flights.do(("fill", stream.name), lambda: self._fill(stream))

    async def _fill(self, stream: IncomingStream) -> None:
        ring = stream.ring
        upto = None if ring.last is None else ring.start_after
        page = await in_thread(
            store.read_back, stream.name, upto=upto, max_events=MAX_REPLAY_EVENTS, max_bytes=MAX_REPLAY_BYTES
        )
        if page is not None:
            stream.start(page.epoch, page.head)
            if page.epoch == ring.epoch:
                ring.fill(page.records, page.head if upto is None else upto)

    # --- epochs ------------------------------------------------------------------------------------------------------
    async def _doubt(self, stream: IncomingStream, since: Position) -> None:
        """Begin a new epoch where a client has more of this one than the log: a restored backup, or a wrong client."""
        now = asyncio.get_running_loop().time()
        known = stream.ring.last is None or since.seq <= stream.ring.last or since.epoch != stream.ring.epoch
        if not known and now - self._doubted_at.get(stream.name, -DOUBT_SECONDS) >= DOUBT_SECONDS:
            self._doubted_at[stream.name] = now
            await self._begin_epoch(stream, lost=since.seq)
            await self.heal(stream)

    async def _begin_epoch(self, stream: IncomingStream, *, lost: int) -> bool:
        begun = await in_thread(store.begin_epoch, stream.name, epoch=stream.ring.epoch, lost=lost)
        if begun:
            log.error("epoch_begun", stream=stream.name, lost=lost, reason="the log ends before what was delivered")
        return begun
