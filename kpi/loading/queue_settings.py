"""The settings of an organization and of each of its queues, and when a queue is closed."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.db.models import QuerySet

from intraday.org.models import Organization, Scope
from intraday.values.once import Once
from kpi import hours
from kpi.formulas import Weights
from kpi.models import LIMITS, Holiday, IntervalFeed, Kind, OrganizationSettings, QueueSettings
from kpi.pipeline.inputs import Judging, Queue, QueueFeed, Rules, Thresholds

log = structlog.get_logger(__name__)

MANY = 500
_logged = Once()
NO_FEED = QueueFeed(None, None)
Holidays = Mapping[tuple[str, str], set[date]]
"""Days on which nothing opens, by department and queue; '' stands for all of them."""
_SETTINGS = [field.name for field in QueueSettings._meta.fields if field.name != "scope"]


@lru_cache(4_096)
def _rules(values: tuple[Any, ...]) -> Rules:
    """Build rules from settings in the order of _SETTINGS; many queues share them."""
    row = dict(zip(_SETTINGS, values, strict=True))
    limits = {name: row.pop(name) for name in LIMITS}
    return Rules(
        deferred=row.pop("kind") == Kind.DEFERRED,
        target_service_level=row.pop("target_service_level") / 100,
        sla_seconds=row.pop("sla_minutes") * 60,
        max_occupancy=row.pop("max_occupancy") / 100,
        shrinkage=row.pop("shrinkage") / 100,
        limits=tuple((name, value) for name, value in limits.items() if value is not None),
        **row,
    )


DEFAULT_RULES = _rules(tuple(getattr(QueueSettings(), name) for name in _SETTINGS))


def rules_of(rows: QuerySet[QueueSettings]) -> dict[int, Rules]:
    """Return the rules of each scope."""
    return {scope_id: _rules(tuple(values)) for scope_id, *values in rows.values_list("scope_id", *_SETTINGS)}


def judging(organization: Organization) -> Judging:
    row = OrganizationSettings.objects.filter(pk=organization.pk).first() or OrganizationSettings()
    weights = Weights(row.sla_weight, row.staffing_weight, row.utilization_weight)
    return Judging(
        weights=weights,
        baseline_within=timedelta(minutes=row.change_minutes),
        thresholds=Thresholds(*(getattr(row, name) for name in Thresholds._fields)),
        prior_contacts=row.reforecast_prior,
        forecast_cv=row.forecast_cv / 100,
    )


def load(organization: Organization, scopes: Collection[Scope], at: datetime) -> list[Queue]:
    """Load queues in three queries. Raises ValueError if the opening hours of one cannot be parsed."""
    ids = [scope.pk for scope in scopes]
    rules = rules_of(_of(QueueSettings, organization, ids))
    for each in rules.values():
        hours.parse(each.opening_hours)
    rows = _of(IntervalFeed, organization, ids).values_list("scope_id", "as_of", "cadence_seconds", "samples")
    feeds = {scope_id: QueueFeed(*values) for scope_id, *values in rows}
    holidays = _holidays(organization, at)
    closed = closed_queues(organization, scopes, rules, at, holidays)
    opened = opened_queues(organization, scopes, rules, at, holidays)
    return [
        Queue(
            scope,
            rules.get(scope.pk, DEFAULT_RULES),
            feeds.get(scope.pk, NO_FEED),
            closed.get(scope.pk),
            None if (since := opened.get(scope.pk)) == hours.ALWAYS else since,
        )
        for scope in scopes
    ]


def _of(model: Any, organization: Organization, ids: Collection[int]) -> Any:
    return model.objects.filter(**of_queues(organization, ids))


def of_queues(organization: Organization, ids: Collection[int]) -> dict[str, Any]:
    """The filter for rows of these queues; of many, the rows of all queues are as soon read."""
    return {"scope__organization": organization} if len(ids) > MANY else {"scope__in": ids}


def may_be_closed(organization: Organization, at: datetime) -> bool:
    """Return whether any queue may be closed at that instant: the hours of thousands of queues are a few texts."""
    if _holidays(organization, at):
        return True
    texts = QueueSettings.objects.filter(scope__organization=organization).values_list("opening_hours", flat=True)
    return any(_may_be_closed(text, ZoneInfo(organization.time_zone), at) for text in texts.distinct())


def _may_be_closed(text: str, zone: ZoneInfo, at: datetime) -> bool:
    """Return whether the hours are over, or nobody can read them."""
    try:
        return hours.closed_until(text, frozenset(), zone, at) is not None
    except ValueError:
        return True


def closed_queues(
    organization: Organization,
    scopes: Iterable[Scope],
    rules: Mapping[int, Rules],
    at: datetime,
    holidays: Holidays | None = None,
) -> dict[int, datetime]:
    """Return when each queue that is closed at that instant opens next, by primary key of its scope; in one query."""
    return _by_hours(hours.closed_until, organization, scopes, rules, at, holidays)


def opened_queues(
    organization: Organization,
    scopes: Iterable[Scope],
    rules: Mapping[int, Rules],
    at: datetime,
    holidays: Holidays | None = None,
) -> dict[int, datetime]:
    """Return since when each queue that is open at that instant has been open, by primary key of its scope."""
    return _by_hours(hours.open_since, organization, scopes, rules, at, holidays)


def _by_hours(
    judge: Callable[[str, Collection[date], ZoneInfo, datetime], datetime | None],
    organization: Organization,
    scopes: Iterable[Scope],
    rules: Mapping[int, Rules],
    at: datetime,
    holidays: Holidays | None,
) -> dict[int, datetime]:
    """Return what the judgement of opening hours says of each scope, except where it says nothing."""
    zone = ZoneInfo(organization.time_zone)
    holidays = _holidays(organization, at) if holidays is None else holidays
    judged = cache(judge)
    found = {scope.pk: judged(_readable_hours(scope, rules), _days_of(scope, holidays), zone, at) for scope in scopes}
    return {pk: instant for pk, instant in found.items() if instant is not None}


def _readable_hours(scope: Scope, rules: Mapping[int, Rules]) -> str:
    """Return the opening hours of a queue; of one whose hours nobody can read, none: it counts as always open."""
    text = rules.get(scope.pk, DEFAULT_RULES).opening_hours
    try:
        hours.parse(text)
    except ValueError as error:
        if _logged.is_news(scope.pk, str(error)):
            place = {"department_id": scope.department_id, "queue_name": scope.queue_name}
            log.warning("opening_hours_unreadable", organization_id=scope.organization_id, **place, error=str(error))
        return ""
    return text


def _holidays(organization: Organization, at: datetime) -> Holidays:
    """Load holidays from yesterday on (it may reach into today), by department and queue, '' for all of them."""
    today = at.astimezone(ZoneInfo(organization.time_zone)).date()
    rows = Holiday.objects.filter(scope__organization=organization, date__gte=today - timedelta(days=1))
    found: dict[tuple[str, str], set[date]] = {}
    for department, queue, day in rows.values_list("scope__department_id", "scope__queue_name", "date"):
        found.setdefault((department, queue), set()).add(day)
    return found


def _days_of(scope: Scope, holidays: Holidays) -> frozenset[date]:
    if not holidays:
        return frozenset()
    levels = (("", ""), (scope.department_id, ""), (scope.department_id, scope.queue_name))
    return frozenset().union(*(holidays.get(level, ()) for level in levels))
