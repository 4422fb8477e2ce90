"""Read actions, with what was measured after them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Q, QuerySet

import kpi.selectors
from alerts.actions.effects import LOOKED_AT, MeasuredInterval, measured
from alerts.actions.events import ActionNoted, source_fields
from alerts.actions.models import Action
from intraday.org.models import Scope

_EFFECT = ("service_level_before", "service_level_after", "day_end_service_level_before", "day_end_service_level_after")
COLUMNS = [
    *(name for name in ActionNoted.__struct_fields__ if name != "predicted"),
    *(f"predicted.{place}.{name}" for place in (0, 1) for name in ("queue_name", *_EFFECT)),
    *(f"measured.{place}.{name}" for place in range(6) for name in ("queue_name", "end", "service_level", "predicted")),
]


def visible(scope: Scope, *, within: Collection[str] | None) -> QuerySet[Action]:
    """Return the actions for a scope, those inside it, and those that took agents out of it. `within` are the
    departments that the caller is limited to: others' actions are left out."""
    rows = Action.objects.select_related("scope", "source").filter(organization=scope.organization_id)
    if within is not None:
        rows = rows.filter(scope__department_id__in=within)
    if not scope.department_id and not scope.queue_name:
        return rows
    inside = {"department_id": scope.department_id, "queue_name": scope.queue_name}
    named = {name: value for name, value in inside.items() if value}
    own = Q(**{f"scope__{name}": value for name, value in named.items()})
    return rows.filter(own | Q(**{f"source__{name}": value for name, value in named.items()}))


def actions(
    scope: Scope,
    *,
    within: Collection[str] | None,
    since: datetime | None,
    until: datetime | None,
    after: int | None,
    limit: int,
    names: bool,
    now: datetime,
) -> tuple[list[dict[str, Any]], int | None]:
    """Return a page, newest first, and the cursor of the next one. `names`: of colleagues, with their notes."""
    bounds = {"noted_at__gte": since, "noted_at__lt": until, "id__lt": after}
    rows = visible(scope, within=within).filter(**{name: value for name, value in bounds.items() if value is not None})
    page = list(rows.order_by("-id")[: limit + 1])
    shown = page[:limit]
    intervals = intervals_after(shown, now)
    items = [as_dict(row, within=within, names=names, intervals=intervals) for row in shown]
    return items, shown[-1].pk if len(page) > limit else None


def as_dict(
    row: Action, *, within: Collection[str] | None, names: bool, intervals: Sequence[MeasuredInterval] = ()
) -> dict[str, Any]:
    """Return an action as its caller may see it: queues beside the caller's departments are left out."""
    told = ActionNoted.of(row)
    payload = told if names else (told.redacted() or told)
    source = row.source if row.source and (within is None or row.source.department_id in within) else None
    queues = {_place(each) for each in (row.scope, source) if each is not None}
    predicted = [each for each in row.predicted if (each["department_id"], each["queue_name"]) in queues]
    return {
        **msgspec.to_builtins(payload),
        **source_fields(source),
        "predicted": predicted,
        "measured": measured(
            row.noted_at, predicted, [each for each in intervals if (each.department_id, each.queue_name) in queues]
        ),
    }


def _place(scope: Scope) -> tuple[str | None, str]:
    return scope.department_id or None, scope.queue_name


def intervals_after(rows: Sequence[Action], now: datetime) -> list[MeasuredInterval]:
    """Return the closed intervals of the queues of these actions, from the first action on; in two queries."""
    if not rows:
        return []
    scopes = {each.pk for row in rows for each in (row.scope, row.source) if each is not None and each.queue_name}
    first, last = min(row.noted_at for row in rows), max(row.noted_at for row in rows)
    organization_id = rows[0].organization_id
    found = kpi.selectors.closed_intervals(
        organization_id, since=first, until=min(now, last + LOOKED_AT), scopes=scopes
    )
    return [
        MeasuredInterval(
            department_id=each.scope.department_id or None,
            queue_name=each.scope.queue_name,
            start=each.start,
            end=each.end,
            service_level=each.service_level,
            target_service_level=each.target_service_level,
        )
        for each in found
    ]
