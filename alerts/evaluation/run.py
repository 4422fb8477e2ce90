"""Judging: every rule of an organization against the newest figure of every scope, in a fixed number of statements.

Where feeds make the figures, those that came between two runs are judged too: a value that crossed a threshold did so,
even if the next one was better and came a second later.

Runs of one organization take turns on the lock of its `Round`, so two workers never judge the same figure twice. The
open records are locked before anything is decided about them: people who acknowledge or resolve wait, or are seen.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

import structlog
from django.db import transaction

from alerts.evaluation import figure_providers
from alerts.evaluation.changes import Journal
from alerts.evaluation.evaluation_state import Board
from alerts.evaluation.figure_providers import FigureAt, Provider, Sources
from alerts.models import Round, Rule
from alerts.rules.compiled_rule import Judge, covers, is_suspect, level_of
from alerts.rules.machine import Data, Reading, State, Step, next_state
from intraday.org.models import Organization, Scope

log = structlog.get_logger(__name__)

DELAY = timedelta(seconds=10)  # from the instant of a figure to its arrival
LOOK_BACK = timedelta(minutes=2)

SUSPICION = "kpi"  # the figures that say whether the volume of a scope is to be believed

Figures = Mapping[str, Mapping[str, list[FigureAt]]]
"""By provider and level."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a run did: rules in a scope that it judged, records made, resolved and seen again."""

    judged: int = 0
    triggered: int = 0
    resolved: int = 0
    seen: int = 0


@transaction.atomic
def evaluate(
    *,
    organization_id: str,
    now: datetime,
    scopes: Collection[int] | None = None,
    as_of: datetime | None = None,
    using: Sources = figure_providers.SOURCES,
) -> Evaluated:
    """Judge these scopes, or all. With `as_of` as it was due then: what has moved on since is left alone."""
    round_ = lock_round(organization_id)
    organization, before = round_.organization, round_.judged_at
    Round.objects.filter(pk=organization_id).update(judged_at=now)
    judges = _judges(organization)
    if not judges:
        return Evaluated()
    at = as_of or now
    wanted = {judge.metric.figures for judge in judges}
    if any(judge.metric.rests_on_volume for judge in judges):
        wanted.add(SUSPICION)
    since = max((before or at) - DELAY, at - LOOK_BACK) if as_of is None else None
    figures = _read(using, wanted, organization_id, scopes, now=at, until=as_of, since=since)
    closed = using.closed(organization_id, at=at)
    journal, judged = Journal(now), 0
    board = Board(organization, judges, scopes, journal)
    for judge, scope, reading in _readings(judges, figures, closed, at):
        if board.settled(judge, scope):
            continue
        board.take(judge, scope, reading, _next(judge, board.state(judge, scope), reading, at))
        judged += 1
    board.write()
    return Evaluated(judged=judged, **journal.counts)


def lock_round(organization_id: str) -> Round:
    """From here until commit nobody else judges this organization or changes its rules."""
    Round.objects.bulk_create([Round(organization_id=organization_id)], ignore_conflicts=True)
    return Round.objects.select_related("organization").select_for_update(of=("self",)).get(pk=organization_id)


def _judges(organization: Organization) -> list[Judge]:
    found = []
    for rule in Rule.objects.filter(organization=organization, enabled=True, deleted_at=None).order_by("pk"):
        try:
            found.append(Judge.of(rule, organization.time_zone))
        except Exception:  # whatever is wrong with one rule, the others are judged
            log.exception("rule_not_judged", rule=str(rule.pk), name=rule.name)
    return found


def _read(
    using: Sources,
    wanted: Collection[str],
    organization_id: str,
    scopes: Collection[int] | None,
    *,
    now: datetime,
    until: datetime | None,
    since: datetime | None,
) -> Figures:
    """The figures that count, those of a scope in order of time: not those of an instant after `until` (without it a
    feed's clock may run ahead), nor those that a computation of the past left behind."""
    found: dict[str, dict[str, list[FigureAt]]] = {}
    for name in sorted(wanted & using.providers.keys()):
        by_level: dict[str, list[FigureAt]] = defaultdict(list)
        provider = using.providers[name]
        newest = provider.figures(organization_id, now=now, scopes=scopes)
        between = _between(provider, organization_id, scopes, since=since, until=now)
        for scope, as_of, figure in chain(between, newest):
            if (until is None or as_of <= until) and figure.get("latest") is not False:
                by_level[level_of(scope)].append((scope, as_of, figure))
        found[name] = by_level
    return found


def _between(
    provider: Provider, organization_id: str, scopes: Collection[int] | None, *, since: datetime | None, until: datetime
) -> Iterable[FigureAt]:
    """What feeds posted since the last run; only of the scopes that have news, so a run over all reads no history."""
    if provider.past is None or not provider.posted or scopes is None or since is None:
        return ()
    return provider.past(organization_id, since=since, until=until, scopes=scopes)


def _readings(
    judges: Iterable[Judge], figures: Figures, closed: Mapping[int, datetime], at: datetime
) -> Iterator[tuple[Judge, Scope, Reading]]:
    suspects = _suspects(figures)
    for judge in judges:
        failed = False
        for scope, as_of, figure in figures.get(judge.metric.figures, {}).get(judge.rule.evaluate_each, ()):
            if not covers(judge.rule, scope):
                continue
            try:
                reading = judge.reading(figure, as_of, at, closed=scope.pk in closed, suspect=scope.pk in suspects)
            except Exception:  # E10: whatever a figure holds, other rules and scopes are judged
                reading = Reading(None, as_of, Data.ERROR)
                if not failed:
                    log.exception("rule_failed", rule=str(judge.rule.pk), name=judge.rule.name, scope=str(scope))
                failed = True
            yield judge, scope, reading


def _suspects(figures: Figures) -> set[int]:
    """Return the scopes, by primary key, whose volume is suspect."""
    by_level = figures.get(SUSPICION, {})
    return {scope.pk for each in by_level.values() for scope, _, figure in each if is_suspect(figure)}


def _next(judge: Judge, state: State, reading: Reading, at: datetime) -> Step:
    try:
        return next_state(judge.terms, state, reading, at)
    except TypeError:  # E10: a value that cannot be compared with the threshold
        log.exception("rule_failed", rule=str(judge.rule.pk), name=judge.rule.name, value=str(reading.value)[:64])
        return next_state(judge.terms, state, Reading(None, reading.as_of, Data.ERROR), at)
