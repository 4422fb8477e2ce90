"""The event log: append in the writer's transaction, read by position, purge from the tail."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from realtime.models import Segment, Stream, new_epoch
from realtime.protocol import messages
from realtime.protocol.rooms import stream_name

RETENTION = {
    "kpi": timedelta(hours=2),
    "backlog": timedelta(hours=24),
    "attendance": timedelta(hours=24),
    "alerts": timedelta(days=30),
    "system": timedelta(days=30),
    "custom": timedelta(hours=24),
}
# Between "may be gone" and "is gone": a reader that saw the old tail has finished its page by then.
GRACE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has a seq. `redacted` is set where personal fields make a second body necessary."""

    event: str
    department: str
    queue: str
    full: bytes
    redacted: bytes | None = None
    requires_ack: bool = False


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    event: str
    department: str
    queue: str
    size: int
    redacted_size: int = 0
    requires_ack: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """An event of the log: its wire text, and a second one without personal fields where it has any."""

    seq: int
    event: str
    department: str
    queue: str
    full: bytes
    redacted: bytes
    requires_ack: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """Events with the same one replace one another, where their name says so."""
        return self.event, self.department, self.queue

    def text(self, *, names: bool) -> bytes:
        return self.full if names else self.redacted


@dataclass(frozen=True, slots=True)
class Appended:
    """What one commit added to one stream; the same fields travel through the channel layer."""

    stream: str
    epoch: str
    first: int
    last: int
    index: bytes
    body: bytes

    def records(self) -> list[Record]:
        return list(_records(self.first, self.index, self.body))


class _Place(NamedTuple):
    stream: str
    epoch: str
    seq: int
    ts: str


_index_encoder = msgspec.json.Encoder()
_index_decoder = msgspec.json.Decoder(list[_Entry])


def append(*, organization_id: str, channel: str, drafts: Sequence[Draft]) -> Appended:
    """Give the drafts the next seqs of their stream and store them as one segment.

    The stream's row stays locked until commit, which makes the order of seq the order of commits.
    """
    stream = stream_name(channel, organization_id)
    epoch, head = _advance(stream, organization_id, channel, len(drafts))
    now = timezone.now()  # under the lock, so that time does not go back in a stream
    ts = messages.spell(now)
    entries, bodies = [], []
    for seq, draft in enumerate(drafts, head - len(drafts) + 1):
        place = _Place(stream, epoch, seq, ts)
        full = _spelled(draft, draft.full, place)
        redacted = b"" if draft.redacted is None else _spelled(draft, draft.redacted, place)
        bodies += [full, redacted]
        entries.append(_Entry(draft.event, draft.department, draft.queue, len(full), len(redacted), draft.requires_ack))
    appended = Appended(stream, epoch, head - len(drafts) + 1, head, _index_encoder.encode(entries), b"".join(bodies))
    Segment.objects.create(
        stream_id=stream,
        first_seq=appended.first,
        last_seq=appended.last,
        committed_at=now,
        index=appended.index,
        body=appended.body,
    )
    return appended


def _spelled(draft: Draft, data: bytes, place: _Place) -> bytes:
    return messages.envelope(draft.event, data, **place._asdict(), requires_ack=draft.requires_ack)


def _advance(stream: str, organization_id: str, channel: str, count: int) -> tuple[str, int]:
    """Move the head; RETURNING makes it one statement. A stream is made by its first event or first listener."""
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE realtime_stream SET head = head + %s WHERE name = %s RETURNING epoch, head", [count, stream]
            )
            if row := cursor.fetchone():
                return row[0], row[1]
        create_stream(stream, organization_id, channel)
    raise AssertionError(f"stream {stream} is missing although it was just made")


def create_stream(stream: str, organization_id: str, channel: str) -> None:
    missing = Stream(name=stream, organization_id=organization_id, channel=channel)
    Stream.objects.bulk_create([missing], ignore_conflicts=True)


def _records(first: int, index: bytes, body: bytes) -> Iterator[Record]:
    start = 0
    for seq, entry in enumerate(_index_decoder.decode(index), first):
        full = body[start : start + entry.size]
        start += entry.size
        redacted = body[start : start + entry.redacted_size] if entry.redacted_size else full
        start += entry.redacted_size
        yield Record(seq, entry.event, entry.department, entry.queue, full, redacted, entry.requires_ack)


