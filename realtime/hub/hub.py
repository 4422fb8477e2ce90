"""One per server process: takes one channel from the layer, listens to the streams that somebody here follows,
and fans out itself. The layer only carries events between processes; the log decides what is true.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from django.db import DatabaseError

from intraday.org.access import Principal
from realtime.eventlog import sender
from realtime.hub.catching_up import CatchingUp
from realtime.hub.credentials import Said, believe
from realtime.hub.cursors import Cursors
from realtime.hub.fanout.connections import Connection
from realtime.hub.fanout.stream import LiveStream
from realtime.hub.fanout.subscriptions import Follower
from realtime.hub.healing import Healing
from realtime.hub.receipts import Receipts
from realtime.hub.receiver import Receiver
from realtime.hub.revocation import Watch
from realtime.hub.rights import may_keep
from realtime.hub.shared_reads import Gathered, in_thread
from realtime.hub.snapshots import Snapshots
from realtime.hub.subscribing import Subscribing, Wish
from realtime.protocol import messages
from realtime.protocol.channel_spec import Channel, Keyed
from realtime.protocol.messages import Authenticate, Close, Position
from realtime.protocol.rooms import Room
from realtime.stats import Reporter

log = structlog.get_logger(__name__)

TICK_SECONDS = 1.0
REPORT_EVERY = 2  # ticks
LINGER_SECONDS = 30.0  # a stream without listeners is kept this long
STUCK_SECONDS = 15.0  # a client that accepts no byte for this long is closed


class Hub:
    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self.channels = channels
        self.connections: dict[str, Connection] = {}
        self.streams: dict[str, LiveStream] = {}
        self.loop = asyncio.get_running_loop()
        self.reporter = Reporter()
        self.receiver = Receiver(self)
        self.healing = Healing(self)
        self.snapshots = Snapshots(channels)
        self.cursors = Cursors(self)
        self.receipts = Receipts(self)
        self.subscribing = Subscribing(self)
        self.catching_up = CatchingUp(self)
        self._credentials = Gathered(believe)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._beat = 0
        sender.use_loop(self.loop)
        for work in (self.receiver.receive, self.receiver.join, self._tick, Watch(self).run):
            self.spawn(work())

    @property
    def degraded(self) -> bool:
        """The layer does not answer: events come from the log, a second late."""
        return self.receiver.degraded

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        task = self.loop.create_task(work)
        self._tasks.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("hub_task_failed", exc_info=error)

    async def stop(self) -> None:
        """End the hub's own tasks and say goodbye in the list of processes."""
        await self.cursors.stored()
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
            self.drop(follower)

    async def believe(self, claim: Authenticate, session: str = "") -> Principal | None:
        """Whom a client is that says this, or whose browser has this session. Raises DatabaseError."""
        return await self._credentials.ask(Said(claim, session))

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
                    self.catching_up.renew(follower)

    def expel(self, connection: Connection) -> None:
        """It is nobody's any more, and hears nothing."""
        connection.principal = None
        self.reporter.touch(connection)
        for follower in list(connection.followers.values()):
            self.drop(follower)

    def unsubscribe(self, connection: Connection, rooms: frozenset[Room]) -> None:
        self.reporter.touch(connection)
        for follower in list(connection.followers.values()):
            left = follower.rooms - rooms
            if left == follower.rooms:
                continue
            if not left:
                self.drop(follower)
            elif follower.position is not None:
                self.rejoin(follower, left)

    # --- streams -----------------------------------------------------------------------------------------------------
    async def subscribe(
        self,
        connection: Connection,
        rooms: frozenset[Room],
        *,
        since: Mapping[str, Position],
        snapshot: bool = True,
        delta: bool | None = None,
        batch_ms: int | None = None,
        durable: str | None = None,
        request_id: str | int | None = None,
    ) -> None:
        """Answer `subscribed`, then what was missed or a snapshot, then live events.

        Raises DatabaseError; RefusedError if it cannot be, or the caller's access changed meanwhile.
        """
        wish = Wish(rooms, dict(since), snapshot, delta, batch_ms, durable, request_id)
        await self.subscribing.subscribe(connection, wish)

    def acknowledge(self, connection: Connection, stream: str, seq: int) -> None:
        """The client has everything up to `seq`. Raises RefusedError."""
        self.receipts.acknowledge(connection, stream, seq)

    def follow(self, connection: Connection, name: str) -> Follower:
        """The connection's follower of a stream, held back until the subscription is answered."""
        follower = connection.followers.get(name)
        if follower is None:
            stream = self._open(name)
            follower = connection.followers[name] = Follower(connection, stream)
            stream.followers += 1
            stream.idle_since = None
        follower.take_hold()
        return follower

    def _open(self, name: str) -> LiveStream:
        if name not in self.streams:
            self.streams[name] = LiveStream(name, self.catching_up.left_behind, self._keyed(name))
            self.receiver.join_soon(name)
        return self.streams[name]

    def _keyed(self, stream: str) -> frozenset[str]:
        events = self.channels[Room.parse(stream).channel].events
        return frozenset(payload.event for payload, keyed in events.items() if keyed is Keyed.BY_SCOPE)

    def drop(self, follower: Follower) -> None:
        follower.take_hold()  # whatever is being read for it is no longer wanted
        follower.stream.awaiting.pop(follower, None)
        if follower.connection.followers.pop(follower.stream.name, None) is None:
            return
        follower.stream.followers -= 1
        if not follower.stream.followers:
            follower.stream.idle_since = self.loop.time()

    def rejoin(self, follower: Follower, rooms: frozenset[Room]) -> None:
        """Go on with these rooms where it stands; whoever read something for it meanwhile read it for other rooms."""
        assert follower.position is not None
        follower.join(rooms, follower.position, follower.epoch)
        follower.stream.wake()
        if follower.outdated:
            self.catching_up.renew(follower)

    # --- once a second -----------------------------------------------------------------------------------------------
    async def _tick(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._beat += 1
            sender.current().probe()
            self._send_heartbeats()
            self._close_stuck()
            self.snapshots.forget()
            await self._leave_idle()
            try:
                if self.streams:
                    await self.healing.check_heads(list(self.streams))
                await self.receipts.resend_due()
                await self.cursors.check_holders()
                if self._beat % REPORT_EVERY == 0:
                    await self._report()
                failing = False
            except DatabaseError as error:
                if not failing:
                    log.error("database_unreachable", error=str(error).strip())
                failing = True
            except Exception:  # whatever it is: nothing heals without this loop
                log.exception("tick_failed")

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
        slot = self._beat % messages.HEARTBEAT_SECONDS
        for connection in list(self.connections.values()):
            if hash(connection.id) % messages.HEARTBEAT_SECONDS == slot and connection.writer.ready:
                connection.send("heartbeat", {"position": connection.positions()})

    def _close_stuck(self) -> None:
        now = self.loop.time()
        for connection in list(self.connections.values()):
            stuck_at = connection.writer.stuck()
            if stuck_at is None or stuck_at != connection.stuck_at:
                connection.stuck_at, connection.stuck_since = stuck_at, now
            elif now - connection.stuck_since > STUCK_SECONDS:
                log.info("slow_client_closed", connection=connection.id, code=Close.TOO_SLOW)
                connection.writer.fail(Close.TOO_SLOW, "the client does not read; reconnect and replay")

    async def _leave_idle(self) -> None:
        now = self.loop.time()
        for stream in list(self.streams.values()):
            if stream.idle_since is None or now - stream.idle_since < LINGER_SECONDS:
                continue
            del self.streams[stream.name]
            self.reporter.keep(stream)
            await self.receiver.leave(stream.name)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def get_hub(channels: Mapping[str, Channel]) -> Hub:
    """The hub of the running loop, started by whoever needs it first."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub(channels)
    return hub


def running_hub() -> Hub | None:
    return _hubs.get(asyncio.get_running_loop())


def running() -> list[Hub]:
    """The hubs of this process: one, or none where nobody has listened yet."""
    return list(_hubs.values())


async def stop_hub() -> None:
    hub = _hubs.pop(asyncio.get_running_loop(), None)
    if hub is not None:
        await hub.stop()
