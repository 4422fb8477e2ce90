"""Keeps the rings level with the log, which decides what is true, and reads it for whoever lacks something."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog

from realtime.eventlog import store
from realtime.eventlog.store import Page, Record
from realtime.hub.fanout.ring import MAX_EVENTS
from realtime.hub.fanout.stream import LiveStream
from realtime.hub.shared_reads import SingleFlight, in_thread
from realtime.protocol.messages import Position

if TYPE_CHECKING:
    from realtime.hub.hub import Hub

log = structlog.get_logger(__name__)

MAX_HEAL_BYTES = 8 * 1024 * 1024
MAX_REPLAY_EVENTS = 1_000
MAX_REPLAY_BYTES = 1024 * 1024
CLAIM_SECONDS = 60.0  # a position above the head is what a client says: it makes a new epoch this often at most


class Healing:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self.healed = 0  # reads that brought something the layer had not
        self._flights = SingleFlight()
        self._doubted_at: dict[str, float] = {}

    async def heal(self, stream: LiveStream) -> None:
        """Bring the ring up to the head of the log; one read at a time per stream."""
        await self._flights.do(("heal", stream.name), lambda: self._heal(stream))

    async def _heal(self, stream: LiveStream) -> None:
        while True:
            ring, after = stream.ring, stream.ring.last
            if after is None:
                return
            page = await self.page(stream, after, MAX_EVENTS, MAX_HEAL_BYTES)
            if page is not None and page.epoch == ring.epoch and page.head < after:
                if not await self._begin_epoch(stream, lost=after):
                    return  # the read was slow: what it lacks has been committed
                continue
            if page is None or page.epoch != ring.epoch:
                await self._restart(stream)
                return
            if page.records:
                self.healed += 1
                stream.extend(page.records)
            if page.complete and page.head >= stream.known_head:
                return

    async def page(self, stream: LiveStream, after: int, max_events: int, max_bytes: int) -> Page | None:
        async def read() -> Page | None:
            return await in_thread(store.read, stream.name, after=after, max_events=max_events, max_bytes=max_bytes)

        return await self._flights.do(("page", stream.name, after, max_events), read)

    async def _restart(self, stream: LiveStream) -> None:
        """Another epoch, or a log that no longer reaches back: everybody gets a snapshot."""
        found = (await in_thread(store.heads, [stream.name])).get(stream.name)
        if found is None:
            return
        for follower in stream.restart(*found):
            self._hub.catching_up.renew(follower)

    async def check_heads(self, names: Iterable[str]) -> None:
        delivered = {name: stream.ring.last for name in names if (stream := self._hub.streams.get(name))}
        for name, (epoch, head) in (await in_thread(store.heads, list(delivered))).items():
            stream, before = self._hub.streams.get(name), delivered[name]
            if stream is None or stream.ring.last is None or before is None:
                continue
            if head > stream.ring.last or head < before or epoch != stream.ring.epoch:
                await self.heal(stream)

    # --- what somebody missed ----------------------------------------------------------------------------------------
    async def missed(self, stream: LiveStream, since: Position) -> list[Record] | None:
        """Everything after `since`; None where that cannot be had whole, or is too much."""
        await self._reach_back(stream, since.seq)
        if stream.ring.last is not None and since.epoch == stream.ring.epoch and since.seq > stream.ring.last:
            await self.heal(stream)
            await self._doubt(stream, since)
        recent = stream.ring.after(since.seq) if since.epoch == stream.ring.epoch else None
        if recent is None or since.seq > (stream.ring.last or 0):
            return None
        few = len(recent) <= MAX_REPLAY_EVENTS and sum(len(record.full) for record in recent) <= MAX_REPLAY_BYTES
        return recent if few else None

    async def _reach_back(self, stream: LiveStream, seq: int) -> None:
        """Fill the ring with what a replay may hold, once: whoever comes next, from wherever, is served from memory."""
        ring = stream.ring
        for _ in range(2):  # it may be begun, elsewhere, while the log is read
            if ring.last is None or (seq < ring.start_after and not ring.filled):
                await self._flights.do(("fill", stream.name), lambda: self._fill(stream))

    async def _fill(self, stream: LiveStream) -> None:
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
    async def _doubt(self, stream: LiveStream, since: Position) -> None:
        """A client knows more of this epoch than the log: it was restored, or the client is wrong."""
        now = self._hub.loop.time()
        known = stream.ring.last is None or since.seq <= stream.ring.last or since.epoch != stream.ring.epoch
        if not known and now - self._doubted_at.get(stream.name, -CLAIM_SECONDS) >= CLAIM_SECONDS:
            self._doubted_at[stream.name] = now
            await self._begin_epoch(stream, lost=since.seq)
            await self.heal(stream)

    async def _begin_epoch(self, stream: LiveStream, *, lost: int) -> bool:
        begun = await in_thread(store.begin_epoch, stream.name, epoch=stream.ring.epoch, lost=lost)
        if begun:
            log.error("epoch_begun", stream=stream.name, lost=lost, reason="the log ends before what was delivered")
        return begun
