"""Roll up departments and the organization: sums of the latest snapshots of fresh queues, and of the flows of all.

Compliance is the sum of numerators over the sum of denominators, waits are weighted by items, flows are differences of
the day's totals (DOMAIN 3.6, 3.13; backlog.ingest.daily_totals). "Fresh" is judged at the newest queue's time, not by
the clock, so that a replayed log rolls up as the live one did.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max
from django.db.models.functions import TruncDate

from backlog import formulas, latest
from backlog.formulas import Flows, Point
from backlog.ingest import daily_totals
from backlog.ingest.classification import set_trend
from backlog.ingest.daily_totals import Changes, Totals
from backlog.ingest.window import Window
from backlog.models import CurrentBacklog, FlowSource, Quality, Snapshot
from intraday.org.models import Scope

# Levels change with every queue; reports less than a minute apart do not show their rhythm.
CADENCE_STEP_SECONDS = 60.0

# One statement for all levels. The ORM would need one each, and more time to build them than the database to answer.
_SUMS = """
WITH queue AS (
    SELECT s.department_id, c.time AS at, c.fresh_until, c.day, c.day_added, c.day_completed,
           b.total_items, b.average_wait_minutes, b.over_sla, b.items_at_risk, b.compliance, b.oldest_age_minutes,
           b.quality, b.flow_source, b.added_per_hour, b.completed_per_hour, b.age_profile,
           MAX(c.time) OVER (PARTITION BY s.department_id) AS department_as_of, MAX(c.time) OVER () AS newest,
           MAX(c.day) OVER (PARTITION BY s.department_id) AS department_day, MAX(c.day) OVER () AS newest_day
    FROM backlog_currentbacklog c
    JOIN org_scope s ON s.id = c.scope_id
    JOIN backlog_snapshot b ON b.id = c.snapshot_id
    WHERE s.organization_id = %s AND s.queue_name <> ''
), inside AS (
    SELECT department_id AS level, department_as_of AS as_of, department_day AS today, queue.* FROM queue
    UNION ALL
    SELECT '', newest, newest_day, queue.* FROM queue
)
SELECT level, MAX(as_of), MAX(today),
    SUM(CASE WHEN day = today THEN day_added ELSE 0 END), SUM(CASE WHEN day = today THEN day_completed ELSE 0 END),
    {sums}
FROM inside GROUP BY level
""".format(  # noqa: S608 - both parts are literals of this module
    sums=", ".join(
        f"{aggregate} FILTER (WHERE fresh_until >= as_of)"
        for aggregate in (
            "SUM(total_items)",
            "SUM(1.0 * total_items * average_wait_minutes)",
            "SUM(over_sla)",
            "SUM(items_at_risk)",
            "SUM(total_items * compliance / 100)",
            "SUM(CASE WHEN compliance IS NOT NULL THEN total_items END)",
            "MAX(oldest_age_minutes)",
            "SUM(CASE WHEN quality <> 'ok' THEN 1 ELSE 0 END)",
            "SUM(CASE WHEN flow_source IN ('net_inferred', 'none') THEN 1 ELSE 0 END)",
            "COUNT(*)",
            "SUM(added_per_hour)",
            "SUM(completed_per_hour)",
            "COUNT(added_per_hour)",
            "COUNT(age_profile)",
        )
    )
)


@dataclass(frozen=True, slots=True)
class LevelTotals:
    """Sums of the queues of a level: flows over all queues, the rest over the fresh ones. None where no queue reports
    the value."""

    as_of: datetime
    day: date
    added: int
    completed: int
    total: int
    item_minutes: float  # items x minutes waited
    over_sla: int | None
    at_risk: int | None
    compliant_items: float | None
    items_with_compliance: int | None  # of the queues with a compliance
    oldest_age_minutes: float | None
    partial_queues: int
    inferring_queues: int
    queues: int
    added_per_hour: float | None
    completed_per_hour: float | None
    queues_with_rates: int
    queues_with_profiles: int

    @property
    def compliance(self) -> float | None:
        if self.compliant_items is None or self.items_with_compliance is None:
            return None
        return 100.0 * self.compliant_items / self.items_with_compliance if self.items_with_compliance else 100.0

    @property
    def totals(self) -> Totals:
        return Totals(self.added, self.completed)


def derive(rows: Mapping[Scope, CurrentBacklog], *, head: int, zone: ZoneInfo, now: datetime) -> dict[Scope, Snapshot]:
    """Roll up these scopes of one organization, the organization itself among them; return the snapshots that are news.

    A scope that a feed posts itself keeps its figure until that is stale. The flows of its queues meanwhile are not
    published later, when it is derived again. `head` is the head of the stream before the queues were read.
    """
    organization_id = next(iter(rows)).organization_id
    sums, closer = _totals_by_level(organization_id), _DayCloser(organization_id, zone)
    before = {scope: _figures(row.snapshot) for scope, row in rows.items()}
    derived: dict[Scope, Snapshot] = {}
    for scope, row in rows.items():
        level = sums.get(scope.department_id)
        if level is None:
            continue  # no queue of it has a backlog
        if not _posted(row, level.as_of):
            closer.close(row, scope.department_id, level.day)
            derived[scope] = _snapshot(scope, row, level, now)
        row.day, (row.day_added, row.day_completed) = level.day, level.totals
    _fill_profiles(organization_id, derived, sums)
    news = {scope: snapshot for scope, snapshot in derived.items() if _figures(snapshot) != before[scope]}
    for scope, row in rows.items():
        if not scope.department_id:
            row.rolled_up_to = head + len(news)  # an event that comes between moves the head further
    latest.save([*closer.amended, *news.values()], rows.values())
    return news


def _figures(snapshot: Snapshot | None) -> tuple[Any, ...] | None:
    """Return what makes a snapshot of a level news."""
    return None if snapshot is None else _FIGURES(snapshot)


_FIGURES = attrgetter(*(each.name for each in Snapshot._meta.fields if each.name not in ("id", "scope", "received_at")))


def _totals_by_level(organization_id: str) -> dict[str, LevelTotals]:
    """Return the sums by department; '' is the organization."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [organization_id])
        return {row[0]: _as_level_totals(row[1:]) for row in cursor.fetchall()}


