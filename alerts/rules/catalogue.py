"""The typed catalogue of metrics that rules may watch, over the figures that other domains publish. Pure.

`provider` names the figures that are read (alerts.evaluation.figure_providers); `source` is the subject of the alert.
They differ for the schedule, which is evaluated on figures of KPIs and feeds.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from alerts.choices import LEVELS
from alerts.rules.machine import Value

Figure = Mapping[str, Any]

ABOVE_QUEUES = ("organization", "department")
STATE_LEVELS = ("ok", "at_risk", "critical")
VOLUME_STATE = "state.components.volume"
LEAST_DAY_FORECAST = 30  # of fewer contacts no deviation says anything
SHOWN = 64  # characters of a name that nobody knows


def _never(figure: Figure) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Metric:
    """A number with its unit, or one of `values`.

    `staffed` metrics mean nothing while a queue is closed. Those that `rests_on_volume` decide nothing while the volume
    is suspect. `idle` says whether a figure without a value has none because there is nothing to measure at this hour,
    such as attendance while nobody is scheduled; that is no lack of data.
    """

    source: str
    path: str
    label: str
    unit: str
    provider: str
    read: Callable[[Figure], Value | None]
    levels: tuple[str, ...] = LEVELS
    values: tuple[str, ...] = ()
    staffed: bool = False
    rests_on_volume: bool = False
    idle: Callable[[Figure], bool] = _never

    @property
    def is_percent(self) -> bool:
        """Return whether values lie within 0 and 100; points and shares of something else may lie outside."""
        return self.unit == "percent"


def _field(path: str) -> Callable[[Figure], Value | None]:
    *outer, last = path.split(".")

    def read(figure: Figure) -> Value | None:
        for name in outer:
            figure = figure[name]
        found: Value | None = figure[last]
        return found

    return read


def _field_or_none(path: str, values: tuple[str, ...] = ()) -> Callable[[Figure], Value | None]:
    """Read a field that older figures lack. Of words only `values` count; others, such as `closed`, are no data."""
    names = path.split(".")

    def read(figure: Figure) -> Value | None:
        found: Any = figure
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return None if values and found not in values else found

    return read


def _volume_level(figure: Figure) -> Value | None:
    """Return the level of the scope's own volume. The component of a department or the organization is that of its
    worst queue, but one broken line does not break them: their own volume is suspect only if the figure has a drop."""
    level = _field_or_none(VOLUME_STATE, STATE_LEVELS)(figure)
    of_queue = level == "critical" and "queues" in figure["state"] and figure.get("volume") is None
    return "ok" if of_queue else level


def _volume_off_points(figure: Figure) -> float | None:
    """Return by how many points the volume of the day so far is further off its forecast than chance explains.

    A right forecast of F contacts is off by 1/sqrt(F) by chance; three times that, and 12 % at least, is allowed.
    """
    service = figure["service"]
    off, forecast = service.get("volume_variance_percent"), service.get("day_forecast")
    if off is None or forecast is None or forecast < LEAST_DAY_FORECAST:
        return None
    return float(abs(off) - max(12.0, 300.0 / math.sqrt(forecast)))


def _shortfall(figure: Figure) -> float | None:
    """Return the points by which the service level of the running interval lies below its target; negative: above."""
    target, level = figure["sla_risk"]["target_service_level"], figure["service"]["service_level"]
    return None if target is None or level is None else target - level


def _short_percent(figure: Figure) -> float | None:
    """Agents short in percent of those required; 0 where the gap is no more than the dead-band of `balanced`: of two
    agents one is half, and no reason to wake anybody."""
    gap = figure["headcount_gap"]
    if "short_percent" in gap:
        published: float | None = gap["short_percent"]
        return published
    if gap["gap_percent"] is None:
        return None
    return 0.0 if gap["status"] in ("balanced", "overstaffed") else max(0.0, -gap["gap_percent"])


def _kpi(
    path: str,
    label: str,
    unit: str,
    values: tuple[str, ...] = (),
    *,
    source: str = "kpi",
    read: Callable[[Figure], Value | None] | None = None,
    on_volume: bool = True,
) -> Metric:
    read = read or _field(path)
    return Metric(source, path, label, unit, "kpi", read, values=values, staffed=True, rests_on_volume=on_volume)


def _newer_kpi(path: str, label: str, unit: str) -> Metric:
    """Return a metric of a field that figures of before this version lack."""
    return _kpi(path, label, unit, read=_field_or_none(path))


def _state(path: str, label: str, *, on_volume: bool = False) -> Metric:
    """Return a metric of the state of a scope (DOMAIN 3.14); stale, closed and unknown are no data."""
    return _kpi(path, label, "", STATE_LEVELS, read=_field_or_none(path, STATE_LEVELS), on_volume=on_volume)


def _backlog(
    path: str, label: str, unit: str, values: tuple[str, ...] = (), levels: tuple[str, ...] = LEVELS
) -> Metric:
    return Metric("backlog", path, label, unit, "backlog", _field(path), levels=levels, values=values)


def _attendance(path: str, label: str, unit: str) -> Metric:
    return Metric(
        "attendance", path, label, unit, "attendance", _field(path), levels=ABOVE_QUEUES, idle=_nobody_is_scheduled
    )


def _adherence(path: str, label: str, unit: str) -> Metric:
    """Return a metric of agents out of adherence, which figures of older releases lack."""
    return Metric("attendance", path, label, unit, "attendance", _field_or_none(path), levels=ABOVE_QUEUES)


def _nobody_is_scheduled(figure: Figure) -> bool:
    return figure.get("scheduled_count") == 0


def _feed(path: str, label: str) -> Metric:
    """Return a metric of feeds. Without a value nothing is awaited: no such feed, or all that it feeds is closed."""
    return Metric(
        "schedule", path, label, "minutes", "feeds", _field(path), levels=("organization",), idle=lambda figure: True
    )


_METRICS = (
    _kpi("utilization.occupancy", "occupancy", "percent"),
    _kpi("utilization.current_utilization", "utilization", "percent"),
    _kpi("utilization.status", "occupancy status", "", ("low", "ok", "high", "critical")),
    _kpi("headcount_gap.gap", "headcount gap", "agents"),
    _kpi("headcount_gap.shortfall", "agents short", "agents"),
    _kpi("headcount_gap.gap_percent", "staffing gap", "percent of required"),
    _kpi("headcount_gap.short_percent", "shortage of agents", "percent of required", read=_short_percent),
    _kpi(
        "headcount_gap.status",
        "staffing",
        "",
        ("balanced", "understaffed", "overstaffed", "critical_understaffed"),
    ),
    _kpi("sla_risk.risk_score", "risk of missing the service level", "percent"),
    _kpi("sla_risk.risk_level", "risk level of the service level", "", ("low", "medium", "high", "critical")),
    _kpi("sla_risk.projected_service_level", "projected service level", "percent"),
    _kpi("sla_risk.projected_asa_seconds", "projected speed of answer", "seconds"),
    _kpi("sla_risk.projected_queue_end", "projected queue at the end of the interval", "contacts"),
    _kpi("sla_risk.day_service_level", "projected service level of the day", "percent"),
    _kpi("health_score", "health score", "percent"),
    _kpi("service.service_level", "service level of the running interval", "percent"),
    _kpi("service.day_service_level", "service level of the day", "percent"),
    _kpi("service.abandon_rate", "abandon rate", "percent"),
    _kpi("service.asa_seconds", "speed of answer", "seconds"),
    _kpi("service.aht_seconds", "handle time", "seconds"),
    _kpi("service.waiting_now", "contacts waiting", "contacts"),
    _kpi("service.longest_wait_seconds", "longest wait", "seconds"),
    _kpi("service.shortfall_points", "shortfall of the service level", "points", read=_shortfall),
    _newer_kpi("service.waiting_past_target", "contacts waiting past the target", "contacts"),
    Metric(
        "kpi",
        "service.closed_shortfall_points",
        "shortfall of the service level in both of the last two intervals",
        "points",
        "intervals",
        _field("service.closed_shortfall_points"),
        levels=("queue",),
        staffed=True,
        rests_on_volume=True,
    ),
    _newer_kpi("sla_risk.outlook_risk", "risk that the next interval misses the service level", "percent"),
    _newer_kpi("sla_risk.day_recovery_probability", "chance to reach the service level of the day", "percent"),
    _state("state.level", "state"),
    _state("state.components.service", "state of the service level", on_volume=True),
    _state("state.components.staffing", "state of staffing", on_volume=True),
    _state("state.components.backlog", "state of the backlog"),
    _kpi(VOLUME_STATE, "state of the volume", "", STATE_LEVELS, read=_volume_level, on_volume=False),
    _backlog("total_items", "items waiting", "items"),
    _backlog("avg_wait_time_minutes", "average wait", "minutes"),
    _backlog("items_over_sla", "items over SLA", "items"),
    _backlog("items_at_risk", "items at risk", "items"),
    _backlog("sla_compliance_percentage", "SLA compliance", "percent"),
    _backlog("oldest_item_age_minutes", "age of the oldest item", "minutes"),
    _backlog("oldest_item_sla_percent", "age of the oldest item", "percent of the SLA", levels=("queue",)),
    _backlog("backlog_trend", "backlog trend", "", ("growing", "stable", "decreasing")),
    _backlog("slope_per_hour", "backlog slope", "items an hour"),
    _attendance("attendance_rate", "attendance rate", "percent"),
    _attendance("scheduled_count", "people scheduled", "people"),
    _attendance("present_count", "people present", "people"),
    _attendance("absent_count", "people absent", "people"),
    _attendance("late_count", "people late", "people"),
    _attendance("no_show_count", "no-shows", "no-shows"),
    _attendance("left_early_count", "people who left early", "people"),
    _attendance("lost_minutes", "minutes lost", "minutes"),
    _adherence("out_of_adherence_count", "agents out of adherence", "agents"),
    _adherence("longest_out_of_adherence_minutes", "longest time of an agent out of adherence", "minutes"),
    _kpi(
        "service.volume_variance_percent",
        "volume variance",
        "percent of forecast",
        source="schedule",
    ),
    _kpi(
        "service.volume_off_points",
        "deviation of the day's volume beyond chance",
        "points",
        source="schedule",
        read=_volume_off_points,
    ),
    _feed("stale_minutes", "minutes since a feed fell silent"),
    _feed("backlog_stale_minutes", "minutes since the backlog feed fell silent"),
    _feed("kpi_stale_minutes", "minutes since the KPI feed fell silent"),
    _feed("attendance_stale_minutes", "minutes since the attendance feed fell silent"),
)
CATALOGUE: dict[tuple[str, str], Metric] = {(metric.source, metric.path): metric for metric in _METRICS}

SILENCED_SOURCES = {f"{source}_stale_minutes": source for source in ("backlog", "kpi", "attendance")}
"""The source whose alerts are suppressed while the feed that this metric watches is down."""


class UnknownMetricError(ValueError):
    """The message names those that look alike."""


def find(source: str, path: str) -> Metric:
    """Raises UnknownMetricError."""
    metric = CATALOGUE.get((source, path))
    if metric is not None:
        return metric
    paths = [known for at, known in CATALOGUE if at == source]
    path = path[:SHOWN]  # likeness is worked out in time that grows with its square
    near = get_close_matches(path, paths, n=3, cutoff=0.4) or [name for name in paths if path and path in name][:3]
    elsewhere = [at for at, known in CATALOGUE if known == path]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    hint += f" It is a metric of {' and '.join(elsewhere)}." if elsewhere else ""
    raise UnknownMetricError(f"{source} has no metric '{path}'.{hint}")
