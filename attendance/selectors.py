"""Reading attendance."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db.models import Max, QuerySet
from msgspec import structs

from attendance import stands
from attendance.events import AttendanceChanged
from attendance.instants import instant, micros
from attendance.intervals import MINUTE, Interval, union, without
from attendance.models import AttendanceRecord, CurrentAttendance, Duty, Shift, Snapshot, Spell
from attendance.schedule import interval
from attendance.skills import GroupSpan as GroupSpan
from attendance.skills import SkillGroup as SkillGroup
from attendance.skills import group_spans as group_spans
from attendance.skills import skill_groups as skill_groups
from attendance.stands import PersonNow
from attendance.terms import HERE, ON_DUTY, Kind, Status
from intraday.org.models import Scope
from intraday.rounding import half_up
from realtime.protocol.rooms import RoomFilter

COLUMNS = [name for name in AttendanceChanged.__struct_fields__ if name not in ("reasons", "recent_checkins")]
"""Of a table of figures: all fields but lists and the explanations of nulls."""


LIVE = timedelta(days=1)


def _current(organization_id: str, using: str = "default") -> QuerySet[CurrentAttendance]:
    rows = CurrentAttendance.objects.using(using).select_related("scope", "snapshot")
    return rows.filter(scope__organization=organization_id, snapshot__isnull=False).order_by("scope")


def _payload(row: Snapshot, scope: Scope, *, names: bool) -> AttendanceChanged:
    payload = AttendanceChanged.of(row, scope)
    return payload if names else payload.redacted()


def levels(organization_id: str) -> QuerySet[Scope]:
    """The organization and its departments: the scopes that have figures."""
    return Scope.objects.filter(organization=organization_id, queue_name="")


def is_live(organization_id: str, *, as_of: datetime | None, now: datetime) -> bool:
    """Whether figures of now make sense: somebody is on duty, or they were of the last day."""
    if as_of is not None and now - as_of < LIVE:
        return True
    duties = Duty.objects.filter(organization=organization_id, starts__lte=micros(now), ends__gt=micros(now))
    return duties.exists()


def older_than(limit: datetime) -> list[QuerySet[Any]]:
    """Everything that is of before the limit and came in before it, but for the newest figures of each scope."""
    newest = CurrentAttendance.objects.filter(snapshot__isnull=False).values("snapshot")
    return [
        Snapshot.objects.filter(received_at__lt=limit, time__lt=limit).exclude(pk__in=newest),
        AttendanceRecord.objects.filter(received_at__lt=limit, time__lt=limit),
        Spell.objects.filter(made_at__lt=limit, ends__lt=micros(limit)),
        Duty.objects.filter(made_at__lt=limit, ends__lt=micros(limit)),
        Shift.objects.filter(received_at__lt=limit, end__lt=limit),
    ]


def snapshot(organization_id: str, rooms: RoomFilter, names: bool) -> Sequence[msgspec.Raw]:
    """The current figures of every scope that these rooms hear (realtime.protocol.channel_spec.SnapshotItems)."""
    return [
        msgspec.Raw(msgspec.json.encode(_payload(row.snapshot, row.scope, names=names)))
        for row in _current(organization_id, "snapshot")
        if row.snapshot is not None and rooms.hears(row.scope.department_id, "")
    ]


def current(scope: Scope, *, now: datetime, names: bool) -> dict[str, Any]:
    """The scope's figures with their age, and those of the departments inside it; null before the first."""
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
    """The newest figures of every scope of an organization (or of these, by primary key), in one query."""
    rows = _current(organization_id)
    if scopes is not None:
        rows = rows.filter(scope__in=scopes)
    for row in rows:
        assert row.time is not None
        yield row.scope, row.time, _aged(row, now, names=False)


def past_figures(
    organization_id: str, *, since: datetime, until: datetime, scopes: Collection[int] | None = None
) -> Iterator[Figure]:
    """Figures with since <= time < until, in order of time, in one query."""
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
    """Figures of exactly this scope with since <= time < until, oldest first, from the cursor `after` on; and the
    cursor of the next page, if there is one."""
    bounds = {"time__gte": since, "time__lt": until, "time__gt": after}
    rows = Snapshot.objects.filter(scope=scope, **{name: time for name, time in bounds.items() if time is not None})
    page = list(rows.order_by("time")[: limit + 1])
    items = [as_dict(_payload(row, scope, names=names)) for row in page[:limit]]
    return items, page[limit - 1].time if len(page) > limit else None


