"""One stream inside a server process: its ring, the audiences that listen, and their positions.

A connection has no outbox. It has a position per stream; live, slow and catching up are one path: pull from the ring
what lies after the position. Who falls behind the ring is handed to `left_behind`.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING

from realtime.log import Record
from realtime.ring import Batch, Ring, render
from realtime.rooms import Room, RoomFilter

if TYPE_CHECKING:
    from realtime.connections import Connection

MAX_RENDERED = 16  # batches kept per audience: most followers stand at the same few positions
CLOCK_EVERY = 16  # followers between two looks at the clock
FLUSH_SLICE_SECONDS = 0.001  # the flush yields to the loop this often: requests are answered in between

_NOTHING = Batch(upto=-1, texts=[])


class Follower:
    """A connection's place in a stream. `audience` is None while it is held back (subscribing, catching up)."""

    __slots__ = ("_holds", "audience", "connection", "epoch", "position", "rooms", "stream", "writer")

    def __init__(self, connection: "Connection", stream: "LiveStream") -> None:
        self.connection = connection
        self.writer = connection.writer
        self.stream = stream
        self.rooms: frozenset[Room] = frozenset()
        self.position: int | None = None
        self.epoch = ""
        self.audience: Audience | None = None
        self._holds = 0

    def take_hold(self) -> int:
        """Hold it back for whoever asks last; `still` tells an earlier one that its work is no longer wanted."""
        self.hold()
        self._holds += 1
        return self._holds

    def still(self, hold: int) -> bool:
        return self._holds == hold and self.audience is None and not self.connection.closed

    def hold(self) -> None:
        if self.audience is not None:
            self.audience.leave(self)

    @property
    def outdated(self) -> bool:
        """Its position is one of an epoch that has ended, and means nothing."""
        return self.position is not None and self.epoch != self.stream.ring.epoch

    def join(self, rooms: frozenset[Room], position: int, epoch: str) -> None:
        self.hold()
        self.rooms, self.position, self.epoch = rooms, position, epoch
        self.stream.audience(rooms, names=self.connection.names).join(self)

    def write(self, records: list[Record], rooms: frozenset[Room], *, replayed: bool) -> None:
        """Beside the flush: what was missed before it joins."""
        rooms_filter = RoomFilter(rooms)
        while records:
            batch = render(records, rooms_filter, names=self.connection.names, replayed=replayed)
            if batch.texts:
                self.writer.write(batch)
                self.stream.deliveries.update(batch.names)
            records = [record for record in records if record.seq > batch.upto]


class Audience:
    """Connections with the same rooms and rights: the same position means the same bytes, rendered once."""

    def __init__(self, stream: "LiveStream", rooms: frozenset[Room], *, names: bool) -> None:
        self.stream = stream
        self.filter = RoomFilter(rooms)
        self.names = names
        self.members: dict[Follower, None] = {}
        self._batches: dict[int, Batch] = {}
        self._rendered_for: int | None = None

    def join(self, follower: Follower) -> None:
        follower.audience = self
        self.members[follower] = None

    def leave(self, follower: Follower) -> None:
        follower.audience = None
        del self.members[follower]
        if not self.members:
            self.stream.forget(self)

    def batch(self, position: int) -> Batch | None:
        ring = self.stream.ring
        if self._rendered_for != ring.last or len(self._batches) >= MAX_RENDERED:
            self._batches.clear()
            self._rendered_for = ring.last
        found = self._batches.get(position)
        if found is None:
            records = ring.after(position)
            if records is None:
                return None
            found = self._batches[position] = render(records, self.filter, names=self.names)
            self.stream.renders += 1
        return found


