"""Rendering: the messages of one step through the ring, made once for an audience and written to many."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any

from realtime.eventlog.records import Record
from realtime.protocol.frames import deflated_frame, frame
from realtime.protocol.messages import message
from realtime.protocol.rooms import RoomFilter

MAX_BATCH_BYTES = 248 * 1024  # one write, and a `batch` below 256 KB; what is more waits until the transport took it

Spell = Callable[[Record], bytes]
Form = Callable[["Batch"], Any]
"""A form of a batch that some writers take: TEXTS, FRAMES, DEFLATED."""


class Batch:
    """Messages that lead from a position to `upto`; there may be none. Frames are made at their first use."""

    def __init__(self, upto: int, texts: list[bytes]) -> None:
        self.upto = upto
        self.texts = texts
        self.names: Counter[str] = Counter()  # how many events of each name
        self.acks: list[int] = []  # seqs whose receipt must be acknowledged

    @cached_property
    def frames(self) -> bytes:
        return b"".join(map(frame, self.texts))

    @cached_property
    def deflated(self) -> bytes:
        return b"".join(map(deflated_frame, self.texts))


TEXTS: Form = attrgetter("texts")
FRAMES: Form = attrgetter("frames")
DEFLATED: Form = attrgetter("deflated")


def heard(records: Iterable[Record], rooms: RoomFilter) -> list[Record]:
    return [record for record in records if rooms.hears(record.department, record.queue)]


def cut(records: Iterable[Record], upto: int, spell: Spell) -> Batch:
    """Render these records up to MAX_BATCH_BYTES, at least one; `upto` is the position after all of them."""
    batch = Batch(upto, [])
    size = 0
    for record in records:
        text = spell(record)
        if size and size + len(text) > MAX_BATCH_BYTES:
            batch.upto = record.seq - 1
            break
        batch.texts.append(text)
        batch.names[record.event] += 1
        if record.requires_ack:
            batch.acks.append(record.seq)
        size += len(text)
    return batch


# --- for clients that fell behind, or that want less -----------------------------------------------------------------
def newest(records: Sequence[Record], conflatable: Collection[str]) -> list[Record]:
    """Keep the newest per scope of conflatable events and all others, in order."""
    seen: set[tuple[str, str, str]] = set()
    kept = []
    for record in reversed(records):
        if record.event in conflatable:
            if record.key in seen:
                continue
            seen.add(record.key)
        kept.append(record)
    kept.reverse()
    return kept


def conflated(
    records: Sequence[Record], upto: int, spell: Spell, *, conflatable: Collection[str], stream: str
) -> Batch:
    """Render without the events that a newer one replaces; a notice says how many were left out."""
    batch = cut(newest(records, conflatable), upto, spell)
    if dropped := _dropped(records, batch):
        batch.texts.insert(0, message("conflated", {"stream": stream, "count": dropped}))
    return batch


def bundled(records: Sequence[Record], upto: int, spell: Spell, *, conflatable: Collection[str], stream: str) -> Batch:
    """Render the same as one `batch` message."""
    batch = cut(newest(records, conflatable), upto, spell)
    if batch.texts:
        counted = b'"stream":"%b","conflated":%d' % (stream.encode(), _dropped(records, batch))
        batch.texts = [b'{"event":"batch","data":{%b,"events":[%b]}}' % (counted, b",".join(batch.texts))]
    return batch


def _dropped(records: Sequence[Record], batch: Batch) -> int:
    return sum(record.seq <= batch.upto for record in records) - batch.names.total()
