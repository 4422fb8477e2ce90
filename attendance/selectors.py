"""Read attendance."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db.models import Max, QuerySet
from msgspec import structs

from attendance.choices import AWAY_STATUSES, PRESENT_STATUSES, WORKING_KINDS, AttendanceStatus, ShiftKind
from attendance.events import AttendanceChanged
from attendance.microseconds import to_instant, to_microseconds
from attendance.models import AttendanceRecord, CurrentAttendance, ScheduledPeriod, Shift, Snapshot, StatusPeriod
from attendance.presence import headcounts
from attendance.presence.headcounts import PersonNow
from attendance.presence.intervals import MINUTE, Interval, subtract, union
from attendance.presence.skill_groups import GroupSpan as GroupSpan
from attendance.presence.skill_groups import SkillGroup as SkillGroup
from attendance.presence.skill_groups import group_spans as group_spans
from attendance.presence.skill_groups import skill_groups as skill_groups
from attendance.presence.stored_scheduled_periods import interval
from intraday.org.models import Scope
from intraday.values.rounding import half_up
from realtime.protocol.redaction import Redaction, redacted
from realtime.protocol.rooms import RoomFilter

COLUMNS = [name for name in AttendanceChanged.__struct_fields__ if name not in ("reasons", "recent_checkins")]
"""The columns of a table of figures: all fields but lists and the explanations of nulls."""


LIVE = timedelta(days=1)


def _current(organization_id: str, using: str = "default") -> QuerySet[CurrentAttendance]:
    rows = CurrentAttendance.objects.using(using).select_related("scope", "snapshot")
    return rows.filter(scope__organization=organization_id, snapshot__isnull=False).order_by("scope")


def _payload(row: Snapshot, scope: Scope, *, names: bool) -> AttendanceChanged:
    payload = AttendanceChanged.of(row, scope)
    return payload if names else payload.redacted()


def levels(organization_id: str) -> QuerySet[Scope]:
    """Return the organization and its departments: the scopes that have figures."""
    return Scope.objects.filter(organization=organization_id, queue_name="")


def is_live(organization_id: str, *, as_of: datetime | None, now: datetime) -> bool:
    """Tell whether figures of now make sense: somebody is scheduled, or the figures are of the last day."""
    if as_of is not None and now - as_of < LIVE:
        return True
    at = to_microseconds(now)
    return ScheduledPeriod.objects.filter(organization=organization_id, starts__lte=at, ends__gt=at).exists()


def older_than(limit: datetime) -> list[QuerySet[Any]]:
    """Return the rows that are of before the limit and came in before it, except the newest figures of each scope."""
    newest = CurrentAttendance.objects.filter(snapshot__isnull=False).values("snapshot")
    return [
        Snapshot.objects.filter(received_at__lt=limit, time__lt=limit).exclude(pk__in=newest),
        AttendanceRecord.objects.filter(received_at__lt=limit, time__lt=limit),
        StatusPeriod.objects.filter(made_at__lt=limit, ends__lt=to_microseconds(limit)),
        ScheduledPeriod.objects.filter(made_at__lt=limit, ends__lt=to_microseconds(limit)),
        Shift.objects.filter(received_at__lt=limit, end__lt=limit),
    ]


def newest_older_than(limit: datetime) -> QuerySet[Snapshot]:
    """Return the newest figures of the scopes whose figures are of before the limit and came in before it."""
    newest = CurrentAttendance.objects.filter(snapshot__isnull=False).values("snapshot")
    return Snapshot.objects.filter(pk__in=newest, received_at__lt=limit, time__lt=limit)


def is_recorded(organization_id: str, *, since: datetime, until: datetime) -> bool:
    """Return whether anybody's attendance was recorded in that time."""
    records = AttendanceRecord.objects.filter(person__organization=organization_id, time__gt=since, time__lte=until)
    return records.exists()


def snapshot(organization_id: str, rooms: RoomFilter, redaction: Redaction) -> Sequence[msgspec.Raw]:
    """Return the current figures of every scope that these rooms hear (channel_spec.SnapshotItems)."""
    return [
        msgspec.Raw(msgspec.json.encode(redacted(AttendanceChanged.of(row.snapshot, row.scope), redaction)))
        for row in _current(organization_id, "snapshot")
        if row.snapshot is not None and rooms.hears(row.scope.department_id, "")
    ]


