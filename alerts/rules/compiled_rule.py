"""A stored rule made ready for judging: its terms, its metric, its hours, and which scopes it is about."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.evaluation.figure_providers import STALE_AT_LEAST
from alerts.models import Kind, Level, Rule
from alerts.rules import catalogue, machine, weekly_windows
from alerts.rules.catalogue import Figure, Metric
from alerts.rules.machine import Data, NoDataMode, Reading, Value
from intraday.org.models import Scope


@dataclass(frozen=True)
class Judge:
    rule: Rule
    terms: machine.Rule
    metric: Metric
    active: tuple[weekly_windows.Window, ...]
    zone: ZoneInfo

    @classmethod
    def of(cls, rule: Rule, time_zone: str) -> "Judge":
        """Raises ValueError for a metric that the catalogue no longer has."""
        return cls(
            rule=rule,
            terms=terms(rule),
            metric=catalogue.find(rule.source, rule.metric),
            active=weekly_windows.read(rule.active_hours),
            zone=ZoneInfo(rule.time_zone or time_zone),
        )

    def reading(
        self, figure: Figure, as_of: datetime, now: datetime, *, closed: bool = False, suspect: bool = False
    ) -> Reading:
        """Return what the figure says to this rule. An error in the figure is raised.

        Metrics of staffed queues mean nothing while the queue is closed; others, such as a backlog of mail, are judged
        as long as data come.
        """
        closed = closed or _says_closed(figure, now)
        if (closed and self.metric.staffed) or (self.active and not weekly_windows.hold(self.active, self.zone, now)):
            return Reading(None, as_of, Data.PAUSED, ends=True)
        if self.metric.rests_on_volume and (suspect or is_suspect(figure)):
            return Reading(None, as_of, Data.HELD)
        value = None if _is_old(figure, as_of, now) else self.metric.read(figure)
        if value is not None:
            return Reading(value, as_of)
        ends = closed or self.metric.idle(figure)
        return Reading(None, as_of, Data.PAUSED if ends else Data.NO_DATA, ends=ends)

    def worse(self, value: Value | None, other: Value | None) -> Value | None:
        """The one further beyond the threshold; of words the newer, which is the first."""
        if value is None or other is None:
            return other if value is None else value
        if isinstance(value, str) or isinstance(other, str) or self.terms.operator in ("==", "!="):
            return value
        return max(value, other) if self.terms.operator.startswith(">") else min(value, other)


def _says_closed(figure: Figure, now: datetime) -> bool:
    """Return whether the figure is of a scope that is closed still; an opening that lies behind us counts no more."""
    until = figure.get("closed_until")
    return until is not None and datetime.fromisoformat(until) > now


def is_suspect(figure: Figure) -> bool:
    """Return whether the volume behind the figure is implausibly low (DOMAIN 1.9): a broken line looks like calm."""
    return figure.get("quality") == "suspect" or figure.get("volume") is not None


def _is_old(figure: Figure, as_of: datetime, now: datetime) -> bool:
    return figure.get("quality") in ("stale", "no_data") and _age(figure, as_of, now) > STALE_AT_LEAST


def _age(figure: Figure, as_of: datetime, now: datetime) -> timedelta:
    """Of the newest data behind it: a figure worked out a moment ago may rest on old ones."""
    stated = figure.get("data_age_seconds")
    return now - as_of if stated is None else timedelta(seconds=stated)


def terms(rule: Rule) -> machine.Rule:
    return machine.Rule(
        operator=rule.operator,
        threshold=rule.threshold,
        clear_threshold=rule.threshold if rule.clear_threshold is None else rule.clear_threshold,
        hold=timedelta(seconds=rule.for_seconds),
        recover=timedelta(seconds=rule.recover_for_seconds),
        no_data_mode=NoDataMode(rule.no_data_mode),
        no_data_for=timedelta(seconds=rule.no_data_for_seconds),
    )


def level_of(scope: Scope) -> str:
    if scope.queue_name:
        return Level.QUEUE
    return Level.DEPARTMENT if scope.department_id else Level.ORGANIZATION


def covers(rule: Rule, scope: Scope) -> bool:
    return (
        rule.evaluate_each == level_of(scope)
        and rule.department_id in ("", scope.department_id)
        and rule.queue_name in ("", scope.queue_name)
    )


def place(scope: Scope) -> str:
    """How an alert calls its scope."""
    return scope.queue_name or scope.department_id or scope.organization_id


def dedup_key(rule_id: Any, scope: Scope, kind: str) -> str:
    parts = [scope.organization_id, str(rule_id), scope.department_id, scope.queue_name]
    if kind == Kind.NO_DATA:
        parts.append("nodata")
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
