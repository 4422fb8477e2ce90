"""One stream inside a server process: the audiences that listen, their positions, and the flush that writes to them.

A connection has no outbox. It has a position per stream; live, slow and catching up are one path: pull from the ring
what lies after the position. A subscription that falls behind the ring is handed to `fell_behind`.
"""

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice
from time import perf_counter

from realtime.hub.fanout.incoming import WITHOUT_WALLS
from realtime.hub.fanout.rendering import Batch, Form
from realtime.hub.fanout.subscriptions import Audience, Options, SubscribedStream, Subscription
from realtime.protocol.redaction import Redaction, Redactions
from realtime.protocol.rooms import Room

CLOCK_EVERY = 16  # subscriptions between two looks at the clock
FLUSH_SLICE_SECONDS = 0.002  # the flush yields to the loop this often: requests are answered in between
FAR_BEHIND = 200  # events a client may lack when it reads again, and still get each of them

_NOTHING = Batch(-1, [])


class LiveStream(SubscribedStream):
    def __init__(
        self,
        name: str,
        fell_behind: Callable[[Subscription], None],
        conflatable: frozenset[str] = frozenset(),
        redactions: Redactions = WITHOUT_WALLS,
        charge: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        super().__init__(name, conflatable, redactions)
        self.subscriber_count = 0
        self.idle_since = None
        self.awaiting = {}
        self._fell_behind = fell_behind
        self._charge = charge  # takes the seconds that a flush wrote
        self._audiences: dict[tuple[frozenset[Room], Redaction, Options], Audience] = {}
        self._flush: asyncio.Task[None] | None = None
        self._bundles: set[asyncio.Task[None]] = set()
        self._awake = False

    @staticmethod
    def now() -> float:
        return asyncio.get_running_loop().time()

    # --- audiences ---------------------------------------------------------------------------------------------------
    def audience(self, rooms: frozenset[Room], *, redaction: Redaction, options: Options) -> Audience:
        key = (rooms, redaction, options)
        if key not in self._audiences:
            self._audiences[key] = Audience(self, rooms, redaction=redaction, options=options)
        return self._audiences[key]

    def forget(self, audience: Audience) -> None:
        self._audiences.pop(audience.key, None)

    def members(self) -> list[Subscription]:
        return [subscription for audience in self._audiences.values() for subscription in audience.members]

    # --- the flush ---------------------------------------------------------------------------------------------------
    def wake(self) -> None:
        """Start the flush, unless it runs: records arrived, or a subscription joined."""
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
        waiting = iter(list(audience.members))  # a copy: members come and go while this yields
        more, spent = True, 0.0
        while more:
            begun = perf_counter()
            more = self._write_some(audience, waiting)
            spent += perf_counter() - begun
            await asyncio.sleep(0)
        self._charge(spent)

    def _write_some(self, audience: Audience, waiting: Iterator[Subscription]) -> bool:
        """Write to the next subscriptions for about two milliseconds; return False when all had their turn.

        Nearly all stand at one position, so their batch is looked up once: the inner loop is the cost of a recipient.
        """
        deadline = perf_counter() + FLUSH_SLICE_SECONDS
        batch, data, written = _NOTHING, None, 0
        upto, acks = batch.upto, batch.acks
        position: int | None = -1
        form: Form | None = None
        while some := list(islice(waiting, CLOCK_EVERY)):
            for subscription in some:
                writer = subscription.writer
                if subscription.audience is not audience or not writer.ready:
                    continue  # moved on while this yielded, or busy: its `on_ready` pulls
                if subscription.position != position or writer.form is not form:
                    self._count(batch, written)
                    batch, position, written = self._batch(audience, subscription) or _NOTHING, -1, 0
                    if batch is _NOTHING:
                        continue
                    position, form = subscription.position, writer.form
                    data = form(batch) if batch.texts else None
                    upto, acks = batch.upto, batch.acks
                subscription.position = upto
                if data is not None:
                    put = writer.put  # a name of its own: Python 3.11 is slow to call what stands in a slot
                    put(data)
                    written += 1
                    if acks:
                        subscription.expect_receipts(acks)
            if perf_counter() > deadline:
                break
        self._count(batch, written)
        return bool(some)

    def _batch(self, audience: Audience, subscription: Subscription, *, resumed: bool = False) -> Batch | None:
        """Return the next step of this subscription; None where there is none, or where it fell behind."""
        last = self.ring.last
        if subscription.position is None or last is None or subscription.position >= last:
            return None
        batch = audience.batch(subscription.position, far_behind=resumed and last - subscription.position > FAR_BEHIND)
        if batch is None:
            self._fell_behind(subscription)
        elif batch.upto < last:
            self._awake = True  # more than one write holds
        return batch

    def _count(self, batch: Batch, written: int) -> None:
        self.count(batch.names, written)

    def pull(self, subscription: Subscription) -> bool:
        """Write one step to a subscription whose connection is ready again; return False if there is none."""
        audience, writer = subscription.audience, subscription.writer
        if audience is None or not writer.ready:
            return False
        if audience.options.batch_ms:
            self._arm(audience)
            return False
        batch = self._batch(audience, subscription, resumed=True)
        if batch is None:
            return False
        subscription.position = batch.upto
        if batch.texts:
            subscription.take(batch)
            self._count(batch, 1)
        return True

    # --- batch_ms ----------------------------------------------------------------------------------------------------
    def _arm(self, audience: Audience) -> None:
        if not audience.armed:
            audience.armed = True
            task = asyncio.get_running_loop().create_task(self._write_later(audience))
            self._bundles.add(task)
            task.add_done_callback(self._bundles.discard)

    async def _write_later(self, audience: Audience) -> None:
        """Wait for the interval, then write its events together."""
        await asyncio.sleep(audience.options.batch_ms / 1000)
        audience.armed = False
        await self._write_all(audience)
        if any(
            subscription.writer.ready and (subscription.position or 0) < (self.ring.last or 0)
            for subscription in audience.members
        ):
            self._arm(audience)