def current(scope: Scope, *, now: datetime, names: bool) -> dict[str, Any]:
    """Return the scope's figures with their age, and those of the departments inside it; null before the first."""
    rows = _current(scope.organization_id)
    if scope.department_id:
        rows = rows.filter(scope__department_id=scope.department_id)
    figures = {row.scope_id: _aged(row, now, names=names) for row in rows}
    own = figures.pop(scope.pk, None)
    return {"current": own, "within": list(figures.values())}


def _aged(row: CurrentAttendance, now: datetime, *, names: bool) -> dict[str, Any]:
    assert row.snapshot is not None
    assert row.time is not None
    age = max(timedelta(), now - row.time).total_seconds()
    return {**as_dict(_payload(row.snapshot, row.scope, names=names)), "data_age_seconds": round(age, 3)}


Figure = tuple[Scope, datetime, dict[str, Any]]
"""A scope, the instant of its figures, and these with the fields of their event, without names."""


def figures(organization_id: str, *, now: datetime, scopes: Collection[int] | None = None) -> Iterator[Figure]:
    """Yield the newest figures of every scope of an organization (or of these, by primary key), in one query."""
    rows = _current(organization_id)
    if scopes is not None:
        rows = rows.filter(scope__in=scopes)
    for row in rows:
        assert row.time is not None
        yield row.scope, row.time, _aged(row, now, names=False)


def past_figures(
    organization_id: str, *, since: datetime, until: datetime, scopes: Collection[int] | None = None
) -> Iterator[Figure]:
    """Yield figures with since <= time < until, in order of time, in one query."""
    rows = Snapshot.objects.select_related("scope").filter(
        scope__organization=organization_id, time__gte=since, time__lt=until
    )
    if scopes is not None:
        rows = rows.filter(scope__in=scopes)
    for row in rows.order_by("time", "scope").iterator():
        yield row.scope, row.time, as_dict(_payload(row, row.scope, names=False))


def history(
    scope: Scope,
    *,
    since: datetime | None,
    until: datetime | None,
    after: datetime | None,
    limit: int,
    names: bool,
) -> tuple[list[dict[str, Any]], datetime | None]:
    """Return figures of exactly this scope with since <= time < until, oldest first, from the cursor `after` on; and
    the cursor of the next page, if there is one."""
    bounds = {"time__gte": since, "time__lt": until, "time__gt": after}
    rows = Snapshot.objects.filter(scope=scope, **{name: time for name, time in bounds.items() if time is not None})
    page = list(rows.order_by("time")[: limit + 1])
    items = [as_dict(_payload(row, scope, names=names)) for row in page[:limit]]
    return items, page[limit - 1].time if len(page) > limit else None


def people(
    scope: Scope, *, status: str | None, site_id: str, limit: int, now: datetime
) -> tuple[datetime, list[dict[str, Any]]]:
    """Return the instant and its people with their adherence, those with the most lost minutes first.

    The instant is now, or that of the newest figures where the feed replays the past.
    """
    newest = CurrentAttendance.objects.filter(scope__organization=scope.organization_id).aggregate(Max("time"))
    as_of = newest["time__max"]
    at = as_of if as_of is not None and not is_live(scope.organization_id, as_of=as_of, now=now) else now
    found = headcounts.people(
        scope.organization_id,
        at=to_microseconds(at),
        status=status,
        department_id=scope.department_id,
        site_id=site_id,
        limit=limit,
    )
    queues = _queues_of([each.person_id for each in found], at)
    return at, [_person(each, queues.get(each.person_id, set())) for each in found]


def _queues_of(people: Collection[int], at: datetime) -> dict[int, set[str]]:
    shifts = Shift.objects.filter(person__in=people, start__lte=at, end__gt=at, cancelled=False, kind__in=WORKING_KINDS)
    found: dict[int, set[str]] = {}
    for person, names in shifts.values_list("person_id", "queue_names"):
        found.setdefault(person, set()).update(names)
    return found


def _person(each: PersonNow, queues: set[str]) -> dict[str, Any]:
    return {
        "employee_id": each.employee_id,
        "employee_name": each.name or None,
        "department_id": each.department_id or None,
        "queue_names": sorted(queues),
        "status": each.status,
        "shift_start": None if each.starts is None else to_instant(each.starts),
        "shift_end": None if each.ends is None else to_instant(each.ends),
        "checked_in_at": None if each.came_at is None else to_instant(each.came_at),
        "lost_minutes": half_up(each.lost / MINUTE),
    }


