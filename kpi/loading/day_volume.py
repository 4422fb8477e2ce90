"""The counts of queues on a local day, and the contacts that its measured and its forecast time have in common."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from intraday.org.models import Organization
from kpi import formulas
from kpi.loading import queue_settings
from kpi.models import ForecastInterval, IntervalStats, VolumeDrop
from kpi.pipeline.inputs import Day, Expected, Interval
from kpi.pipeline.spans import forecast_spans, offered_spans, without_overlaps

LONGEST = timedelta(hours=1)
COUNTS = ("offered", "answered", "answered_in_target", "abandoned", "abandoned_in_target")
Times = Sequence[tuple[datetime, datetime | None]]

# Sums over the day of thousands of queues belong to the database. The few queues with several lengths of interval, or
# with a drop in volume, are worked out row by row (_by_rows).
_SECONDS = {
    "postgresql": "EXTRACT(EPOCH FROM LEAST({ends}) - GREATEST({starts}))::float8",
    "sqlite": "(86400.0 * (JULIANDAY(MIN({ends})) - JULIANDAY(MAX({starts}))))",
}
_DAY_COUNTS = """
SELECT i.scope_id, SUM(i.offered), SUM(i.answered), SUM(i.answered_in_target), SUM(i.abandoned),
       SUM(i.abandoned_in_target), MIN(i.minutes), MAX(i.minutes)
FROM kpi_intervalstats i
JOIN org_scope s ON s.id = i.scope_id
WHERE s.organization_id = %s AND i.start >= %s AND i.start <= %s {these}
GROUP BY i.scope_id
"""
_COMPARED = """
SELECT scope_id, SUM(offered * shared / measured), SUM(expected * shared / planned), MIN(minutes), MAX(minutes)
FROM (
    SELECT i.scope_id, i.offered, f.offered AS expected, f.minutes, 60.0 * f.minutes AS planned,
           {shared} AS shared, {measured} AS measured
    FROM kpi_intervalstats i
    JOIN org_scope s ON s.id = i.scope_id
    JOIN kpi_forecastinterval f ON f.scope_id = i.scope_id AND f.start < i."end" AND f."end" > i.start
    WHERE s.organization_id = %s AND i.start >= %s AND i."end" <= %s AND f.start >= %s {these}
) pairs
WHERE shared > 0 AND measured > 0
GROUP BY scope_id
"""


def load(organization: Organization, ids: Collection[int], midnight: datetime, at: datetime) -> dict[int, Day]:
    """Return the day of each queue up to that instant, by primary key."""
    counts = {pk: row for pk, *row in _query(_DAY_COUNTS, organization, ids, midnight, at)}
    compared = {pk: row for pk, *row in _query(_compared_sql(), organization, ids, midnight, at, midnight - LONGEST)}
    drops = _drops(organization, ids, midnight, at)
    irregular = {pk for pk, row in (*counts.items(), *compared.items()) if row[-2] != row[-1]} | drops.keys()
    found = {pk: _day(row, compared.get(pk)) for pk, row in counts.items() if pk not in irregular}
    return found | _by_rows(irregular & counts.keys(), drops, midnight, at)


def _compared_sql() -> str:
    seconds = _SECONDS[connection.vendor]
    return _COMPARED.format(
        shared=seconds.format(ends='i.as_of, i."end", f."end"', starts="i.start, f.start"),
        measured=seconds.format(ends='i.as_of, i."end"', starts="i.start, i.start"),
        these="{these}",
    )


def _query(sql: str, organization: Organization, ids: Collection[int], *instants: datetime) -> list[Any]:
    those = () if len(ids) > queue_settings.MANY else tuple(ids)
    these = f"AND i.scope_id IN ({', '.join(['%s'] * len(those))})" if those else ""
    times = [connection.ops.adapt_datetimefield_value(instant) for instant in instants]
    with connection.cursor() as cursor:
        cursor.execute(sql.format(these=these), [organization.pk, *times, *those])
        rows: list[Any] = cursor.fetchall()
        return rows


def _day(counts: Sequence[Any], compared: Sequence[Any] | None) -> Day:
    # PostgreSQL sums big integers as decimals.
    whole: list[Any] = [None if value is None else int(value) for value in counts[: len(COUNTS)]]
    return Day(*whole, *((float(compared[0]), float(compared[1])) if compared is not None else ()))


# --- row by row ------------------------------------------------------------------------------------------------------
def _drops(organization: Organization, ids: Collection[int], midnight: datetime, at: datetime) -> dict[int, Times]:
    """Times of the day with a drop in volume that nobody confirmed as real, by primary key of the queue."""
    rows = VolumeDrop.objects.filter(
        Q(until=None) | Q(until__gt=midnight),
        **queue_settings.of_queues(organization, ids),
        since__lte=at,
        confirmed_by="",
    )
    found: dict[int, list[tuple[datetime, datetime | None]]] = {}
    for pk, since, until in rows.values_list("scope_id", "since", "until"):
        found.setdefault(pk, []).append((since, until))
    return dict(found)


def _by_rows(ids: Collection[int], drops: Mapping[int, Times], midnight: datetime, at: datetime) -> dict[int, Day]:
    """Compare intervals by scope. Of overlapping lengths the finer ones count; spans of a drop are left out."""
    if not ids:
        return {}
    measured = IntervalStats.objects.filter(scope__in=ids, start__gte=midnight, start__lte=at).order_by("start")
    planned = ForecastInterval.objects.filter(scope__in=ids, start__gte=midnight - LONGEST, start__lte=at)
    intervals: dict[int, list[Interval]] = {}
    forecasts: dict[int, list[Expected]] = {}
    for pk, *values in measured.values_list("scope_id", *Interval._fields):
        intervals.setdefault(pk, []).append(Interval(*values))
    for pk, *values in planned.values_list("scope_id", *Expected._fields):
        forecasts.setdefault(pk, []).append(Expected(*values))
    return {
        pk: _day_of_rows(without_overlaps(rows), forecasts.get(pk, []), drops.get(pk, ()), at)
        for pk, rows in intervals.items()
    }


def _day_of_rows(rows: Sequence[Interval], forecasts: Sequence[Expected], drops: Times, at: datetime) -> Day:
    early = [row.abandoned_in_target for row in rows if row.abandoned_in_target is not None]
    ended = [row for row in rows if row.end <= at and not _touched(row, drops)]
    return Day(
        sum(row.offered for row in rows),
        sum(row.answered for row in rows),
        sum(row.answered_in_target for row in rows),
        sum(row.abandoned for row in rows),
        sum(early) if early else None,
        *formulas.comparable(offered_spans(ended), forecast_spans(forecasts)),
        dropped=any(row.end > at and _touched(row, drops) for row in rows),
    )


def _touched(row: Interval, drops: Times) -> bool:
    return any(since < row.end and (until is None or until > row.start) for since, until in drops)
