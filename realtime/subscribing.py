"""Where a subscription begins: with what was missed, whole, or with a snapshot."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import DatabaseError

from realtime.connections import Connection
from realtime.live import Follower, LiveStream
from realtime.log import Record
from realtime.protocol import Position
from realtime.reads import SingleFlight, in_thread
from realtime.rights import RefusedError
from realtime.rooms import Room, RoomFilter
from realtime.snapshots import Snapshot, read_snapshot

if TYPE_CHECKING:
    from realtime.hub import Hub

MAX_REPLAY_EVENTS = 1_000
MAX_REPLAY_BYTES = 1024 * 1024


@dataclass
class Start:
    """Where one stream of a subscription begins, and what must be written before live events."""

    follower: Follower
    rooms: frozenset[Room]
    position: Position
    recovered: bool = False
    missed: list[Record] = field(default_factory=list)
    snapshot: Snapshot | None = None


class Subscribing:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._flights = SingleFlight()

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
        followers = {name: self._hub.follow(connection, name) for name in sorted(by_stream)}
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
            missed = await self.missed(stream, since)
            if missed is not None:
                return Start(follower, rooms, since, recovered=True, missed=missed)
        taken = await self.snapshot(follower, rooms, wanted=snapshot)
        stream.start(taken.epoch, taken.seq)
        if not first_time and stream.ring.last is not None and stream.ring.last < taken.seq:
            await self._hub.healing.heal(stream)  # the rooms held before must hear everything up to the snapshot first
        return Start(follower, rooms, Position(taken.epoch, taken.seq), snapshot=taken if snapshot else None)

    async def missed(self, stream: LiveStream, since: Position) -> list[Record] | None:
        """Everything after `since`, from the ring or else the log; None where that cannot be had whole."""
        ring = stream.ring
        if ring.last is not None and ring.epoch == since.epoch and since.seq <= ring.last:
            recent = ring.after(since.seq)
            if recent is not None:
                few = len(recent) <= MAX_REPLAY_EVENTS and sum(len(r.full) for r in recent) <= MAX_REPLAY_BYTES
                return recent if few else None
        page = await self._hub.healing.page(stream, since.seq, MAX_REPLAY_EVENTS, MAX_REPLAY_BYTES)
        if page is None or page.epoch != since.epoch or since.seq > page.head or not page.complete:
            return None
        stream.start(page.epoch, page.head)
        return page.records

    async def snapshot(self, follower: Follower, rooms: frozenset[Room], *, wanted: bool) -> Snapshot:
        """Shared with whoever asks for the same now; read again if the shared one is older than the follower."""
        stream, names = follower.stream, follower.connection.names
        items = self._hub.channels[next(iter(rooms)).channel].snapshot if wanted else None

        async def read() -> Snapshot:
            return await in_thread(read_snapshot, stream.name, items, RoomFilter(rooms), names)

        taken = await self._flights.do((stream.name, rooms, names, wanted), read)
        if follower.position is not None and taken.epoch == stream.ring.epoch and taken.seq < follower.position:
            taken = await read()
        return taken

    # --- the answer --------------------------------------------------------------------------------------------------
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
            follower.write(upto, follower.rooms, replayed=False)
        return lacking is not None

    @staticmethod
    def _go_live(start: Start) -> None:
        follower = start.follower
        follower.write(start.missed, start.rooms, replayed=True)
        if start.snapshot is not None and start.snapshot.text is not None:
            follower.writer.send(start.snapshot.text)
        position = start.missed[-1].seq if start.missed else start.position.seq
        follower.join(follower.rooms | start.rooms, position, start.position.epoch)
        follower.stream.wake()
