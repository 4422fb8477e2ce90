"""One stream inside a server process: its ring, the audiences that listen, and their positions.

A connection has no outbox. It has a position per stream; live, slow and catching up are one path: pull from the ring
what lies after the position. Who falls behind the ring is handed to `left_behind`.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from time import perf_counter

from realtime.eventlog.store import Record
from realtime.hub.fanout.delta import Patches
from realtime.hub.fanout.rendering import Batch
from realtime.hub.fanout.ring import Ring
from realtime.hub.fanout.subscriptions import Audience, Follower, Options
from realtime.protocol.rooms import Room

CLOCK_EVERY = 16  # followers between two looks at the clock
FLUSH_SLICE_SECONDS = 0.001  # the flush yields to the loop this often: requests are answered in between
FAR_BEHIND = 200  # events a client may lack when it reads again, and still get each of them

_NOTHING = Batch(-1, [])


class LiveStream:
    def __init__(self, name: str, left_behind: Callable[[Follower], None], keyed: frozenset[str] = frozenset()) -> None:
        self.name = name
        self.keyed = keyed  # events of which the newest per scope says it all
        self.ring = Ring()
        self.patches = Patches(self.ring, keyed)
        self.deliveries: Counter[str] = Counter()
        self.renders = 0
        self.known_head = 0  # as a message without bodies said
        self.followers = 0
        self.awaiting: dict[Follower, None] = {}  # those with unacknowledged events
        self.idle_since: float | None = None
        self._left_behind = left_behind
        self._audiences: dict[tuple[frozenset[Room], bool, Options], Audience] = {}
        self._early: dict[int, list[Record]] = {}
        self._flush: asyncio.Task[None] | None = None
        self._bundles: set[asyncio.Task[None]] = set()
        self._awake = False

    @staticmethod
    def now() -> float:
        return asyncio.get_running_loop().time()

    # --- who listens -------------------------------------------------------------------------------------------------
    def audience(self, rooms: frozenset[Room], *, names: bool, options: Options) -> Audience:
        key = (rooms, names, options)
        if key not in self._audiences:
            self._audiences[key] = Audience(self, rooms, names=names, options=options)
        return self._audiences[key]

    def forget(self, audience: Audience) -> None:
        self._audiences.pop(audience.key, None)

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
                if audience.options.batch_ms:
                    self._arm(audience)
                else:
                    await self._write_all(audience)

    async def _write_all(self, audience: Audience) -> None:
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
                if batch.acks:
                    follower.expect(batch.acks)
            if not len(waiting) % CLOCK_EVERY and perf_counter() > deadline:
                break
        self._count(batch, written)

    def _batch(self, audience: Audience, follower: Follower, *, resumed: bool = False) -> Batch | None:
        """The next step of this follower; None where there is none, or where it was left behind."""
        last = self.ring.last
        if follower.position is None or last is None or follower.position >= last:
            return None
        batch = audience.batch(follower.position, far_behind=resumed and last - follower.position > FAR_BEHIND)
        if batch is None:
            self._left_behind(follower)
        elif batch.upto < last:
            self._awake = True  # more than one write holds
        return batch

    def _count(self, batch: Batch, written: int) -> None:
        for name, count in batch.names.items():
            self.deliveries[name] += count * written

    def pull(self, follower: Follower) -> bool:
        """One step for one follower that can be written to again: at most one write. False if there is none."""
        audience, writer = follower.audience, follower.writer
        if audience is None or not writer.ready:
            return False
        if audience.options.batch_ms:
            self._arm(audience)
            return False
        batch = self._batch(audience, follower, resumed=True)
        if batch is None:
            return False
        follower.position = batch.upto
        if batch.texts:
            follower.take(batch)
            self._count(batch, 1)
        return True

    # --- once in an interval -----------------------------------------------------------------------------------------
    def _arm(self, audience: Audience) -> None:
        if not audience.armed:
            audience.armed = True
            task = asyncio.get_running_loop().create_task(self._write_later(audience))
            self._bundles.add(task)
            task.add_done_callback(self._bundles.discard)

    async def _write_later(self, audience: Audience) -> None:
        """What happens meanwhile goes out together."""
        await asyncio.sleep(audience.options.batch_ms / 1000)
        audience.armed = False
        await self._write_all(audience)
        if any(
            follower.writer.ready and (follower.position or 0) < (self.ring.last or 0) for follower in audience.members
        ):
            self._arm(audience)
