"""How often a feed reports, and how long its silence means nothing (DOMAIN 3.1). Pure."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from statistics import median

STALE_AFTER_CADENCES = 3
DEFAULT_CADENCE_SECONDS = 15 * 60.0
# A few reports in a row are no rhythm: nothing is stale before a minute has passed.
MIN_CADENCE_SECONDS = 20.0


def learned(times: Sequence[float]) -> float | None:
    """The median step of the last reports' times in seconds; None before there are two."""
    steps = [later - earlier for earlier, later in pairwise(times)]
    return max(MIN_CADENCE_SECONDS, median(steps)) if steps else None


def fresh_for(cadence_seconds: float | None) -> timedelta:
    """Staleness follows the feed's own rhythm: a 15-minute feed is not stale after three minutes."""
    return timedelta(seconds=STALE_AFTER_CADENCES * (cadence_seconds or DEFAULT_CADENCE_SECONDS))