def _as_level_totals(row: tuple[Any, ...]) -> LevelTotals:
    as_of, day, *values = row
    if isinstance(as_of, str):  # SQLite keeps instants and days as text
        as_of, day = datetime.fromisoformat(as_of).replace(tzinfo=UTC), date.fromisoformat(day)
    return LevelTotals(as_of, day, *map(_as_sum, values))


def _as_sum(value: Any) -> Any:
    """Return a sum of the database as it can be compared with one of before: the last digits of a sum of floats depend
    on the order in which the database found the rows."""
    if isinstance(value, Decimal):
        return int(value)  # PostgreSQL's sums of bigint
    return float(f"{value:.12g}") if isinstance(value, float) else value


def _posted(row: CurrentBacklog, as_of: datetime) -> bool:
    """Tell whether a feed posts this scope itself and is not stale, or is ahead of its queues."""
    if row.snapshot is None or row.snapshot.derived or row.fresh_until is None:
        return False
    return row.fresh_until >= as_of or row.snapshot.time >= as_of


def _snapshot(scope: Scope, row: CurrentBacklog, sums: LevelTotals, now: datetime) -> Snapshot:
    """Return the derived snapshot at the newest queue's time: the row of that time again, or a new one."""
    same_time = row.snapshot is not None and row.snapshot.time == sums.as_of
    snapshot = row.snapshot if same_time and row.snapshot is not None else Snapshot(scope=scope, time=sums.as_of)
    flows = daily_totals.flow_since(sums.totals, _already_published(row, snapshot, sums.day))
    snapshot.derived, snapshot.received_at = True, now
    snapshot.total_items = sums.total
    snapshot.average_wait_minutes = sums.item_minutes / sums.total if sums.total else 0.0
    snapshot.over_sla, snapshot.items_at_risk, snapshot.compliance = sums.over_sla, sums.at_risk, sums.compliance
    snapshot.oldest_age_minutes, snapshot.age_profile = sums.oldest_age_minutes, None
    snapshot.added, snapshot.completed = flows
    snapshot.flow_source = FlowSource.NET_INFERRED if sums.inferring_queues else FlowSource.EXPLICIT
    snapshot.quality = Quality.PARTIAL if sums.partial_queues else Quality.OK
    complete = sums.queues_with_rates == sums.queues
    snapshot.added_per_hour = sums.added_per_hour if complete else None
    snapshot.completed_per_hour = sums.completed_per_hour if complete else None
    window = Window.of(row)
    window.drop(sums.as_of.timestamp())
    set_trend(snapshot, _point(snapshot), window)
    row.snapshot, row.time = snapshot, snapshot.time
    window.remember(row, step_seconds=CADENCE_STEP_SECONDS)
    return snapshot


def _already_published(row: CurrentBacklog, snapshot: Snapshot, day: date) -> Totals:
    """Return the flows that the level's earlier figures of this day published, without the one that this replaces."""
    if row.day != day:
        return Totals()
    published = Totals(row.day_added, row.day_completed)
    return published.less(daily_totals.flows_of(snapshot)) if snapshot is row.snapshot else published


