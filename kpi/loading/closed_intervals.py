"""Intervals that have ended and were measured to their end."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from intraday.org.models import Scope
from intraday.org.scoped import chosen
from intraday.values.rounding import percent
from kpi import formulas
from kpi.loading.queue_settings import DEFAULT_RULES, rules_of
from kpi.models import IntervalStats, QueueSettings

UNMEASURED_SHARE = 0.1  # of an interval that may lack: feeds post a few seconds before the end and go on


class ClosedInterval(NamedTuple):
    """Levels are percent; there is none where nobody was to be served."""

    scope: Scope
    start: datetime
    end: datetime
    service_level: float | None
    target_service_level: float


def closed_intervals(
    organization_id: str, *, since: datetime, until: datetime, scopes: Collection[int] | None = None
) -> Iterator[ClosedInterval]:
    """Return the closed intervals of realtime queues with since <= end < until, in order of their ends; in two
    queries."""
    known = QueueSettings.objects.filter(scope__organization=organization_id)
    settings = rules_of(chosen(known, scopes))
    rows = IntervalStats.objects.select_related("scope").filter(
        scope__organization=organization_id, end__gte=since, end__lt=until
    )
    for row in chosen(rows, scopes).order_by("end", "scope").iterator():
        rules = settings.get(row.scope_id, DEFAULT_RULES)
        if not rules.deferred and row.end - row.as_of <= (row.end - row.start) * UNMEASURED_SHARE:
            level = _level(row, rules.abandon_policy)
            yield ClosedInterval(row.scope, row.start, row.end, level, 100 * rules.target_service_level)


def _level(row: IntervalStats, policy: formulas.AbandonPolicy) -> float | None:
    return percent(
        formulas.measured_service_level(
            answered=row.answered,
            answered_in_target=row.answered_in_target,
            abandoned=row.abandoned,
            abandoned_in_target=row.abandoned_in_target or 0,
            policy=policy,
        )
    )
