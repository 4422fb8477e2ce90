"""All that the figures of an organization's queues are worked out from, in a fixed number of queries."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, Sum

import attendance.selectors
import backlog.selectors
from intraday import cadence
from intraday.org.models import Organization, Scope
from kpi import hours, queues
from kpi.known import Day, Expected, Interval, QueueInputs, Staff, Waiting
from kpi.models import ForecastInterval, IntervalStats
from kpi.queues import of_queues

T = TypeVar("T")
RECENT = timedelta(hours=2)
"""How far back single intervals are looked at: the hour of the AHT, and feeds that come every half hour."""
LONGEST = timedelta(hours=1)


def load(organization: Organization, scopes: Collection[Scope], at: datetime) -> list[QueueInputs]:
    """What is known at that instant of these queues."""
    if not scopes:
        return []
    found = queues.load(organization, scopes, at)
    ids = [queue.scope.pk for queue in found]
    zone = ZoneInfo(organization.time_zone)
    midnight, end_of_day = hours.local_day(at, zone)
    recent = _recent(organization, ids, at)
    newest = {pk: intervals[-1].start for pk, intervals in recent.items()}
    expected, compared = _expected(organization, ids, at, newest)
    days, rests = _days(organization, ids, midnight, at), _rests(organization, ids, at, end_of_day)
    waiting = _waiting(organization, [queue.scope.pk for queue in found if queue.rules.deferred], at)
    on_shift = _on_shift(organization, at)
    return [
        QueueInputs(
            queue,
            zone,
            recent.get(pk, []),
            expected.get(pk),
            compared.get(pk),
            days.get(pk, Day()),
            rests.get(pk),
            waiting.get(pk),
            on_shift.get(queue.name),
        )
        for pk, queue in zip(ids, found, strict=True)
    ]


def _recent(organization: Organization, ids: Collection[int], at: datetime) -> dict[int, list[Interval]]:
    rows = IntervalStats.objects.filter(
        **of_queues(organization, ids), start__gt=at - RECENT - LONGEST, start__lte=at, end__gt=at - RECENT
    )
    return _grouped(rows.order_by("start").values_list("scope_id", *Interval._fields), Interval)


def _expected(
    organization: Organization, ids: Collection[int], at: datetime, newest: Mapping[int, datetime]
) -> tuple[dict[int, Expected], dict[int, Expected]]:
    """Of each queue the forecast that this instant lies in, and that of the newest measured interval."""
    rows = ForecastInterval.objects.filter(
        Q(end__gt=at) | Q(start__in=set(newest.values())),
        **of_queues(organization, ids),
        start__gt=at - RECENT - LONGEST,
        start__lte=at,
    )
    running: dict[int, Expected] = {}
    measured: dict[int, Expected] = {}
    for scope_id, *values in rows.order_by("start").values_list("scope_id", *Expected._fields):
        each = Expected(*values)
        if each.end > at:
            running[scope_id] = each
        if each.start == newest.get(scope_id):
            measured[scope_id] = each
    return running, measured


def _rests(organization: Organization, ids: Collection[int], at: datetime, until: datetime) -> dict[int, float]:
    rows = ForecastInterval.objects.filter(**of_queues(organization, ids), start__gt=at, start__lt=until)
    return dict(rows.order_by().values("scope_id").annotate(rest=Sum("offered")).values_list("scope_id", "rest"))


def measured_between(
    organization: Organization, ids: Collection[int], since: datetime, until: datetime
) -> dict[int, list[Interval]]:
    """Intervals that begin in this time, in order of time."""
    rows = IntervalStats.objects.filter(**of_queues(organization, ids), start__gte=since, start__lt=until)
    return _grouped(rows.order_by("start").values_list("scope_id", *Interval._fields), Interval)


def expected_between(
    organization: Organization, ids: Collection[int], since: datetime, until: datetime
) -> dict[int, list[Expected]]:
    rows = ForecastInterval.objects.filter(**of_queues(organization, ids), start__gte=since, start__lt=until)
    return _grouped(rows.order_by("start").values_list("scope_id", *Expected._fields), Expected)


def shifts_between(
    organization: Organization, scope: Scope, since: datetime, until: datetime
) -> dict[tuple[str, str], list[tuple[datetime, datetime]]]:
    """Working times of people on shift, by department and queue."""
    spans = attendance.selectors.work_spans(
        organization.pk,
        since=since,
        until=until,
        department_id=scope.department_id or None,
        queue_name=scope.queue_name or None,
    )
    found: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}
    for span in spans:
        found.setdefault((span.department_id, span.queue_name), []).append((span.start, span.end))
    return found


def _grouped(rows: Iterable[Sequence[Any]], kind: Callable[..., T]) -> dict[int, list[T]]:
    found: dict[int, list[T]] = {}
    for scope_id, *values in rows:
        found.setdefault(scope_id, []).append(kind(*values))
    return found


# Intervals are compared with the forecast that begins with them, over the time that both cover. By the ORM it would be
# a look-up for each interval of the day.
_COVERED = "CASE WHEN f.minutes < i.minutes THEN f.minutes ELSE i.minutes END"
_COMPARED = f'CASE WHEN f.minutes IS NOT NULL AND i."end" <= %s THEN 1.0 * {_COVERED}'
_DAYS = f"""
SELECT i.scope_id, SUM(i.offered), SUM(i.answered), SUM(i.answered_in_target), SUM(i.abandoned),
       SUM(i.abandoned_in_target), SUM({_COMPARED} * i.offered / i.minutes END),
       SUM({_COMPARED} * f.offered / f.minutes END)
