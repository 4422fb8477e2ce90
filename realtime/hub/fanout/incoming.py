"""The incoming side of a stream: records from the layer or the log enter its ring in order, without a gap."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping

from realtime.eventlog.records import Record
from realtime.hub.fanout.delta import Patches
from realtime.hub.fanout.rendering import heard
from realtime.hub.fanout.ring import Ring
from realtime.protocol.redaction import Redaction, Redactions
from realtime.protocol.rooms import RoomFilter

MAX_EARLY = 1_000  # commits that wait for what is before them; beyond, the log is read
MAX_ON_WALLS = 100  # texts of wall boards kept per stream: all walls ask for one at about the same time
CUSTOM = "custom"
WITHOUT_WALLS = Redactions()


class IncomingStream(ABC):
    def __init__(
        self, name: str, conflatable: frozenset[str] = frozenset(), redactions: Redactions = WITHOUT_WALLS
    ) -> None:
        self.name = name
        self.redactions = redactions
        self.conflatable = conflatable  # names of events of which the newest per scope replaces the earlier ones
        self.ring = Ring()
        self.patches = Patches(self.ring, conflatable)
        self._on_walls: dict[bytes, bytes] = {}
        self.deliveries: Counter[str] = Counter()
        self.renders = 0
        self.known_head = 0  # the head named by a layer message without bodies
        self._early: dict[int, list[Record]] = {}
        self._custom = name.startswith(f"{CUSTOM}:")

    @abstractmethod
    def wake(self) -> None:
        """Write what is new: records arrived, or a subscription joined."""

    # --- what a caller gets of it ------------------------------------------------------------------------------------
    def heard(self, records: Iterable[Record], rooms: RoomFilter, redaction: Redaction) -> list[Record]:
        """Return the records that these rooms hear and that are shown with this redaction."""
        found = heard(records, rooms)
        return found if redaction is not Redaction.PEOPLE else [each for each in found if self.shows(each, redaction)]

    def shows(self, record: Record, redaction: Redaction) -> bool:
        return redaction is not Redaction.PEOPLE or self.redactions.is_on_walls(record.event)

    def text(self, record: Record, redaction: Redaction) -> bytes:
        """Return the wire text of a record. That of wall boards is made here, once for all of them."""
        if redaction is not Redaction.PEOPLE:
            return record.text(names=redaction is Redaction.NOTHING)
        made = self._on_walls.get(record.redacted)
        if made is None:
            if len(self._on_walls) >= MAX_ON_WALLS:
                self._on_walls.clear()
            made = self._on_walls[record.redacted] = self.redactions.on_wall(record.event, record.redacted)
        return made

    def patch(self, record: Record, redaction: Redaction, *, after: int) -> bytes:
        """Return the text as a patch of an event after `after`, or whole where there is none or it is longer."""
        return self.patches.text(record, redaction, self.text, after=after)

    # --- records -----------------------------------------------------------------------------------------------------
    def start(self, epoch: str, head: int) -> None:
        """Begin at this head, unless begun; take what arrived while the head was read."""
        if self.ring.last is None:
            self.ring.restart(epoch, head)
            self._take_early()

    def count(self, names: Mapping[str, int], times: int = 1) -> None:
        """Count events written to clients, by name. Customers invent names without end: those count together."""
        for name, count in names.items():
            self.deliveries[CUSTOM if self._custom else name] += count * times

    def offer(self, records: list[Record]) -> bool:
        """Take contiguous records, keep early ones; return False while a gap is open."""
        if len(self._early) >= MAX_EARLY:
            self._early.clear()
        self._early[records[0].seq] = records
        if self.ring.last is not None:
            self._take_early()
        return not self.gap

    @property
    def gap(self) -> bool:
        return self.ring.last is not None and bool(self._early)

    def _take_early(self) -> None:
        assert self.ring.last is not None
        for first in sorted(self._early):
            if first > self.ring.last + 1:
                break
            records = self._early.pop(first)
            if fresh := records[max(0, self.ring.last + 1 - first) :]:
                self.ring.extend(fresh)
        self.wake()

    def extend(self, records: list[Record]) -> None:
        """Add records read from the log after an earlier `ring.last`; the layer may have brought some meanwhile."""
        last = self.ring.last
        assert last is not None
        if fresh := [record for record in records if record.seq > last]:
            self.ring.extend(fresh)
        self._take_early()

    def restart(self, epoch: str, head: int) -> None:
        """Begin anew at this head: every subscription needs a snapshot."""
        self.ring.restart(epoch, head)
        self.known_head = head
        self._early.clear()
