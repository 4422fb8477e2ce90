"""Department and organization figures from the newest fresh queues: sums of what each queue last said.

Compliance is the sum of numerators over the sum of denominators, waits are weighted by items (DOMAIN 3.13).
"Fresh" is judged at the newest queue's time, not by the clock, so that a replayed log rolls up as the live one did.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, F, FloatField, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Cast

from backlog import currents
from backlog.currents import Window
from backlog.models import CurrentBacklog, FlowSource, Quality, Snapshot
from intraday.org.models import Organization, Scope

# A derived scope changes with every queue; its trend looks at one point a minute.
TREND_STEP_SECONDS = 60.0


def ancestors(organization: Organization, changed: Collection[Scope]) -> list[Scope]:
    """The departments of these queues and the organization itself."""
    if not changed:
        return []
    departments = {"", *(scope.department_id for scope in changed)}
    return list(Scope.objects.filter(organization=organization, queue_name="", department_id__in=departments))


def derive(rows: Mapping[Scope, CurrentBacklog], *, now: datetime) -> dict[Scope, Snapshot]:
    """Roll up these scopes, departments first; their new snapshots. One that a feed posts itself is left alone."""
    departments = [scope for scope in rows if scope.department_id]
    organizations = [scope for scope in rows if not scope.department_id]
    before = Snapshot.objects.in_bulk([row.snapshot_id for row in rows.values() if row.snapshot_id is not None])
    sums = {**_by_department(departments), **_of_organization(organizations)}
    fresh: dict[Scope, Snapshot] = {}
    for scope in [*departments, *organizations]:
        figures = sums.get(scope)
        newest = before.get(rows[scope].snapshot_id)
        if figures is not None and not _posted(rows[scope], newest, figures["as_of"]):
            fresh[scope] = _snapshot(scope, rows[scope], newest, figures, now)
    _save(fresh, rows)
    return fresh


def _posted(row: CurrentBacklog, newest: Snapshot | None, as_of: datetime) -> bool:
    """A feed posts this scope itself and is not stale, or is ahead of its queues."""
    if newest is None or newest.derived or row.fresh_until is None:
        return False
    return row.fresh_until >= as_of or newest.time >= as_of


def _queues(scopes: Collection[Scope]) -> QuerySet[CurrentBacklog]:
    organizations = {scope.organization_id for scope in scopes}
    return CurrentBacklog.objects.filter(scope__organization__in=organizations, snapshot__isnull=False).exclude(
        scope__queue_name=""
    )


def _by_department(scopes: Collection[Scope]) -> dict[Scope, dict[str, Any]]:
    if not scopes:
        return {}
    queues = _queues(scopes).filter(scope__department_id__in=[scope.department_id for scope in scopes])
    newest = queues.filter(scope__department_id=OuterRef("scope__department_id")).order_by("-time").values("time")[:1]
    sums = queues.filter(fresh_until__gte=Subquery(newest)).values("scope__department_id").annotate(**_SUMS)
    by_code: dict[str, Any] = {row["scope__department_id"]: row for row in sums.order_by()}
    return {scope: by_code[scope.department_id] for scope in scopes if scope.department_id in by_code}


def _of_organization(scopes: Collection[Scope]) -> dict[Scope, dict[str, Any]]:
    if not scopes:
        return {}
    newest = _queues(scopes).order_by("-time").values("time")[:1]
    figures = _queues(scopes).filter(fresh_until__gte=Subquery(newest)).aggregate(**_SUMS)
    return {scope: figures for scope in scopes if figures["as_of"] is not None}


_items = Cast(F("snapshot__total_items"), FloatField())
_stated = Q(snapshot__over_sla__isnull=False)
_SUMS = {
    "as_of": Max("time"),
    "total": Sum("snapshot__total_items"),
    "waited": Sum(_items * F("snapshot__average_wait_minutes")),
    "over": Sum("snapshot__over_sla"),
    "at_risk": Sum("snapshot__items_at_risk"),
    "within": Sum(_items * F("snapshot__compliance") / 100.0, filter=Q(snapshot__compliance__isnull=False)),
    "judged": Sum("snapshot__total_items", filter=Q(snapshot__compliance__isnull=False)),
    "oldest": Max("snapshot__oldest_age_minutes"),
    "sum_added": Sum("snapshot__added"),
    "sum_completed": Sum("snapshot__completed"),
    "unsure": Count("pk", filter=~Q(snapshot__quality=Quality.OK) | ~_stated),
    "inferred": Count("pk", filter=Q(snapshot__flow_source__in=[FlowSource.NET_INFERRED, FlowSource.NONE])),
}


def _snapshot(
    scope: Scope, row: CurrentBacklog, newest: Snapshot | None, figures: Mapping[str, Any], now: datetime
) -> Snapshot:
    """The derived snapshot at the newest queue's time: the row of that time again, or a new one."""
    again = newest is not None and newest.time == figures["as_of"]
    snapshot = newest if again and newest is not None else Snapshot(scope=scope, time=figures["as_of"])
    total = int(figures["total"])
    snapshot.derived, snapshot.received_at = True, now
    snapshot.total_items = total
    snapshot.average_wait_minutes = figures["waited"] / total if total else 0.0
    snapshot.over_sla, snapshot.items_at_risk = figures["over"], figures["at_risk"]
    snapshot.compliance = _compliance(figures)
    snapshot.oldest_age_minutes = figures["oldest"]
    window = Window(row)
    if len(window) > 1 and figures["as_of"].timestamp() - window[-2].time < TREND_STEP_SECONDS:
        window.drop_last()
    currents.work_out(snapshot, window, reason_to_doubt=figures["unsure"] > 0)
    snapshot.added, snapshot.completed = figures["sum_added"], figures["sum_completed"]
    snapshot.flow_source = FlowSource.NET_INFERRED if figures["inferred"] else FlowSource.EXPLICIT
    currents.advance(row, snapshot, window)
    return snapshot


def _compliance(figures: Mapping[str, Any]) -> float | None:
    if figures["judged"] is None:
        return None
    return 100.0 * figures["within"] / figures["judged"] if figures["judged"] else 100.0


def _save(fresh: Mapping[Scope, Snapshot], rows: Mapping[Scope, CurrentBacklog]) -> None:
    if not fresh:
        return
    again = [snapshot for snapshot in fresh.values() if not snapshot._state.adding]
    Snapshot.objects.bulk_create([snapshot for snapshot in fresh.values() if snapshot._state.adding])
    if again:
        Snapshot.objects.bulk_update(again, DERIVED_FIELDS)
    currents.save(rows[scope] for scope in fresh)


DERIVED_FIELDS = [
    "derived",
    "received_at",
    "total_items",
    "average_wait_minutes",
    "over_sla",
    "items_at_risk",
    "compliance",
    "oldest_age_minutes",
    "added",
    "completed",
    "flow_source",
    "interval_seconds",
    "trend",
    "slope_per_hour",
    "quality",
]
