"""A stored rule made ready for evaluation: its condition, its metric and its active hours. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from alerts.choices import NoDataMode
from alerts.rules import catalogue, weekly_windows
from alerts.rules.catalogue import Figure, Metric
from alerts.rules.coverage import CoverageFields
from alerts.rules.machine import Condition, Data, Reading, Value
from alerts.rules.weekly_windows import WeeklyWindow

STALE_AT_LEAST = timedelta(seconds=180)  # three rounds of evaluation: a single late figure is not missing data


class RuleFields(CoverageFields, Protocol):
    """The fields of a stored rule that evaluation depends on."""

    @property
    def pk(self) -> Any: ...
    @property
    def version(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def alert_type(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def runbook(self) -> str: ...
    @property
    def auto_resolve(self) -> bool: ...
    @property
    def cooldown_seconds(self) -> int: ...
    @property
    def source(self) -> str: ...
    @property
    def metric(self) -> str: ...
    @property
    def operator(self) -> str: ...
    @property
    def threshold(self) -> Any: ...
    @property
    def clear_threshold(self) -> Any: ...
    @property
    def for_seconds(self) -> int: ...
    @property
    def recover_for_seconds(self) -> int: ...
    @property
    def no_data_mode(self) -> str: ...
    @property
    def no_data_for_seconds(self) -> int: ...
    @property
    def active_hours(self) -> Any: ...
    @property
    def time_zone(self) -> str: ...


@dataclass(frozen=True)
class CompiledRule:
    rule: RuleFields
    condition: Condition
    metric: Metric
    active: Sequence[WeeklyWindow]
    zone: ZoneInfo

    def reading(
        self, figure: Figure, as_of: datetime, now: datetime, *, closed: bool = False, suspect: bool = False
    ) -> Reading:
        """Return the figure as this rule reads it. An error in the figure is raised.

        Metrics of staffed queues mean nothing while the queue is closed; others, such as a backlog of mail, are
        evaluated as long as data come.
        """
        closed = closed or _is_closed(figure, now)
        if (closed and self.metric.staffed) or (self.active and not weekly_windows.cover(self.active, self.zone, now)):
            return Reading(None, as_of, Data.PAUSED, ends=True)
        if self.metric.rests_on_volume and (suspect or is_suspect(figure)):
            return Reading(None, as_of, Data.HELD)
        value = None if _is_old(figure, as_of, now) else self.metric.read(figure)
        if value is not None:
            return Reading(value, as_of)
        ends = closed or self.metric.idle(figure)
        return Reading(None, as_of, Data.PAUSED if ends else Data.NO_DATA, ends=ends)

    def worse(self, value: Value | None, other: Value | None) -> Value | None:
        """Return the value further beyond the threshold; of words the newer, which is the first."""
        if value is None or other is None:
            return other if value is None else value
        if isinstance(value, str) or isinstance(other, str) or self.condition.operator in ("==", "!="):
            return value
        return max(value, other) if self.condition.operator.startswith(">") else min(value, other)


def compile_rule(rule: RuleFields, time_zone: str) -> CompiledRule:
    """Raises ValueError for a metric that the catalogue no longer has."""
    return CompiledRule(
        rule=rule,
        condition=condition_of(rule),
        metric=catalogue.find(rule.source, rule.metric),
        active=weekly_windows.parse(rule.active_hours),
        zone=ZoneInfo(rule.time_zone or time_zone),
    )


def condition_of(rule: RuleFields) -> Condition:
    return Condition(
        operator=rule.operator,
        threshold=rule.threshold,
        clear_threshold=rule.threshold if rule.clear_threshold is None else rule.clear_threshold,
        hold=timedelta(seconds=rule.for_seconds),
        recover=timedelta(seconds=rule.recover_for_seconds),
        no_data_mode=NoDataMode(rule.no_data_mode),
        no_data_for=timedelta(seconds=rule.no_data_for_seconds),
    )


def is_suspect(figure: Figure) -> bool:
    """Return whether the volume behind the figure is implausibly low (DOMAIN 1.9): a broken line looks like calm."""
    return figure.get("quality") == "suspect" or figure.get("volume") is not None


def _is_closed(figure: Figure, now: datetime) -> bool:
    """Return whether the figure is of a scope that is closed still; an opening that lies behind us counts no more."""
    until = figure.get("closed_until")
    return until is not None and datetime.fromisoformat(until) > now


def _is_old(figure: Figure, as_of: datetime, now: datetime) -> bool:
    return figure.get("quality") in ("stale", "no_data") and _age(figure, as_of, now) > STALE_AT_LEAST


def _age(figure: Figure, as_of: datetime, now: datetime) -> timedelta:
    """Return the age of the newest data behind the figure: a figure computed a moment ago may rest on old ones."""
    stated = figure.get("data_age_seconds")
    return now - as_of if stated is None else timedelta(seconds=stated)
