"""Who listens to a stream: each connection's place in it, and audiences of those that get the same bytes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.eventlog.store import Record
from realtime.hub.fanout.rendering import Batch, bundled, conflated, cut, heard, render
from realtime.protocol.rooms import Room, RoomFilter

if TYPE_CHECKING:
    from realtime.hub.fanout.connections import Connection
    from realtime.hub.fanout.stream import LiveStream

MAX_RENDERED = 16  # batches kept per audience: most followers stand at the same few positions
MAX_UNACKNOWLEDGED = 1_000  # per follower; beyond, the oldest are given up
RESEND_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Options:
    """How a connection wants the events of a stream."""

    delta: bool = False
    batch_ms: int = 0


@dataclass(slots=True)
class Unacknowledged:
    """An event that was sent and asks for a receipt."""

    due: float  # when to send it again, on the loop's clock
    resent: int = 0


class Follower:
    """A connection's place in a stream. `audience` is None while it is held back (subscribing, catching up)."""

    __slots__ = (
        *("audience", "connection", "cursor", "epoch", "options", "position", "rooms", "stream"),
        *("_holds", "unacknowledged", "writer"),
    )

    def __init__(self, connection: "Connection", stream: "LiveStream") -> None:
        self.connection = connection
        self.writer = connection.writer
        self.stream = stream
        self.rooms: frozenset[Room] = frozenset()
        self.options = Options()
        self.position: int | None = None
        self.epoch = ""
        self.audience: Audience | None = None
        self.cursor: int | None = None  # the row of its durable cursor
        self.unacknowledged: dict[int, Unacknowledged] = {}
        self._holds = 0

    def take_hold(self) -> int:
        """Hold it back for whoever asks last; `still` tells an earlier one that its work is no longer wanted."""
        self.hold()
        self._holds += 1
        return self._holds

    def still(self, hold: int) -> bool:
        return self._holds == hold and self.audience is None and not self.connection.closed

    def hold(self) -> None:
        if self.audience is not None:
            self.audience.leave(self)

    @property
    def outdated(self) -> bool:
        """Its position is one of an epoch that has ended, and means nothing."""
        return self.position is not None and self.epoch != self.stream.ring.epoch

    def join(self, rooms: frozenset[Room], position: int, epoch: str) -> None:
        self.hold()
        if epoch != self.epoch:
            self.unacknowledged.clear()
        self.rooms, self.position, self.epoch = rooms, position, epoch
        self.stream.audience(rooms, names=self.connection.names, options=self.options).join(self)

    def write(
        self, records: list[Record], rooms: frozenset[Room], *, replayed: bool = False, reduced: bool = False
    ) -> None:
        """Beside the flush: what was missed before it joins; `reduced` to what no later event replaces."""
        rooms_filter = RoomFilter(rooms)
        names, stream = self.connection.names, self.stream
        while records:
            if reduced:
                due, upto = heard(records, rooms_filter), records[-1].seq
                batch = conflated(
                    due, upto, lambda record: record.text(names=names), keyed=stream.keyed, stream=stream.name
                )
            else:
                batch = render(records, rooms_filter, names=names, replayed=replayed)
            if batch.texts:
                self.take(batch)
                stream.deliveries.update(batch.names)
            records = [record for record in records if record.seq > batch.upto]

    def take(self, batch: Batch) -> None:
        self.writer.write(batch)
        if batch.acks:
            self.expect(batch.acks)

    def expect(self, seqs: list[int]) -> None:
        """These ask for a receipt."""
        due = self.stream.now() + RESEND_SECONDS
        for seq in seqs:
            self.unacknowledged.setdefault(seq, Unacknowledged(due))
        for seq in list(self.unacknowledged)[:-MAX_UNACKNOWLEDGED]:
            del self.unacknowledged[seq]
        self.stream.awaiting[self] = None

    def acknowledge(self, seq: int) -> None:
        for each in [each for each in self.unacknowledged if each <= seq]:
            del self.unacknowledged[each]


class Audience:
    """Connections with the same rooms, rights and options: the same position means the same bytes, rendered once."""

    def __init__(self, stream: "LiveStream", rooms: frozenset[Room], *, names: bool, options: Options) -> None:
        self.stream = stream
        self.filter = RoomFilter(rooms)
        self.names = names
        self.options = options
        self.members: dict[Follower, None] = {}
        self.armed = False  # its interval is running (batch_ms)
        self._certain_after = -1  # every member got every event after it: such an event may be the base of a patch
        self._batches: dict[tuple[int, bool], Batch] = {}
        self._rendered_for: int | None = None

    @property
    def key(self) -> tuple[frozenset[Room], bool, Options]:
        return self.filter.rooms, self.names, self.options

    def join(self, follower: Follower) -> None:
        follower.audience = self
        self.members[follower] = None
        assert follower.position is not None
        self.doubt(follower.position)

    def leave(self, follower: Follower) -> None:
        follower.audience = None
        del self.members[follower]
        if not self.members:
            self.stream.forget(self)

    def doubt(self, upto: int) -> None:
        """Some member may lack an event up to here: what changes it is sent whole, to all of them."""
        if self.options.delta and upto > self._certain_after:
            self._certain_after = upto
            self._batches.clear()

    def batch(self, position: int, *, far_behind: bool = False) -> Batch | None:
        ring = self.stream.ring
        if self._rendered_for != ring.last or len(self._batches) >= MAX_RENDERED:
            self._batches.clear()
            self._rendered_for = ring.last
        found = self._batches.get((position, far_behind))
        if found is None:
            records = ring.after(position)
            if records is None:
                return None
            found = self._render(records, far_behind=far_behind)
            self._batches[position, far_behind] = found
            self.stream.renders += 1
        return found

    def _render(self, records: list[Record], *, far_behind: bool) -> Batch:
        due, upto = heard(records, self.filter), records[-1].seq
        keyed, stream = self.stream.keyed, self.stream.name
        if self.options.batch_ms:
            return bundled(due, upto, self._whole, keyed=keyed, stream=stream)
        if far_behind:
            batch = conflated(due, upto, self._whole, keyed=keyed, stream=stream)
            self.doubt(batch.upto)
            return batch
        return cut(due, upto, self._patch if self.options.delta else self._whole)

    def _whole(self, record: Record) -> bytes:
        return record.text(names=self.names)

    def _patch(self, record: Record) -> bytes:
        return self.stream.patches.text(record, names=self.names, after=self._certain_after)
