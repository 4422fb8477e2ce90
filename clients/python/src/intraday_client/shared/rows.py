# Made by `make types` from intraday/api_client/rows.py: do not edit.
"""Rows as the API takes them: their times, and their division into batches."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
MAX_ROWS = 5_000  # the API's limit for one batch
TIMES = (
    "snapshot_time",
    "as_of",
    "interval_start",
    "start",
    "end",
    "checked_in_at",
    "checked_out_at",
    "as_of_time",
    "shift_start",
    "shift_end",
)
"""Fields that hold a time, the one that tells a row apart before others."""


def iso(time: datetime) -> str:
    """Return the time in UTC with Z; milliseconds only where there are any."""
    precision = "milliseconds" if time.microsecond else "seconds"
    return time.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def time_of(row: Row) -> str:
    """Return the time by which people tell the row apart."""
    return next((row[name] for name in TIMES if name in row), "?")


def batches(rows: list[Row], size: int = MAX_ROWS) -> Iterator[list[Row]]:
    for first in range(0, len(rows), size):
        yield rows[first : first + size]
