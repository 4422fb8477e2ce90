"""Load the inputs of an organization's figures (kpi.pipeline.inputs) in a fixed number of queries."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Q

import attendance.selectors
import backlog.selectors
from intraday.org.models import Organization, Scope
from intraday.values import cadence
from kpi import hours
from kpi.loading import day_volume, queue_settings
from kpi.loading.queue_settings import of_queues
from kpi.models import INTERVAL_MINUTES, ForecastInterval, IntervalStats, VolumeDrop
from kpi.pipeline.heads import counted_by_acd
from kpi.pipeline.inputs import (
    Backlog,
    Day,
    Drop,
    Expected,
    Interval,
    Key,
    Queue,
    QueueInputs,
    SkillGroup,
    Surroundings,
    WorkSpan,
)
from kpi.pipeline.spans import without_overlaps

T = TypeVar("T")
RECENT = timedelta(hours=2)
"""The time for which single intervals are read: the hour of the AHT, and feeds that come every half hour."""
LONGEST = timedelta(hours=1)
TYPICAL_WEEKS = 4
_LENGTHS = {minutes: timedelta(minutes=minutes) for minutes in INTERVAL_MINUTES}
_FORECAST = [name for name in Expected._fields if name != "end"]
SHOWN = timedelta(seconds=90)
"""A figure older than that is no longer the one that screens show: all are worked out every minute."""


def load(organization: Organization, scopes: Collection[Scope], at: datetime) -> list[QueueInputs]:
    """Everything known of these queues at that instant."""
    if not scopes:
        return []
    found = queue_settings.load(organization, scopes, at)
    ids = [queue.scope.pk for queue in found]
    zone = ZoneInfo(organization.time_zone)
    midnight, end_of_day = hours.local_day(at, zone)
    recent = _measured(organization, ids, at - RECENT, at)
    forecasts = _forecasts(organization, ids, at - RECENT, end_of_day, at)
    days = day_volume.load(organization, ids, midnight, at)
    typical = _typical(organization, [queue for queue in found if not forecasts.get(queue.scope.pk)], at, zone)
    waiting = backlogs(organization, ids, at)
    return [
        QueueInputs(
            queue=queue,
            zone=zone,
            recent=recent.get(pk, ()),
            forecasts=[each for each in forecasts.get(pk, ()) if each.start <= at],
            day=days.get(pk, Day()),
            rest=[each for each in forecasts.get(pk, ()) if each.start > at],
            backlog=waiting.get(pk),
            typical=typical.get(pk, ()),
        )
        for pk, queue in zip(ids, found, strict=True)
    ]


def surroundings(organization: Organization, at: datetime) -> Surroundings:
    """The rest of the organization, as far as the figures of single queues depend on it."""
    groups = attendance.selectors.skill_groups(organization.pk, at=at)
    return Surroundings(
        judging=queue_settings.judging(organization),
        groups=[SkillGroup(*group) for group in groups],
        counted=_counted(organization, at),
        drops=drops_at(organization, at),
        presence_known=any(group.available for group in groups) or _is_recorded(organization, at),
    )


def _is_recorded(organization: Organization, at: datetime) -> bool:
    """Return whether anybody's attendance of the last day is known."""
    return attendance.selectors.is_recorded(organization.pk, since=at - timedelta(days=1), until=at)


# --- intervals and forecasts -----------------------------------------------------------------------------------------
def _measured(
    organization: Organization, ids: Collection[int], since: datetime, at: datetime
) -> dict[int, list[Interval]]:
    rows = IntervalStats.objects.filter(
        **of_queues(organization, ids), start__gt=since - LONGEST, start__lte=at, end__gt=since
    )
    found = _grouped(rows.order_by("start").values_list("scope_id", *Interval._fields), Interval)
    return {pk: without_overlaps(intervals) for pk, intervals in found.items()}


def _forecasts(
    organization: Organization, ids: Collection[int], since: datetime, until: datetime, at: datetime
) -> dict[int, list[Expected]]:
    """Forecasts from `since` on, those to come until the end of the day; of overlapping lengths the finer ones."""
    rows = ForecastInterval.objects.filter(
        **of_queues(organization, ids), start__gt=since - LONGEST, start__lt=max(until, at), end__gt=since
    )
    found: dict[int, list[Expected]] = {}
    # The end is the start and the length: to read timestamps is what takes the time of tens of thousands of rows.
    for pk, minutes, start, *values in rows.order_by("start").values_list("scope_id", "minutes", *_FORECAST):
        found.setdefault(pk, []).append(Expected(start, start + _LENGTHS[minutes], *values))
    return {pk: without_overlaps(intervals) for pk, intervals in found.items()}


def measured_between(
    organization: Organization, ids: Collection[int], since: datetime, until: datetime
) -> dict[int, list[Interval]]:
    """Intervals that begin in this time, in order of time; of overlapping lengths the finer ones."""
    rows = IntervalStats.objects.filter(**of_queues(organization, ids), start__gte=since, start__lt=until)
    found = _grouped(rows.order_by("start").values_list("scope_id", *Interval._fields), Interval)
    return {pk: without_overlaps(intervals) for pk, intervals in found.items()}


def expected_between(
    organization: Organization, ids: Collection[int], since: datetime, until: datetime
) -> dict[int, list[Expected]]:
    """Forecasts that begin in this time, in order of time; of overlapping lengths the finer ones."""
    rows = ForecastInterval.objects.filter(**of_queues(organization, ids), start__gte=since, start__lt=until)
    found = _grouped(rows.order_by("start").values_list("scope_id", *Expected._fields), Expected)
    return {pk: without_overlaps(intervals) for pk, intervals in found.items()}


