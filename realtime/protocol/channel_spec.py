"""What the transport must ask a domain about its channel; the table itself is intraday/channels.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import msgspec

from realtime.protocol.messages import Payload
from realtime.protocol.rooms import RoomFilter


class Keyed(Enum):
    """Which events of a name replace one another for a client that fell behind."""

    BY_SCOPE = "scope"  # the newest per scope says it all
    NOT = "none"  # each counts


SnapshotItems = Callable[[str, RoomFilter, bool], Sequence[msgspec.Raw]]
"""(organization id, rooms, names allowed) -> the current payload of every scope that the rooms hear.

Called inside a snapshot transaction on the database alias `snapshot`."""


@dataclass(frozen=True)
class Channel:
    events: Mapping[type[Payload], Keyed]
    grant: str
    snapshot: SnapshotItems | None = None
