"""The current state of some rooms and the place in the stream at which it is true."""

from dataclasses import dataclass

import msgspec
from django.db import transaction

from realtime.channels import SnapshotItems
from realtime.log import create_stream
from realtime.models import Stream
from realtime.protocol import Resync, encode_payload, envelope, now
from realtime.rendering import Batch
from realtime.rooms import Room, RoomFilter


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
