"""Rows as bodies of requests that the server takes: at most 5,000 rows and 10 MB each."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

MAX_ROWS = 5_000
MAX_BYTES = 10_000_000
_FRAME = len(b'{"items":[]}')


@dataclass(frozen=True, slots=True)
class Batch:
    """`first` is the index of its first row among all. The key stays the same however often the batch is sent."""

    first: int
    rows: list[Any]
    body: bytes
    key: str = field(default_factory=lambda: str(uuid4()))


def split(rows: Iterable[Any], *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> Iterator[Batch]:
    """Yield batches in order. A single row above `max_bytes` is a batch of its own, which the server refuses."""
    first, taken, parts, size = 0, list[Any](), list[bytes](), _FRAME
    for row in rows:
        part = encode(row)
        if parts and (len(parts) == max_rows or size + len(part) + 1 > max_bytes):
            yield _batch(first, taken, parts)
            first, taken, parts, size = first + len(parts), [], [], _FRAME
        taken.append(row)
        parts.append(part)
        size += len(part) + 1
    if parts:
        yield _batch(first, taken, parts)


def encode(value: Any) -> bytes:
    """Return JSON. Aware datetimes become UTC; NaN and infinity raise ValueError, since JSON has none."""
    text = json.dumps(value, default=_iso, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def iso(time: datetime) -> str:
    """Return the time in UTC with Z. Raises ValueError for a time without zone."""
    if time.tzinfo is None:
        raise ValueError(f"{time} has no zone: give it one, since the server takes no local times")
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _iso(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{value!r} is not JSON")


def _batch(first: int, rows: list[Any], parts: list[bytes]) -> Batch:
    return Batch(first, rows, b'{"items":[' + b",".join(parts) + b"]}")
