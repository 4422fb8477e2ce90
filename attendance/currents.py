"""The newest figures of each scope, and the lock under which everything of an organization's attendance is written."""

from collections.abc import Collection
from datetime import datetime, timedelta

from attendance import stands
from attendance.instants import micros
from attendance.intervals import HOUR
from attendance.models import CurrentAttendance, Snapshot
from attendance.rules import arrival
from attendance.stands import Checkin, Counts
from intraday.org.models import Scope

RECENT = HOUR
RECENT_MAX = 10
DRIFT = timedelta(minutes=5)
DERIVED_BY = 2
"""Version of the rules that make duties and spells. To be raised where stored ones must be worked out anew."""
COUNTED = [name for name in Counts.__slots__ if name != "lost"]


def lock(organization: Scope) -> CurrentAttendance:
    """Wait for other writers of this organization's attendance; return its own row, with the time of its figures.

    Every write changes the figures of the organization, so writers could not go side by side anyway; and one lock,
    taken first, cannot be taken in the wrong order.
    """
    row = CurrentAttendance(scope=organization, derived_by=DERIVED_BY)
    CurrentAttendance.objects.bulk_create([row], ignore_conflicts=True)
    return CurrentAttendance.objects.select_for_update(of=("self",)).get(scope=organization)


def renew(
    scopes: Collection[Scope], *, at: datetime, now: datetime, posted: Collection[Scope] = ()
) -> dict[Scope, Snapshot]:
    """Count these scopes of one organization anew at an instant, under its lock; the snapshots that are news.

    For which something was `posted`, whatever is newer or differs is news. For others only time has passed: other
    counts are news, and every DRIFT what time alone changes (minutes lost, check-ins that are no longer recent).
    Figures that are no news are true at the instant nevertheless, and remembered to be.
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
    """Snapshots of these scopes of one organization, unsaved, by the scope's primary key."""
    organization_id = next(iter(scopes)).organization_id
    counted = stands.counts(organization_id, at=micros(at))
    recent = stands.checkins(organization_id, since=micros(at) - RECENT, at=micros(at), limit=RECENT_MAX)
    found = {}
    for scope in scopes:
        counts = counted.get(scope.department_id, Counts())
        found[scope.pk] = Snapshot(
            scope=scope,
            time=at,
            received_at=now,
            lost_minutes=counts.lost_minutes,
            recent_checkins=[_as_json(each) for each in recent.get(scope.department_id, [])],
            **{name: getattr(counts, name) for name in COUNTED},
        )
    return found


def _is_news(fresh: Snapshot, before: Snapshot | None, *, posted: bool) -> bool:
    if before is None:
        return posted or any(getattr(fresh, name) for name in COUNTED)
    if any(getattr(fresh, name) != getattr(before, name) for name in COUNTED):
        return True
    if posted and fresh.time > before.time:
        return True
    drifted = fresh.lost_minutes != before.lost_minutes or fresh.recent_checkins != before.recent_checkins
    return drifted and (posted or fresh.time - before.time >= DRIFT)


def _as_json(checkin: Checkin) -> dict[str, object]:
    return {
        "employee_id": checkin.employee_id,
        "employee_name": checkin.name or None,
        "checked_in_at": checkin.came_at,
        "status": arrival(checkin.duty_starts, checkin.came_at, checkin.first_came_at),
    }


def _save(news: Collection[Snapshot], rows: Collection[CurrentAttendance]) -> None:
    if news:
        Snapshot.objects.bulk_create(
            news, update_conflicts=True, unique_fields=["scope", "time"], update_fields=_SNAPSHOT_FIELDS
        )
    CurrentAttendance.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["scope"], update_fields=["snapshot", "time"]
    )


_SNAPSHOT_FIELDS = [field.name for field in Snapshot._meta.fields if field.name not in ("id", "scope", "time")]
