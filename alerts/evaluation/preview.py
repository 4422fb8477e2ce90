"""Run a rule over past figures with the same machine, and list the alerts it would have raised. Writes nothing.

The cooldown counts; silences, people and alerts about missing data do not. Clocks stand where figures were missing for
longer than three of their steps, as they do live.
"""

from collections.abc import Callable, Collection, Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from alerts.evaluation import figure_providers
from alerts.evaluation.figure_providers import FigureProviders
from alerts.models import Rule
from alerts.rules import messages
from alerts.rules.compiled_rule import STALE_AT_LEAST, CompiledRule, compile_rule
from alerts.rules.coverage import covers
from alerts.rules.machine import IN_ORDER, Data, Effect, Reading, RelatedAlerts, State, Value, next_state
from intraday.org.models import Organization, Scope
from intraday.values.cadence import STALE_AFTER_CADENCES
from realtime.protocol.messages import scope_fields

Answer = dict[str, Any]
Curve = list[tuple[datetime, Value | None]]
"""Values of a scope as the rule read them, in order of time; None where it read none."""
CLOSING_STEP = timedelta(hours=1)
MOST_FIGURES = 150_000  # some seconds of a core


class TooManyFiguresError(ValueError):
    def __init__(self) -> None:
        super().__init__(
            f"More than {MOST_FIGURES} figures lie in this time: shorten it, or name a department or queue in the rule."
        )


@dataclass
class _Episode:
    """A would-be alert."""

    scope: Scope
    begin: datetime
    peak: Value | None
    count: int = 1
    end: datetime | None = None

    def as_dict(self) -> Answer:
        return {
            "scope": scope_fields(self.scope),
            "from": self.begin,
            "to": self.end,
            "peak": self.peak,
            "count": self.count,
        }


