"""Judging: every rule of an organization against the newest figure of every scope, in a fixed number of statements.

Runs of one organization take turns on the lock of its `Round`, so two workers never judge the same figure twice. The
open records are locked before anything is decided about them: people who acknowledge or resolve wait, or are seen.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction

from alerts import sources
from alerts.board import Board
from alerts.journal import Journal
from alerts.models import Round, Rule
from alerts.rules import Data, Reading, State, Step, next_state
from alerts.sources import FigureAt, Sources
from alerts.terms import Judge, covers, level_of
from intraday.org.models import Organization, Scope

log = structlog.get_logger(__name__)

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
    using: Sources = sources.SOURCES,
) -> Evaluated:
    """Judge these scopes, or all. With `as_of` as it was due then: what has moved on since is left alone."""
    organization = lock_round(organization_id, judged_at=now)
    judges = _judges(organization)
    if not judges:
        return Evaluated()
    at = as_of or now
    wanted = {judge.metric.figures for judge in judges}
    figures = _read(using, wanted, organization_id, scopes, now=at, until=as_of)
    closed = using.closed(organization_id, at=at)
    journal, judged = Journal(now), 0
    board = Board(organization, judges, scopes, journal)
    for judge, scope, reading in _readings(judges, figures, closed, at):
        board.take(judge, scope, reading, _next(judge, board.state(judge, scope), reading, at))
        judged += 1
    board.write()
    return Evaluated(judged=judged, **journal.counts)


def lock_round(organization_id: str, *, judged_at: datetime | None = None) -> Organization:
    """From here until commit nobody else judges this organization or changes its rules."""
    Round.objects.bulk_create([Round(organization_id=organization_id)], ignore_conflicts=True)
    row = Round.objects.select_related("organization").select_for_update(of=("self",)).get(pk=organization_id)
    if judged_at is not None:
        Round.objects.filter(pk=organization_id).update(judged_at=judged_at)
    return row.organization


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
) -> Figures:
    """The figures that count: not those of an instant after `until` (without it a feed's clock may run ahead), nor
    those that a computation of the past left behind."""
    found: dict[str, dict[str, list[FigureAt]]] = {}
    for name in sorted(wanted & using.providers.keys()):
        by_level: dict[str, list[FigureAt]] = defaultdict(list)
        for scope, as_of, figure in using.providers[name].figures(organization_id, now=now, scopes=scopes):
            if (until is None or as_of <= until) and figure.get("latest") is not False:
                by_level[level_of(scope)].append((scope, as_of, figure))
        found[name] = by_level
    return found


def _readings(
    judges: Iterable[Judge], figures: Figures, closed: Mapping[int, datetime], at: datetime
) -> Iterator[tuple[Judge, Scope, Reading]]:
    for judge in judges:
        failed = False
        for scope, as_of, figure in figures.get(judge.metric.figures, {}).get(judge.rule.evaluate_each, ()):
            if not covers(judge.rule, scope):
                continue
            try:
                reading = judge.reading(figure, as_of, at, closed=scope.pk in closed)
            except Exception:  # E10: whatever a figure holds, other rules and scopes are judged
                reading = Reading(None, as_of, Data.ERROR)
                if not failed:
                    log.exception("rule_failed", rule=str(judge.rule.pk), name=judge.rule.name, scope=str(scope))
                failed = True
            yield judge, scope, reading


def _next(judge: Judge, state: State, reading: Reading, at: datetime) -> Step:
    try:
        return next_state(judge.terms, state, reading, at)
    except TypeError:  # E10: a value that cannot be compared with the threshold
        log.exception("rule_failed", rule=str(judge.rule.pk), name=judge.rule.name, value=str(reading.value)[:64])
        return next_state(judge.terms, state, Reading(None, reading.as_of, Data.ERROR), at)