@dataclass(frozen=True, slots=True)
class Page:
    """Records after a position, contiguous. `complete`: they reach `head`, the head of the log as it was read."""

    epoch: str
    head: int
    records: list[Record]
    complete: bool


def read(stream: str, *, after: int, max_events: int, max_bytes: int) -> Page | None:
    """The events after `after`, up to the limits; None where the log no longer reaches back to it.

    Runs in one snapshot transaction, so a purge that commits between its statements cannot tear it.
    """
    with transaction.atomic(using="snapshot"):
        row = Stream.objects.using("snapshot").filter(name=stream).values_list("epoch", "head", "tail").first()
        if row is None or after < row[2]:
            return None
        epoch, head, _ = row
        records: list[Record] = []
        size = 0
        segments = Segment.objects.using("snapshot").filter(stream=stream, last_seq__gt=after).order_by("last_seq")
        for segment in segments.iterator(chunk_size=50):
            found = _records(segment.first_seq, bytes(segment.index), bytes(segment.body))
            for record in found:
                if record.seq <= after:
                    continue
                if len(records) == max_events or (size and size + len(record.full) > max_bytes):
                    return Page(epoch, head, records, complete=False)
                records.append(record)
                size += len(record.full)
    return Page(epoch, head, records, complete=(records[-1].seq if records else after) >= head)


def read_back(stream: str, *, upto: int | None, max_events: int, max_bytes: int) -> Page | None:
    """The last events up to `upto` (None: the head), within the limits; None where there is no such stream."""
    with transaction.atomic(using="snapshot"):
        row = Stream.objects.using("snapshot").filter(name=stream).values_list("epoch", "head", "tail").first()
        if row is None:
            return None
        epoch, head, tail = row
        last = head if upto is None else min(upto, head)
        records: list[Record] = []
        size = 0
        segments = Segment.objects.using("snapshot").filter(stream=stream, last_seq__gt=tail, first_seq__lte=last)
        for segment in segments.order_by("-last_seq").iterator(chunk_size=50):
            for record in reversed(list(_records(segment.first_seq, bytes(segment.index), bytes(segment.body)))):
                if record.seq > last:
                    continue
                size += len(record.full)
                if record.seq <= tail or len(records) == max_events or size > max_bytes:
                    return Page(epoch, head, records[::-1], complete=False)
                records.append(record)
    return Page(epoch, head, records[::-1], complete=True)


def begin_epoch(stream: str, *, epoch: str, lost: int) -> bool:
    """Begin a new epoch if the head is below `lost`, the seq of an event that somebody has: a restored backup, or a
    failover that lost commits. False where nothing is lost, or somebody was quicker."""
    found = Stream.objects.filter(name=stream, epoch=epoch, head__lt=lost)
    return found.update(**_new_epoch()) > 0


def begin_epochs() -> int:
    """Part of restoring a backup: no position that a client holds means anything any more. How many streams."""
    return Stream.objects.update(**_new_epoch())


def _new_epoch() -> dict[str, Any]:
    """The log does not reach back beyond it: what lies there says another epoch."""
    return {"epoch": new_epoch(), "tail": F("head"), "tail_moved_at": timezone.now()}


def heads(streams: Sequence[str]) -> dict[str, tuple[str, int]]:
    """(epoch, head) of each stream that exists, in one query."""
    rows = Stream.objects.using("snapshot").filter(name__in=streams).values_list("name", "epoch", "head")
    return {name: (epoch, head) for name, epoch, head in rows}


def purge(*, now: datetime) -> int:
    """Forget what is older than its channel's retention; returns how many segments were deleted.

    The tail moves first and commits; the rows go at a later run, when the grace has passed, so that no reader finds
    a hole where it was promised events. Hence at most one move per grace.
    """
    deleted = 0
    for stream in Stream.objects.filter(Q(tail_moved_at=None) | Q(tail_moved_at__lt=now - GRACE)):
        deleted += Segment.objects.filter(stream=stream, last_seq__lte=stream.tail).delete()[0]
        old = Segment.objects.filter(stream=stream, committed_at__lt=now - RETENTION[stream.channel])
        tail = old.aggregate(tail=Max("last_seq"))["tail"]
        if tail is not None and tail > stream.tail:
            Stream.objects.filter(pk=stream.pk, tail__lt=tail).update(tail=tail, tail_moved_at=now)
    return deleted
