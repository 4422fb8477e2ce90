"""A stream's recent events in memory."""

from collections.abc import Collection, Sequence

from realtime.eventlog.records import Record

MAX_EVENTS = 10_000
MAX_BYTES = 8 * 1024 * 1024
RECORD_BYTES = 500  # of a record beside its text: the object, its names and its place in the index


class Ring:
    """Contiguous records up to `last`. Not started (`last` is None) until the head of the log was read once."""

    def __init__(self) -> None:
        self.epoch = ""
        self.last: int | None = None
        self.filled = False  # it reaches back as far as anybody may ask, or the log does
        self._records: list[Record] = []
        self._bytes = 0
        self._bases: dict[int, int] = {}  # seq -> seq of the event before with the same key
        self._newest: dict[tuple[str, str, str], int] = {}

    @property
    def memory(self) -> int:
        """Return about how many bytes the records take."""
        return self._bytes + RECORD_BYTES * len(self._records)

    @property
    def start_after(self) -> int:
        """Return the oldest position from which the ring alone can go on."""
        assert self.last is not None
        return self.last - len(self._records)

    def restart(self, epoch: str, last: int) -> None:
        self.epoch, self.last, self.filled = epoch, last, False
        self._records, self._bytes = [], 0
        self._bases, self._newest = {}, {}

    def extend(self, records: Sequence[Record]) -> None:
        assert self.last is not None
        assert records[0].seq == self.last + 1, f"{records[0].seq} does not follow {self.last}"
        self._records.extend(records)
        for record in records:
            self._bytes += len(record.full)
            if (base := self._newest.get(record.key)) is not None:
                self._bases[record.seq] = base
            self._newest[record.key] = record.seq
        self.last = records[-1].seq
        self._trim()

    def fill(self, records: Sequence[Record], upto: int) -> None:
        """Put records that end at `upto` before the first one, unless the ring begins elsewhere by now."""
        if upto == self.start_after:
            self._records[:0] = records
            self._bytes += sum(len(record.full) for record in records)
            self.filled = not records or len(self._records) >= MAX_EVENTS or self._bytes >= MAX_BYTES

    def _trim(self) -> None:
        drop, size = 0, self._bytes
        while len(self._records) - drop > MAX_EVENTS or size > MAX_BYTES:
            size -= len(self._records[drop].full)
            drop += 1
        if drop:
            # Drop a little more than needed: shifting the list then costs nothing per event.
            self._drop(drop + (len(self._records) - drop) // 10)

    def _drop(self, count: int) -> None:
        for record in self._records[:count]:
            self._bytes -= len(record.full)
            self._bases.pop(record.seq, None)
            if self._newest.get(record.key) == record.seq:
                del self._newest[record.key]
        del self._records[:count]

    def shrink(self, memory: int) -> None:
        """Drop the oldest records until the rest takes so many bytes at most. The log still has them: fill again."""
        drop, size = 0, self.memory
        while size > max(memory, 0):
            size -= len(self._records[drop].full) + RECORD_BYTES
            drop += 1
        if drop:
            self._drop(drop)
            self.filled = False

    def after(self, seq: int) -> list[Record] | None:
        """Return the records after a position; None where the ring no longer (or not yet) reaches back to it."""
        if self.last is None or seq < self.start_after:
            return None
        return self._records[seq - self.start_after :] if seq < self.last else []

    def get(self, seq: int) -> Record | None:
        if self.last is None or not self.start_after < seq <= self.last:
            return None
        return self._records[seq - self.start_after - 1]

    def base(self, record: Record) -> Record | None:
        """Return the event before this one with the same name and scope, if it is still here."""
        return self.get(self._bases.get(record.seq, 0))


def shrink(rings: Collection[Ring], budget: int) -> None:
    """Keep all rings together within so many bytes: the largest are cut to one size, small ones are left alone."""
    left, sizes = budget, sorted(ring.memory for ring in rings)
    if sum(sizes) <= budget:
        return
    for index, size in enumerate(sizes):
        share = left // (len(sizes) - index)
        if size > share:
            break
        left -= size
    for ring in rings:
        ring.shrink(share)
