"""Load a local day of a scope for its grid, and an organization's now for what-if."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import Q

from intraday.org.models import Organization, Scope
from kpi import hours
from kpi.computing import latest
from kpi.day.intervals import Day, GridInterval, Live, QueueDay, cells, day_intervals, lengths
from kpi.day.what_if import Change, WhatIf
from kpi.day.what_if import what_if as compare
from kpi.formulas import reforecast_ratio
from kpi.loading import day_volume, load_inputs, queue_settings
from kpi.loading.queue_settings import DEFAULT_RULES
from kpi.models import CurrentKPI, KPISnapshot, VolumeDrop
from kpi.pipeline.inputs import Key, WorkSpan
from kpi.pipeline.organization import work_out


def intervals(scope: Scope, begin: datetime, end: datetime, *, now: datetime) -> tuple[int, list[GridInterval]]:
    """Return the length of the intervals in minutes, and those of [begin, end)."""
    is_today = begin <= now < end
    spans = load_inputs.spans_between(scope.organization, begin, end)
    queues, beside = _queue_days(scope, spans, begin, end, now)
    minutes = max(lengths(queues) or {day.rules.interval_minutes for day in queues} or {DEFAULT_RULES.interval_minutes})
    day = Day(
        queues=queues,
        beside=beside,
        spans=spans,
        day_ratio=_day_ratio(scope.organization, now) if is_today else 1.0,
        there=_there(scope, begin, min(end, now)),
        drops=_drops(scope, begin, end),
        live=_live(scope, one_length=len(lengths(queues)) == 1) if is_today else None,
    )
    return minutes, day_intervals(day, cells(begin, end, minutes=minutes, now=now))


def _queue_days(
    scope: Scope, spans: Sequence[WorkSpan], begin: datetime, end: datetime, now: datetime
) -> tuple[list[QueueDay], list[QueueDay]]:
    """Return the days of the queues inside the scope, and of those that share people with them."""
    organization = scope.organization
    inside = _queues_inside(scope)
    keys = {_key(each) for each in inside}
    sharing = _sharing(keys, spans)
    others = [each for each in _every_queue(organization) if _key(each) in sharing] if sharing else []
    days = _days(organization, [*inside, *others], begin, end, now)
    return [day for day in days if day.key in keys], [day for day in days if day.key not in keys]


def _key(scope: Scope) -> Key:
    return scope.department_id, scope.queue_name


def _sharing(keys: set[Key], spans: Sequence[WorkSpan]) -> set[Key]:
    """Return the other queues that people of these serve, and people of those."""
    groups = {span.serves for span in spans}
    reached = set(keys)
    while more := {key for serves in groups if serves & reached for key in serves} - reached:
        reached |= more
    return reached - keys


def _days(
    organization: Organization, scopes: Sequence[Scope], begin: datetime, end: datetime, now: datetime
) -> list[QueueDay]:
    found = queue_settings.load(organization, scopes, begin)
    ids = [queue.scope.pk for queue in found]
    measured = load_inputs.measured_between(organization, ids, begin, end)
    expected = load_inputs.expected_between(organization, ids, begin, end)
    waiting = load_inputs.backlogs(organization, [queue.scope.pk for queue in found if queue.rules.deferred], now)
    return [
        QueueDay(queue.key, queue.rules, measured.get(pk, []), expected.get(pk, []), waiting.get(pk))
        for pk, queue in zip(ids, found, strict=True)
    ]


def _queues_inside(scope: Scope) -> list[Scope]:
    if scope.queue_name:
        return [scope]
    every = _every_queue(scope.organization)
    return [each for each in every if scope.department_id in ("", each.department_id)]


def _every_queue(organization: Organization) -> list[Scope]:
    return list(Scope.objects.filter(organization=organization).exclude(queue_name=""))


def _day_ratio(organization: Organization, now: datetime) -> float:
    """The same ratio as that of the figures: one for the organization, from its realtime queues."""
    queues = queue_settings.load(organization, _every_queue(organization), now)
    midnight, _ = hours.local_day(now, ZoneInfo(organization.time_zone))
    days = day_volume.load(organization, [q.scope.pk for q in queues if not q.rules.deferred], midnight, now)
    return reforecast_ratio(
        actual=sum(day.compared for day in days.values()),
        forecast=sum(day.forecast for day in days.values()),
        prior_contacts=queue_settings.judging(organization).prior_contacts,
    )


class _Heads(msgspec.Struct):
    available: int | None = None


class _Past(msgspec.Struct):
    headcount_gap: _Heads


_past = msgspec.json.Decoder(_Past).decode


def _there(scope: Scope, begin: datetime, until: datetime) -> list[tuple[datetime, int]]:
    """Heads at work by the scope's own figures, in order of time."""
    rows = KPISnapshot.objects.filter(scope=scope, time__gt=begin, time__lte=until).order_by("time")
    heads = ((time, _past(figure).headcount_gap.available) for time, figure in rows.values_list("time", "figure"))
    return [(time, available) for time, available in heads if available is not None]


def _drops(scope: Scope, begin: datetime, end: datetime) -> Sequence[tuple[datetime, datetime | None]]:
    rows = VolumeDrop.objects.filter(Q(until=None) | Q(until__gt=begin), scope=scope, since__lt=end, confirmed_by="")
    return list(rows.values_list("since", "until"))


def _live(scope: Scope, *, one_length: bool) -> Live | None:
    row = CurrentKPI.objects.filter(scope=scope, time__isnull=False).first()
    if row is None:
        return None
    told: dict[str, Any] = msgspec.json.decode(row.figure)
    gap, service = told["headcount_gap"], told["service"]
    return Live(
        start=_instant(gap["interval_start"]),
        required=gap["required"],
        scheduled=gap["scheduled"],
        available=gap["available"],
        gap=gap["gap"],
        measured_start=_instant(service.get("interval_start")),
        service_level=service["service_level"],
        expected=service.get("expected"),
        offered=service["offered"],
        answered=service["answered"],
        abandoned=service["abandoned"],
        one_length=one_length,
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


# --- what if ---------------------------------------------------------------------------------------------------------
def what_if(scope: Scope, change: Change, *, now: datetime) -> WhatIf:
    """Compare the queue's running interval as it is with the changed one. Raises kpi.day.what_if.NotWorkedOutError."""
    organization = scope.organization
    at = _instant_of_figure(scope, now)
    near = load_inputs.surroundings(organization, at)
    beside = Scope.objects.filter(organization=organization).exclude(queue_name="").exclude(pk=scope.pk)
    others = list(beside)
    known = latest.load_parts(others)
    worked = work_out(
        load_inputs.load(organization, [scope], at),
        near,
        at,
        others={(each.department_id, each.queue_name): known[each.pk][0] for each in others if each.pk in known},
    )
    return compare(worked, (scope.department_id, scope.queue_name), near, change)


def _instant_of_figure(scope: Scope, now: datetime) -> datetime:
    """The instant of the queue's newest figure, so that "as it is" equals what screens show; now without a new one."""
    row = CurrentKPI.objects.filter(scope=scope, time__isnull=False).first()
    if row is None or row.time is None or not now - load_inputs.SHOWN <= row.time <= now:
        return now
    return row.time
