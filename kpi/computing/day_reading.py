"""Load a local day of a scope for its grid."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import Q
from msgspec import structs

from intraday.org.models import Organization, Scope
from intraday.values.rounding import percent, ratio
from kpi import hours
from kpi.day.intervals import (
    Day,
    GridInterval,
    Live,
    QueueDay,
    cells,
    day_intervals,
    lengths,
    measured_totals,
)
from kpi.formulas import reforecast_ratio
from kpi.loading import day_volume, load_inputs, queue_settings
from kpi.loading.queue_settings import DEFAULT_RULES
from kpi.models import CurrentKPI, KPISnapshot, VolumeDrop
from kpi.pipeline.inputs import Interval, Key, Rules, WorkSpan
from kpi.pipeline.measured import waiting_past_target
from kpi.pipeline.totals import Totals, add, of_callers


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


class DayTotals(msgspec.Struct, frozen=True, kw_only=True):
    """The contacts of callers on a day so far, and their service level in percent, as the live figure has it. A day on
    which there is deferred work alone counts that."""

    offered: int | None
    answered: int | None
    abandoned: int | None
    service_level: float | None


def day_totals(scope: Scope, begin: datetime, end: datetime, *, now: datetime) -> DayTotals:
    """Add up what the queues inside the scope measured in [begin, end)."""
    until = min(end, now)
    queues = queue_settings.load(scope.organization, _queues_inside(scope), begin)
    rows = load_inputs.measured_between(scope.organization, [queue.scope.pk for queue in queues], begin, until)
    parts = [_totals(rows.get(queue.scope.pk, []), queue.rules, is_over=end <= now) for queue in queues]
    whole = of_callers(parts, [queue.rules.deferred for queue in queues])
    return DayTotals(
        offered=whole.offered,
        answered=whole.answered,
        abandoned=whole.abandoned,
        service_level=percent(ratio(whole.in_target, whole.judged)),
    )


def _totals(rows: Sequence[Interval], rules: Rules, *, is_over: bool) -> Totals:
    """While the day goes on, callers who wait past their target count as missed at once, as in the live figure."""
    found = add(measured_totals(row, rules) for row in rows)
    if not rows or is_over or found.judged is None:
        return found
    return structs.replace(found, judged=found.judged + waiting_past_target(rows[-1], rules.target_seconds))


def _queue_days(
    scope: Scope, spans: Sequence[WorkSpan], begin: datetime, end: datetime, now: datetime
) -> tuple[list[QueueDay], list[QueueDay]]:
    """Return the days of the queues inside the scope, and of those that share people with them."""
    organization = scope.organization
    inside = _queues_inside(scope)
    keys = {key_of(each) for each in inside}
    joined = sharing(keys, (span.serves for span in spans))
    others = [each for each in every_queue(organization) if key_of(each) in joined] if joined else []
    days = _days(organization, [*inside, *others], begin, end, now)
    return [day for day in days if day.key in keys], [day for day in days if day.key not in keys]


def key_of(scope: Scope) -> Key:
    return scope.department_id, scope.queue_name


def sharing(keys: set[Key], serving: Iterable[frozenset[Key]]) -> set[Key]:
    """Return the other queues that people of these serve, and people of those."""
    groups = set(serving)
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
    every = every_queue(scope.organization)
    return [each for each in every if scope.department_id in ("", each.department_id)]


def every_queue(organization: Organization) -> list[Scope]:
    return list(Scope.objects.filter(organization=organization).exclude(queue_name=""))


def _day_ratio(organization: Organization, now: datetime) -> float:
    """The same ratio as that of the figures: one for the organization, from its realtime queues."""
    queues = queue_settings.load(organization, every_queue(organization), now)
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
        as_of=_instant(told["as_of"]),
        one_length=one_length,
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
