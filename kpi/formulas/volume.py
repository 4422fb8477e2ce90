"""Contacts offered against contacts forecast over the same time, and drops that are no low demand (DOMAIN 1.9).

Times are seconds of the epoch.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

PRIOR_CONTACTS = 400.0
"""1 / cv^2 for a day's level that varies by 5 %: the weight of "the forecast is right" in the reforecast."""
LEAST_FORECAST = 12.0
LOW_SHARE, RECOVERED_SHARE = 0.10, 0.60
TRAILING_MINUTES = tuple(range(5, 61))
"""Lengths of trailing spans: every minute, so that a drop is found within a minute of its twelfth missing contact."""
OPENING_SECONDS = 600.0
BRIDGED_SECONDS = 120.0
"""A feed may skip that long between two spans; neither side of the comparison counts it."""
ROUNDING = 1.0
"""Feeds round their times to seconds."""


class Span(NamedTuple):
    """`contacts` in [start, end). `length` is that of the interval, where only a part of it was measured."""

    start: float
    end: float
    contacts: float
    length: float | None = None

    @property
    def interval_seconds(self) -> float:
        return self.end - self.start if self.length is None else self.length

    def within(self, since: float, until: float) -> float:
        """Return the contacts of the part in [since, until), pro rata."""
        shared = min(self.end, until) - max(self.start, since)
        return self.contacts * shared / (self.end - self.start) if shared > 0 else 0.0