class LiveStream:
    def __init__(self, name: str, left_behind: Callable[[Follower], None]) -> None:
        self.name = name
        self.ring = Ring()
        self.deliveries: Counter[str] = Counter()
        self.renders = 0
        self.known_head = 0  # as a message without bodies said
        self.followers = 0
        self.idle_since: float | None = None
        self._left_behind = left_behind
        self._audiences: dict[tuple[frozenset[Room], bool], Audience] = {}
        self._early: dict[int, list[Record]] = {}
        self._flush: asyncio.Task[None] | None = None
        self._awake = False

    # --- who listens -------------------------------------------------------------------------------------------------
    def audience(self, rooms: frozenset[Room], *, names: bool) -> Audience:
        key = (rooms, names)
        if key not in self._audiences:
            self._audiences[key] = Audience(self, rooms, names=names)
        return self._audiences[key]

    def forget(self, audience: Audience) -> None:
        self._audiences.pop((audience.filter.rooms, audience.names), None)

    def members(self) -> list[Follower]:
        return [follower for audience in self._audiences.values() for follower in audience.members]

    # --- what arrives ------------------------------------------------------------------------------------------------
    def start(self, epoch: str, head: int) -> None:
        """Begin at this head, unless begun; what arrived while it was read is taken now."""
        if self.ring.last is None:
            self.ring.restart(epoch, head)
            self._take_early()

    def offer(self, records: list[Record]) -> bool:
        """Take what is contiguous, keep what is early; False while a gap is open."""
        self._early[records[0].seq] = records
        if self.ring.last is not None:
            self._take_early()
        return not self.gap

    @property
    def gap(self) -> bool:
        return self.ring.last is not None and bool(self._early)

    def _take_early(self) -> None:
        assert self.ring.last is not None
        for first in sorted(self._early):
            if first > self.ring.last + 1:
                break
            records = self._early.pop(first)
            if fresh := records[max(0, self.ring.last + 1 - first) :]:
                self.ring.extend(fresh)
        self.wake()

    def extend(self, records: list[Record]) -> None:
        """Records read from the log, after `ring.last` as it was then; the layer may have been quicker."""
        last = self.ring.last
        assert last is not None
        if fresh := [record for record in records if record.seq > last]:
            self.ring.extend(fresh)
        self._take_early()

    def restart(self, epoch: str, head: int) -> list[Follower]:
        """Begin anew at this head; returns the followers, who all need a snapshot."""
        self.ring.restart(epoch, head)
        self.known_head = head
        self._early.clear()
        return self.members()

    # --- what goes out -----------------------------------------------------------------------------------------------
    def wake(self) -> None:
        """Something arrived, or somebody joined."""
        self._awake = True
        if self._audiences and (self._flush is None or self._flush.done()):
            self._flush = asyncio.get_running_loop().create_task(self._run_flush())

    async def _run_flush(self) -> None:
        while self._awake:
            self._awake = False
            for audience in list(self._audiences.values()):
                waiting = list(audience.members)  # a copy: members come and go while this yields
                waiting.reverse()
                while waiting:
                    self._write_some(audience, waiting)
                    await asyncio.sleep(0)

    def _write_some(self, audience: Audience, waiting: list[Follower]) -> None:
        """Write to followers from the end of the list, for a millisecond or so, and take them off it.

        Nearly all stand at one position, so what they get is looked up once: this loop is what a recipient costs.
        """
        deadline = perf_counter() + FLUSH_SLICE_SECONDS
        batch, written = _NOTHING, 0
        position: int | None = -1
        while waiting:
            follower = waiting.pop()
            writer = follower.writer
            if follower.audience is not audience or not writer.ready:
                continue  # moved on while this yielded, or busy: its `on_ready` pulls
            if follower.position != position:
                self._count(batch, written)
                batch, position, written = self._batch(audience, follower) or _NOTHING, -1, 0
                if batch is _NOTHING:
                    continue
                position = follower.position
            follower.position = batch.upto
            if batch.texts:
                writer.write(batch)
                written += 1
            if not len(waiting) % CLOCK_EVERY and perf_counter() > deadline:
                break
        self._count(batch, written)

    def _batch(self, audience: Audience, follower: Follower) -> Batch | None:
        """The next step of this follower; None where there is none, or where it was left behind."""
        last = self.ring.last
        if follower.position is None or last is None or follower.position >= last:
            return None
        batch = audience.batch(follower.position)
        if batch is None:
            self._left_behind(follower)
        elif batch.upto < last:
            self._awake = True  # more than one write holds
        return batch

    def _count(self, batch: Batch, written: int) -> None:
        for name, count in batch.names.items():
            self.deliveries[name] += count * written

    def pull(self, follower: Follower) -> bool:
        """One step for one follower: at most one write. False if there was nothing to do or it cannot take more."""
        audience, writer = follower.audience, follower.writer
        batch = self._batch(audience, follower) if audience is not None and writer.ready else None
        if batch is None:
            return False
        follower.position = batch.upto
        if batch.texts:
            writer.write(batch)
            self._count(batch, 1)
        return True
