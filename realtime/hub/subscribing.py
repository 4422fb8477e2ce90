"""Subscribing: begin each subscription with all missed events, or with a snapshot."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import DatabaseError

from realtime.eventlog.records import Record
from realtime.hub.cursors import MAX_CURSORS, Cursors, StoredCursor
from realtime.hub.fanout.connections import Connection
from realtime.hub.fanout.rendering import Batch
from realtime.hub.fanout.subscriptions import Options, Subscription
from realtime.hub.healing import Healing
from realtime.hub.registry import Registry
from realtime.hub.rights import Grant, RefusedError
from realtime.hub.snapshots import Snapshots, resync_message
from realtime.protocol.messages import Position
from realtime.protocol.rooms import Room


@dataclass(eq=False)
class StreamStart:
    """The position at which one stream of a request begins, and what to write before live events.

    `position` is the client's after `subscribed`, None where a snapshot or resync that follows brings it. `upto` is the
    position after everything that is written here.
    """

    subscription: Subscription
    rooms: frozenset[Room]
    position: Position | None
    upto: Position
    recovered: bool = False
    missed: list[Record] = field(default_factory=list)
    snapshot: Batch | None = None
    """The snapshot, or the resync that stands for it."""


@dataclass(frozen=True)
class SubscribeRequest:
    """A client's request for rooms. Options that it left out (None) stay as they are."""

    grant: Grant
    since: dict[str, Position] = field(default_factory=dict)
    snapshot: bool = True
    delta: bool | None = None
    batch_ms: int | None = None
    durable: str | None = None
    request_id: str | int | None = None

    def by_stream(self) -> dict[str, frozenset[Room]]:
        found: dict[str, set[Room]] = {}
        for room in self.grant.rooms:
            found.setdefault(room.stream, set()).add(room)
        return {name: frozenset(found[name]) for name in sorted(found)}

    def options(self, before: Options) -> Options:
        delta = before.delta if self.delta is None else self.delta
        return Options(delta, before.batch_ms if self.batch_ms is None else self.batch_ms)


