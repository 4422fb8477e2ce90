"""Department and organization figures from the newest fresh queues: sums of what each queue last said.

Compliance is the sum of numerators over the sum of denominators, waits are weighted by items (DOMAIN 3.13).
"Fresh" is judged at the newest queue's time, not by the clock, so that a replayed log rolls up as the live one did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from backlog import currents
from backlog.currents import Window
from backlog.models import CurrentBacklog, FlowSource, Snapshot
from intraday.org.models import Scope

# A derived scope changes with every queue; its trend looks at one point a minute.
TREND_STEP_SECONDS = 60.0

# One statement for all levels. The ORM would need one each, and more time to build them than the database to answer.
_SUMS = """
WITH queue AS (
    SELECT s.department_id, c.time, c.fresh_until, b.*,
           MAX(c.time) OVER (PARTITION BY s.department_id) AS department_as_of, MAX(c.time) OVER () AS as_of
    FROM backlog_currentbacklog c
    JOIN org_scope s ON s.id = c.scope_id
    JOIN backlog_snapshot b ON b.id = c.snapshot_id
    WHERE s.organization_id = %s AND s.queue_name <> ''
)
SELECT department_id, MAX(department_as_of), {sums} FROM queue
WHERE fresh_until >= department_as_of GROUP BY department_id
UNION ALL
SELECT '', MAX(as_of), {sums} FROM queue WHERE fresh_until >= as_of HAVING COUNT(*) > 0
""".format(  # noqa: S608 - both parts are literals of this module
    sums="""
    SUM(total_items), SUM(1.0 * total_items * average_wait_minutes), SUM(over_sla), SUM(items_at_risk),
    SUM(total_items * compliance / 100), SUM(CASE WHEN compliance IS NOT NULL THEN total_items END),
    MAX(oldest_age_minutes), SUM(added), SUM(completed),
    SUM(CASE WHEN quality <> 'ok' THEN 1 ELSE 0 END),
    SUM(CASE WHEN flow_source IN ('net_inferred', 'none') THEN 1 ELSE 0 END)
    """
)


@dataclass(frozen=True, slots=True)
class Sums:
    """What the fresh queues of a scope add up to. None where no queue says it."""

    as_of: datetime
    total: int
    item_minutes: float  # items x minutes waited
    over_sla: int | None
    at_risk: int | None
    compliant_items: float | None
    judged_items: int | None  # of the queues that say how many are compliant
    oldest_age_minutes: float | None
    added: int
    completed: int
    doubtful_queues: int
    inferring_queues: int

    @property
    def compliance(self) -> float | None:
        if self.compliant_items is None or self.judged_items is None:
            return None
        return 100.0 * self.compliant_items / self.judged_items if self.judged_items else 100.0


def derive(rows: Mapping[Scope, CurrentBacklog], *, now: datetime) -> dict[Scope, Snapshot]:
    """Roll up these scopes of one organization; their new snapshots. One that a feed posts itself is left alone."""
    if not rows:
        return {}
    sums = _sums(next(iter(rows)).organization_id)
    fresh: dict[Scope, Snapshot] = {}
    for scope, row in rows.items():
        figures = sums.get(scope.department_id)
        if figures is not None and not _posted(row, figures.as_of):
            fresh[scope] = _snapshot(scope, row, figures, now)
    currents.save(fresh.values(), [rows[scope] for scope in fresh])
    return fresh


def _sums(organization_id: str) -> dict[str, Sums]:
    """By department; '' is the organization."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [organization_id])
        return {row[0]: _as_sums(row[1:]) for row in cursor.fetchall()}


def _as_sums(row: tuple[Any, ...]) -> Sums:
    as_of, *values = row
    if isinstance(as_of, str):  # SQLite keeps instants as text
        as_of = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
    whole = [int(value) if isinstance(value, Decimal) else value for value in values]  # PostgreSQL's sums of bigint
    return Sums(as_of, *whole)


def _posted(row: CurrentBacklog, as_of: datetime) -> bool:
    """A feed posts this scope itself and is not stale, or is ahead of its queues."""
    if row.snapshot is None or row.snapshot.derived or row.fresh_until is None:
        return False
    return row.fresh_until >= as_of or row.snapshot.time >= as_of


def _snapshot(scope: Scope, row: CurrentBacklog, sums: Sums, now: datetime) -> Snapshot:
    """The derived snapshot at the newest queue's time: the row of that time again, or a new one."""
    same_time = row.snapshot is not None and row.snapshot.time == sums.as_of
    snapshot = row.snapshot if same_time and row.snapshot is not None else Snapshot(scope=scope, time=sums.as_of)
    snapshot.derived, snapshot.received_at = True, now
    snapshot.total_items = sums.total
    snapshot.average_wait_minutes = sums.item_minutes / sums.total if sums.total else 0.0
    snapshot.over_sla, snapshot.items_at_risk, snapshot.compliance = sums.over_sla, sums.at_risk, sums.compliance
    snapshot.oldest_age_minutes = sums.oldest_age_minutes
    window = Window(row)
    if len(window) > 1 and sums.as_of.timestamp() - window[-2].time < TREND_STEP_SECONDS:
        window.drop_last()
    currents.work_out(snapshot, window, reason_to_doubt=sums.doubtful_queues > 0)
    snapshot.added, snapshot.completed = sums.added, sums.completed
    snapshot.flow_source = FlowSource.NET_INFERRED if sums.inferring_queues else FlowSource.EXPLICIT
    currents.advance(row, snapshot, window)
    return snapshot
