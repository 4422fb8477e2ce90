"""Read the items of a day in order of time, page by page: five sources, one query each."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from rest_framework import serializers

import kpi.selectors
from alerts.actions import selectors as actions
from alerts.models import AlertAudit, Notification
from alerts.notifications.models import Delivery
from alerts.story import items
from alerts.story.items import StoryItem
from intraday.org import scoped
from intraday.org.models import Scope
from intraday.rest.fields import IdField, WholeField
from intraday.rest.pages import spell

SETTLING = timedelta(days=1)
"""Deliveries, and lines of alerts that a cooldown held back, follow the end of an alert within this time."""
_SHOWN = ("predicted", "measured")


@dataclass(frozen=True, slots=True)
class Question:
    """The day of a scope, as its caller may see it: `within` these departments, with or without names of colleagues."""

    scope: Scope
    day: date
    begin: datetime
    end: datetime
    within: Collection[str] | None
    names: bool
    now: datetime


def question(scope: Scope, day: date | None, *, within: Collection[str] | None, names: bool, now: datetime) -> Question:
    """Ask about a local day of the scope's organization; about today where none is named."""
    day = day or kpi.selectors.local_day(scope.organization, now)
    return Question(scope, day, *kpi.selectors.day_bounds(scope.organization, day), within, names, now)


def frame(question: Question) -> dict[str, Any]:
    """Return what the items are of."""
    return {**scoped.frame(question.scope), "date": question.day, "since": question.begin, "until": question.end}


class Cursor(NamedTuple):
    """The last item of a page: its time, the place of its source, its primary key."""

    at: datetime
    source: int
    key: Any

    def spelled(self) -> str:
        return f"{spell(self.at)}~{self.source}~{self.key}"


NUMBER = WholeField(min_value=0, max_value=2**63 - 1)


@dataclass(frozen=True, slots=True)
class _Source:
    rows: Callable[[Question], QuerySet[Any]]
    time: str
    told: Callable[[Question, Sequence[Any]], Iterable[StoryItem]]
    key: serializers.Field = NUMBER
    """The field that reads its primary keys."""


def page(question: Question, *, after: Cursor | None, limit: int) -> tuple[list[StoryItem], Cursor | None]:
    """Return a page, oldest first, and the cursor of the next one if there is one."""
    found = [
        (Cursor(getattr(row, source.time), place, row.pk), row)
        for place, source in enumerate(SOURCES)
        for row in _rows(question, source, place, after, limit + 1)
    ]
    found.sort(key=lambda each: each[0][:2])  # of one source they come in the order of their keys
    shown = found[:limit]
    told = {
        place: iter(source.told(question, [row for cursor, row in shown if cursor.source == place]))
        for place, source in enumerate(SOURCES)
    }
    following = shown[-1][0] if len(found) > limit else None
    return [next(told[cursor.source]) for cursor, _ in shown], following


def _rows(question: Question, source: _Source, place: int, after: Cursor | None, limit: int) -> QuerySet[Any]:
    time = source.time
    rows = source.rows(question).filter(**{f"{time}__gte": question.begin, f"{time}__lt": question.end})
    if after is not None:
        later = Q(**{f"{time}__gt": after.at})
        if place == after.source:
            later |= Q(**{time: after.at, "pk__gt": after.key})
        elif place > after.source:
            later |= Q(**{time: after.at})
        rows = rows.filter(later)
    return rows.order_by(time, "pk")[:limit]


def seen(rows: QuerySet[Any], question: Question, path: str = "scope__") -> QuerySet[Any]:
    """Narrow rows to the scope and those inside it, and to the caller's departments; `path` leads to their scope."""
    rows = scoped.inside(rows, question.scope, path)
    return rows if question.within is None else rows.filter(**{f"{path}department_id__in": question.within})


def scopes_inside(question: Question) -> QuerySet[Scope]:
    """Return the scope and those inside it, as far as the caller may see them."""
    return seen(Scope.objects.filter(organization=question.scope.organization_id), question, "")


def _of_that_time(question: Question, path: str = "") -> Q:
    """Select alerts that were open on the day, or had just ended."""
    begun = Q(**{f"{path}organization": question.scope.organization_id, f"{path}triggered_at__lt": question.end})
    ended = Q(**{f"{path}resolved_at__gte": question.begin - SETTLING})
    return begun & (Q(**{f"{path}resolved_at": None}) | ended)


# --- sources ---------------------------------------------------------------------------------------------------------
def _states(question: Question) -> QuerySet[Any]:
    return seen(kpi.selectors.state_changes(question.scope.organization_id), question)


def _alerts(question: Question) -> QuerySet[Any]:
    rows = AlertAudit.objects.select_related("alert__scope").filter(_of_that_time(question, "alert__"))
    return seen(rows, question, "alert__scope__")


def actions_of(question: Question) -> QuerySet[Any]:
    return actions.visible(question.scope, within=question.within)


def _deliveries(question: Question) -> QuerySet[Any]:
    path = "notification__alert__"
    rows = Delivery.objects.select_related("notification__alert__scope").filter(_of_that_time(question, path))
    return seen(rows, question, f"{path}scope__")


def _unsent(question: Question) -> QuerySet[Any]:
    """Return notifications that went to nobody."""
    rows = Notification.objects.select_related("alert__scope").filter(_of_that_time(question, "alert__"))
    return seen(rows.filter(deliveries=None), question, "alert__scope__")


def told_actions(question: Question, rows: Sequence[Any]) -> list[StoryItem]:
    measured = actions.intervals_after(rows, question.now)
    return [items.of_action(row, within=question.within, names=question.names, intervals=measured) for row in rows]


SOURCES = (
    _Source(_states, "at", lambda question, rows: map(items.of_state, rows)),
    _Source(_alerts, "at", lambda question, rows: (items.of_alert(row, names=question.names) for row in rows)),
    _Source(actions_of, "noted_at", told_actions),
    _Source(
        _deliveries,
        "settled_at",
        lambda question, rows: (items.of_delivery(row, names=question.names) for row in rows),
        IdField(),
    ),
    _Source(_unsent, "settled_at", lambda question, rows: (items.of_notice(row, names=question.names) for row in rows)),
)


# --- columns ---------------------------------------------------------------------------------------------------------
def _nested(name: str, step: Any) -> list[str]:
    return [f"{name}.{field}" for field in step.__struct_fields__ if field not in (*_SHOWN, "reasons")]


COLUMNS = [
    *(name for name in StoryItem.__struct_fields__ if name not in ("state", "alert", "action", "notification")),
    *_nested("state", items.StateStep),
    *(f"state.reasons.{number}.{name}" for number in range(3) for name in ("code", "value", "limit")),
    *_nested("alert", items.AlertStep),
    *_nested("action", items.ActionStep),
    *(f"action.measured.{number}.{name}" for number in range(3) for name in ("queue_name", "end", "service_level")),
    *_nested("notification", items.NotificationStep),
]