class Subscribing:
    def __init__(
        self,
        registry: Registry,
        healing: Healing,
        snapshots: Snapshots,
        cursors: Cursors,
        *,
        resync: Callable[[Subscription], None],
        report: Callable[[Connection], None],
    ) -> None:
        self._registry = registry
        self._healing = healing
        self._snapshots = snapshots
        self._cursors = cursors
        self._resync = resync
        self._report = report

    async def subscribe(self, connection: Connection, request: SubscribeRequest) -> None:
        """Answer `subscribed`, then send missed events or a snapshot, then live events.

        Raises DatabaseError; RefusedError if the caller's access changed meanwhile.
        """
        principal = connection.principal
        by_stream = request.by_stream()
        subscriptions = {name: self._registry.subscribe(connection, name) for name in by_stream}
        try:
            stored = await self._stored_cursors(connection, request.durable, list(by_stream))
            since = {name: each.position for name, each in stored.items() if each.position is not None} | request.since
            starts = await asyncio.gather(
                *(
                    self._start(
                        subscription,
                        by_stream[name],
                        since.get(name),
                        snapshot=request.snapshot,
                        begun=None if name in request.since or name not in stored else stored[name].begun,
                    )
                    for name, subscription in subscriptions.items()
                )
            )
            if connection.principal is not principal and not connection.closed:
                raise RefusedError("access_changed", "Your access has changed meanwhile: subscribe again.")
        except (DatabaseError, RefusedError):
            for subscription in subscriptions.values():
                self._give_up(connection, subscription)
            raise
        if connection.closed:
            return
        for start in starts:
            start.subscription.options = request.options(start.subscription.options)
            self._keep_cursor(connection, start, stored.get(start.subscription.stream.name))
        self._answer(connection, request, starts, replay=bool(since))

    async def _stored_cursors(
        self, connection: Connection, name: str | None, streams: list[str]
    ) -> dict[str, StoredCursor]:
        """Return the positions at which a durable subscription goes on."""
        if name is None:
            return {}
        stored = await self._cursors.take(connection, name, streams)
        if stored is None:
            raise RefusedError("too_many_cursors", f"A user has at most {MAX_CURSORS} durable cursors.")
        return stored

    def _keep_cursor(self, connection: Connection, start: StreamStart, stored: StoredCursor | None) -> None:
        """Keep the durable cursor. A new one begins with the subscription: later events have to be acknowledged."""
        if stored is None:
            return
        start.subscription.cursor = stored.row
        if stored.position is None and stored.begun is None:
            self._cursors.begin(stored.row, connection.id, start.upto)

    def _give_up(self, connection: Connection, subscription: Subscription) -> None:
        if subscription.position is None:
            self._registry.drop(subscription)
        elif connection.subscriptions.get(subscription.stream.name) is subscription:
            self._registry.rejoin(subscription, subscription.rooms)

    # --- starts ------------------------------------------------------------------------------------------------------
    async def _start(
        self,
        subscription: Subscription,
        rooms: frozenset[Room],
        since: Position | None,
        *,
        snapshot: bool,
        begun: Position | None,
    ) -> StreamStart:
        """Find out how a stream begins. A durable cursor that has `begun`, without any acknowledgement, gets the events
        since then, and the snapshot as well."""
        begins = subscription.position is None
        if begins and since is not None:
            found = await self._healing.missed(subscription.stream, since, rooms)
            if found is not None:
                missed, upto = found
                return StreamStart(subscription, rooms, since if missed else upto, upto, recovered=True, missed=missed)
        found = await self._healing.missed(subscription.stream, begun, rooms) if begins and begun is not None else None
        held = rooms <= subscription.rooms  # nothing was missed in rooms that are heard already
        lacks = (since is not None and not held) or (begun is not None and found is None)
        start = await self._current(subscription, rooms, snapshot=snapshot, lacks=lacks)
        if begun is not None and found is not None and found[1].seq < start.upto.seq:
            await self._healing.heal(subscription.stream)  # the head was read ahead of events still on their way
            found = await self._healing.missed(subscription.stream, begun, rooms)
            if found is None:
                return await self._current(subscription, rooms, snapshot=snapshot, lacks=True)
        if found is not None:
            start.missed = [record for record in found[0] if record.seq <= start.upto.seq]
            start.position = begun if start.missed and start.snapshot is None else start.position
        return start

    async def _current(
        self, subscription: Subscription, rooms: frozenset[Room], *, snapshot: bool, lacks: bool
    ) -> StreamStart:
        """Begin at the head: with the current state; where there is none and the client lacks events, with a resync."""
        stream, begins = subscription.stream, subscription.position is None
        taken = await self._snapshots.take(subscription, rooms, wanted=snapshot)
        stream.start(taken.epoch, taken.seq)
        if not begins and stream.ring.last is not None and stream.ring.last < taken.seq:
            await self._healing.heal(stream)  # the rooms held before must hear everything up to the snapshot first
        upto, shown = Position(taken.epoch, taken.seq), taken.message
        if shown is None and lacks:
            shown = resync_message(stream.name, taken)
        return StreamStart(subscription, rooms, upto if shown is None else None, upto, snapshot=shown)

    # --- the answer --------------------------------------------------------------------------------------------------
    def _answer(
        self, connection: Connection, request: SubscribeRequest, starts: list[StreamStart], *, replay: bool
    ) -> None:
        """Write, without a break: events that older rooms still lack, `subscribed`, then per stream the missed events
        or the snapshot, then live events."""
        torn = [start for start in starts if not self._finish_older_rooms(start)]
        connection.send("subscribed", _subscribed(request.grant, starts, torn, replay=replay), request.request_id)
        if request.grant.refused:  # for clients that do not read `refused`
            connection.send("unsubscribed", {"rooms": list(request.grant.refused), **_REFUSED})
        for start in starts:
            if start in torn:
                self._begin_anew(start)
            else:
                self._go_live(start)
            self._report(connection)

    def _finish_older_rooms(self, start: StreamStart) -> bool:
        """Write events that older rooms lack; return False where the ring has moved past them: they need a snapshot."""
        subscription = start.subscription
        if subscription.outdated:
            return False
        if subscription.position is None or subscription.position >= start.upto.seq:
            return True
        lacking = subscription.stream.ring.after(subscription.position)
        if lacking is not None:
            upto = [record for record in lacking if record.seq <= start.upto.seq]
            subscription.write(upto, subscription.rooms)
        return lacking is not None

    def _begin_anew(self, start: StreamStart) -> None:
        """Send one snapshot of older and new rooms: one of the new rooms alone would move the position of all."""
        start.subscription.rooms |= start.rooms
        self._resync(start.subscription)

    def _go_live(self, start: StreamStart) -> None:
        subscription = start.subscription
        subscription.write(start.missed, start.rooms, replayed=True)
        if start.snapshot is not None:
            subscription.writer.write(start.snapshot)
        subscription.join(subscription.rooms | start.rooms, start.upto.seq, start.upto.epoch)
        subscription.stream.wake()
        if start.upto.epoch != subscription.stream.ring.epoch:
            self._resync(subscription)


_REFUSED = {"code": "refused", "message": "These rooms were refused; `subscribed` says why."}


def _subscribed(grant: Grant, starts: list[StreamStart], torn: list[StreamStart], *, replay: bool) -> dict[str, object]:
    positions = {start.subscription.stream.name: start.position for start in starts if start not in torn}
    return {
        "rooms": sorted(room.name for room in grant.rooms),
        "position": {name: position for name, position in positions.items() if position is not None},
        "recovered": replay and all(start.recovered for start in starts),
        **grant.answer,
    }
