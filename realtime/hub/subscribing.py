"""Where a subscription begins: with what was missed, whole, or with a snapshot."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import DatabaseError

from realtime.eventlog.store import Record
from realtime.hub.cursors import MAX_CURSORS, Held
from realtime.hub.fanout.connections import Connection
from realtime.hub.fanout.subscriptions import Follower, Options
from realtime.hub.rights import RefusedError
from realtime.hub.snapshots import Snapshot
from realtime.protocol.messages import Position
from realtime.protocol.rooms import Room

if TYPE_CHECKING:
    from realtime.hub.hub import Hub


@dataclass
class Start:
    """Where one stream of a subscription begins, and what must be written before live events."""

    follower: Follower
    rooms: frozenset[Room]
    position: Position
    recovered: bool = False
    missed: list[Record] = field(default_factory=list)
    snapshot: Snapshot | None = None


@dataclass(frozen=True)
class Wish:
    """What a client asked for. Options that it left out (None) stay as they are."""

    rooms: frozenset[Room]
    since: dict[str, Position]
    snapshot: bool = True
    delta: bool | None = None
    batch_ms: int | None = None
    durable: str | None = None
    request_id: str | int | None = None

    def by_stream(self) -> dict[str, frozenset[Room]]:
        found: dict[str, set[Room]] = {}
        for room in self.rooms:
            found.setdefault(room.stream, set()).add(room)
        return {name: frozenset(found[name]) for name in sorted(found)}

    def options(self, before: Options) -> Options:
        delta = before.delta if self.delta is None else self.delta
        return Options(delta, before.batch_ms if self.batch_ms is None else self.batch_ms)


class Subscribing:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub

    async def subscribe(self, connection: Connection, wish: Wish) -> None:
        """Answer `subscribed`, then what was missed or a snapshot, then live events.

        Raises DatabaseError; RefusedError if the caller's access changed meanwhile.
        """
        principal = connection.principal
        by_stream = wish.by_stream()
        followers = {name: self._hub.follow(connection, name) for name in by_stream}
        try:
            held = await self._held(connection, wish.durable, list(by_stream))
            since = {name: each.position for name, each in held.items() if each.position is not None} | wish.since
            starts = await asyncio.gather(
                *(
                    self._start(follower, by_stream[name], since.get(name), snapshot=wish.snapshot)
                    for name, follower in followers.items()
                )
            )
            if connection.principal is not principal and not connection.closed:
                raise RefusedError("access_changed", "Your access has changed meanwhile: subscribe again.")
        except (DatabaseError, RefusedError):
            for follower in followers.values():
                self._give_up(follower)
            raise
        if connection.closed:
            return
        for start in starts:
            start.follower.options = wish.options(start.follower.options)
            self._keep_cursor(start, held.get(start.follower.stream.name))
        self._answer(connection, wish, starts, asked=bool(since))

    async def _held(self, connection: Connection, name: str | None, streams: list[str]) -> dict[str, Held]:
        """Where a durable subscription goes on."""
        if name is None:
            return {}
        held = await self._hub.cursors.take(connection, name, streams)
        if held is None:
            raise RefusedError("too_many_cursors", f"A user has at most {MAX_CURSORS} durable cursors.")
        return held

    def _keep_cursor(self, start: Start, held: Held | None) -> None:
        """A new one begins where the subscription does: what comes from here on has to be acknowledged."""
        if held is None:
            return
        start.follower.cursor = held.row
        if held.position is None:
            self._hub.cursors.move(held.row, start.follower.connection.id, start.position.epoch, start.position.seq)

    def _give_up(self, follower: Follower) -> None:
        if follower.position is None:
            self._hub.drop(follower)
        elif follower.connection.followers.get(follower.stream.name) is follower:
            self._hub.rejoin(follower, follower.rooms)

    # --- what has to be written first --------------------------------------------------------------------------------
    async def _start(
        self, follower: Follower, rooms: frozenset[Room], since: Position | None, *, snapshot: bool
    ) -> Start:
        stream, first_time = follower.stream, follower.position is None
        if first_time and since is not None:
            missed = await self._hub.healing.missed(stream, since)
            if missed is not None:
                return Start(follower, rooms, since, recovered=True, missed=missed)
        taken = await self._hub.snapshots.take(follower, rooms, wanted=snapshot)
        stream.start(taken.epoch, taken.seq)
        if not first_time and stream.ring.last is not None and stream.ring.last < taken.seq:
            await self._hub.healing.heal(stream)  # the rooms held before must hear everything up to the snapshot first
        return Start(follower, rooms, Position(taken.epoch, taken.seq), snapshot=taken if snapshot else None)

    # --- the answer --------------------------------------------------------------------------------------------------
    def _answer(self, connection: Connection, wish: Wish, starts: list[Start], *, asked: bool) -> None:
        """Written without a break, so that nothing comes between: what older rooms still lack, `subscribed`, then
        per stream what was missed or the snapshot, then live."""
        torn = [start.follower for start in starts if not self._finish_older_rooms(start)]
        positions = {
            start.follower.stream.name: {"epoch": start.position.epoch, "seq": start.position.seq} for start in starts
        }
        data = {
            "rooms": sorted(room.name for room in wish.rooms),
            "position": positions,
            "recovered": asked and all(start.recovered for start in starts),
        }
        connection.send("subscribed", data, wish.request_id)
        for start in starts:
            self._go_live(start)
            self._hub.reporter.touch(connection)
            if start.follower in torn or start.position.epoch != start.follower.stream.ring.epoch:
                self._hub.catching_up.renew(start.follower)

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
            follower.write(upto, follower.rooms)
        return lacking is not None

    @staticmethod
    def _go_live(start: Start) -> None:
        follower = start.follower
        follower.write(start.missed, start.rooms, replayed=True)
        if start.snapshot is not None and start.snapshot.message is not None:
            follower.writer.write(start.snapshot.message)
        position = start.missed[-1].seq if start.missed else start.position.seq
        follower.join(follower.rooms | start.rooms, position, start.position.epoch)
        follower.stream.wake()