def finest(spans: Sequence[Span]) -> list[Span]:
    """Return spans that do not overlap, in order: the finer interval wins, the coarser ones over it are dropped.

    Of two equally fine ones that overlap, the earlier start wins, then the first in `spans`.
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.interval_seconds, each.start)):
        if span.end > span.start and not _overlaps(kept, span):
            insort(kept, span)
    return kept


def _overlaps(kept: Sequence[Span], span: Span) -> bool:
    place = bisect_left(kept, span.end, key=lambda each: each.start)
    return place > 0 and kept[place - 1].end > span.start


def comparable(measured: Sequence[Span], forecast: Sequence[Span]) -> tuple[float, float]:
    """Return the actual and the forecast contacts of the time that both cover, pro rata, whatever their lengths."""
    actual = expected = 0.0
    for done, planned in _pairs(finest(measured), finest(forecast)):
        since, until = max(done.start, planned.start), min(done.end, planned.end)
        actual += done.within(since, until)
        expected += planned.within(since, until)
    return actual, expected


def _pairs(first: Sequence[Span], second: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    """Walk two ordered lists side by side; yield every two spans that overlap."""
    left = right = 0
    while left < len(first) and right < len(second):
        one, other = first[left], second[right]
        if one.start < other.end and other.start < one.end:
            yield one, other
        if one.end <= other.end:
            left += 1
        else:
            right += 1


def reforecast_ratio(*, actual: float, forecast: float, prior_contacts: float = PRIOR_CONTACTS) -> float:
    """Return the factor for the intervals to come, (K + A) / (K + F), shrunk towards 1 by `prior_contacts`.

    A and F are the contacts of the day's comparable spans over all realtime queues of the organization.
    """
    if not prior_contacts + forecast:
        return 1.0
    return (prior_contacts + actual) / (prior_contacts + forecast)


# --- a drop is not low demand ----------------------------------------------------------------------------------------
class Trailing(NamedTuple):
    """A span that ends with the newest data: its real length, offered and forecast; None where not fully measured."""

    minutes: float
    offered: float | None
    forecast: float | None


class Judgement(NamedTuple):
    """`offered`, `forecast` and `minutes` are of the span that judged; None where none was long enough."""

    suspect: bool
    offered: float | None = None
    forecast: float | None = None
    minutes: float | None = None


class _Known(NamedTuple):
    """An instant from which the contacts until the newest data are known exactly."""

    time: float
    offered: float
    forecast: float


def trailing(
    measured: Sequence[Span],
    samples: Iterable[tuple[float, float, float]],
    forecast: Sequence[Span],
    as_of: float,
    open_since: float | None,
    least_forecast: float = LEAST_FORECAST,
) -> list[Trailing]:
    """Return the spans of 5 to 60 minutes that end at `as_of`, by `TRAILING_MINUTES`, until one can be judged.

    No level above needs a longer span than one that is long enough for any of its queues.

    `measured` are the posted intervals; a running one ends at its time of measurement. `samples` (time, interval's
    start, offered so far) are earlier posts of running intervals. A span begins where the count is known exactly: the
    boundary or sample at or next before the length asked for. It has no figures where that makes it longer than an
    hour, where data or forecast are missing in it, or where it reaches into the first ten minutes after
    `open_since` (None: open all along).
    """
    earliest = as_of - 60 * TRAILING_MINUTES[-1] - ROUNDING
    if open_since is not None:
        earliest = max(earliest, open_since + OPENING_SECONDS)
    points = _known_points(measured, samples, forecast, as_of, earliest)
    point, found = next(points, None), list[Trailing]()
    for minutes in TRAILING_MINUTES:
        while point is not None and point.time > as_of - 60 * minutes + ROUNDING:
            point = next(points, None)
        if point is None:
            found.append(Trailing(minutes, None, None))
            continue
        found.append(Trailing(max(minutes, (as_of - point.time) / 60), point.offered, point.forecast))
        if _long_enough(point.forecast, least_forecast):
            break
    return found


def _long_enough(forecast: float, least_forecast: float) -> bool:
    return forecast >= least_forecast - 1e-9  # pro rata sums of twelve come out a hair below


def _known_points(
    measured: Sequence[Span],
    samples: Iterable[tuple[float, float, float]],
    forecast: Sequence[Span],
    as_of: float,
    earliest: float,
) -> Iterator[_Known]:
    """Yield the known instants from `as_of` back to `earliest`, newest first, as far as nothing is missing."""
    planned = finest([span for span in forecast if span.end > earliest and span.start < as_of])
    recent = finest([span for span in measured if span.end >= earliest and span.start < as_of])
    remembered = sorted((sample for sample in samples if sample[0] >= earliest), reverse=True)
    after = _Known(as_of, 0.0, 0.0)
    for span in reversed(recent):
        if not after.time - BRIDGED_SECONDS <= span.end <= after.time + ROUNDING:
            return
        point = after
        for time, count in chain(_samples_of(span, remembered), [(span.start, 0.0)]):
            expected = _forecast_between(planned, time, min(span.end, after.time))
            if time < earliest or expected is None:
                return
            offered = after.offered + max(0.0, span.contacts - count)
            point = _Known(time, offered, after.forecast + expected)
            yield point
        after = point


def _samples_of(span: Span, newest_first: Iterable[tuple[float, float, float]]) -> Iterator[tuple[float, float]]:
    for time, interval_start, count in newest_first:
        if interval_start == span.start < time <= span.end:
            yield time, count


def _forecast_between(planned: Sequence[Span], since: float, until: float) -> float | None:
    """Return the forecast contacts of [since, until); None where a part of it has no forecast."""
    total, reached = 0.0, since
    for span in planned:
        if span.end > reached and reached < until:
            if span.start > reached + ROUNDING:
                return None
            total += span.within(reached, until)
            reached = span.end
    return total if reached + ROUNDING >= until else None


def add_trailing(columns: Iterable[Sequence[Trailing]]) -> list[Trailing]:
    """Return the spans of a level: for each length the sums of the queues that measured it."""
    return [_sum_of_length(same_length) for same_length in zip(*columns, strict=False)]


def _sum_of_length(same_length: Sequence[Trailing]) -> Trailing:
    minutes, offered, forecast = 0.0, 0.0, 0.0
    for length, contacts, expected in same_length:
        if contacts is not None and expected is not None:
            minutes, offered, forecast = max(minutes, length), offered + contacts, forecast + expected
    if not minutes:
        return Trailing(min(each.minutes for each in same_length), None, None)
    return Trailing(minutes, offered, forecast)


def judge_volume(
    columns: Iterable[Trailing],
    *,
    suspect_before: bool,
    least_forecast: float = LEAST_FORECAST,
    low_share: float = LOW_SHARE,
    recovered_share: float = RECOVERED_SHARE,
) -> Judgement:
    """Return whether so little was offered that a fault is likelier than low demand.

    The shortest span with `least_forecast` contacts or more judges: suspect from a tenth of the forecast down, until
    60 % of it is reached again. What was stays where no span is long enough.
    """
    for minutes, offered, forecast in columns:
        if offered is not None and forecast is not None and _long_enough(forecast, least_forecast):
            share = recovered_share if suspect_before else low_share
            suspect = offered < share * forecast if suspect_before else offered <= share * forecast
            return Judgement(suspect, offered, forecast, minutes)
    return Judgement(suspect_before)


def nothing_offered(columns: Iterable[Trailing], minutes: float) -> bool:
    """Return whether a queue was offered nothing in the span that made the level above it suspect."""
    return any(span.offered == 0 and span.minutes >= minutes for span in columns)


def prorated(*, count: float, share: float) -> float | None:
    """Project a count of the elapsed part to the whole interval (DOMAIN 3.12); None if nothing of it has elapsed."""
    return count / share if share else None
