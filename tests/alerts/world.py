"""A small world to evaluate: figures as other domains provide them, rules, and the alerts that follow."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts import rule_services, services
from alerts.evaluation import run, timers
from alerts.evaluation.changes import Actor
from alerts.evaluation.figure_providers import FigureAt, FigureProvider, FigureProviders
from alerts.evaluation.run import Evaluated
from alerts.models import Alert, AlertAudit, Rule
from alerts.services import Caller
from intraday.org.models import Organization, Scope

TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)
OWNER = Actor("rosa")


def at(seconds: float) -> datetime:
    return TEN + timedelta(seconds=seconds)


@dataclass
class Wall:
    """The newest figure of each scope, and all that were: what a domain's selectors offer."""

    current: dict[int, FigureAt] = field(default_factory=dict)
    past: list[FigureAt] = field(default_factory=list)

    def show(self, scope: Scope, when: datetime, figure: Mapping[str, Any]) -> None:
        self.current[scope.pk] = (scope, when, dict(figure))
        self.past.append(self.current[scope.pk])

    def figures(
        self, organization_id: str, *, now: datetime, scopes: Collection[int] | None = None
    ) -> Iterator[FigureAt]:
        for pk, found in sorted(self.current.items()):
            if found[0].organization_id == organization_id and (scopes is None or pk in scopes):
                yield found

    def past_figures(
        self, organization_id: str, *, since: datetime, until: datetime, scopes: Collection[int] | None = None
    ) -> Iterator[FigureAt]:
        for found in sorted(self.past, key=lambda each: each[1]):
            if found[0].organization_id == organization_id and since <= found[1] < until:
                yield found


def occupancy(value: float | None, **fields: Any) -> dict[str, Any]:
    """A KPI figure, as far as these rules look at it."""
    return {"utilization": {"occupancy": value}, "quality": "ok", "latest": True, **fields}


@dataclass
class World:
    organization: Organization
    kpi: Wall = field(default_factory=Wall)
    backlog: Wall = field(default_factory=Wall)
    feeds: Wall = field(default_factory=Wall)
    closed: dict[int, datetime] = field(default_factory=dict)
    now: datetime = TEN

    @property
    def providers(self) -> FigureProviders:
        walls = {"kpi": self.kpi, "backlog": self.backlog, "feeds": self.feeds}
        posted = {"backlog"}
        by_name = {
            name: FigureProvider(wall.figures, wall.past_figures, name in posted) for name, wall in walls.items()
        }
        return FigureProviders(by_name, lambda organization_id, *, at: self.closed)

    def scope(self, queue: str = "support", department: str = "dept_456") -> Scope:
        return Scope.objects.get(organization=self.organization, department_id=department, queue_name=queue)

    # --- rules -------------------------------------------------------------------------------------------------------
    def rule(self, **fields: Any) -> Rule:
        """Occupancy over 90 on any queue, healthy at 80, unless told otherwise."""
        whole = {**BUSY, "name": f"busy {Rule.objects.count()}", **fields}
        return rule_services.create_rule(organization=self.organization, fields=whole, actor=OWNER, now=self.now)

    def edit(self, rule: Rule, **fields: Any) -> Rule:
        return rule_services.edit_rule(
            organization=self.organization, rule_id=rule.pk, fields=fields, actor=OWNER, now=self.now
        )

    # --- time --------------------------------------------------------------------------------------------------------
    def judge(self, value: Any = None, seconds: float | None = None, *, queue: str = "support") -> Evaluated:
        """Show this occupancy of the queue, this many seconds after ten, and evaluate everything."""
        if seconds is not None:
            self.now = at(seconds)
        self.kpi.show(self.scope(queue), self.now, occupancy(value))
        return self.again()

    def again(self, seconds: float | None = None, **options: Any) -> Evaluated:
        """Evaluate once more, with no new figure."""
        if seconds is not None:
            self.now = at(seconds)
        return run.evaluate(organization_id=self.organization.pk, now=self.now, providers=self.providers, **options)

    def run_timers(self, seconds: float | None = None) -> int:
        if seconds is not None:
            self.now = at(seconds)
        return timers.run_timers(organization_id=self.organization.pk, now=self.now, providers=self.providers)

    def resolve_unreachable(self) -> int:
        return timers.resolve_unreachable(organization_id=self.organization.pk, now=self.now)

    # --- people ------------------------------------------------------------------------------------------------------
    def caller(self, name: str = "dana") -> Caller:
        return Caller(self.organization.pk, Actor(name))

    def acknowledge(self, alert: Alert, by: str = "dana", **options: Any) -> Alert:
        return services.acknowledge(caller=self.caller(by), alert_id=alert.pk, now=self.now, **options)

    def resolve(self, alert: Alert, by: str = "dana", **options: Any) -> Alert:
        return services.resolve(caller=self.caller(by), alert_id=alert.pk, now=self.now, **options)

    def snooze(self, alert: Alert, seconds: float, by: str = "dana") -> Alert:
        until = self.now + timedelta(seconds=seconds)
        return services.snooze(caller=self.caller(by), alert_id=alert.pk, until=until, now=self.now)

    # --- what became of it -------------------------------------------------------------------------------------------
    @property
    def alert(self) -> Alert:
        """The newest."""
        return Alert.objects.order_by("triggered_at", "id").last()  # type: ignore[return-value]

    @property
    def alerts(self) -> list[Alert]:
        return list(Alert.objects.order_by("triggered_at", "id"))

    def statuses(self) -> list[str]:
        return [alert.status for alert in self.alerts]

    def history(self, alert: Alert | None = None) -> list[str]:
        """The reasons of its audit."""
        rows = AlertAudit.objects.filter(alert=alert or self.alert).order_by("id")
        return list(rows.values_list("reason", flat=True))


BUSY: dict[str, Any] = {
    "source": "kpi",
    "metric": "utilization.occupancy",
    "operator": ">",
    "threshold": 90,
    "clear_threshold": 80,
    "severity": "high",
}


def names(events: list[Any]) -> list[str]:
    return [event["event"] for event in events]
