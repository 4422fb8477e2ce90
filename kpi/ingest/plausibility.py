"""Warnings about intervals that are stored as posted, though they can hardly be what the feed means (DOMAIN 3.15)."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from intraday.org.models import Scope
from kpi.formulas import carried_slack, implausible
from kpi.ingest.rows import ForecastRow, IntervalRow
from kpi.models import INTERVAL_MINUTES, IntervalStats

Key = tuple[Scope, datetime]
Groups = Mapping[Key, Sequence[tuple[int, IntervalRow]]]
Warn = Callable[[int, str], None]

LONGEST = timedelta(minutes=max(INTERVAL_MINUTES))
NEAR = timedelta(days=2)
NO_AS_OF = (
    "as_of is missing and the interval still runs: it counts as measured on arrival, so a delayed retry of this row "
    "looks newer than it is. Send as_of."
)
BACKWARDS = (
    "Counts of this interval went backwards, and as_of is missing: taken for an older post that came late, and not "
    "stored. To correct counts downwards, send as_of."
)
MORE_DECIDED = (
    "answered + abandoned is {decided}, more than the {offered} offered and {waited} could bring: check whether all "
    "counts are of this queue and this interval."
)
OVERLAP = (
    "Overlaps the {minutes} minutes from {start:%Y-%m-%dT%H:%MZ} of this queue: only the finer of the two counts. Post "
    "intervals of one length."
)
CUMULATIVE = (
    "offered",
    "answered",
    "answered_in_target",
    "abandoned",
    "abandoned_in_target",
    "wait_seconds",
    "handle_seconds",
    "available_seconds",
    "other_productive_seconds",
    "paid_seconds",
)
"""Fields that can only grow while an interval runs."""
NOISE = 0.5  # seconds by which a sum may shrink when it is worked out anew


def goes_backwards(stored: IntervalStats, row: IntervalRow) -> bool:
    """Tell whether the row counts less of its interval than is stored, so that it was measured earlier."""
    pairs = ((getattr(stored, name), getattr(row, name)) for name in CUMULATIVE)
    return any(now is not None and then is not None and now < then - NOISE for then, now in pairs)


def warn_of_intervals(groups: Groups, chosen: Mapping[Key, tuple[int, IntervalRow]], warn: Warn) -> None:
    """Warn of missing measurement times, impossible counts and overlapping lengths."""
    for index, row in _each(groups):
        if not row.as_of_stated and row.as_of < row.end:
            warn(index, NO_AS_OF)
    _warn_of_counts(groups, chosen, warn)
    warn_of_overlaps(IntervalStats, groups, warn)


def _each(groups: Groups) -> Iterator[tuple[int, IntervalRow]]:
    for group in groups.values():
        yield from group


def _warn_of_counts(groups: Groups, chosen: Mapping[Key, tuple[int, IntervalRow]], warn: Warn) -> None:
    many = {key: [each for each in group if _decided(each[1]) > each[1].offered] for key, group in groups.items()}
    many = {key: group for key, group in many.items() if group}
    waited = _waited_before(many, chosen)
    for key, group in many.items():
        for index, row in group:
            counts = {name: getattr(row, name) for name in ("offered", "answered", "abandoned")}
            if implausible(**counts, waited=waited.get(key)):
                before = "those carried over" if key not in waited else f"the {waited[key]} who waited before"
                warn(index, MORE_DECIDED.format(decided=_decided(row), offered=row.offered, waited=before))


def _decided(row: IntervalRow) -> int:
    return int(row.answered + row.abandoned)


def _waited_before(keys: Mapping[Key, Any], chosen: Mapping[Key, tuple[int, IntervalRow]]) -> dict[Key, int]:
    """Return how many waited when these intervals began, as the intervals before them last said.

    Where that was measured before the end, some more may have come since.
    """
    if not keys:
        return {}
    found = IntervalStats.objects.filter(
        scope__in={scope.pk for scope, _ in keys}, end__in={start for _, start in keys}, waiting_now__isnull=False
    )
    names = ("end", "waiting_now", "as_of", "offered")
    before = {(pk, end): _carried(end, *said) for pk, end, *said in found.values_list("scope_id", *names)}
    for (scope, _), (_, row) in chosen.items():
        if row.waiting_now is not None:
            before[scope.pk, row.end] = _carried(*(getattr(row, name) for name in names))
    return {(scope, start): before[scope.pk, start] for scope, start in keys if (scope.pk, start) in before}


def _carried(end: datetime, waiting: int, as_of: datetime, offered: int) -> int:
    return waiting if as_of >= end else waiting + carried_slack(offered)


class _Span(NamedTuple):
    start: datetime
    end: datetime


def warn_of_overlaps(model: Any, groups: Groups | Mapping[Key, Sequence[tuple[int, ForecastRow]]], warn: Warn) -> None:
    """Warn of rows whose time is also told by an interval of another length or beginning of the same queue."""
    posted: dict[int, set[_Span]] = {}
    for (scope, start), group in groups.items():
        posted.setdefault(scope.pk, set()).update(_Span(start, row.end) for _, row in group)
    spans = _with_stored(model, posted)
    for (scope, start), group in groups.items():
        for index, row in group:
            if (other := _overlapping(spans[scope.pk], _Span(start, row.end))) is not None:
                warn(index, OVERLAP.format(start=other.start, minutes=_minutes(other)))


def _with_stored(model: Any, posted: Mapping[int, set[_Span]]) -> dict[int, list[_Span]]:
    """Return posted and stored spans by scope, in order.

    The stored ones at the times and of the lengths posted are those that are being replaced; of a post over days only
    other lengths are looked for, so that the history of months need not be read.
    """
    every = {span for spans in posted.values() for span in spans}
    if not every:
        return {}
    first, last = min(span.start for span in every), max(span.end for span in every)
    lengths = {_minutes(span) for span in every}
    rows = model.objects.filter(scope__in=posted, start__gt=first - LONGEST, start__lt=last, end__gt=first)
    same: dict[str, Any] = {"minutes__in": lengths}
    if last - first <= NEAR:
        same["start__in"] = {span.start for span in every}
    found = {pk: set(spans) for pk, spans in posted.items()}
    for pk, start, end in rows.exclude(**same).values_list("scope_id", "start", "end"):
        found[pk].add(_Span(start, end))
    return {pk: sorted(spans) for pk, spans in found.items()}


def _minutes(span: _Span) -> int:
    return (span.end - span.start) // timedelta(minutes=1)


def _overlapping(spans: Sequence[_Span], span: _Span) -> _Span | None:
    first, last = bisect_left(spans, (span.start - LONGEST,)), bisect_left(spans, (span.end,))
    return next((other for other in spans[first:last] if other != span and other.end > span.start), None)
