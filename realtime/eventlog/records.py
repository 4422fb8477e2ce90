"""Events of the log as values: drafts without a seq, records with one, and the index of a segment."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import structs


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has a seq. `redacted` is set where it has personal fields, which need a second body."""

    event: str
    department: str
    queue: str
    full: bytes
    redacted: bytes | None = None
    requires_ack: bool = False


class IndexEntry(msgspec.Struct, frozen=True, array_like=True):
    """The place of one event in the body of a segment."""

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
        """Events with the same key replace one another where their name is conflatable."""
        return self.event, self.department, self.queue

    def text(self, *, names: bool) -> bytes:
        return self.full if names else self.redacted


@dataclass(frozen=True, slots=True)
class Appended:
    """The events that one commit added to one stream; the same fields travel through the channel layer."""

    stream: str
    epoch: str
    first: int
    last: int
    index: bytes
    body: bytes

    def records(self) -> list[Record]:
        return list(decode_records(self.first, self.index, self.body))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[IndexEntry])


def encode_index(entries: Sequence[IndexEntry]) -> bytes:
    return _encoder.encode(entries)


def decode_records(first: int, index: bytes, body: bytes) -> Iterator[Record]:
    start = 0
    for seq, entry in enumerate(_decoder.decode(index), first):
        full = body[start : start + entry.size]
        start += entry.size
        redacted = body[start : start + entry.redacted_size] if entry.redacted_size else full
        start += entry.redacted_size
        yield Record(seq, entry.event, entry.department, entry.queue, full, redacted, entry.requires_ack)


def rewrite(index: bytes, body: bytes, change: Callable[[bytes], bytes]) -> tuple[bytes, bytes]:
    """Return the index and the body of a segment with the text of every event changed; the events keep their seqs."""
    entries: list[IndexEntry] = []
    bodies: list[bytes] = []
    for entry, record in zip(_decoder.decode(index), decode_records(0, index, body), strict=True):
        full = change(record.full)
        redacted = change(record.redacted) if entry.redacted_size else b""
        entries.append(structs.replace(entry, size=len(full), redacted_size=len(redacted)))
        bodies += [full, redacted]
    return encode_index(entries), b"".join(bodies)
