"""The elapsed part of a running interval (DOMAIN 3.12). Times are seconds of the epoch."""


def prorated(*, count: float, share: float) -> float | None:
    """Project a count of the elapsed part to the whole interval; None if nothing of it has elapsed."""
    return count / share if share else None
