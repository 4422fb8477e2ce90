"""A simulated day (tests.kpi.queue_simulation) through the services minute by minute, and what was judged of it.

Each minute: the postings of all queues are stored, and five seconds later what beat starts then is done with that time
as the clock: figures are worked out, alerts are judged, open alerts are attended to. No server, no socket, no waiting.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar

import alerts.services
import kpi.selectors
import kpi.services
from alerts.choices import Transition
from alerts.models import Alert, Notification
from intraday.ingest.posts import Ingested, Post
from intraday.org.models import Organization, Scope
from intraday.org.services import add_queues, create_organization
from kpi.ingest.rows import ForecastRow, IntervalRow
from tests.kpi.queue_simulation import Counts, Minute, Plan, Row, forecasts, minutes

R = TypeVar("R", IntervalRow, ForecastRow)
DEPARTMENT = "dept_456"
JUDGED_AFTER = timedelta(seconds=5)
Place = str
"""The name of a queue or else of a department, or "organization"."""


@dataclass(frozen=True)
class Raised:
    """An alert. Minutes are counted from the begin of the day; `notified`: people heard of it."""

    rule: str
    alert_type: str
    severity: str
    place: Place
    opened: float
    resolved: float | None
    resolution: str
    notified: bool

    def open_at(self, minute: float) -> bool:
        return self.opened <= minute and (self.resolved is None or minute < self.resolved)


@dataclass
class Story:
    """The figures and alerts of a day. `figures` has one of each place for each minute, from the first minute on."""

    figures: dict[Place, list[dict[str, Any]]] = field(default_factory=dict)
    raised: list[Raised] = field(default_factory=list)

    def levels(self, place: Place) -> list[str | None]:
        """The level of the state at each minute; None where the figure has no state."""
        return [(figure.get("state") or {}).get("level") for figure in self.figures[place]]

    def share(self, place: Place, level: str, *, since: int = 0) -> float:
        """The part of the minutes, from the minute `since` on, at which the state has that level."""
        levels = self.levels(place)[since:]
        return levels.count(level) / len(levels)

    def spells(self, place: Place, level: str) -> int:
        """Return how often the state came to that level."""
        levels = [None, *self.levels(place)]
        return sum(new == level != old for old, new in pairwise(levels))

    def opened(
        self,
        *,
        place: Place | None = None,
        severity: str | None = None,
        alert_type: str | None = None,
        notified: bool = False,
    ) -> list[Raised]:
        """Alerts in order of time; with `notified` those alone of which people heard."""
        asked = (("place", place), ("severity", severity), ("alert_type", alert_type))
        return [
            each
            for each in self.raised
            if all(wanted in (None, getattr(each, name)) for name, wanted in asked) and (each.notified or not notified)
        ]

    def resolved_between(self, since: float, until: float, *, place: Place | None = None) -> list[Raised]:
        """Alerts that were resolved from the one minute to before the other."""
        return [
            each for each in self.opened(place=place) if each.resolved is not None and since <= each.resolved < until
        ]


def centre() -> Organization:
    """An organization without queues."""
    return create_organization(id="org_scenario", name="Simulated", time_zone="UTC")


def play(
    organization: Organization,
    plans: Mapping[str, Plan],
    *,
    settings: Mapping[str, Any] | None = None,
    every: int = 1,
    past_weeks: Collection[str] = (),
    rhythms: Mapping[str, int] | None = None,
) -> Story:
    """Let the day of these queues pass; return what became of it.

    The queues, by name, have one begin and are made in DEPARTMENT where they are missing; `settings` are theirs beside
    those that follow from the plans. With `every` only each so many minutes count: half of the minutes take half of
    the time. `rhythms` are the minutes from one posting to the next of queues that post more seldom. The queues of
    `past_weeks` have no forecast, but were measured to the forecast in the three weeks before. Many queues take little
    longer than one: a round's statements are the same. Each service commits by itself, so the test needs
    `django_db(transaction=True)`.
    """
    begin = next(iter(plans.values())).begin
    cadences = {queue: (rhythms or {}).get(queue, every) for queue in plans}
    _prepare(organization, plans, settings or {}, cadences, past_weeks)
    story = Story()
    days = {queue: minutes(plan) for queue, plan in plans.items()}
    for measured in zip(*days.values(), strict=True):
        now, number = measured[0].time + JUDGED_AFTER, measured[0].number
        if number % every:
            continue
        due = {queue: each for queue, each in zip(days, measured, strict=True) if number % cadences[queue] == 0}
        _post(organization, due, now)
        _judge(organization, now)
        _note(story, organization, now)
    story.raised = [_raised(alert, begin) for alert in _alerts(organization)]
    return story


def _prepare(
    organization: Organization,
    plans: Mapping[str, Plan],
    settings: Mapping[str, Any],
    cadences: Mapping[str, int],
    past_weeks: Collection[str],
) -> None:
    """Set up and publish what precedes the day: rules, settings of queues, forecasts or else the weeks before."""
    now = next(iter(plans.values())).begin
    alerts.services.install_rules(organization=organization, now=now)
    add_queues(organization, [(DEPARTMENT, queue) for queue in plans])
    for queue, plan in plans.items():
        scope = Scope.objects.get(organization=organization, department_id=DEPARTMENT, queue_name=queue)
        own = {
            "kind": "realtime",
            "target_service_level": 80.0,
            "target_seconds": plan.target_seconds,
            "aht_seconds": plan.aht_seconds,
            "patience_seconds": plan.patience_seconds,
            "shrinkage": 0.0,
            "interval_minutes": plan.interval_minutes,
            "cadence_seconds": 60.0 * cadences[queue],
        }
        kpi.services.configure(scope, {**own, **settings}, now=now)
        if queue in past_weeks:
            _measure_past_weeks(organization, queue, plan, now)
        else:
            rows = [_row(ForecastRow, queue, row) for row in forecasts(plan)]
            _store(kpi.services.ingest_forecast, organization, rows, now)


def _measure_past_weeks(organization: Organization, queue: str, plan: Plan, now: datetime) -> None:
    """Post past weeks with as many contacts as are forecast, all answered in time."""
    rows = [
        {
            **dict.fromkeys(vars(Counts()), 0),
            **dict.fromkeys(("offered", "answered", "answered_in_target"), round(row["offered"])),
            "agents": plan.agents_of(0),
            "interval_start": row["interval_start"] - timedelta(weeks=week),
            "interval_minutes": plan.interval_minutes,
            "as_of": row["interval_start"] + timedelta(minutes=plan.interval_minutes) - timedelta(weeks=week),
        }
        for week in (1, 2, 3)
        for row in forecasts(plan)
    ]
    _store(kpi.services.ingest, organization, [_row(IntervalRow, queue, row) for row in rows], now)


def _post(organization: Organization, notified: Mapping[str, Minute], now: datetime) -> None:
    rows = [_row(IntervalRow, queue, each.row) for queue, each in notified.items()]
    _store(kpi.services.ingest, organization, rows, now)


def _row(kind: type[R], queue: str, row: Row) -> R:
    """Return the row by the names of the model, as a serializer would."""
    stated = {each.name: row[each.name] for each in fields(kind) if each.name in row}
    names = {"department_id": DEPARTMENT, "queue_name": queue}
    return kind(**stated, **names, start=row["interval_start"], minutes=row["interval_minutes"])


def _store(
    service: Callable[[Post[R]], Ingested], organization: Organization, rows: Sequence[R], now: datetime
) -> None:
    """Store the rows, all of which must be taken."""
    done = service(Post(organization=organization, rows=dict(enumerate(rows)), now=now))
    assert not done.errors, done.errors


def _judge(organization: Organization, now: datetime) -> None:
    """Run the services in the order of intraday.tasks.judge_all and run_timers."""
    kpi.services.compute_all(organization_id=organization.pk, now=now)
    alerts.services.evaluate(organization_id=organization.pk, now=now)
    alerts.services.run_timers(organization_id=organization.pk, now=now)


def _note(story: Story, organization: Organization, now: datetime) -> None:
    for scope, _, figure in kpi.selectors.figures(organization.pk, now=now):
        story.figures.setdefault(_place(scope), []).append(figure)


def _place(scope: Scope) -> Place:
    return scope.queue_name or scope.department_id or "organization"


def _alerts(organization: Organization) -> Iterable[Alert]:
    return Alert.objects.filter(organization=organization).select_related("scope").order_by("triggered_at", "id")


def _raised(alert: Alert, begin: datetime) -> Raised:
    heard = Notification.objects.filter(alert=alert).exclude(transition=Transition.RESOLVED)
    return Raised(
        rule=alert.rule_name,
        alert_type=alert.alert_type,
        severity=alert.severity,
        place=_place(alert.scope),
        opened=(alert.triggered_at - begin) / timedelta(minutes=1),
        resolved=None if alert.resolved_at is None else (alert.resolved_at - begin) / timedelta(minutes=1),
        resolution=alert.resolution,
        notified=heard.exists(),
    )
