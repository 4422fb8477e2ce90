"""The elapsed part of a running interval (DOMAIN 3.12). Times are seconds of the epoch."""


def elapsed_share(*, start: float, interval_seconds: float, as_of: float) -> float:
    """Part of the interval gone by at the time of measurement, 0-1: 40 calls at 09:07 of a half hour from 09:00 are
    40 in 7 minutes, not a slow half hour."""
    return min(1.0, max(0.0, (as_of - start) / interval_seconds))


def prorated(*, count: float, share: float) -> float | None:
    """Project a count of the elapsed part to the whole interval; None if nothing of it has elapsed."""
    return count / share if share else None
