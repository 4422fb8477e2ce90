"""The incoming side of a stream: records from the layer or the log enter its ring in order, without a gap."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping

from realtime.eventlog.records import Record
from realtime.hub.fanout.delta import Patches
from realtime.hub.fanout.ring import Ring

MAX_EARLY = 1_000  # commits that wait for what is before them; beyond, the log is read
CUSTOM = "custom"


class IncomingStream(ABC):
    def __init__(self, name: str, conflatable: frozenset[str] = frozenset()) -> None:
        self.name = name
        self.conflatable = conflatable  # names of events of which the newest per scope replaces the earlier ones
        self.ring = Ring()
        self.patches = Patches(self.ring, conflatable)
        self.deliveries: Counter[str] = Counter()
        self.renders = 0
        self.known_head = 0  # the head named by a layer message without bodies
        self._early: dict[int, list[Record]] = {}
        self._custom = name.startswith(f"{CUSTOM}:")

    @abstractmethod
    def wake(self) -> None:
        """Write what is new: records arrived, or a subscription joined."""

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