def people(
    scope: Scope, *, status: str | None, site_id: str, limit: int, now: datetime
) -> tuple[datetime, list[dict[str, Any]]]:
    """Who stands how, who has lost most minutes first; and the instant of which that is true.

    It is now; where the feed replays the past, the instant of the newest figures.
    """
    newest = CurrentAttendance.objects.filter(scope__organization=scope.organization_id).aggregate(Max("time"))
    as_of = newest["time__max"]
    at = as_of if as_of is not None and not is_live(scope.organization_id, as_of=as_of, now=now) else now
    found = stands.people(
        scope.organization_id,
        at=micros(at),
        status=status,
        department_id=scope.department_id,
        site_id=site_id,
        limit=limit,
    )
    queues = _queues_of([each.person_id for each in found], at)
    return at, [_person(each, queues.get(each.person_id, set())) for each in found]


def _queues_of(people: Collection[int], at: datetime) -> dict[int, set[str]]:
    shifts = Shift.objects.filter(person__in=people, start__lte=at, end__gt=at, cancelled=False, kind__in=ON_DUTY)
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
        "shift_start": None if each.starts is None else instant(each.starts),
        "shift_end": None if each.ends is None else instant(each.ends),
        "checked_in_at": None if each.came_at is None else instant(each.came_at),
        "lost_minutes": half_up(each.lost / MINUTE),
    }


def queues_of(people: Collection[int], *, at: datetime) -> list[Scope]:
    """The queues on which these people work at an instant: what becomes of them moves their figures, too."""
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


# --- what the figures of queues are made of --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Staffing:
    """Heads of a queue at an instant. `available`: present and neither on break, in training nor away."""

    scheduled: int = 0
    present: int = 0
    available: int = 0


def staffing(organization_id: str, *, at: datetime) -> dict[tuple[str, str], Staffing]:
    """By department and queue: people on a shift that names the queue. Two queries, however many there are."""
    shifts = Shift.objects.filter(organization=organization_id, start__lte=at, end__gt=at, cancelled=False)
    here, away = _whereabouts(organization_id, at)
    on: dict[tuple[str, str], set[int]] = {}
    busy: set[int] = set()
    for person, kind, department, queues in shifts.values_list("person_id", "kind", "department_id", "queue_names"):
        if kind not in ON_DUTY:
            away.add(person)
        elif kind != Kind.WORK:
            busy.add(person)
        for queue in queues if kind in ON_DUTY else ():
            on.setdefault((department, queue), set()).add(person)
    return {name: _staffing(people - away, here, busy) for name, people in on.items()}


def _staffing(people: set[int], here: dict[int, str], busy: set[int]) -> Staffing:
    present = [person for person in people if person in here]
    available = [person for person in present if here[person] == Status.PRESENT and person not in busy]
    return Staffing(len(people), len(present), len(available))


def _whereabouts(organization_id: str, at: datetime) -> tuple[dict[int, str], set[int]]:
    """The status of everybody who is there, and who is away with leave or has a day off."""
    rows = Spell.objects.filter(organization=organization_id, starts__lte=micros(at), ends__gt=micros(at))
    statuses = dict(rows.values_list("person_id", "status"))
    here = {person: status for person, status in statuses.items() if status in HERE}
    return here, {person for person, status in statuses.items() if status in (Status.ON_LEAVE, Status.DAY_OFF)}


@dataclass(frozen=True, slots=True)
class Span:
    """Time that somebody is to work on a queue."""

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
    """Working time of shifts that meets [since, until), minus breaks, training and leave; in one query."""
    shifts = Shift.objects.filter(organization=organization_id, start__lt=until, end__gt=since, cancelled=False)
    work: dict[tuple[str, str, str], list[Interval]] = {}
    other: dict[str, list[Interval]] = {}
    for shift in shifts.select_related("person"):
        employee = shift.person.employee_id
        if shift.kind != Kind.WORK:
            other.setdefault(employee, []).append(interval(shift))
            continue
        for queue in shift.queue_names:
            if department_id in (None, shift.department_id) and queue_name in (None, queue):
                work.setdefault((shift.department_id, queue, employee), []).append(interval(shift))
    return [
        Span(*name, instant(time.starts), instant(time.ends))
        for name in sorted(work)
        for time in without(union(work[name]), other.get(name[2], ()))
    ]
