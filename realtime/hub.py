"""One per server process: takes one channel from the layer, listens to the streams that somebody here follows,
and fans out itself. The layer only carries events between processes; the log decides what is true.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from channels.layers import get_channel_layer
from django.db import DatabaseError

from intraday.org.access import Principal
from realtime import log as event_log
from realtime import protocol, sender
from realtime.channels import Channel
from realtime.connections import Connection
from realtime.live import Follower, LiveStream
from realtime.log import Appended, Page, Record
from realtime.protocol import Close, Position
from realtime.reads import SingleFlight, in_thread
from realtime.rights import RefusedError, may_keep
from realtime.ring import MAX_EVENTS, render
from realtime.rooms import Room, RoomFilter, group_name
from realtime.snapshots import Snapshot, read_snapshot, resync
from realtime.stats import Reporter
from realtime.watch import Watch

log = structlog.get_logger(__name__)

TICK_SECONDS = 1.0
REPORT_EVERY = 2  # ticks
GAP_SECONDS = 0.02  # events of one stream may overtake each other in the layer by this much
LINGER_SECONDS = 30.0  # a stream without listeners is kept this long
STUCK_SECONDS = 15.0  # a client that accepts no byte for this long is closed
JOIN_TIMEOUT_SECONDS = 3.0
MAX_REPLAY_EVENTS = 1_000
MAX_REPLAY_BYTES = 1024 * 1024
MAX_HEAL_BYTES = 8 * 1024 * 1024


@dataclass
class Start:
    """Where one stream of a subscription begins, and what must be written before live events."""

    follower: Follower
    rooms: frozenset[Room]
    position: Position
    recovered: bool = False
    missed: list[Record] = field(default_factory=list)
    snapshot: Snapshot | None = None


class Hub:
    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self.channels = channels
        self.connections: dict[str, Connection] = {}
        self.streams: dict[str, LiveStream] = {}
        self.flights = SingleFlight()
        self.healed = 0
        self.degraded = False
        self._loop = asyncio.get_running_loop()
        self._channel = ""
        self._joins: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._beat = 0
        self.reporter = Reporter()
        sender.use_loop(self._loop)
        for work in (self._receive, self._join, self._tick, Watch(self).run):
            self.spawn(work())

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        task = self._loop.create_task(work)
        self._tasks.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("hub_task_failed", exc_info=error)

    async def stop(self) -> None:
        """End the hub's own tasks and say goodbye in the list of processes."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await in_thread(self.reporter.leave)
        except DatabaseError as error:
            log.warning("goodbye_not_stored", error=str(error).strip())

    # --- connections -------------------------------------------------------------------------------------------------
    def connect(self, connection: Connection) -> None:
        self.connections[connection.id] = connection
        self.reporter.touch(connection)

    def disconnect(self, connection: Connection) -> None:
        connection.closed = True
        self.connections.pop(connection.id, None)
        self.reporter.forget(connection)
        for follower in list(connection.followers.values()):
            self._drop(follower)

    def admit(self, connection: Connection, principal: Principal) -> None:
        """It is this caller's from now on; rooms that are not the caller's any more are left, and it is told so."""
        before, connection.principal = connection.principal, principal
        self.reporter.touch(connection)
        held = {room for follower in connection.followers.values() for room in follower.rooms}
        lost = frozenset(room for room in held if not may_keep(room, principal, self.channels))
        if lost:
            self.unsubscribe(connection, lost)
            connection.send("unsubscribed", {"rooms": sorted(room.name for room in lost)})
            connection.send("error", {"code": "forbidden", "message": "Your access has changed: rooms were left."})
        if before is not None and before.sees_names != principal.sees_names:
            for follower in connection.followers.values():
                if follower.position is not None:
                    self._renew(follower)

    def expel(self, connection: Connection) -> None:
        """It is nobody's any more, and hears nothing."""
        connection.principal = None
        self.reporter.touch(connection)
        for follower in list(connection.followers.values()):
            self._drop(follower)

    def _drop(self, follower: Follower) -> None:
        follower.take_hold()  # whatever is being read for it is no longer wanted
        if follower.connection.followers.pop(follower.stream.name, None) is None:
            return
        follower.stream.followers -= 1
        if not follower.stream.followers:
            follower.stream.idle_since = self._loop.time()

    def unsubscribe(self, connection: Connection, rooms: frozenset[Room]) -> None:
        self.reporter.touch(connection)
        for follower in list(connection.followers.values()):
            left = follower.rooms - rooms
            if left == follower.rooms:
                continue
            if not left:
                self._drop(follower)
            elif follower.position is not None:
                self._rejoin(follower, left)

    def _rejoin(self, follower: Follower, rooms: frozenset[Room]) -> None:
        """Go on with these rooms where it stands; whoever read something for it meanwhile read it for other rooms."""
        assert follower.position is not None
        follower.join(rooms, follower.position, follower.epoch)
        follower.stream.wake()
        if follower.outdated:
            self._renew(follower)

    # --- subscribing -------------------------------------------------------------------------------------------------
    async def subscribe(
        self,
        connection: Connection,
        rooms: frozenset[Room],
        *,
        since: Mapping[str, Position],
        snapshot: bool,
        request_id: str | int | None = None,
    ) -> None:
        """Answer `subscribed`, then what was missed or a snapshot, then live events.

        Raises DatabaseError; RefusedError if the caller's access changed meanwhile.
        """
        principal = connection.principal
        by_stream: dict[str, set[Room]] = {}
        for room in rooms:
            by_stream.setdefault(room.stream, set()).add(room)
        followers = {name: self._follow(connection, name) for name in sorted(by_stream)}
        try:
            starts = await asyncio.gather(
                *(
                    self._start(follower, frozenset(by_stream[name]), since.get(name), snapshot=snapshot)
                    for name, follower in followers.items()
                )
            )
        except DatabaseError:
            for follower in followers.values():
                self._give_up(follower)
            raise
        if connection.closed:
            return
        if connection.principal is not principal:
            for follower in followers.values():
                self._give_up(follower)
            raise RefusedError("access_changed", "Your access has changed meanwhile: subscribe again.")
        self._answer(connection, rooms, starts, asked=bool(since), request_id=request_id)

    def _follow(self, connection: Connection, name: str) -> Follower:
        """The connection's follower of a stream, held back until the subscription is answered."""
        follower = connection.followers.get(name)
        if follower is None:
            stream = self._open(name)
            follower = connection.followers[name] = Follower(connection, stream)
            stream.followers += 1
            stream.idle_since = None
        follower.take_hold()
        return follower

    def _give_up(self, follower: Follower) -> None:
        if follower.position is None:
            self._drop(follower)
        elif follower.connection.followers.get(follower.stream.name) is follower:
            self._rejoin(follower, follower.rooms)

    async def _start(
        self, follower: Follower, rooms: frozenset[Room], since: Position | None, *, snapshot: bool
    ) -> Start:
        stream, first_time = follower.stream, follower.position is None
        if first_time and since is not None:
            missed = await self._missed(stream, since)
            if missed is not None:
                return Start(follower, rooms, since, recovered=True, missed=missed)
        taken = await self._snapshot(stream, rooms, follower, wanted=snapshot)
        stream.start(taken.epoch, taken.seq)
        if not first_time and stream.ring.last is not None and stream.ring.last < taken.seq:
            await self.heal(stream)  # the rooms held before must hear everything up to the snapshot first
        return Start(follower, rooms, Position(taken.epoch, taken.seq), snapshot=taken if snapshot else None)

    async def _missed(self, stream: LiveStream, since: Position) -> list[Record] | None:
        """Everything after `since`, from the ring or else the log; None where that cannot be had whole."""
        ring = stream.ring
        if ring.last is not None and ring.epoch == since.epoch and since.seq <= ring.last:
            recent = ring.after(since.seq)
            if recent is not None:
                few = len(recent) <= MAX_REPLAY_EVENTS and sum(len(r.full) for r in recent) <= MAX_REPLAY_BYTES
                return recent if few else None
        page = await self._page(stream, since.seq, MAX_REPLAY_EVENTS, MAX_REPLAY_BYTES)
        if page is None or page.epoch != since.epoch or since.seq > page.head or not page.complete:
            return None
        stream.start(page.epoch, page.head)
        return page.records

    async def _page(self, stream: LiveStream, after: int, max_events: int, max_bytes: int) -> Page | None:
        async def read() -> Page | None:
            return await in_thread(event_log.read, stream.name, after=after, max_events=max_events, max_bytes=max_bytes)

        return await self.flights.do(("page", stream.name, after, max_events), read)

    async def _snapshot(
        self, stream: LiveStream, rooms: frozenset[Room], follower: Follower, *, wanted: bool
    ) -> Snapshot:
        """Shared with whoever asks for the same now; read again if the shared one is older than the follower."""
        channel, names = next(iter(rooms)).channel, follower.connection.names
        items = self.channels[channel].snapshot if wanted else None

        async def read() -> Snapshot:
            return await in_thread(read_snapshot, stream.name, items, RoomFilter(rooms), names)

        taken = await self.flights.do(("snapshot", stream.name, rooms, names, wanted), read)
        if follower.position is not None and taken.epoch == stream.ring.epoch and taken.seq < follower.position:
            taken = await read()
        return taken

    def _answer(
        self,
        connection: Connection,
        rooms: frozenset[Room],
        starts: list[Start],
        *,
        asked: bool,
        request_id: str | int | None,
    ) -> None:
        """Written without a break, so that nothing comes between: what older rooms still lack, `subscribed`, then
        per stream what was missed or the snapshot, then live."""
        torn = [start.follower for start in starts if not self._finish_older_rooms(start)]
        positions = {
            start.follower.stream.name: {"epoch": start.position.epoch, "seq": start.position.seq} for start in starts
        }
        data = {
            "rooms": sorted(room.name for room in rooms),
            "position": positions,
            "recovered": asked and all(start.recovered for start in starts),
        }
        connection.send("subscribed", data, request_id)
        for start in starts:
            self._go_live(start)
            self.reporter.touch(connection)
            if start.follower in torn or start.position.epoch != start.follower.stream.ring.epoch:
                self._renew(start.follower)

    def _finish_older_rooms(self, start: Start) -> bool:
        """False where the ring has moved past what they lack: then they need a snapshot of their own."""
        follower = start.follower
        if follower.outdated:
            return False
        if follower.position is None or follower.position >= start.position.seq:
            return True
        lacking = follower.stream.ring.after(follower.position)
        if lacking is not None:
            upto = [record for record in lacking if record.seq <= start.position.seq]
            self._write(follower, upto, follower.rooms, replayed=False)
        return lacking is not None

    def _go_live(self, start: Start) -> None:
        follower, connection = start.follower, start.follower.connection
        self._write(follower, start.missed, start.rooms, replayed=True)
        if start.snapshot is not None and start.snapshot.text is not None:
            connection.writer.send(start.snapshot.text)
        position = start.missed[-1].seq if start.missed else start.position.seq
        follower.join(follower.rooms | start.rooms, position, start.position.epoch)
        follower.stream.wake()

    def _write(self, follower: Follower, records: list[Record], rooms: frozenset[Room], *, replayed: bool) -> None:
        connection, rooms_filter = follower.connection, RoomFilter(rooms)
        while records:
            batch = render(records, rooms_filter, names=connection.names, replayed=replayed)
            if batch.texts:
                connection.writer.write(batch)
                follower.stream.deliveries.update(batch.names)
            records = [record for record in records if record.seq > batch.upto]

    # --- who fell behind ---------------------------------------------------------------------------------------------
    def _left_behind(self, follower: Follower) -> None:
        self.spawn(self._catch_up(follower, follower.take_hold()))

    async def _catch_up(self, follower: Follower, hold: int) -> None:
        """The ring no longer reaches back to it: read the log if little is missing, else send a snapshot."""
        stream, position, epoch = follower.stream, follower.position, follower.epoch
        assert position is not None
        try:
            missed = await self._missed(stream, Position(epoch, position))
        except DatabaseError as error:
            log.warning("catch_up_failed", stream=stream.name, error=str(error).strip())
            await asyncio.sleep(TICK_SECONDS)
            missed = []  # joins where it was, and is left behind again
        if missed is None or follower.outdated:
            await self._resnapshot(follower, hold)
        elif follower.still(hold):
            self._write(follower, missed, follower.rooms, replayed=False)
            follower.join(follower.rooms, missed[-1].seq if missed else position, epoch)
            stream.wake()

    def _renew(self, follower: Follower) -> None:
        """Its position means nothing any more: a fresh snapshot of all its rooms."""
        self.spawn(self._resnapshot(follower, follower.take_hold()))

    async def _resnapshot(self, follower: Follower, hold: int) -> None:
        while follower.still(hold):
            try:
                taken = await self._snapshot(follower.stream, follower.rooms, follower, wanted=True)
                if taken.epoch != follower.stream.ring.epoch:  # one of the two is older than the other
                    await self.heal(follower.stream)
                    continue
            except DatabaseError as error:
                log.warning("snapshot_failed", stream=follower.stream.name, error=str(error).strip())
                await asyncio.sleep(TICK_SECONDS)
                continue
            if follower.still(hold):
                follower.connection.writer.send(taken.text or resync(follower.stream.name, taken))
                follower.join(follower.rooms, taken.seq, taken.epoch)
                follower.stream.wake()

    # --- the layer ---------------------------------------------------------------------------------------------------
    def _open(self, name: str) -> LiveStream:
        if name not in self.streams:
            self.streams[name] = LiveStream(name, self._left_behind)
            self._joins.put_nowait(name)
        return self.streams[name]

    async def _receive(self) -> None:
        layer = get_channel_layer()
        while True:
            try:
                self._channel = await layer.new_channel()
                for name in self.streams:
                    self._joins.put_nowait(name)
                while True:
                    # Never under a timeout: cancelling receive() deletes the channel.
                    self._take(await layer.receive(self._channel))
            except Exception as error:
                self._channel = ""
                self._set_degraded(True, f"{type(error).__name__}: {error}")
                await asyncio.sleep(TICK_SECONDS)

    def _take(self, message: Mapping[str, Any]) -> None:
        stream = self.streams.get(message["stream"])
        if stream is None:
            return
        if stream.ring.last is not None and message["epoch"] != stream.ring.epoch:
            self.spawn(self.heal(stream))
        elif "body" not in message:
            stream.known_head = message["last"]
            self.spawn(self.heal(stream))
        else:
            fields = {name: message[name] for name in ("stream", "epoch", "first", "last", "index", "body")}
            if not stream.offer(Appended(**fields).records()):
                self._loop.call_later(GAP_SECONDS, self._heal_gap, stream)

    def _heal_gap(self, stream: LiveStream) -> None:
        if stream.gap:
            self.spawn(self.heal(stream))

    async def _join(self) -> None:
        """Groups are joined one after another and retried; no client waits for it."""
        layer = get_channel_layer()
        while True:
            name = await self._joins.get()
            if not self._channel or name not in self.streams:
                continue  # every stream is queued again once there is a channel
            try:
                async with asyncio.timeout(JOIN_TIMEOUT_SECONDS):
                    await layer.group_add(group_name(name), self._channel)
                await self._check_heads([name])  # what was published before we were in the group
                self._set_degraded(False)
            except Exception as error:
                self._set_degraded(True, f"{type(error).__name__}: {error}")
                self._loop.call_later(TICK_SECONDS, self._joins.put_nowait, name)

    def _set_degraded(self, degraded: bool, reason: str = "") -> None:
        if degraded and not self.degraded:
            log.error("layer_unreachable", error=reason, effect="reading the log once a second")
        elif self.degraded and not degraded:
            log.info("layer_reachable")
        self.degraded = degraded

    # --- the log -----------------------------------------------------------------------------------------------------
    async def heal(self, stream: LiveStream) -> None:
        """Bring the ring up to the head of the log; one read at a time per stream."""
        await self.flights.do(("heal", stream.name), lambda: self._heal(stream))

    async def _heal(self, stream: LiveStream) -> None:
        while True:
            ring, after = stream.ring, stream.ring.last
            if after is None:
                return
            page = await self._page(stream, after, MAX_EVENTS, MAX_HEAL_BYTES)
            if page is None or page.epoch != ring.epoch or page.head < after:
                await self._restart(stream)
                return
            if page.records:
                self.healed += 1
                stream.extend(page.records)
            if page.complete and page.head >= stream.known_head:
                return

    async def _restart(self, stream: LiveStream) -> None:
        """Another epoch, or a log that no longer reaches back: everybody gets a snapshot."""
        found = (await in_thread(event_log.heads, [stream.name])).get(stream.name)
        if found is None:
            return
        for follower in stream.restart(*found):
            self._renew(follower)

    async def _check_heads(self, names: list[str]) -> None:
        for name, (epoch, head) in (await in_thread(event_log.heads, names)).items():
            stream = self.streams.get(name)
            if stream is None or stream.ring.last is None:
                continue
            if head > stream.ring.last or epoch != stream.ring.epoch:
                await self.heal(stream)

    # --- once a second -----------------------------------------------------------------------------------------------
    async def _tick(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._beat += 1
            sender.current().probe()
            self._send_heartbeats()
            self._close_stuck()
            await self._leave_idle()
            try:
                if self.streams:
                    await self._check_heads(list(self.streams))
                if self._beat % REPORT_EVERY == 0:
                    await self._report()
                failing = False
            except DatabaseError as error:
                if not failing:
                    log.error("database_unreachable", error=str(error).strip())
                failing = True

    async def _report(self) -> None:
        report = self.reporter.collect(self)
        stored = False
        try:
            stored = await in_thread(self.reporter.report, report)
        finally:
            if not stored:
                self.reporter.again(self, report)

    def _send_heartbeats(self) -> None:
        """Each connection once in HEARTBEAT_SECONDS, spread over the seconds; moves cursors of quiet rooms."""
        slot = self._beat % protocol.HEARTBEAT_SECONDS
        for connection in list(self.connections.values()):
            if hash(connection.id) % protocol.HEARTBEAT_SECONDS == slot and connection.writer.ready:
                connection.send("heartbeat", {"position": connection.positions()})

    def _close_stuck(self) -> None:
        now = self._loop.time()
        for connection in list(self.connections.values()):
            stuck_at = connection.writer.stuck()
            if stuck_at is None or stuck_at != connection.stuck_at:
                connection.stuck_at, connection.stuck_since = stuck_at, now
            elif now - connection.stuck_since > STUCK_SECONDS:
                log.info("slow_client_closed", connection=connection.id, code=Close.TOO_SLOW)
                connection.writer.fail(Close.TOO_SLOW, "the client does not read; reconnect and replay")

    async def _leave_idle(self) -> None:
        now = self._loop.time()
        for stream in list(self.streams.values()):
            if stream.idle_since is None or now - stream.idle_since < LINGER_SECONDS:
                continue
            del self.streams[stream.name]
            self.reporter.keep(stream)
            try:
                async with asyncio.timeout(JOIN_TIMEOUT_SECONDS):
                    await get_channel_layer().group_discard(group_name(stream.name), self._channel)
            except Exception as error:  # what still comes is dropped by _take
                log.warning("group_not_left", stream=stream.name, error=f"{type(error).__name__}: {error}")


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def get_hub(channels: Mapping[str, Channel]) -> Hub:
    """The hub of the running loop, started by whoever needs it first."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub(channels)
    return hub


async def stop_hub() -> None:
    hub = _hubs.pop(asyncio.get_running_loop(), None)
    if hub is not None:
        await hub.stop()
