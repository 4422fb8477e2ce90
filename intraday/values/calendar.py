"""The days that are taken: any arithmetic on them, in any zone, stays within Python's calendar."""

from datetime import UTC, date, datetime

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST_YEAR = 2199


def is_taken(day: date) -> bool:
    """Tell whether a day, or that of an instant, is of these years."""
    return EARLIEST.year <= day.year <= LATEST_YEAR
