"""Snapshots: the current state of some rooms and the position in the stream at which it holds."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from django.db import transaction

from realtime.eventlog.store import create_stream
from realtime.hub.fanout.incoming import IncomingStream
from realtime.hub.fanout.rendering import Batch
from realtime.hub.fanout.subscriptions import Subscription
from realtime.hub.shared_reads import SingleFlight
from realtime.hub.tenants.threads import in_tenant_thread
from realtime.models import Stream
from realtime.protocol.channel_spec import ChannelSpec, SnapshotItems
from realtime.protocol.messages import RESYNC, SNAPSHOT, Resync, SnapshotData, encode_payload, envelope, now
from realtime.protocol.redaction import Redaction
from realtime.protocol.rooms import Room, RoomFilter

SHARED_SECONDS = 1.0  # a snapshot serves equal requests for so long: the ring has the events since
SHARED_EVENTS = 100
MAX_SHARED_BYTES = 32 * 1024 * 1024  # of all snapshots that are kept to be shared
MAX_PART_BYTES = 240 * 1024  # a message of ours stays below 256 KB: clients with default limits close above a megabyte

Key = tuple[str, frozenset[Room], Redaction, bool]


@dataclass(frozen=True, slots=True)
class Snapshot:
    epoch: str
    seq: int
    message: Batch | None
    """The rendered `<channel>:snapshot`, in parts; None where the channel has no snapshot or none was wanted."""

    @property
    def size(self) -> int:
        return 0 if self.message is None else sum(map(len, self.message.texts))


def read_snapshot(stream: str, items: SnapshotItems | None, rooms: RoomFilter, redaction: Redaction) -> Snapshot:
    """Read head and state in one snapshot transaction: the state lacks exactly the events above the head."""
    room = Room.parse(stream)
    while True:
        with transaction.atomic(using="snapshot"):
            row = Stream.objects.using("snapshot").filter(name=stream).values_list("epoch", "head").first()
            if row is not None:
                found = None if items is None else items(room.organization, rooms, redaction)
                break
        create_stream(stream, room.organization, room.channel)
    epoch, head = row
    if found is None:
        return Snapshot(epoch, head, None)
    event, ts = f"{room.channel}:{SNAPSHOT}", now()
    texts = [
        envelope(event, encode_payload(part), stream=stream, epoch=epoch, seq=head if part.complete else 0, ts=ts)
        for part in in_parts(sorted(each.name for each in rooms.rooms), found)
    ]
    message = Batch(head, texts)
    assert message.deflated  # made here, in the thread of the reader: it may be large
    return Snapshot(epoch, head, message)


def in_parts(rooms: Sequence[str], items: Sequence[msgspec.Raw]) -> list[SnapshotData]:
    """Divide a snapshot into messages of at most MAX_PART_BYTES, rooms first; the last one is `complete`."""
    parts: list[tuple[list[str], list[msgspec.Raw]]] = [([], [])]
    size = 0

    def make_room(text: str | msgspec.Raw) -> None:
        nonlocal size
        size += len(text) + 3
        if size > MAX_PART_BYTES and any(parts[-1]):
            parts.append(([], []))
            size = len(text) + 3

    for name in rooms:
        make_room(name)
        parts[-1][0].append(name)
    for item in items:
        make_room(item)
        parts[-1][1].append(item)
    return [SnapshotData(rooms=part[0], items=part[1], complete=part is parts[-1]) for part in parts]


def resync_message(stream: str, at: Snapshot) -> Batch:
    """Return `<channel>:resync`, which tells a client that it missed events where the channel has no snapshot."""
    room = Room.parse(stream)
    data = encode_payload(Resync(organization_id=room.organization, reason="Events were missed; refetch."))
    return Batch(
        at.seq, [envelope(f"{room.channel}:{RESYNC}", data, stream=stream, epoch=at.epoch, seq=at.seq, ts=now())]
    )


class Snapshots:
    """Shares one read among all equal requests at about the same time."""

    def __init__(self, channels: Mapping[str, ChannelSpec]) -> None:
        self._channels = channels
        self._flights = SingleFlight()
        self._recent: dict[Key, tuple[float, Snapshot]] = {}

    async def take(self, subscription: Subscription, rooms: frozenset[Room], *, wanted: bool) -> Snapshot:
        """Return a snapshot that is not older than the subscription. Raises DatabaseError."""
        stream = subscription.stream
        key = (stream.name, rooms, subscription.redaction, wanted)
        taken = self._shared(key, stream)
        if taken is None:
            taken = await self._flights.do(key, lambda: self._read(key))
        if subscription.position is not None and taken.epoch == stream.ring.epoch and taken.seq < subscription.position:
            taken = await self._read(key)
        return taken

    def _shared(self, key: Key, stream: IncomingStream) -> Snapshot | None:
        if key not in self._recent:
            return None
        taken_at, taken = self._recent[key]
        if asyncio.get_running_loop().time() - taken_at > SHARED_SECONDS or taken.epoch != stream.ring.epoch:
            return None
        since = stream.ring.after(taken.seq)
        return taken if since is not None and len(since) <= SHARED_EVENTS else None

    async def _read(self, key: Key) -> Snapshot:
        name, rooms, redaction, wanted = key
        room = Room.parse(name)
        items = self._channels[room.channel].snapshot if wanted else None
        taken = await in_tenant_thread(room.organization, read_snapshot, name, items, RoomFilter(rooms), redaction)
        self._recent[key] = (asyncio.get_running_loop().time(), taken)
        while len(self._recent) > 1 and sum(kept.size for _, kept in self._recent.values()) > MAX_SHARED_BYTES:
            del self._recent[next(iter(self._recent))]
        return taken

    def forget(self) -> None:
        """Drop snapshots that are too old to be shared."""
        oldest = asyncio.get_running_loop().time() - SHARED_SECONDS
        self._recent = {key: kept for key, kept in self._recent.items() if kept[0] >= oldest}