FROM kpi_intervalstats i
JOIN org_scope s ON s.id = i.scope_id
LEFT JOIN kpi_forecastinterval f ON f.scope_id = i.scope_id AND f.start = i.start
WHERE s.organization_id = %s AND i.start >= %s AND i.start <= %s {{these}}
GROUP BY i.scope_id
"""  # noqa: S608 - literals of this module


def _days(organization: Organization, ids: Collection[int], midnight: datetime, at: datetime) -> dict[int, Day]:
    since, until = (connection.ops.adapt_datetimefield_value(instant) for instant in (midnight, at))
    those = () if len(ids) > queues.MANY else tuple(ids)
    these = f"AND i.scope_id IN ({', '.join(['%s'] * len(those))})" if those else ""
    with connection.cursor() as cursor:
        cursor.execute(_DAYS.format(these=these), [until, until, organization.pk, since, until, *those])
        return {scope_id: _as_day(sums) for scope_id, *sums in cursor.fetchall()}


def _as_day(sums: list[Any]) -> Day:
    *counts, compared, forecast = sums
    whole: list[Any] = [
        None if value is None else int(value) for value in counts
    ]  # PostgreSQL sums big integers as decimals
    return Day(*whole, *(None if value is None else float(value) for value in (compared, forecast)))


def _on_shift(organization: Organization, at: datetime) -> dict[tuple[str, str], Staff]:
    staffing = attendance.selectors.staffing(organization.pk, at=at)
    return {name: Staff(heads.scheduled, heads.available) for name, heads in staffing.items()}


def _waiting(organization: Organization, ids: Collection[int], at: datetime) -> dict[int, Waiting]:
    """The backlogs of these queues at that instant: usually the newest ones, else what was true then."""
    if not ids:
        return {}
    newest = {
        scope.pk: _as_waiting(time, figure)
        for scope, time, figure in backlog.selectors.figures(organization.pk, now=at, scopes=ids)
    }
    later = [pk for pk, waiting in newest.items() if waiting.time > at]
    if later:
        then = backlog.selectors.past_figures(
            organization.pk, since=at - RECENT, until=at + timedelta(microseconds=1), scopes=later
        )
        newest = {pk: waiting for pk, waiting in newest.items() if pk not in later}
        newest |= {scope.pk: _as_waiting(time, figure) for scope, time, figure in then}
    return newest


def _as_waiting(time: datetime, figure: Mapping[str, Any]) -> Waiting:
    oldest = figure["oldest_item_age_minutes"]
    step = figure["interval_seconds"]
    known = step and figure["flow_source"] in ("explicit", "counters")
    return Waiting(
        time=time,
        items=figure["total_items"],
        over_sla=figure["items_over_sla"],
        # Where the feed does not say it: in a queue worked off in order, ages spread evenly up to twice their mean.
        oldest_seconds=60 * (2 * figure["avg_wait_time_minutes"] if oldest is None else oldest),
        inflow=figure["items_added_this_interval"] / step if known else None,
        cadence_seconds=figure.get("cadence_seconds") or cadence.learned([0.0, step] if step else []),
    )
