"""The metrics of `/metrics/kpi`: where each is in a figure, and what it means. Units are those of the API."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric

LABELS = ("organization", "department", "queue")
"""Department and queue are empty above them: such a figure already has those inside it, so that no sum is needed."""
STATES = {"closed": -2, "unknown": -1, "ok": 0, "stale": 1, "at_risk": 2, "critical": 3}
Figure = Mapping[str, Any]
Figures = Mapping[str, Iterable[Figure]]
"""The newest figures of all scopes, by channel."""


@dataclass(frozen=True)
class Family:
    name: str
    channel: str
    path: str
    """The field of the figure; those inside blocks with a dot."""
    help: str

    def metric(self, figures: Iterable[Figure]) -> Metric:
        """Return a sample of each scope whose figure has a value."""
        family = GaugeMetricFamily(self.name, self.help, labels=LABELS)
        for figure in figures:
            value = self.value(figure)
            if value is not None:
                family.add_metric(labels_of(figure), value)
        return family

    def value(self, figure: Figure) -> float | None:
        found: Any = figure
        for name in self.path.split("."):
            found = found.get(name) if found else None
        if isinstance(found, str):
            return STATES[found]
        return None if found is None else float(found)


def labels_of(figure: Figure) -> tuple[str, str, str]:
    return (figure["organization_id"], figure.get("department_id") or "", figure.get("queue_name") or "")


def _kpi(name: str, path: str, words: str) -> Family:
    return Family(f"intraday_kpi_{name}", "kpi", path, words)


def _backlog(name: str, path: str, words: str) -> Family:
    return Family(f"intraday_backlog_{name}", "backlog", path, words)


def _attendance(name: str, path: str, words: str) -> Family:
    return Family(f"intraday_attendance_{name}", "attendance", path, words)


FAMILIES = (
    _kpi("state", "state.level", "Judgement: -2 closed, -1 unknown, 0 ok, 1 stale, 2 at risk, 3 critical."),
    _kpi("health_score", "health_score", "Health, 0 (worst) to 100."),
    _kpi("utilization_percent", "utilization.current_utilization", "Productive part of paid time, percent."),
    _kpi("occupancy_percent", "utilization.occupancy", "Handling part of the time on contacts or waiting, percent."),
    _kpi("agents_required", "headcount_gap.required", "Agents that the running interval needs."),
    _kpi("agents_scheduled", "headcount_gap.scheduled", "Agents that the forecast has on shift."),
    _kpi("agents_available", "headcount_gap.available", "Agents at work now."),
    _kpi("agents_gap", "headcount_gap.gap", "Available less required agents: negative is short."),
    _kpi("sla_risk_percent", "sla_risk.risk_score", "Chance that the running interval misses its target, percent."),
    _kpi("sla_outlook_percent", "sla_risk.outlook_risk", "Chance that the next interval misses its target, percent."),
    _kpi("service_level_target_percent", "sla_risk.target_service_level", "Service level to reach, percent."),
    _kpi("service_level_percent", "service.service_level", "Contacts in target of the newest interval, percent."),
    _kpi("service_level_day_percent", "service.day_service_level", "Contacts in target of today, percent."),
    _kpi("interval_offered", "service.offered", "Contacts offered in the newest interval so far."),
    _kpi("interval_answered", "service.answered", "Contacts answered in the newest interval so far."),
    _kpi("interval_abandoned", "service.abandoned", "Contacts abandoned in the newest interval so far."),
    _kpi("interval_expected", "service.expected", "Contacts expected of the running interval."),
    _kpi("abandon_rate_percent", "service.abandon_rate", "Abandoned of offered contacts, newest interval, percent."),
    _kpi("speed_of_answer_seconds", "service.asa_seconds", "Average wait of answered contacts, newest interval."),
    _kpi("handle_time_seconds", "service.aht_seconds", "Average handling time, newest interval."),
    _kpi("waiting", "service.waiting_now", "Contacts that wait now."),
    _kpi("longest_wait_seconds", "service.longest_wait_seconds", "Longest wait of those that wait now."),
    _kpi("data_age_seconds", "data_age_seconds", "Age of the newest input of the figure."),
    _backlog("items", "total_items", "Items that wait."),
    _backlog("items_over_sla", "items_over_sla", "Items past their target."),
    _backlog("items_at_risk", "items_at_risk", "Items that will be past their target soon."),
    _backlog("sla_compliance_percent", "sla_compliance_percentage", "Items within their target, percent."),
    _backlog("wait_minutes", "avg_wait_time_minutes", "Average wait of the items, minutes."),
    _backlog("oldest_item_minutes", "oldest_item_age_minutes", "Age of the oldest item, minutes."),
    _backlog("slope_per_hour", "slope_per_hour", "Items that come in less those that are completed, an hour."),
    _backlog("data_age_seconds", "data_age_seconds", "Age of the newest snapshot."),
    _attendance("scheduled", "scheduled_count", "People on shift."),
    _attendance("present", "present_count", "People on shift who are there."),
    _attendance("absent", "absent_count", "People on shift who are not there and should be."),
    _attendance("late", "late_count", "Present people who came late."),
    _attendance("no_show", "no_show_count", "Absent people who are not expected any more."),
    _attendance("rate_percent", "attendance_rate", "Present of scheduled people, percent."),
    _attendance("data_age_seconds", "data_age_seconds", "Age of the newest attendance figures."),
)
ALERTS_OPEN = "intraday_alerts_open"
OMITTED = "intraday_kpi_scopes_omitted"


def of_figures(figures: Figures) -> Iterator[Metric]:
    for family in FAMILIES:
        yield family.metric(figures[family.channel])


def of_alerts(counts: Iterable[tuple[tuple[str, str, str], str, int]]) -> Metric:
    """Return the open alerts of (labels, severity, number)."""
    family = GaugeMetricFamily(ALERTS_OPEN, "Alerts that are not resolved.", labels=(*LABELS, "severity"))
    for labels, severity, number in counts:
        family.add_metric((*labels, severity), number)
    return family


def of_omitted(number: int) -> Metric:
    words = "Scopes that are left out, because there are too many: scrape by department_id."
    return GaugeMetricFamily(OMITTED, words, value=number)
