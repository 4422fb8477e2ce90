"""Evaluate every rule of an organization on the newest figure of every scope, in a fixed number of statements.

Figures that feeds posted between two runs are evaluated too: a value that crossed a threshold did so, even if a better
one came a second later.

Runs of one organization take turns on the lock of its `Round`, so two workers never evaluate the same figure twice.
Open alerts are locked before anything is decided about them: people who acknowledge or resolve meanwhile wait.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

import structlog
from django.db import DatabaseError, transaction

from alerts.evaluation import figure_providers, rule_states
from alerts.evaluation.changes import Changes
from alerts.evaluation.evaluation_state import EvaluationState
from alerts.evaluation.figure_providers import FigureAt, FigureProvider, FigureProviders
from alerts.evaluation.rule_states import Key
from alerts.models import Round, Rule
from alerts.rules.compiled_rule import CompiledRule, compile_rule, is_suspect
from alerts.rules.coverage import covers, level_of
from alerts.rules.machine import Data, Reading, State, Step, next_state
from intraday.database import row_versions
from intraday.jobs.garbage import not_collected
from intraday.org.models import Organization, Scope
from intraday.values.once import Once

log = structlog.get_logger(__name__)
_logged = Once()

DELAY = timedelta(seconds=10)  # from the instant of a figure to its arrival
LOOK_BACK = timedelta(minutes=2)

SUSPECT_VOLUME = "kpi"  # the provider whose figures tell whether the volume of a scope is suspect

Figures = Mapping[str, Mapping[str, list[FigureAt]]]
"""Figures by provider and level."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Counts of a run: readings evaluated, and alerts triggered, resolved and confirmed."""

    judged: int = 0
    triggered: int = 0
    resolved: int = 0
    seen: int = 0


@not_collected()
@transaction.atomic
def evaluate(
    *,
    organization_id: str,
    now: datetime,
    scopes: Collection[int] | None = None,
    as_of: datetime | None = None,
    new_facts: bool = False,
    providers: FigureProviders = figure_providers.PROVIDERS,
) -> Evaluated:
    """Evaluate these scopes, which feeds posted for, or all; `new_facts` where feeds posted for some of all.

    With `as_of` as of that instant: scopes with newer readings stay.
    """
    round_ = lock_round(organization_id)
    organization, before = round_.organization, round_.judged_at
    rewritten_version = row_versions.update(Round, organization_id, judged_at=now)
    compiled_rules = _compile_rules(organization)
    if not compiled_rules:
        return Evaluated()
    at = as_of or now
    wanted = {compiled.metric.provider for compiled in compiled_rules}
    if any(compiled.metric.rests_on_volume for compiled in compiled_rules):
        wanted.add(SUSPECT_VOLUME)
    posted = new_facts or scopes is not None
    since = max((before or at) - DELAY, at - LOOK_BACK) if posted and as_of is None else None
    figures = _read(providers, wanted, organization_id, scopes, now=at, until=as_of, since=since)
    closed = providers.closed(organization_id, at=at)
    changes, judged = Changes(now), 0
    stored, is_whole = rule_states.take(round_, compiled_rules, scopes)
    state = EvaluationState(organization, compiled_rules, scopes, stored, changes)
    for compiled, scope, key, reading in _readings(compiled_rules, figures, closed, at):
        if state.settled(key):
            continue
        current = state.state(key)
        state.take(compiled, scope, key, reading, current, _next(compiled, scope, current, reading, at))
        judged += 1
    state.write(rewritten_version)
    if is_whole:
        rule_states.remember(organization_id, rewritten_version, compiled_rules, stored)
    return Evaluated(judged=judged, **changes.counts)


def lock_round(organization_id: str) -> Round:
    """Lock the organization until commit: no other worker evaluates it, and nobody changes its rules."""
    Round.objects.bulk_create([Round(organization_id=organization_id)], ignore_conflicts=True)
    rows = row_versions.annotated(Round.objects.select_related("organization"))
    round_: Round = rows.select_for_update(of=("self",)).get(pk=organization_id)
    return round_


