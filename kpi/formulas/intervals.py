"""Where a running interval stands (DOMAIN 3.12). Times are seconds of the epoch."""


def prorated(*, count: float, share: float) -> float | None:
    """What `count` in the part gone by amounts to in a whole interval; None before any of it has."""
    return count / share if share else None
