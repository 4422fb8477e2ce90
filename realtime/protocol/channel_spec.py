"""The shape of the channels table: all that the transport needs from a domain. The table is intraday/channels.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import msgspec

from realtime.protocol.messages import Payload
from realtime.protocol.rooms import RoomFilter


class Conflation(Enum):
    """The rule by which events of one name replace one another for a client that fell behind."""

    LATEST_PER_SCOPE = "scope"  # the newest per scope replaces the earlier ones
    NONE = "none"  # every event counts


SnapshotItems = Callable[[str, RoomFilter, bool], Sequence[msgspec.Raw]]
"""(organization id, rooms, names allowed) -> the current payload of every scope that the rooms hear.

Called inside a snapshot transaction on the database alias `snapshot`."""


@dataclass(frozen=True)
class ChannelSpec:
    events: Mapping[type[Payload], Conflation]
    grant: str
    snapshot: SnapshotItems | None = None