def _grouped(rows: Iterable[Sequence[Any]], kind: Callable[..., T]) -> dict[int, list[T]]:
    found: dict[int, list[T]] = {}
    for scope_id, *values in rows:
        found.setdefault(scope_id, []).append(kind(*values))
    return found


def _typical(
    organization: Organization, queues: Collection[Queue], at: datetime, zone: ZoneInfo
) -> dict[int, list[Expected]]:
    """Return a stand-in for a missing forecast: the mean of the same weekday and time of the last weeks."""
    ids = [queue.scope.pk for queue in queues if not queue.rules.deferred and queue.closed_until is None]
    if not ids:
        return {}
    weeks = [(week, _weeks_ago(at, week, zone)) for week in range(1, TYPICAL_WEEKS + 1)]
    near = Q()
    for _, then in weeks:
        near |= Q(start__gt=then - RECENT, start__lte=then)
    rows = IntervalStats.objects.filter(near, **of_queues(organization, ids))
    past: dict[int, dict[tuple[datetime, datetime], list[int]]] = {}
    for scope_id, start, end, offered in rows.values_list("scope_id", "start", "end", "offered"):
        week = next(week for week, then in weeks if then - RECENT < start <= then)
        time = _weeks_ago(start, -week, zone), _weeks_ago(end, -week, zone)
        past.setdefault(scope_id, {}).setdefault(time, []).append(offered)
    return {pk: _means(times) for pk, times in past.items()}


def _weeks_ago(at: datetime, weeks: int, zone: ZoneInfo) -> datetime:
    """The same local time, so many weeks earlier."""
    local = at.astimezone(zone)
    return (local.replace(tzinfo=None) - timedelta(weeks=weeks)).replace(tzinfo=zone).astimezone(at.tzinfo)


def _means(times: Mapping[tuple[datetime, datetime], Sequence[int]]) -> list[Expected]:
    rows = [
        Expected(start, end, sum(each) / len(each), 0.0, None, None) for (start, end), each in sorted(times.items())
    ]
    return without_overlaps(rows)


# --- people ----------------------------------------------------------------------------------------------------------
def spans_between(organization: Organization, since: datetime, until: datetime) -> list[WorkSpan]:
    """Working times of people on shift, with the queues that each of them serves."""
    return [WorkSpan(*span) for span in attendance.selectors.group_spans(organization.pk, since=since, until=until)]


def _counted(organization: Organization, at: datetime) -> dict[Key, int]:
    """Distinct heads that a feed posted for departments or the organization, while they are fresh."""
    rows = IntervalStats.objects.filter(
        scope__organization=organization,
        scope__queue_name="",
        start__gt=at - RECENT - LONGEST,
        start__lte=at,
        end__gt=at - RECENT,
    )
    names = ("scope__department_id", "scope__kpi_feed__cadence_seconds", *Interval._fields)
    found: dict[Key, int] = {}
    for department_id, cadence_seconds, *values in rows.order_by("start").values_list(*names):
        row = Interval(*values)
        if at <= min(row.as_of, at) + cadence.fresh_for(cadence_seconds):
            found[department_id, ""] = counted_by_acd(row)
    return found


# --- drops in volume -------------------------------------------------------------------------------------------------
def drops_at(organization: Organization, at: datetime) -> dict[Key, Drop]:
    """The drops that last at that instant."""
    rows = VolumeDrop.objects.filter(
        Q(until=None) | Q(until__gt=at), scope__organization=organization, since__lte=at
    ).select_related("scope")
    return {
        (row.scope.department_id, row.scope.queue_name): Drop(
            row.since, row.offered, row.forecast, row.minutes, row.inherited, bool(row.confirmed_by)
        )
        for row in rows
    }


# --- the backlog -----------------------------------------------------------------------------------------------------
def backlogs(organization: Organization, ids: Collection[int], at: datetime) -> dict[int, Backlog]:
    """The backlogs of these queues at that instant: usually the newest ones, else those of then."""
    chosen = None if len(ids) > queue_settings.MANY else ids
    newest = {
        scope.pk: _as_backlog(time, figure, at)
        for scope, time, figure in backlog.selectors.figures(organization.pk, now=at, scopes=chosen)
    }
    later = [pk for pk, found in newest.items() if found.time > at]
    if later:
        then = backlog.selectors.past_figures(
            organization.pk, since=at - RECENT, until=at + timedelta(microseconds=1), scopes=later
        )
        newest = {pk: found for pk, found in newest.items() if pk not in later}
        newest |= {scope.pk: _as_backlog(time, figure, at) for scope, time, figure in then}
    return newest


def _as_backlog(time: datetime, figure: Mapping[str, Any], at: datetime) -> Backlog:
    oldest = figure["oldest_item_age_minutes"]
    step = figure["interval_seconds"]
    rhythm = figure.get("cadence_seconds") or cadence.learned([0.0, step] if step else [])
    added = figure.get("added_per_hour")
    return Backlog(
        time=time,
        fresh=at <= time + cadence.fresh_for(rhythm),
        items=figure["total_items"],
        over_sla=figure["items_over_sla"],
        # If the feed does not send it: in a queue worked off in order, ages spread evenly up to twice their mean.
        oldest_seconds=60 * (2 * figure["avg_wait_time_minutes"] if oldest is None else oldest),
        inflow=None if added is None else added / 3600,
        cadence_seconds=rhythm,
        compliance=figure["sla_compliance_percentage"],
        age_profile=_buckets(figure.get("age_profile") or ()),
    )


def _buckets(profile: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, int], ...]:
    """Turn cumulative counts of items at least that old into counts of each bucket of ages."""
    ages = [(60 * bucket["older_than_minutes"], bucket["items"]) for bucket in profile]
    older = [*(items for _, items in ages[1:]), 0]
    return tuple((age, items - beyond) for (age, items), beyond in zip(ages, older, strict=False))
