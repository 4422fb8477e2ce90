"""Reading the KPIs."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import Q, QuerySet

from intraday.org.models import Organization, Scope
from kpi import grid, hours, inputs, queues, whatif
from kpi.closed_intervals import closed_intervals as closed_intervals
from kpi.events import Changes, HeadcountGap, Health, KPIChanged, Service, SlaRisk, Utilization
from kpi.figures import age_seconds
from kpi.grid import QueueDay
from kpi.known import Queue
from kpi.known import Rules as Rules
from kpi.models import CurrentKPI, KPISnapshot, QueueSettings
from kpi.queues import DEFAULT_RULES as DEFAULT_RULES
from kpi.whatif import Change as Change
from kpi.whatif import WhatIf
from realtime.rooms import RoomFilter

_BLOCKS: dict[str, type[msgspec.Struct]] = {
    "utilization": Utilization,
    "headcount_gap": HeadcountGap,
    "sla_risk": SlaRisk,
    "changes": Changes,
    "service": Service,
    "health": Health,
}
COLUMNS = [
    column
    for name in KPIChanged.__struct_fields__
    if name != "reasons"
    for column in ([f"{name}.{inner}" for inner in _BLOCKS[name].__struct_fields__] if name in _BLOCKS else [name])
]
"""Of a table of figures: all fields but the explanations of nulls, nested ones with a dot."""


def _current(organization_id: str, using: str = "default") -> QuerySet[CurrentKPI]:
    rows = (
        CurrentKPI.objects.using(using).select_related("scope").only("scope", "time", "as_of", "fresh_until", "figure")
    )
    return rows.filter(scope__organization=organization_id, time__isnull=False).order_by("scope")


def snapshot(organization_id: str, rooms: RoomFilter, names: bool) -> Sequence[msgspec.Raw]:
    """The current figure of every scope that these rooms hear (realtime.channels.SnapshotItems)."""
    rows = _current(organization_id, "snapshot")
    if not rooms.everything:
        rows = rows.filter(Q(scope__department_id__in=rooms.departments) | Q(scope__queue_name__in=rooms.queues))
    return [
        msgspec.Raw(bytes(row.figure)) for row in rows if rooms.hears(row.scope.department_id, row.scope.queue_name)
    ]


def current(scope: Scope, *, now: datetime) -> dict[str, Any]:
    """The scope's figure with its age, and those of the scopes inside it; null before the first."""
    rows = _current(scope.organization_id)
    if scope.department_id:
        rows = rows.filter(scope__department_id=scope.department_id)
    if scope.queue_name:
        rows = rows.filter(scope__queue_name=scope.queue_name)
    found = {row.scope_id: _aged(row, now) for row in rows}
    own = found.pop(scope.pk, None)
    return {"current": own, "within": list(found.values())}


def _aged(row: CurrentKPI, now: datetime) -> dict[str, Any]:
    """The figure as it is now: data grow older between two computations."""
    figure = as_dict(row.figure)
    if row.as_of is not None:
        figure["data_age_seconds"] = age_seconds(row.as_of, now)
    if row.fresh_until is not None and now > row.fresh_until and "closed_until" not in figure:
        figure["quality"] = "stale"
    return figure


Figure = tuple[Scope, datetime, dict[str, Any]]
"""A scope, the instant of its figure, and the figure with the fields of its event."""


def figures(organization_id: str, *, now: datetime, scopes: Collection[int] | None = None) -> Iterator[Figure]:
    """The newest figure of every scope of an organization (or of these, by primary key), in one query."""
    rows = _current(organization_id)
    if scopes is not None:
        rows = rows.filter(scope__in=scopes)
    for row in rows:
        assert row.time is not None
        yield row.scope, row.time, _aged(row, now)


def past_figures(
    organization_id: str, *, since: datetime, until: datetime, scopes: Collection[int] | None = None
) -> Iterator[Figure]:
    """Figures with since <= time < until, in order of time, in one query."""
    rows = KPISnapshot.objects.select_related("scope").filter(
        scope__organization=organization_id, time__gte=since, time__lt=until
    )
    if scopes is not None:
        rows = rows.filter(scope__in=scopes)
    for row in rows.order_by("time", "scope").iterator():
        yield row.scope, row.time, as_dict(row.figure)