def _point(snapshot: Snapshot) -> Point:
    flows = Flows(snapshot.added, snapshot.completed, snapshot.flow_source)  # type: ignore[arg-type]
    return formulas.with_flows(Point(snapshot.time.timestamp(), snapshot.total_items), flows)


def _fill_profiles(organization_id: str, fresh: Mapping[Scope, Snapshot], sums: Mapping[str, LevelTotals]) -> None:
    """Add up the age profiles of the queues inside, where all of them send one. Needs no query where none can be."""
    complete = {
        scope: level for scope in fresh if (level := sums[scope.department_id]).queues_with_profiles == level.queues
    }
    if not complete:
        return
    queues = list(_queues(organization_id).values_list("scope__department_id", "fresh_until", "snapshot__age_profile"))
    for scope, level in complete.items():
        fresh[scope].age_profile = formulas.sum_of_profiles(
            [
                profile
                for code, fresh_until, profile in queues
                if profile is not None and scope.department_id in ("", code) and fresh_until >= level.as_of
            ]
        )


def _queues(organization_id: str) -> Any:
    return CurrentBacklog.objects.filter(scope__organization=organization_id, snapshot__isnull=False).exclude(
        scope__queue_name=""
    )


# --- days that have ended --------------------------------------------------------------------------------------------
class _DayCloser:
    """Add the flows of rows that came after a level's last figure of a day to that figure, when the next day begins:
    there is no later figure of that day."""

    def __init__(self, organization_id: str, zone: ZoneInfo) -> None:
        self.amended: list[Snapshot] = []
        self._organization_id, self._zone = organization_id, zone
        self._totals: dict[date, dict[str, Totals]] = {}

    def close(self, row: CurrentBacklog, department_id: str, today: date) -> None:
        day, last = row.day, row.snapshot
        if day is None or day >= today or last is None or not last.derived:
            return
        if day not in self._totals:
            self._totals[day] = _totals_of_day(self._organization_id, day)
        now = self._totals[day].get(department_id)
        rest = Totals() if now is None else daily_totals.flow_since(now, Totals(row.day_added, row.day_completed))
        if any(rest):
            last.added, last.completed = daily_totals.flows_of(last).plus(rest)
            self.amended.append(last)


def _totals_of_day(organization_id: str, day: date) -> dict[str, Totals]:
    """Return the totals of that day by level; levels with a queue that no longer keeps the day are left out."""
    found: dict[str, Totals] = {}
    unknown: set[str] = set()
    rows = _queues(organization_id).select_related("scope").defer("window")
    for row in rows:
        for level in (row.scope.department_id, ""):
            found[level] = found.get(level, Totals()).plus(daily_totals.totals_of(row).get(day, Totals()))
            if daily_totals.has_forgotten(row, day):
                unknown.add(level)
    return {level: totals for level, totals in found.items() if level not in unknown}


def amend(rows: Mapping[Scope, CurrentBacklog], changes: Mapping[str, Changes], zone: ZoneInfo) -> None:
    """Add the changes of earlier days to each level's last figure of the day.

    `changes` are by department, '' being the organization. Days without a figure of the level stay without.
    """
    late = {
        (scope.pk, day): counts
        for scope, row in rows.items()
        for day, counts in changes.get(scope.department_id, {}).items()
        if row.day is not None and day < row.day and any(counts)
    }
    if not late:
        return
    figures = list(_last_figures(late, zone))
    for figure in figures:
        counts = late[figure.scope_id, daily_totals.local_day(figure.time, zone)]
        figure.added, figure.completed = daily_totals.flows_of(figure).plus(counts)
    Snapshot.objects.bulk_update(figures, ["added", "completed"])


def _last_figures(wanted: Collection[tuple[int, date]], zone: ZoneInfo) -> Iterable[Snapshot]:
    """Return the last derived snapshot of each of these scopes and local days."""
    scopes, dates = {pk for pk, _ in wanted}, {day for _, day in wanted}
    since = datetime.combine(min(dates), time(), zone)
    until = datetime.combine(max(dates) + timedelta(days=1), time(), zone)
    derived = Snapshot.objects.filter(scope__in=scopes, derived=True, time__gte=since, time__lt=until).order_by()
    by_day = derived.annotate(day=TruncDate("time", tzinfo=zone)).filter(day__in=dates)
    last = {
        (scope, at): (scope, day) for scope, day, at in by_day.values_list("scope", "day").annotate(last=Max("time"))
    }
    rows = derived.filter(time__in={at for _, at in last})
    return [row for row in rows if last.get((row.scope_id, row.time)) in wanted]