def _compile_rules(organization: Organization) -> list[CompiledRule]:
    found = []
    for rule in Rule.objects.filter(organization=organization, enabled=True, deleted_at=None).order_by("pk"):
        try:
            found.append(compile_rule(rule, organization.time_zone))
        except Exception as error:  # one broken rule must not stop the others
            if _logged.is_news(rule.pk, repr(error)):
                place = {"organization_id": organization.pk, "rule": str(rule.pk), "name": rule.name}
                log.exception("rule_not_judged", **place)
    return found


def _read(
    providers: FigureProviders,
    wanted: Collection[str],
    organization_id: str,
    scopes: Collection[int] | None,
    *,
    now: datetime,
    until: datetime | None,
    since: datetime | None,
) -> Figures:
    """Read the figures that count, those of a scope in order of time.

    Figures after `until` are left out (without it a feed's clock may run ahead), and so are those that a computation of
    the past left behind.
    """
    found: dict[str, dict[str, list[FigureAt]]] = {}
    for name in sorted(wanted & providers.by_name.keys()):
        by_level: dict[str, list[FigureAt]] = defaultdict(list)
        provider = providers.by_name[name]
        try:
            newest = provider.figures(organization_id, now=now, scopes=scopes)
            between = _between(provider, organization_id, scopes, since=since, until=now)
            for scope, as_of, figure in chain(between, newest):
                if (until is None or as_of <= until) and figure.get("latest") is not False:
                    by_level[level_of(scope)].append((scope, as_of, figure))
        except DatabaseError:
            raise
        except Exception as error:  # figures of one kind must not stop the rules on others
            if _logged.is_news((organization_id, name), repr(error)):
                log.exception("figures_not_read", organization_id=organization_id, provider=name)
            continue
        found[name] = by_level
    return found


def _between(
    provider: FigureProvider,
    organization_id: str,
    scopes: Collection[int] | None,
    *,
    since: datetime | None,
    until: datetime,
) -> Iterable[FigureAt]:
    """Return the figures that feeds posted since the last run; a run without new facts reads no history."""
    if provider.past is None or not provider.posted or since is None:
        return ()
    return provider.past(organization_id, since=since, until=until, scopes=scopes)


def _readings(
    compiled_rules: Iterable[CompiledRule], figures: Figures, closed: Mapping[int, datetime], at: datetime
) -> Iterator[tuple[CompiledRule, Scope, Key, Reading]]:
    suspects = _suspects(figures)
    for compiled in compiled_rules:
        rule_id = compiled.rule.pk
        for scope, as_of, figure in figures.get(compiled.metric.provider, {}).get(compiled.rule.evaluate_each, ()):
            if not covers(compiled.rule, scope):
                continue
            pk = scope.pk
            try:
                reading = compiled.reading(figure, as_of, at, closed=pk in closed, suspect=pk in suspects)
            except Exception as error:  # E10: one broken figure must not stop other rules and scopes
                reading = Reading(None, as_of, Data.ERROR)
                _report_failure(compiled, scope, error)
            yield compiled, scope, (rule_id, pk), reading


def _suspects(figures: Figures) -> set[int]:
    """Return the scopes, by primary key, whose volume is suspect."""
    by_level = figures.get(SUSPECT_VOLUME, {})
    return {scope.pk for each in by_level.values() for scope, _, figure in each if is_suspect(figure)}


def _report_failure(compiled: CompiledRule, scope: Scope, error: Exception) -> None:
    if _logged.is_news((compiled.rule.pk, scope.pk), repr(error)):
        place = {"department_id": scope.department_id, "queue_name": scope.queue_name}
        rule = {"rule": str(compiled.rule.pk), "name": compiled.rule.name}
        log.error("rule_failed", organization_id=scope.organization_id, **place, **rule, exc_info=error)


def _next(compiled: CompiledRule, scope: Scope, state: State, reading: Reading, at: datetime) -> Step:
    try:
        return next_state(compiled.condition, state, reading, at)
    except Exception as error:  # E10: such as a value that cannot be compared with the threshold
        _report_failure(compiled, scope, error)
        return next_state(compiled.condition, state, Reading(None, reading.as_of, Data.ERROR), at)
