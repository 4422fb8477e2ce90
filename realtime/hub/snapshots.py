"""The current state of some rooms and the place in the stream at which it is true."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from django.db import transaction

from realtime.eventlog.store import create_stream
from realtime.hub.fanout.rendering import Batch
from realtime.hub.fanout.stream import LiveStream
from realtime.hub.fanout.subscriptions import Follower
from realtime.hub.shared_reads import SingleFlight, in_thread
from realtime.models import Stream
from realtime.protocol.channel_spec import Channel, SnapshotItems
from realtime.protocol.messages import Resync, encode_payload, envelope, now
from realtime.protocol.rooms import Room, RoomFilter

SHARED_SECONDS = 1.0  # one serves whoever asks for the same so soon after: the ring has what came since
SHARED_EVENTS = 100

Key = tuple[str, frozenset[Room], bool, bool]


@dataclass(frozen=True, slots=True)
class Snapshot:
    epoch: str
    seq: int
    message: Batch | None
    """The ready `<channel>:snapshot` message; None where the channel has no snapshot or none was wanted."""


def read_snapshot(stream: str, items: SnapshotItems | None, rooms: RoomFilter, names: bool) -> Snapshot:
    """Head and state in one snapshot transaction: events above the head are exactly what the state lacks."""
    room = Room.parse(stream)
    while True:
        with transaction.atomic(using="snapshot"):
            row = Stream.objects.using("snapshot").filter(name=stream).values_list("epoch", "head").first()
            if row is not None:
                found = None if items is None else items(room.organization, rooms, names)
                break
        create_stream(stream, room.organization, room.channel)
    epoch, head = row
    if found is None:
        return Snapshot(epoch, head, None)
    data = msgspec.json.encode({"rooms": sorted(each.name for each in rooms.rooms), "items": found})
    event = f"{room.channel}:snapshot"
    message = Batch(head, [envelope(event, data, stream=stream, epoch=epoch, seq=head, ts=now())])
    assert message.deflated  # made here, in the thread of the reader: it may be large
    return Snapshot(epoch, head, message)


def resync(stream: str, at: Snapshot) -> Batch:
    """What stands for missed events where the channel has no snapshot: the client learns that it missed some."""
    room = Room.parse(stream)
    data = encode_payload(Resync(organization_id=room.organization, reason="Events were missed; refetch."))
    return Batch(
        at.seq, [envelope(f"{room.channel}:resync", data, stream=stream, epoch=at.epoch, seq=at.seq, ts=now())]
    )


class Snapshots:
    """One read for all who ask for the same at about the same time."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels
        self._flights = SingleFlight()
        self._recent: dict[Key, tuple[float, Snapshot]] = {}

    async def take(self, follower: Follower, rooms: frozenset[Room], *, wanted: bool) -> Snapshot:
        """Read again if the shared one is older than the follower. Raises DatabaseError."""
        stream = follower.stream
        key = (stream.name, rooms, follower.connection.names, wanted)
        taken = self._shared(key, stream)
        if taken is None:
            taken = await self._flights.do(key, lambda: self._read(key))
        if follower.position is not None and taken.epoch == stream.ring.epoch and taken.seq < follower.position:
            taken = await self._read(key)
        return taken

    def _shared(self, key: Key, stream: LiveStream) -> Snapshot | None:
        if key not in self._recent:
            return None
        taken_at, taken = self._recent[key]
        if stream.now() - taken_at > SHARED_SECONDS or taken.epoch != stream.ring.epoch:
            return None
        since = stream.ring.after(taken.seq)
        return taken if since is not None and len(since) <= SHARED_EVENTS else None

    async def _read(self, key: Key) -> Snapshot:
        name, rooms, names, wanted = key
        items = self._channels[Room.parse(name).channel].snapshot if wanted else None
        taken = await in_thread(read_snapshot, name, items, RoomFilter(rooms), names)
        self._recent[key] = (asyncio.get_running_loop().time(), taken)
        return taken

    def forget(self) -> None:
        """Once a second: those that serve nobody any more."""
        oldest = asyncio.get_running_loop().time() - SHARED_SECONDS
        self._recent = {key: kept for key, kept in self._recent.items() if kept[0] >= oldest}
