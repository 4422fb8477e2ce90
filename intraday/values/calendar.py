"""The days that are taken: any arithmetic on them, in any zone, stays within Python's calendar."""

from datetime import UTC, datetime

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST_YEAR = 2199
