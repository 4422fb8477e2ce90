"""How each queue of an organization is run, and when it is closed."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from intraday.org.models import Organization, Scope
from kpi import hours
from kpi.known import Feed, Queue, Rules
from kpi.models import Holiday, IntervalFeed, Kind, QueueSettings


def rules_of(row: QueueSettings) -> Rules:
    return Rules(
        deferred=row.kind == Kind.DEFERRED,
        target_service_level=row.target_service_level / 100,
        target_seconds=row.target_seconds,
        sla_seconds=row.sla_minutes * 60,
        aht_seconds=row.aht_seconds,
        max_occupancy=row.max_occupancy / 100,
        shrinkage=row.shrinkage / 100,
        abandon_policy=row.abandon_policy,  # type: ignore[arg-type]
        patience_seconds=row.patience_seconds,
        concurrency=row.concurrency,
        opening_hours=row.opening_hours,
        interval_minutes=row.interval_minutes,
        cadence_seconds=row.cadence_seconds,
    )


DEFAULT_RULES = rules_of(QueueSettings())


NO_FEED = Feed(None, None)


def load(organization: Organization, scopes: Collection[Scope], at: datetime) -> list[Queue]:
    """These queues, in three queries."""
    ids = [scope.pk for scope in scopes]
    rules = {row.scope_id: rules_of(row) for row in _of(QueueSettings, organization, ids)}
    rows = _of(IntervalFeed, organization, ids).values_list("scope_id", *Feed._fields)
    feeds = {scope_id: Feed(*values) for scope_id, *values in rows}
    closed = closed_queues(organization, scopes, rules, at)
    return [
        Queue(scope, rules.get(scope.pk, DEFAULT_RULES), feeds.get(scope.pk, NO_FEED), closed.get(scope.pk))
        for scope in scopes
    ]


MANY = 500


def _of(model: Any, organization: Organization, ids: Collection[int]) -> Any:
    return model.objects.filter(**of_queues(organization, ids))


def of_queues(organization: Organization, ids: Collection[int]) -> dict[str, Any]:
    """The filter for rows of these queues; of many, the rows of all queues are as soon read."""
    return {"scope__organization": organization} if len(ids) > MANY else {"scope__in": ids}


def closed_queues(
    organization: Organization, scopes: Iterable[Scope], rules: Mapping[int, Rules], at: datetime
) -> dict[int, datetime]:
    """By scope, when those queues open next that are closed at that instant; in one query."""
    zone = ZoneInfo(organization.time_zone)
    holidays = _holidays(organization, at.astimezone(zone).date())
    closed_until = cache(hours.closed_until)
    found = {}
    for scope in scopes:
        days = _days_of(scope, holidays)
        text = rules.get(scope.pk, DEFAULT_RULES).opening_hours
        if (text or days) and (until := closed_until(text, days, zone, at)) is not None:
            found[scope.pk] = until
    return found


def _holidays(organization: Organization, today: date) -> dict[tuple[str, str], set[date]]:
    """From yesterday on, whose openings may reach into today; by department and queue, '' for all of them."""
    rows = Holiday.objects.filter(scope__organization=organization, date__gte=today - timedelta(days=1))
    found: dict[tuple[str, str], set[date]] = {}
    for department, queue, day in rows.values_list("scope__department_id", "scope__queue_name", "date"):
        found.setdefault((department, queue), set()).add(day)
    return found


def _days_of(scope: Scope, holidays: Mapping[tuple[str, str], set[date]]) -> frozenset[date]:
    if not holidays:
        return frozenset()
    levels = (("", ""), (scope.department_id, ""), (scope.department_id, scope.queue_name))
    return frozenset().union(*(holidays.get(level, ()) for level in levels))