def history(
    scope: Scope, *, since: datetime | None, until: datetime | None, after: datetime | None, limit: int
) -> tuple[list[dict[str, Any]], datetime | None]:
    """Figures of exactly this scope with since <= time < until, oldest first, from the cursor `after` on; and the
    cursor of the next page, if there is one."""
    rows = KPISnapshot.objects.filter(scope=scope).order_by("time")
    if since is not None:
        rows = rows.filter(time__gte=since)
    if until is not None:
        rows = rows.filter(time__lt=until)
    if after is not None:
        rows = rows.filter(time__gt=after)
    page = list(rows.values_list("time", "figure")[: limit + 1])
    items = [as_dict(figure) for _, figure in page[:limit]]
    return items, page[limit - 1][0] if len(page) > limit else None


def as_dict(figure: bytes | memoryview) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(figure)
    return found


def intervals(scope: Scope, *, day: date | None, now: datetime) -> dict[str, Any]:
    """The grid of a local day, today if none is named, summed over the queues inside the scope."""
    organization = scope.organization
    zone = ZoneInfo(organization.time_zone)
    day = day or now.astimezone(zone).date()
    begin, end = hours.day_bounds(day, zone)
    queues_inside = queues.load(organization, _queues_inside(scope), begin)
    shifts = inputs.shifts_between(organization, scope, begin, end)
    days = _queue_days(organization, queues_inside, shifts, begin, end)
    minutes = _interval_minutes(queues_inside, days)
    cells = grid.cells(begin, end, minutes=minutes, now=now)
    return {
        "organization_id": organization.pk,
        "department_id": scope.department_id or None,
        "queue_name": scope.queue_name or None,
        "date": day,
        "time_zone": organization.time_zone,
        "interval_minutes": minutes,
        "intervals": grid.grid(days, cells),
    }


def _queues_inside(scope: Scope) -> list[Scope]:
    if scope.queue_name:
        return [scope]
    rows = Scope.objects.filter(organization=scope.organization).exclude(queue_name="")
    return list(rows.filter(department_id=scope.department_id) if scope.department_id else rows)


def _queue_days(
    organization: Organization, of: Sequence[Queue], shifts: Mapping[Any, Any], begin: datetime, end: datetime
) -> list[QueueDay]:
    ids = [queue.scope.pk for queue in of]
    measured = inputs.measured_between(organization, ids, begin, end)
    expected = inputs.expected_between(organization, ids, begin, end)
    return [
        QueueDay(queue.rules, measured.get(pk, []), expected.get(pk, []), shifts.get(queue.name, []))
        for pk, queue in zip(ids, of, strict=True)
    ]


def _interval_minutes(of: Sequence[Queue], days: Sequence[QueueDay]) -> int:
    """The longest interval that occurs, so that none is longer than a cell; else the queues' own."""
    known: set[int] = set()
    for day in days:
        for rows in (day.measured, day.expected):
            known.update((row.end - row.start) // timedelta(minutes=1) for row in rows)
    return max(known or {queue.rules.interval_minutes for queue in of} or {DEFAULT_RULES.interval_minutes})


def what_if(scope: Scope, change: Change, *, now: datetime) -> WhatIf:
    """The running interval of a queue as it is, and as it would be."""
    [found] = inputs.load(scope.organization, [scope], now)
    return whatif.what_if(found, change, now)


def closed(organization_id: str, *, at: datetime) -> dict[int, datetime]:
    """By primary key, the queues that are closed at that instant, and when they open next."""
    organization = Organization.objects.get(pk=organization_id)
    scopes = Scope.objects.filter(organization=organization).exclude(queue_name="")
    return queues.closed_queues(organization, scopes, queue_settings(organization_id), at)


def opened(organization_id: str, *, at: datetime) -> dict[tuple[str, str], datetime]:
    """Return the queues that are open at that instant, by department and name, and since when each has been open."""
    organization = Organization.objects.get(pk=organization_id)
    scopes = {scope.pk: scope for scope in Scope.objects.filter(organization=organization).exclude(queue_name="")}
    found = queues.opened_queues(organization, scopes.values(), queue_settings(organization_id), at)
    return {(scopes[pk].department_id, scopes[pk].queue_name): since for pk, since in found.items()}


def queue_settings(organization_id: str) -> Mapping[int, Rules]:
    """How queues are run, by primary key of their scope; those that are missing are run by DEFAULT_RULES."""
    return queues.rules_of(QueueSettings.objects.filter(scope__organization=organization_id))
