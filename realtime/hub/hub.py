"""The hub, one per server process: it puts its parts together, runs their loops and is the face to the transports.

It takes one channel from the layer, listens to the streams that have subscriptions here, and fans out itself. The layer
only carries events between processes; the log decides what is true.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from contextvars import Context
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from django.conf import settings
from django.db import DatabaseError

from intraday.clock.database import MEASURE_SECONDS, clock
from intraday.org.access import Principal, Refused
from intraday.org.credentials.key_use import STORE_SECONDS, key_uses
from intraday.rest.limits.quotas import processes
from realtime.eventlog import sender
from realtime.hub.catching_up import CatchingUp
from realtime.hub.credentials import Login, authenticate
from realtime.hub.cursors import Cursors
from realtime.hub.fanout.connections import Connection
from realtime.hub.fanout.liveness import Heartbeats, close_stuck
from realtime.hub.fanout.ring import shrink
from realtime.hub.fanout.stream import LiveStream
from realtime.hub.healing import Healing
from realtime.hub.loops import Loop
from realtime.hub.receipts import Receipts
from realtime.hub.receiver import Receiver
from realtime.hub.registry import Registry
from realtime.hub.reporter import Reporter
from realtime.hub.revocation import Revocation
from realtime.hub.rights import may_keep
from realtime.hub.shared_reads import DataLoader, in_thread
from realtime.hub.snapshots import Snapshots
from realtime.hub.subscribing import SubscribeRequest, Subscribing
from realtime.hub.tenants.occupancy import Occupancy
from realtime.protocol.channel_spec import ChannelSpec
from realtime.protocol.messages import Authenticate
from realtime.protocol.rooms import Room

log = structlog.get_logger(__name__)

TICK_SECONDS = 1.0
REPORT_SECONDS = 2.0
FORGET_SECONDS = 300.0  # an event is in memory for so long, and for twice as long at most
FIRST_CLOCK_SECONDS = 5.0


class Hub:
    def __init__(self, channels: Mapping[str, ChannelSpec]) -> None:
        self.channels = channels
        self.connections: dict[str, Connection] = {}
        self.streams: dict[str, LiveStream] = {}
        self.loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._credentials = DataLoader(authenticate)
        self._assemble()
        self.loops = self._make_loops()
        sender.use_loop(self.loop)
        for work in (self.receiver.receive, self.receiver.update_groups, self.revocation.run):
            self.spawn(work())
        for loop in self.loops.values():
            self.spawn(loop.run())

    def _assemble(self) -> None:
        """Make the parts; each gets the tables and the few functions that it uses."""
        self.occupancy = Occupancy()
        self.reporter = Reporter(self.connections, self.streams, self.occupancy)
        self.healing = Healing(self.streams, resync_all=self._resync_all, spawn=self.spawn)
        self.receiver = Receiver(self.streams, heal_soon=self.healing.heal_soon, check_heads=self.healing.check_heads)
        self.snapshots = Snapshots(self.channels)
        self.catching_up = CatchingUp(self.channels, self.healing, self.snapshots, self.spawn)
        self.registry = Registry(
            self.streams,
            self.channels,
            fell_behind=self.catching_up.fell_behind,
            resync=self.catching_up.resync,
            update_group=self.receiver.update_soon,
            keep_deliveries=self.reporter.keep,
        )
        self.cursors = Cursors(self.connections)
        self.receipts = Receipts(self.streams, read_page=self.healing.page, move_cursor=self.cursors.move)
        self.subscribing = Subscribing(
            self.registry,
            self.healing,
            self.snapshots,
            self.cursors,
            resync=self.catching_up.resync,
            report=self.reporter.touch,
        )
        self.heartbeats = Heartbeats(self.connections)
        self.revocation = Revocation(self.connections, attach=self.attach, detach=self.detach, spawn=self.spawn)

    def _make_loops(self) -> dict[str, Loop]:
        """One loop per kind of work: one that waits for the database or the layer delays no other."""
        loops = [
            Loop("heads", TICK_SECONDS, self._check_heads),
            Loop("heartbeats", TICK_SECONDS, self.heartbeats.send_next),
            Loop("housekeeping", TICK_SECONDS, self._keep_house),
            Loop("rings", FORGET_SECONDS, self._forget_old),
            Loop("receipts", TICK_SECONDS, self.receipts.resend_due),
            Loop("cursors", TICK_SECONDS, self.cursors.check_holders),
            Loop("reports", REPORT_SECONDS, self._report),
            Loop("clock", MEASURE_SECONDS, self._measure_clock),
            Loop("key uses", STORE_SECONDS, self._store_key_uses),
        ]
        return {loop.name: loop for loop in loops}

    @property
    def degraded(self) -> bool:
        """True while the layer does not answer: events come from the log, a second late."""
        return self.receiver.degraded

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run work of the hub, outside the log context of the connection that happened to start it."""
        task = self.loop.create_task(work, context=Context())
        self._tasks.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("hub_task_failed", exc_info=error)

    async def stop(self) -> None:
        """End the hub's own tasks and delete the report of this process."""
        await self.cursors.stored()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        clock.forget()  # nobody measures it from now on
        try:
            await self._store_key_uses()
            await in_thread(self.reporter.leave)
        except DatabaseError as error:
            log.warning("process_not_signed_off", error=str(error).strip())

    # --- connections -------------------------------------------------------------------------------------------------
    def connect(self, connection: Connection) -> None:
        self.connections[connection.id] = connection
        self.reporter.touch(connection)

    def disconnect(self, connection: Connection) -> None:
        connection.closed = True
        if self.connections.pop(connection.id, None) is not None:
            self.occupancy.replace(connection.principal, None)
        self.reporter.forget(connection)
        self.registry.drop_all(connection)

    async def authenticate(self, message: Authenticate, session: str = "") -> Principal | Refused:
        """Return the caller with these credentials, or with this browser session, or why there is none.

        Raises DatabaseError.
        """
        return await self._credentials.load(Login(message, session))

    def attach_new(self, connection: Connection, principal: Principal) -> None:
        """Attach a caller who comes now. Raises RefusedError where that is one connection more than may be."""
        self.occupancy.check(principal, connection.principal)
        self.attach(connection, principal)

    def attach(self, connection: Connection, principal: Principal) -> None:
        """Make this the caller of the connection; it leaves rooms that the caller may not hear, and is told so."""
        before = self._set_caller(connection, principal)
        self.reporter.touch(connection)
        if before is not None and (before.user_id, before.organization) != (principal.user_id, principal.organization):
            connection.leave_cursors()
        lost = frozenset(room for room in connection.rooms() if not may_keep(room, principal, self.channels))
        if lost:
            self._take_away(connection, lost)
        if before is not None and before.names != principal.names:
            for subscription in connection.subscriptions.values():
                if subscription.position is not None:
                    self.catching_up.resync(subscription)

    def _take_away(self, connection: Connection, rooms: frozenset[Room]) -> None:
        self.unsubscribe(connection, rooms)
        reason = {"code": "forbidden", "message": "Your access has changed: rooms were left."}
        connection.send("unsubscribed", {"rooms": sorted(room.name for room in rooms), **reason})
        connection.send("error", reason)

    def detach(self, connection: Connection) -> None:
        """Take the caller from the connection, and all its subscriptions."""
        self._set_caller(connection, None)
        self.reporter.touch(connection)
        self.registry.drop_all(connection)

    def _set_caller(self, connection: Connection, principal: Principal | None) -> Principal | None:
        """Return who it was before."""
        before, connection.principal = connection.principal, principal
        if connection.id in self.connections:
            self.occupancy.replace(before, principal)
        return before

    # --- subscriptions -----------------------------------------------------------------------------------------------
    async def subscribe(self, connection: Connection, request: SubscribeRequest) -> None:
        """Answer `subscribed`, then send missed events or a snapshot, then live events.

        Raises DatabaseError; RefusedError if it cannot be, or the caller's access changed meanwhile.
        """
        await self.subscribing.subscribe(connection, request)

    def unsubscribe(self, connection: Connection, rooms: frozenset[Room]) -> None:
        self.reporter.touch(connection)
        self.registry.leave_rooms(connection, rooms)

    def acknowledge(self, connection: Connection, stream: str, seq: int) -> None:
        """Note that the client has everything up to `seq`. Raises RefusedError."""
        self.receipts.acknowledge(connection, stream, seq)

    def _resync_all(self, stream: str) -> None:
        self.registry.resync_all(stream)

    # --- loops -------------------------------------------------------------------------------------------------------
    async def _forget_old(self) -> None:
        for stream in self.streams.values():
            if stream.ring.last is not None:
                stream.ring.forget_old()

    async def _check_heads(self) -> None:
        await self.healing.check_heads(list(self.streams))

    async def _keep_house(self) -> None:
        sender.current().probe()
        close_stuck(self.connections)
        self.snapshots.forget()
        self.healing.forget()
        shrink([stream.ring for stream in self.streams.values()], settings.REALTIME_MEMORY)
        self.registry.close_idle()

    async def _store_key_uses(self) -> None:
        for connection in self.connections.values():
            if connection.principal is not None:  # as long as its socket is open, a key is in use
                key_uses.note(connection.principal)
        await in_thread(key_uses.store)

    async def _measure_clock(self) -> None:
        await in_thread(clock.measure)

    async def read_clock(self) -> None:
        """Measure the database's clock before the first request, if the database answers."""
        reading = self.loop.create_task(self._measure_clock())
        await asyncio.wait([reading], timeout=FIRST_CLOCK_SECONDS)
        if reading.done() and (error := reading.exception()):
            log.error("clock_not_measured", error=str(error).strip())

    async def _report(self) -> None:
        report = self.reporter.collect(degraded=self.degraded or sender.current().failing)
        stored = False
        try:
            stored, others = await in_thread(self.reporter.exchange, report)
            self.occupancy.hear(others)
            processes.count = 1 + len(others)
        finally:
            if not stored:
                self.reporter.repeat(report)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def get_hub(channels: Mapping[str, ChannelSpec]) -> Hub:
    """Return the hub of the running loop; its first caller starts it."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub(channels)
    return hub


def running_hub() -> Hub | None:
    return _hubs.get(asyncio.get_running_loop())


def running() -> list[Hub]:
    """Return the hubs of this process: one, or none before the first connection."""
    return list(_hubs.values())


async def stop_hub() -> None:
    hub = _hubs.pop(asyncio.get_running_loop(), None)
    if hub is not None:
        await hub.stop()
