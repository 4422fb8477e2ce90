"""Healing: keep the rings level with the log, which decides what is true, and read what a client missed."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

import structlog
from django.db import DatabaseError

from realtime.eventlog import store
from realtime.eventlog.records import Record
from realtime.eventlog.store import Page
from realtime.hub.fanout.incoming import IncomingStream
from realtime.hub.fanout.ring import MAX_EVENTS, Ring
from realtime.hub.loops import Backoff
from realtime.hub.shared_reads import SingleFlight, in_thread
from realtime.hub.tenants.threads import in_tenant_thread
from realtime.protocol.messages import Position
from realtime.protocol.rooms import Room, RoomFilter

log = structlog.get_logger(__name__)

MAX_HEAL_BYTES = 8 * 1024 * 1024
MAX_REPLAY_EVENTS = 1_000
MAX_REPLAY_BYTES = 1024 * 1024
MAX_FILLS = 20  # reads that bring a ring back to a position: as many as MAX_EVENTS and MAX_HEAL_BYTES may take
MAX_REMEMBERED = 64  # replays of one stream that others may ask for, too
MAX_IDLE_READS = 5  # reads of one healing that bring nothing new; the next check of heads begins another
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 1.0

Spawn = Callable[[Coroutine[Any, Any, None]], object]


Missed = tuple[list[Record], Position]
P = ParamSpec("P")
T = TypeVar("T")


async def _of_one(stream: str, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Read of one stream, in a thread of its organization."""
    return await in_tenant_thread(Room.parse(stream).organization, read, *args, **kwargs)


@dataclass
class Replays:
    """The replays of one stream at one position of its ring, by the position they begin at and their rooms."""

    at: tuple[str, int | None]
    found: dict[tuple[int, frozenset[Room]], list[Record] | None] = field(default_factory=dict)


def few(records: Iterable[Record], rooms: RoomFilter) -> list[Record] | None:
    """Return the records that these rooms hear; None where they are more than a replay may hold."""
    heard: list[Record] = []
    size = 0
    for record in records:
        if rooms.hears(record.department, record.queue):
            heard.append(record)
            size += len(record.full)
            if len(heard) > MAX_REPLAY_EVENTS or size > MAX_REPLAY_BYTES:
                return None
    return heard


class Healing:
    def __init__(
        self, streams: Mapping[str, IncomingStream], *, resync_all: Callable[[str], None], spawn: Spawn
    ) -> None:
        self._streams = streams
        self._resync_all = resync_all
        self._spawn = spawn
        self.healed = 0  # reads that brought events which the layer had not brought
        self._flights = SingleFlight()
        self._replays: dict[str, Replays] = {}

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
            return await _of_one(stream, store.read, stream, after=after, max_events=max_events, max_bytes=max_bytes)

        return await self._flights.do(("page", stream, after, max_events), read)

    async def _restart(self, stream: IncomingStream) -> None:
        """Begin anew at the head, with a snapshot for all: another epoch, or a log that no longer reaches back."""
        found = (await _of_one(stream.name, store.heads, [stream.name])).get(stream.name)
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
    async def missed(self, stream: IncomingStream, since: Position, rooms: frozenset[Room]) -> Missed | None:
        """Return the events after `since` that these rooms hear, and the position after them.

        None where the log lacks some of them, they are too many, or `since` lies above the head: a client's word
        proves nothing, and begins no epoch.
        """
        ring = stream.ring
        everything = any(not room.department and not room.queue for room in rooms)
        await self._reach_back(stream, since, MAX_REPLAY_EVENTS if everything else MAX_EVENTS)
        if ring.last is not None and since.epoch == ring.epoch and since.seq > ring.last:
            await self.heal(stream)  # perhaps it was delivered elsewhere, and is on its way here
        if ring.last is None or since.epoch != ring.epoch or not ring.start_after <= since.seq <= ring.last:
            return None
        heard = self._heard_after(stream, since.seq, rooms)
        return None if heard is None else (heard, Position(ring.epoch, ring.last))

    def _heard_after(self, stream: IncomingStream, seq: int, rooms: frozenset[Room]) -> list[Record] | None:
        """Look it up once for all who ask for the same: a crowd returns with the same rooms and positions."""
        at = (stream.ring.epoch, stream.ring.last)
        replays = self._replays.get(stream.name)
        if replays is None or replays.at != at or len(replays.found) >= MAX_REMEMBERED:
            replays = self._replays[stream.name] = Replays(at)
        if (seq, rooms) not in replays.found:
            replays.found[seq, rooms] = few(stream.ring.after(seq) or [], RoomFilter(rooms))
        return replays.found[seq, rooms]

    def forget(self) -> None:
        """Drop what was remembered for crowds: they come at once, or not."""
        self._replays.clear()

    async def _reach_back(self, stream: IncomingStream, since: Position, farthest: int) -> None:
        """Fill the ring back to this position, page by page, unless it lies more than `farthest` events back.

        It is done once: later replays are served from memory.
        """
        ring = stream.ring
        for _ in range(MAX_FILLS):
            if ring.last is not None and (since.epoch != ring.epoch or not self._lacks(ring, since.seq, farthest)):
                return
            await self._flights.do(("fill", stream.name), lambda: self._fill(stream))
            if ring.last is None:
                return  # there is no such stream yet

    @staticmethod
    def _lacks(ring: Ring, seq: int, farthest: int) -> bool:
        assert ring.last is not None
        return not ring.filled and ring.last - farthest <= seq < ring.start_after

    async def _fill(self, stream: IncomingStream) -> None:
        ring = stream.ring
        upto = None if ring.last is None else ring.start_after
        page = await _of_one(
            stream.name,
            store.read_back,
            stream.name,
            upto=upto,
            max_events=MAX_REPLAY_EVENTS,
            max_bytes=MAX_REPLAY_BYTES,
        )
        if page is not None:
            stream.start(page.epoch, page.head)
            if page.epoch == ring.epoch:
                ring.fill(page.records, page.head if upto is None else upto)

    # --- epochs ------------------------------------------------------------------------------------------------------
    async def _begin_epoch(self, stream: IncomingStream, *, lost: int) -> bool:
        begun = await _of_one(stream.name, store.begin_epoch, stream.name, epoch=stream.ring.epoch, lost=lost)
        if begun:
            log.error("epoch_begun", stream=stream.name, lost=lost, reason="the log ends before what was delivered")
        return begun
