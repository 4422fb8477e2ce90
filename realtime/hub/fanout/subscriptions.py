"""Subscriptions, the positions of connections in a stream, and audiences: subscriptions that get the same bytes."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from intraday.org.names import Names
from realtime.eventlog.records import Record
from realtime.hub.fanout.incoming import IncomingStream
from realtime.hub.fanout.rendering import Batch, bundled, conflated, cut
from realtime.hub.fanout.writer import Writer
from realtime.protocol.messages import flagged_replayed
from realtime.protocol.redaction import Redaction
from realtime.protocol.rooms import Room, RoomFilter

MAX_RENDERED = 16  # batches kept per audience: most subscriptions stand at the same few positions
MAX_UNACKNOWLEDGED = 1_000  # per subscription; beyond, the oldest are given up
RESEND_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Options:
    """The form in which a connection wants the events of a stream."""

    delta: bool = False
    batch_ms: int = 0


@dataclass(slots=True)
class Unacknowledged:
    """An event that was sent and asks for a receipt."""

    due: float  # when to send it again, on the loop's clock
    resent: int = 0


class Recipient(Protocol):
    """A connection, as far as its subscriptions use it."""

    id: str
    writer: Writer
    closed: bool
    subscriptions: dict[str, "Subscription"]

    @property
    def names(self) -> Names:
        """Return the names of people that the caller may see."""


class SubscribedStream(IncomingStream):
    """A stream, as far as its subscriptions and audiences use it."""

    subscriber_count: int
    idle_since: float | None
    awaiting: dict["Subscription", None]
    """The subscriptions with unacknowledged events."""

    @staticmethod
    @abstractmethod
    def now() -> float:
        """Return the time on the loop's clock."""

    @abstractmethod
    def audience(self, rooms: frozenset[Room], *, redaction: Redaction, options: Options) -> "Audience": ...

    @abstractmethod
    def forget(self, audience: "Audience") -> None:
        """Drop an audience without members."""

    @abstractmethod
    def pull(self, subscription: "Subscription") -> bool:
        """Write one step to a subscription whose connection is ready; return False if there is none."""


class Subscription:
    """The position of a connection in a stream. `audience` is None while it is paused (subscribing, catching up)."""

    __slots__ = (
        *("audience", "connection", "cursor", "epoch", "options", "position", "rooms", "stream"),
        *("_pauses", "unacknowledged", "writer"),
    )

    def __init__(self, connection: Recipient, stream: SubscribedStream) -> None:
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
        self._pauses = 0

    def pause(self) -> int:
        """Pause delivery; return a token that later work checks with `is_paused`: only the newest one counts."""
        self._leave_audience()
        self._pauses += 1
        return self._pauses

    def is_paused(self, token: int) -> bool:
        """Return whether work begun under this pause token is still wanted."""
        return self._pauses == token and self.audience is None and not self.connection.closed

    @property
    def redaction(self) -> Redaction:
        return self.stream.redactions.of(self.connection.names)

    def _leave_audience(self) -> None:
        if self.audience is not None:
            self.audience.leave(self)

    @property
    def outdated(self) -> bool:
        """True where the position belongs to an epoch that has ended, and means nothing."""
        return self.position is not None and self.epoch != self.stream.ring.epoch

    def join(self, rooms: frozenset[Room], position: int, epoch: str) -> None:
        """Resume delivery of these rooms after this position."""
        self._leave_audience()
        if epoch != self.epoch:
            self.unacknowledged.clear()
        self.rooms, self.position, self.epoch = rooms, position, epoch
        self.stream.audience(rooms, redaction=self.redaction, options=self.options).join(self)

    def write(
        self, records: list[Record], rooms: frozenset[Room], *, replayed: bool = False, reduced: bool = False
    ) -> None:
        """Write missed events before joining, outside the flush; `reduced` leaves out those a later one replaces."""
        rooms_filter, redaction, stream = RoomFilter(rooms), self.redaction, self.stream

        def spell(record: Record) -> bytes:
            text = stream.text(record, redaction)
            return flagged_replayed(text) if replayed else text

        while records:
            due, upto = stream.heard(records, rooms_filter, redaction), records[-1].seq
            if reduced:
                batch = conflated(due, upto, spell, conflatable=stream.conflatable, stream=stream.name)
            else:
                batch = cut(due, upto, spell)
            if batch.texts:
                self.take(batch)
                stream.count(batch.names)
            records = [record for record in records if record.seq > batch.upto]

    def take(self, batch: Batch) -> None:
        self.writer.write(batch)
        if batch.acks:
            self.expect_receipts(batch.acks)

    def expect_receipts(self, seqs: list[int]) -> None:
        """Remember events to send again until the client acknowledges them."""
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
    """Subscriptions with the same rooms, rights and options: the same position means the same bytes, rendered once."""

    def __init__(
        self, stream: SubscribedStream, rooms: frozenset[Room], *, redaction: Redaction, options: Options
    ) -> None:
        self.stream = stream
        self.filter = RoomFilter(rooms)
        self.redaction = redaction
        self.options = options
        self.members: dict[Subscription, None] = {}
        self.armed = False  # its interval is running (batch_ms)
        self._certain_after = -1  # every member got every event after it: such an event may be the base of a patch
        self._batches: dict[tuple[int, bool], Batch] = {}
        self._rendered_for: int | None = None

    @property
    def key(self) -> tuple[frozenset[Room], Redaction, Options]:
        return self.filter.rooms, self.redaction, self.options

    def join(self, subscription: Subscription) -> None:
        subscription.audience = self
        self.members[subscription] = None
        assert subscription.position is not None
        self.doubt(subscription.position)

    def leave(self, subscription: Subscription) -> None:
        subscription.audience = None
        del self.members[subscription]
        if not self.members:
            self.stream.forget(self)

    def doubt(self, upto: int) -> None:
        """Send changes to events up to here whole to all members, because one of them may lack such an event."""
        if self.options.delta and upto > self._certain_after:
            self._certain_after = upto
            self._batches.clear()

    def batch(self, position: int, *, far_behind: bool = False) -> Batch | None:
        """Return the step that follows this position; None where the ring does not reach back to it."""
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
        due, upto = self.stream.heard(records, self.filter, self.redaction), records[-1].seq
        conflatable, stream = self.stream.conflatable, self.stream.name
        if self.options.batch_ms:
            return bundled(due, upto, self._whole, conflatable=conflatable, stream=stream)
        if far_behind:
            batch = conflated(due, upto, self._whole, conflatable=conflatable, stream=stream)
            self.doubt(batch.upto)
            return batch
        return cut(due, upto, self._patch if self.options.delta else self._whole)

    def _whole(self, record: Record) -> bytes:
        return self.stream.text(record, self.redaction)

    def _patch(self, record: Record) -> bytes:
        return self.stream.patch(record, self.redaction, after=self._certain_after)
