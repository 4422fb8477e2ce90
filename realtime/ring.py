"""A stream's recent events in memory, and what an audience gets of them: rendered once, written to many."""

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from realtime.log import Record
from realtime.protocol import flagged_replayed
from realtime.rooms import RoomFilter

MAX_EVENTS = 10_000
MAX_BYTES = 8 * 1024 * 1024
MAX_BATCH_BYTES = 256 * 1024  # one write; what is more waits until the transport took it


def frame(text: bytes) -> bytes:
    """An unmasked, unfragmented WebSocket text frame (RFC 6455, 5.2)."""
    size = len(text)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + text
    if size < 65_536:
        return struct.pack("!BBH", 0x81, 126, size) + text
    return struct.pack("!BBQ", 0x81, 127, size) + text


class Ring:
    """Contiguous records up to `last`. Not started (`last` is None) until the head of the log was read once."""

    def __init__(self) -> None:
        self.epoch = ""
        self.last: int | None = None
        self._records: list[Record] = []
        self._bytes = 0

    @property
    def start_after(self) -> int:
        """The oldest position from which the ring alone can go on."""
        assert self.last is not None
        return self.last - len(self._records)

    def restart(self, epoch: str, last: int) -> None:
        self.epoch, self.last = epoch, last
        self._records, self._bytes = [], 0

    def extend(self, records: Sequence[Record]) -> None:
        assert self.last is not None
        assert records[0].seq == self.last + 1, f"{records[0].seq} does not follow {self.last}"
        self._records.extend(records)
        self._bytes += sum(len(record.full) for record in records)
        self.last = records[-1].seq
        self._trim()

    def _trim(self) -> None:
        drop, size = 0, self._bytes
        while len(self._records) - drop > MAX_EVENTS or size > MAX_BYTES:
            size -= len(self._records[drop].full)
            drop += 1
        if drop:
            # Drop a little more than needed: shifting the list then costs nothing per event.
            drop += (len(self._records) - drop) // 10
            self._bytes -= sum(len(record.full) for record in self._records[:drop])
            del self._records[:drop]

    def after(self, seq: int) -> list[Record] | None:
        """The records after a position; None where the ring no longer (or not yet) reaches back to it."""
        if self.last is None or seq < self.start_after:
            return None
        return self._records[seq - self.start_after :] if seq < self.last else []


@dataclass(slots=True)
class Batch:
    """What one audience gets for one step from a position to `upto`; `texts` may be empty."""

    upto: int
    texts: list[bytes]
    names: Counter[str] = field(default_factory=Counter)
    frames: bytes = b""


def render(records: Sequence[Record], rooms: RoomFilter, *, names: bool, replayed: bool = False) -> Batch:
    """The records that these rooms hear, up to MAX_BATCH_BYTES, ready to write."""
    texts: list[bytes] = []
    counts: Counter[str] = Counter()
    size = 0
    upto = records[-1].seq
    for record in records:
        if not rooms.hears(record.department, record.queue):
            continue
        text = record.text(names=names)
        if size and size + len(text) > MAX_BATCH_BYTES:
            upto = record.seq - 1
            break
        texts.append(flagged_replayed(text) if replayed else text)
        counts[record.event] += 1
        size += len(text)
    return Batch(upto, texts, counts, b"".join(map(frame, texts)))
