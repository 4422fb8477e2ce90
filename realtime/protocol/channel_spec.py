"""The shape of the channels table: all that the transport needs from a domain. The table is intraday/channels.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import msgspec

from intraday.org.access import Grant, Principal
from intraday.org.names import Names
from realtime.protocol.messages import Payload
from realtime.protocol.redaction import Redaction, Redactions
from realtime.protocol.rooms import RoomFilter


class Conflation(Enum):
    """The rule by which events of one name replace one another for a client that fell behind."""

    LATEST_PER_SCOPE = "scope"  # the newest per scope replaces the earlier ones
    NONE = "none"  # every event counts


SnapshotItems = Callable[[str, RoomFilter, Redaction], Sequence[msgspec.Raw]]
"""(organization id, rooms, redaction) -> the current payload of every scope that the rooms hear.

Called inside a snapshot transaction on the database alias `snapshot`."""


@dataclass(frozen=True)
class ChannelSpec:
    events: Mapping[type[Payload], Conflation]
    grant: str
    snapshot: SnapshotItems | None = None
    whole_from: Names = Names.FULL
    """The level of names from which a caller gets the events whole: NONE where there are no people in them."""

    @cached_property
    def redactions(self) -> Redactions:
        shown = {each.event: each.on_walls for each in self.events if each.on_walls is not None}
        return Redactions(self.whole_from, shown)

    def is_granted(self, principal: Principal) -> bool:
        """Return whether the caller may listen: wall boards may where the channel has something to show there."""
        on_walls = bool(self.redactions.on_walls) and principal.may(Grant.WATCH)
        return on_walls or principal.may(self.grant)
