"""The event log: append in the writer's transaction, read by position, purge from the tail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction
from django.db.models import F, Max, Q

from intraday.clock.database import clock
from intraday.database import batches, row_versions, single_row
from intraday.database.row_versions import Version
from realtime.eventlog.records import Appended, Draft, IndexEntry, Record, decode_records, encode_index
from realtime.models import Segment, Stream, new_epoch
from realtime.protocol import messages
from realtime.protocol.rooms import stream_name

log = structlog.get_logger(__name__)

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


class _Place(NamedTuple):
    stream: str
    epoch: str
    seq: int
    ts: str


def append(*, organization_id: str, channel: str, drafts: Sequence[Draft]) -> Appended:
    """Give the drafts the next seqs of their stream and store them as one segment.

    The stream's row stays locked until commit, which makes the order of seq the order of commits.
    """
    stream = stream_name(channel, organization_id)
    epoch, head, now = _advance(stream, organization_id, channel, len(drafts))
    ts = messages.spell(now)
    entries, bodies = [], []
    for seq, draft in enumerate(drafts, head - len(drafts) + 1):
        place = _Place(stream, epoch, seq, ts)
        full = _spelled(draft, draft.full, place)
        redacted = b"" if draft.redacted is None else _spelled(draft, draft.redacted, place)
        bodies += [full, redacted]
        entries.append(
            IndexEntry(draft.event, draft.department, draft.queue, len(full), len(redacted), draft.requires_ack)
        )
    appended = Appended(stream, epoch, head - len(drafts) + 1, head, encode_index(entries), b"".join(bodies))
    single_row.insert(
        Segment(
            stream_id=stream,
            first_seq=appended.first,
            last_seq=appended.last,
            committed_at=now,
            index=appended.index,
            body=appended.body,
        )
    )
    return appended


def _spelled(draft: Draft, data: bytes, place: _Place) -> bytes:
    return messages.envelope(draft.event, data, **place._asdict(), requires_ack=draft.requires_ack)


def _advance(stream: str, organization_id: str, channel: str, count: int) -> tuple[str, int, datetime]:
    """Move the head and return (epoch, head, time), in one statement. The first event or listener makes the stream.

    The time is the database's under the lock, so that it does not go back in a stream, whichever process writes.
    """
    told = "epoch, head, clock_timestamp()" if connection.vendor == "postgresql" else "epoch, head, NULL"
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE realtime_stream SET head = head + %s WHERE name = %s RETURNING {told}",  # noqa: S608
                [count, stream],
            )
            if row := cursor.fetchone():
                return row[0], row[1], row[2] or clock.now()
        create_stream(stream, organization_id, channel)
    raise AssertionError(f"stream {stream} is missing although it was just made")


def create_stream(stream: str, organization_id: str, channel: str) -> None:
    missing = Stream(name=stream, organization_id=organization_id, channel=channel)
    Stream.objects.bulk_create([missing], ignore_conflicts=True)


@dataclass(frozen=True, slots=True)
class Page:
    """Contiguous records after a position. `complete`: they reach `head`, the head of the log as it was read."""

    epoch: str
    head: int
    records: list[Record]
    complete: bool


def read(stream: str, *, after: int, max_events: int, max_bytes: int) -> Page | None:
    """Return the events after `after`, up to the limits; None where the log does not hold them without a hole.

    Runs in one snapshot transaction, so a purge that commits between its statements cannot tear it. A log that no
    longer reaches back, and one that lost a segment, cannot serve this position: the reader needs a snapshot.
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
            for record in decode_records(segment.first_seq, bytes(segment.index), bytes(segment.body)):
                if record.seq <= after:
                    continue
                if record.seq != after + len(records) + 1:
                    return None
                if len(records) == max_events or (size and size + len(record.full) > max_bytes):
                    return Page(epoch, head, records, complete=False)
                records.append(record)
                size += len(record.full)
    last = after + len(records)
    return Page(epoch, head, records, complete=True) if last >= head else None


def read_back(stream: str, *, upto: int | None, max_events: int, max_bytes: int) -> Page | None:
    """Return the last events up to `upto` (None: the head), within the limits; None where there is no such stream."""
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
            for record in reversed(list(decode_records(segment.first_seq, bytes(segment.index), bytes(segment.body)))):
                if record.seq > last:
                    continue
                size += len(record.full)
                hole = record.seq != last - len(records)
                if hole or record.seq <= tail or len(records) == max_events or size > max_bytes:
                    return Page(epoch, head, records[::-1], complete=False)
                records.append(record)
    return Page(epoch, head, records[::-1], complete=True)


class StreamHead(NamedTuple):
    """The seq of the newest event of a stream, and the version of its row."""

    seq: int
    version: Version


def stream_head(channel: str, organization_id: str) -> StreamHead:
    """Return the head. Its version is another one after each event, by any process."""
    rows = row_versions.annotated(Stream.objects.filter(name=stream_name(channel, organization_id)))
    return StreamHead(*(rows.values_list("head", "row_version").first() or (0, None)))


def begin_epoch(stream: str, *, epoch: str, lost: int) -> bool:
    """Begin a new epoch if the head is below `lost`, the seq of an event that a client has: a restored backup, or a
    failover that lost commits. Return False where nothing is lost, or another process was quicker."""
    found = Stream.objects.filter(name=stream, epoch=epoch, head__lt=lost)
    return found.update(**_new_epoch()) > 0


def begin_epochs() -> int:
    """Begin a new epoch of every stream after restoring a backup, which voids all positions; return their number."""
    return Stream.objects.update(**_new_epoch())


def _new_epoch() -> dict[str, Any]:
    """Return the fields of a new epoch. The tail moves to the head: older segments belong to another epoch."""
    return {"epoch": new_epoch(), "tail": F("head"), "tail_moved_at": clock.now()}


def heads(streams: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Return (epoch, head) of each of these streams that exists, in one query."""
    rows = Stream.objects.using("snapshot").filter(name__in=streams).values_list("name", "epoch", "head")
    return {name: (epoch, head) for name, epoch, head in rows}


def purge(*, now: datetime) -> int:
    """Delete segments older than the retention of their channel; return their number.

    The tail moves first and commits; the rows go at a later run, when the grace has passed, so that no reader finds
    a hole where it was promised events. Hence at most one move per grace.
    """
    deleted = 0
    for stream in Stream.objects.filter(Q(tail_moved_at=None) | Q(tail_moved_at__lt=now - GRACE)):
        if stream.channel not in RETENTION:
            log.error("stream_not_purged", stream=stream.name, error=f"no channel is called {stream.channel}")
            continue
        deleted += batches.delete(Segment.objects.filter(stream=stream, last_seq__lte=stream.tail))
        old = Segment.objects.filter(stream=stream, committed_at__lt=now - RETENTION[stream.channel])
        tail = old.aggregate(tail=Max("last_seq"))["tail"]
        if tail is not None and tail > stream.tail:
            Stream.objects.filter(pk=stream.pk, tail__lt=tail).update(tail=tail, tail_moved_at=now)
    return deleted
