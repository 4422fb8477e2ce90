"""The cadence of a feed, and how long its silence means nothing. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

STALE_AFTER_CADENCES = 3
DEFAULT_CADENCE_SECONDS = 15 * 60.0
# A few reports in a row are no rhythm: nothing is stale before a minute has passed.
MIN_CADENCE_SECONDS = 20.0


# Feeds that report by the clock, also when nothing happens. Feeds of events (check-ins) and of plans (shifts,
# forecasts) post when there is something to post: they have no cadence, and their silence means nothing.
CLOCKED_KINDS = frozenset({"kpi", "backlog"})
SILENT_AT_LEAST = timedelta(minutes=5)


def learned(times: Sequence[float]) -> float | None:
    """Return the median step of the last reports' times in seconds; None before there are two."""
    steps = [later - earlier for earlier, later in pairwise(times)]
    return max(MIN_CADENCE_SECONDS, median(steps)) if steps else None


def fresh_for(cadence_seconds: float | None) -> timedelta:
    """Return how long figures stay fresh by the feed's own rhythm: one of 15 minutes is not stale after three."""
    return timedelta(seconds=STALE_AFTER_CADENCES * (cadence_seconds or DEFAULT_CADENCE_SECONDS))


def silent_for(cadence_seconds: float | None, last_received_at: datetime, now: datetime) -> timedelta:
    """Return for how long a feed has been silent beyond three of its cadences, and five minutes at least."""
    patience = max(SILENT_AT_LEAST, fresh_for(cadence_seconds))
    return max(timedelta(), now - last_received_at - patience)
