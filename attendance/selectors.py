"""Read attendance."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db.models import QuerySet
from msgspec import structs

from attendance.agent_states.instants import is_live as is_live
from attendance.choices import STATE_NAMES
from attendance.events import AttendanceChanged
from attendance.microseconds import to_microseconds
from attendance.models import (
    AgentState,
    AttendanceRecord,
    CurrentAttendance,
    ScheduledPeriod,
    Shift,
    Snapshot,
    StatusPeriod,
)
from attendance.presence.skill_groups import GroupSpan as GroupSpan
from attendance.presence.skill_groups import SkillGroup as SkillGroup
from attendance.presence.skill_groups import coming_breaks as coming_breaks
from attendance.presence.skill_groups import group_spans as group_spans
from attendance.presence.skill_groups import skill_groups as skill_groups
from intraday.org import scoped
from intraday.org.models import Scope
from intraday.org.scoped import Figure, TimePage
from realtime.protocol.redaction import Redaction, redacted
from realtime.protocol.rooms import RoomFilter

_NESTED = ("reasons", "recent_checkins", "by_state")
COLUMNS = [name for name in AttendanceChanged.__struct_fields__ if name not in _NESTED]
COLUMNS += [f"by_state.{state}" for state in STATE_NAMES]
"""The columns of a table of figures: all fields but lists and the explanations of nulls."""


def _current(organization_id: str, using: str = "default") -> QuerySet[CurrentAttendance]:
    rows = CurrentAttendance.objects.using(using).select_related("scope", "snapshot")
    return rows.filter(scope__organization=organization_id, snapshot__isnull=False).order_by("scope")


def _payload(row: Snapshot, scope: Scope, *, names: bool) -> AttendanceChanged:
    payload = AttendanceChanged.of(row, scope)
    return payload if names else payload.redacted()


def levels(organization_id: str) -> QuerySet[Scope]:
    """Return the organization and its departments: the scopes that have figures."""
    return Scope.objects.filter(organization=organization_id, queue_name="")


def older_than(limit: datetime) -> list[QuerySet[Any]]:
    """Return the rows that are of before the limit and came in before it, except the newest figures of each scope."""
    newest = CurrentAttendance.objects.filter(snapshot__isnull=False).values("snapshot")
    return [
        Snapshot.objects.filter(received_at__lt=limit, time__lt=limit).exclude(pk__in=newest),
        AttendanceRecord.objects.filter(received_at__lt=limit, time__lt=limit),
        AgentState.objects.filter(received_at__lt=limit, ends__lt=to_microseconds(limit)),
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
    rows = scoped.inside(_current(scope.organization_id), scope)
    return scoped.apart(scope, {row.scope_id: _aged(row, now, names=names) for row in rows})


def _aged(row: CurrentAttendance, now: datetime, *, names: bool) -> dict[str, Any]:
    assert row.snapshot is not None
    assert row.time is not None
    age = max(timedelta(), now - row.time).total_seconds()
    return {**as_dict(_payload(row.snapshot, row.scope, names=names)), "data_age_seconds": round(age, 3)}


def figures(organization_id: str, *, now: datetime, scopes: Collection[int] | None = None) -> Iterator[Figure]:
    """Yield the newest figures of every scope of an organization (or of these, by primary key), in one query."""
    for row in scoped.chosen(_current(organization_id), scopes):
        assert row.time is not None
        yield row.scope, row.time, _aged(row, now, names=False)


def past_figures(
    organization_id: str, *, since: datetime, until: datetime, scopes: Collection[int] | None = None
) -> Iterator[Figure]:
    """Yield figures with since <= time < until, in order of time, in one query."""
    for row in scoped.past(Snapshot.objects.all(), organization_id, since, until, scopes).iterator():
        yield row.scope, row.time, as_dict(_payload(row, row.scope, names=False))


def history(scope: Scope, page: TimePage, *, names: bool) -> tuple[list[dict[str, Any]], datetime | None]:
    """Return a page of the figures of exactly this scope, and the cursor of the next one."""
    rows, following = page.take(Snapshot.objects.filter(scope=scope))
    return [as_dict(_payload(row, scope, names=names)) for row in rows], following


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


def organizations() -> set[str]:
    """Return the organizations that have attendance of anybody."""
    return scoped.organizations(CurrentAttendance.objects.filter(time__isnull=False))
