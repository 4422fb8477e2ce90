"""Count the people of scopes anew, and keep the newest figures of each."""

from collections.abc import Collection
from datetime import datetime, timedelta

from attendance.agent_states import agents_now
from attendance.agent_states.agents_now import StateCounts
from attendance.agent_states.settings import tolerance
from attendance.microseconds import to_microseconds
from attendance.models import CurrentAttendance, Snapshot
from attendance.presence import headcounts
from attendance.presence.adherence import arrival
from attendance.presence.headcounts import CheckIn, Headcount
from attendance.presence.intervals import HOUR
from intraday.database import many_rows
from intraday.org.models import Scope

RECENT_WINDOW = HOUR
RECENT_MAX = 10
DRIFT_PERIOD = timedelta(minutes=5)
COUNT_FIELDS = [name for name in Headcount.__slots__ if name != "lost"]
DRIFT_FIELDS = ["lost_minutes", "recent_checkins", "longest_out_minutes"]
STATE_FIELDS = ["by_state", "out_of_adherence"]


def recount(
    scopes: Collection[Scope], *, at: datetime, now: datetime, posted: Collection[Scope] = ()
) -> dict[Scope, Snapshot]:
    """Count these scopes of one organization again at an instant, in its turn; return the snapshots that are news.

    For scopes with posted rows (`posted`), any newer or different figure is news. For others only time has passed:
    changed counts are news, and once in DRIFT_PERIOD the changes by time alone (minutes lost, check-ins that are no
    longer recent). Figures that are no news hold at the instant nevertheless, which their row records.
    """
    if not scopes:
        return {}
    fresh = _count(scopes, at=at, now=now)
    known = CurrentAttendance.objects.filter(scope__in=fresh, snapshot__isnull=False).select_related("snapshot")
    rows = {row.scope_id: row for row in known}
    news: dict[Scope, Snapshot] = {}
    for scope in scopes:
        snapshot, row = fresh[scope.pk], rows.get(scope.pk)
        before = None if row is None else row.snapshot
        if before is not None and before.time == at:
            snapshot.id = before.id
        if _is_news(snapshot, before, posted=scope in posted):
            news[scope] = snapshot
            rows[scope.pk] = CurrentAttendance(scope=scope, snapshot=snapshot)
    for row in rows.values():
        row.time = at
    _save(news.values(), rows.values())
    return news


def _count(scopes: Collection[Scope], *, at: datetime, now: datetime) -> dict[int, Snapshot]:
    """Return unsaved snapshots of these scopes of one organization, by the scope's primary key."""
    organization_id = next(iter(scopes)).organization_id
    people = agents_now.load(organization_id, at=to_microseconds(at))
    there = {pk for pk, each in people.items() if each.is_there}
    counted = headcounts.count(organization_id, at=to_microseconds(at), there=there)
    recent = headcounts.recent_check_ins(
        organization_id, since=to_microseconds(at) - RECENT_WINDOW, at=to_microseconds(at), limit=RECENT_MAX
    )
    states = agents_now.count(people.values(), at=to_microseconds(at), tolerance=tolerance(organization_id))
    found = {}
    for scope in scopes:
        in_state = states.get(scope.department_id, StateCounts())
        counts = counted.get(scope.department_id, Headcount())
        found[scope.pk] = Snapshot(
            scope=scope,
            time=at,
            received_at=now,
            lost_minutes=counts.lost_minutes,
            recent_checkins=[_as_json(each) for each in recent.get(scope.department_id, [])],
            by_state=in_state.by_state,
            out_of_adherence=in_state.out_of_adherence,
            longest_out_minutes=in_state.longest_out_minutes,
            **{name: getattr(counts, name) for name in COUNT_FIELDS},
        )
    return found


def _is_news(fresh: Snapshot, before: Snapshot | None, *, posted: bool) -> bool:
    if before is None:
        return posted or any(getattr(fresh, name) for name in COUNT_FIELDS)
    if any(getattr(fresh, name) != getattr(before, name) for name in (*COUNT_FIELDS, *STATE_FIELDS)):
        return True
    if posted and fresh.time > before.time:
        return True
    drifted = any(getattr(fresh, name) != getattr(before, name) for name in DRIFT_FIELDS)
    return drifted and (posted or fresh.time - before.time >= DRIFT_PERIOD)


def _as_json(check_in: CheckIn) -> dict[str, object]:
    return {
        "employee_id": check_in.employee_id,
        "employee_name": check_in.name or None,
        "checked_in_at": check_in.came_at,
        "status": arrival(check_in.scheduled_start, check_in.came_at, check_in.first_came_at),
    }


def _save(news: Collection[Snapshot], rows: Collection[CurrentAttendance]) -> None:
    many_rows.upsert(list(news), unique=["scope", "time"], update=_SNAPSHOT_FIELDS)
    many_rows.upsert(list(rows), unique=["scope"], update=["snapshot", "time"])


_SNAPSHOT_FIELDS = [field.name for field in Snapshot._meta.fields if field.name not in ("id", "scope", "time")]