def queues_of(people: Collection[int], *, at: datetime) -> list[Scope]:
    """Return the queues on which these people work at an instant: changes of people move their figures, too."""
    shifts = Shift.objects.filter(person__in=people, start__lte=at, end__gt=at).exclude(queue_names=[])
    rows = shifts.values_list("organization_id", "department_id", "queue_names")
    names = {(organization, code, queue) for organization, code, queues in rows for queue in queues}
    if not names:
        return []
    found = Scope.objects.filter(
        organization__in={each[0] for each in names},
        department_id__in={each[1] for each in names},
        queue_name__in={each[2] for each in names},
    )
    return [scope for scope in found if (scope.organization_id, scope.department_id, scope.queue_name) in names]


def as_dict(payload: AttendanceChanged) -> dict[str, Any]:
    return {name: value for name, value in structs.asdict(payload).items() if value is not msgspec.UNSET}


# --- people for the figures of queues --------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Staffing:
    """Heads of a queue at an instant. `available`: present and neither on break, in training nor away."""

    scheduled: int = 0
    present: int = 0
    available: int = 0


def staffing(organization_id: str, *, at: datetime) -> dict[tuple[str, str], Staffing]:
    """Return heads by department and queue, of people on a shift that names the queue, in two queries."""
    shifts = Shift.objects.filter(organization=organization_id, start__lte=at, end__gt=at, cancelled=False)
    here, away = _whereabouts(organization_id, at)
    on: dict[tuple[str, str], set[int]] = {}
    busy: set[int] = set()
    for person, kind, department, queues in shifts.values_list("person_id", "kind", "department_id", "queue_names"):
        if kind not in WORKING_KINDS:
            away.add(person)
        elif kind != ShiftKind.WORK:
            busy.add(person)
        for queue in queues if kind in WORKING_KINDS else ():
            on.setdefault((department, queue), set()).add(person)
    return {name: _staffing(people - away, here, busy) for name, people in on.items()}


def _staffing(people: set[int], here: dict[int, str], busy: set[int]) -> Staffing:
    present = [person for person in people if person in here]
    available = [person for person in present if here[person] == AttendanceStatus.PRESENT and person not in busy]
    return Staffing(len(people), len(present), len(available))


def _whereabouts(organization_id: str, at: datetime) -> tuple[dict[int, str], set[int]]:
    """Return the status of each person who is present, and the people on leave or with a day off."""
    time = to_microseconds(at)
    rows = StatusPeriod.objects.filter(organization=organization_id, starts__lte=time, ends__gt=time)
    statuses = dict(rows.values_list("person_id", "status"))
    here = {person: status for person, status in statuses.items() if status in PRESENT_STATUSES}
    return here, {person for person, status in statuses.items() if status in AWAY_STATUSES}


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time that a person is to work on a queue."""

    department_id: str
    queue_name: str
    employee_id: str
    start: datetime
    end: datetime


def work_spans(
    organization_id: str,
    *,
    since: datetime,
    until: datetime,
    department_id: str | None = None,
    queue_name: str | None = None,
) -> list[Span]:
    """Return the working time of shifts that meets [since, until), minus breaks, training and leave, in one query."""
    shifts = Shift.objects.filter(organization=organization_id, start__lt=until, end__gt=since, cancelled=False)
    work: dict[tuple[str, str, str], list[Interval]] = {}
    other: dict[str, list[Interval]] = {}
    for shift in shifts.select_related("person"):
        employee = shift.person.employee_id
        if shift.kind != ShiftKind.WORK:
            other.setdefault(employee, []).append(interval(shift))
            continue
        for queue in shift.queue_names:
            if department_id in (None, shift.department_id) and queue_name in (None, queue):
                work.setdefault((shift.department_id, queue, employee), []).append(interval(shift))
    return [
        Span(*name, to_instant(time.starts), to_instant(time.ends))
        for name in sorted(work)
        for time in subtract(union(work[name]), other.get(name[2], ()))
    ]


def organizations() -> set[str]:
    """Return the organizations that have attendance of anybody."""
    rows = CurrentAttendance.objects.filter(time__isnull=False).order_by()
    return set(rows.values_list("scope__organization_id", flat=True).distinct())
