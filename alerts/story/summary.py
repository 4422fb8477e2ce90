"""The summary of a day for those who take over: what is wrong and since when, who works on it, what was tried."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from msgspec import Struct

import kpi.selectors
from alerts.actions.models import Action
from alerts.choices import SEVERITIES
from alerts.models import Alert
from alerts.story.items import FEED_METRIC, StoryItem
from alerts.story.selectors import Question, actions_of, scopes_inside, seen, told_actions
from intraday.org.scoped import place
from kpi.selectors import DayTotals
from realtime.protocol.messages import Timestamp

MOST = 100
"""Entries of each list; the gravest first, the rest is counted."""
WELL = ("ok", "closed", "unknown")
RANK: dict[str, int] = {level: place for place, level in enumerate(kpi.selectors.WORST_FIRST)}


class QueueDay(Struct, frozen=True, kw_only=True):
    """A queue that was not well: its state at the end, and the worst of the day; each since when."""

    department_id: str | None
    queue_name: str | None
    level: str
    since: Timestamp
    worst: str
    worst_since: Timestamp


class OpenAlert(Struct, frozen=True, kw_only=True):
    """An alert that was open at the end; `taken_by` is null for callers who may not see colleagues."""

    alert_id: str
    rule_name: str
    severity: str
    message: str
    department_id: str | None
    queue_name: str | None
    triggered_at: Timestamp
    taken_at: Timestamp | None
    taken_by: str | None
    note: str | None


class Outage(Struct, frozen=True, kw_only=True):
    """A time without data: of a feed, by its alert, or of a queue whose figures were stale. `until` is null while it
    lasts."""

    department_id: str | None
    queue_name: str | None
    rule_name: str | None
    since: Timestamp
    until: Timestamp | None


class People(Struct, frozen=True, kw_only=True):
    """Agents at work in an interval, against those required and scheduled."""

    at: Timestamp
    required: int | None
    scheduled: int | None
    available: int | None


class Summary(Struct, frozen=True, kw_only=True):
    """The facts to hand over, as they were at `as_of`. Lists have 100 entries at most; `left_out` counts the others."""

    as_of: Timestamp
    level: str | None
    level_since: Timestamp | None
    contacts: DayTotals
    people_at_start: People | None
    people_at_end: People | None
    queues: list[QueueDay]
    alerts_triggered: int
    open_alerts: list[OpenAlert]
    actions: list[StoryItem]
    outages: list[Outage]
    left_out: int


def summary(question: Question) -> Summary:
    """Tell the day until now, or until its end; in a number of queries that does not grow with it."""
    until = min(question.end, question.now)
    histories = _histories(question)
    own = histories.get(question.scope.pk, [])
    of_queues = [changes for changes in histories.values() if changes[0].scope.queue_name]
    queues = sorted((each for each in map(_queue_day, of_queues) if each is not None), key=_gravest_first)
    silent = [each for changes in of_queues for each in _silent_times(changes, question)]
    outages = sorted([*_silent_feeds(question, until), *silent], key=lambda each: each.since)
    alerts = _open_alerts(question, until)
    actions = list(_actions(question))
    start, end = _people(question)
    return Summary(
        as_of=until,
        level=own[-1].level if own else None,
        level_since=own[-1].at if own else None,
        contacts=kpi.selectors.day_totals(question.scope, question.day, now=question.now),
        people_at_start=start,
        people_at_end=end,
        queues=queues[:MOST],
        alerts_triggered=_triggered(question),
        open_alerts=alerts[:MOST],
        actions=told_actions(question, actions[:MOST]),
        outages=outages[:MOST],
        left_out=sum(max(0, len(each) - MOST) for each in (queues, alerts, actions, outages)),
    )


# --- states ----------------------------------------------------------------------------------------------------------
def _histories(question: Question) -> dict[int, list[Any]]:
    """Return the changes of each scope on the day, after the last one before it, by primary key."""
    changes = kpi.selectors.state_changes(question.scope.organization_id).filter(
        at__gte=question.begin, at__lt=question.end
    )
    scopes = scopes_inside(question)
    found = {pk: [row] for pk, row in kpi.selectors.states_before(scopes, question.begin).items()}
    for row in changes.filter(scope__in=scopes).order_by("at", "pk"):
        found.setdefault(row.scope_id, []).append(row)
    return found


def _queue_day(changes: Sequence[Any]) -> QueueDay | None:
    """Return None for a queue that was well, or closed, all day."""
    worst = min(changes, key=lambda change: RANK.get(change.level, len(RANK)))  # of several the first
    if worst.level in WELL:
        return None
    last = changes[-1]
    return QueueDay(**place(last.scope), level=last.level, since=last.at, worst=worst.level, worst_since=worst.at)


def _gravest_first(each: QueueDay) -> Any:
    return RANK.get(each.level, len(RANK)), RANK.get(each.worst, len(RANK)), each.since


def _silent_times(changes: Sequence[Any], question: Question) -> Iterator[Outage]:
    """Yield the times of the day in which the figures of a queue were stale."""
    for change, following in zip(changes, [*changes[1:], None], strict=True):
        if change.level == "stale" and (following is None or following.at >= question.begin):
            until = None if following is None else following.at
            yield Outage(**place(change.scope), rule_name=None, since=change.at, until=until)


# --- alerts and actions ----------------------------------------------------------------------------------------------
def _alerts(question: Question) -> QuerySet[Alert]:
    rows = Alert.objects.select_related("scope").filter(organization=question.scope.organization_id)
    return seen(rows, question)


def _triggered(question: Question) -> int:
    return _alerts(question).filter(triggered_at__gte=question.begin, triggered_at__lt=question.end).count()


def _open_alerts(question: Question, until: datetime) -> list[OpenAlert]:
    """Return the alerts that were open at that instant, the gravest first, then the longest open."""
    still = Q(resolved_at=None) | Q(resolved_at__gte=until)
    rows = _alerts(question).filter(still, triggered_at__lt=until).order_by("triggered_at", "pk")
    ordered = sorted(rows, key=lambda alert: -SEVERITIES.index(alert.severity))
    return [_open(alert, until, names=question.names) for alert in ordered]


def _open(alert: Alert, until: datetime, *, names: bool) -> OpenAlert:
    taken_at = alert.acknowledged_at if alert.acknowledged_at and alert.acknowledged_at < until else None
    return OpenAlert(
        alert_id=str(alert.pk),
        rule_name=alert.rule_name,
        severity=alert.severity,
        message=alert.message,
        **place(alert.scope),
        triggered_at=alert.triggered_at,
        taken_at=taken_at,
        taken_by=(alert.acknowledged_by or None) if names and taken_at else None,
        note=(alert.note or None) if names else None,
    )


def _silent_feeds(question: Question, until: datetime) -> Iterator[Outage]:
    rows = _alerts(question).filter(metric__endswith=FEED_METRIC, triggered_at__lt=until)
    for alert in rows.filter(Q(resolved_at=None) | Q(resolved_at__gte=question.begin)).order_by("triggered_at"):
        over = alert.resolved_at if alert.resolved_at is not None and alert.resolved_at < until else None
        since = alert.breaching_since or alert.triggered_at
        yield Outage(**place(alert.scope), rule_name=alert.rule_name, since=since, until=over)


def _actions(question: Question) -> QuerySet[Action]:
    rows = actions_of(question).filter(noted_at__gte=question.begin, noted_at__lt=question.end)
    return rows.order_by("noted_at", "pk")


# --- people ----------------------------------------------------------------------------------------------------------
def _people(question: Question) -> tuple[People | None, People | None]:
    """Return the heads of the first and of the last interval in which anybody was at work."""
    grid = kpi.selectors.intervals(question.scope, day=question.day, now=question.now)["intervals"]
    staffed = [
        People(at=row.start, required=row.required, scheduled=row.scheduled, available=row.available)
        for row in grid
        if row.state != "to_come" and row.available
    ]
    return (staffed[0], staffed[-1]) if staffed else (None, None)