@dataclass
class _Run:
    """The run of one rule through the past. `closed` returns the scopes that are closed at an instant."""

    compiled: CompiledRule
    closed: Callable[[datetime], Container[int]] = lambda at: ()
    states: dict[int, State] = field(default_factory=dict)
    steps: dict[int, timedelta] = field(default_factory=dict)
    open: dict[int, _Episode] = field(default_factory=dict)
    episodes: list[_Episode] = field(default_factory=list)
    curves: dict[Scope, Curve] = field(default_factory=dict)
    with_curves: bool = False

    def take(self, scope: Scope, as_of: datetime, figure: dict[str, Any]) -> None:
        if not covers(self.compiled.rule, scope) or figure.get("latest") is False:
            return
        before = self._after_gap(scope.pk, as_of)
        if scope.pk in self.open and (end := self._closing(scope.pk, before.as_of, as_of)) is not None:
            before = self._close(scope, end, figure)
        reading = self._reading(figure, as_of)
        if self.with_curves:
            self.curves.setdefault(scope, []).append((as_of, reading.value))
        step = next_state(self.compiled.condition, before, reading, as_of)
        self.states[scope.pk] = step.state
        for effect in step.effects:
            self._apply(effect, scope, as_of, figure)

    def finish(self, until: datetime) -> None:
        """End the alerts whose queue closed after its last figure."""
        for key, episode in list(self.open.items()):
            end = self._closing(key, self.states[key].as_of, until)
            if end is not None:
                self._close(episode.scope, end, {})

    def _closing(self, scope: int, since: datetime | None, until: datetime) -> datetime | None:
        """Return when the scope was first seen closed in this time. KPI figures say so themselves; closed intervals
        do not, and none comes from a closed queue."""
        if since is None or not self.compiled.metric.staffed or self.compiled.metric.provider == "kpi":
            return None
        hours = max(0, (until - since) // CLOSING_STEP)
        instants = [since, *(since + number * CLOSING_STEP for number in range(1, hours + 1)), until]
        return next((at for at in instants if scope in self.closed(at)), None)

    def _close(self, scope: Scope, end: datetime, figure: dict[str, Any]) -> State:
        ending = Reading(None, end, Data.PAUSED, ends=True)
        step = next_state(self.compiled.condition, self.states[scope.pk], ending, end)
        self.states[scope.pk] = step.state
        for effect in step.effects:
            self._apply(effect, scope, end, figure)
        return self.states[scope.pk]

    def _reading(self, figure: dict[str, Any], as_of: datetime) -> Reading:
        try:
            return self.compiled.reading(figure, as_of, as_of)
        except (KeyError, TypeError):  # an old figure without what is asked
            return Reading(None, as_of, Data.ERROR)

    def _after_gap(self, scope: int, as_of: datetime) -> State:
        state = self.states.get(scope, IN_ORDER)
        if state.as_of is None or as_of <= state.as_of:
            return state
        gap, usual = as_of - state.as_of, self.steps.get(scope)
        self.steps[scope] = gap
        silent = usual is not None and gap > max(STALE_AT_LEAST, STALE_AFTER_CADENCES * usual)
        return state._replace(data=Data.NO_DATA) if silent and state.data is Data.OK else state

    def _apply(self, effect: Effect, scope: Scope, as_of: datetime, figure: dict[str, Any]) -> None:
        if effect is Effect.FIRE:
            value = self.compiled.metric.read(figure)
            self.open[scope.pk] = _Episode(scope, as_of, value)
            self.episodes.append(self.open[scope.pk])
            self._set_alerts(scope, RelatedAlerts(open=True))
        elif effect is Effect.SEEN:
            episode = self.open[scope.pk]
            episode.count += 1
            episode.peak = self.compiled.worse(self.compiled.metric.read(figure), episode.peak)
        elif effect in (Effect.CLEARED, Effect.LOST, Effect.CLOSED):
            self.open.pop(scope.pk).end = as_of
            cooldown = timedelta(seconds=self.compiled.rule.cooldown_seconds)
            self._set_alerts(scope, RelatedAlerts(cooling_until=as_of + cooldown))

    def _set_alerts(self, scope: Scope, alerts: RelatedAlerts) -> None:
        self.states[scope.pk] = self.states[scope.pk]._replace(alerts=alerts)

    def as_dict(self) -> Answer:
        rule = self.compiled.rule
        said = messages.describe_condition(self.compiled.metric, rule.operator, rule.threshold, rule.for_seconds)
        curves = {"curves": self.curves} if self.with_curves else {}
        alerts = [each.as_dict() for each in self.episodes]
        return {"in_words": said, "total": len(self.episodes), "alerts": alerts, **curves}


def preview(
    *,
    organization: Organization,
    since: datetime,
    until: datetime,
    current: Rule | None = None,
    draft: Rule | None = None,
    providers: FigureProviders = figure_providers.PROVIDERS,
    with_curves: bool = False,
) -> Answer:
    """Run the current rule and a draft of it side by side; either may be left out. `with_curves`: each with the values
    that it read, by scope. Raises TooManyFiguresError."""
    closed = cache(lambda at: providers.closed(organization.pk, at=at))
    rules = {name: rule for name, rule in (("current", current), ("draft", draft)) if rule}
    versions = {name: _run(rule, organization, closed, with_curves) for name, rule in rules.items()}
    for name in {run.compiled.metric.provider for run in versions.values()}:
        runs = [run for run in versions.values() if run.compiled.metric.provider == name]
        _through(runs, providers, name, organization, since, until)
    answers = {name: run.as_dict() for name, run in versions.items()}
    return {"since": since, "until": until, "current": None, "draft": None, **answers}


def _run(
    rule: Rule, organization: Organization, closed: Callable[[datetime], Container[int]], with_curves: bool
) -> _Run:
    return _Run(compile_rule(rule, organization.time_zone), closed, with_curves=with_curves)


def _through(
    runs: Collection[_Run],
    providers: FigureProviders,
    name: str,
    organization: Organization,
    since: datetime,
    until: datetime,
) -> None:
    provider = providers.by_name.get(name)
    if provider is None or provider.past is None:
        return
    covered = [
        scope.pk
        for scope in Scope.objects.filter(organization=organization)
        if any(covers(run.compiled.rule, scope) for run in runs)
    ]
    figures = provider.past(organization.pk, since=since, until=until, scopes=covered)
    for number, (scope, as_of, figure) in enumerate(figures):
        if number == MOST_FIGURES:
            raise TooManyFiguresError
        for run in runs:
            run.take(scope, as_of, figure)
    for run in runs:
        run.finish(until)
