"""Messages that people read: one of each metric, with the figure that fired it."""

import pytest

from alerts.rules import messages
from alerts.rules.catalogue import CATALOGUE, find
from alerts.rules.validation import with_defaults
from tests.alerts.world import BUSY

FIRED = [
    ("kpi", "utilization.occupancy", ">=", 93.5, "support: occupancy is 93.5 % (at least 93.5 % for 5 min)"),
    (
        "kpi",
        "utilization.current_utilization",
        ">=",
        93.5,
        "support: utilization is 93.5 % (at least 93.5 % for 5 min)",
    ),
    ("kpi", "utilization.status", "==", "critical", "support: occupancy status is critical for 5 min"),
    ("kpi", "headcount_gap.gap", "<=", -3, "support: headcount gap is -3 agents (at most -3 agents for 5 min)"),
    ("kpi", "headcount_gap.shortfall", ">=", 1, "support: 1 agent short (at least 1 for 5 min)"),
    (
        "kpi",
        "headcount_gap.gap_percent",
        "<=",
        -12,
        "support: staffing gap is -12 % of required (at most -12 % of required for 5 min)",
    ),
    (
        "kpi",
        "headcount_gap.short_percent",
        ">=",
        12,
        "support: shortage of agents is 12 % of required (at least 12 % of required for 5 min)",
    ),
    (
        "kpi",
        "headcount_gap.status",
        "==",
        "critical_understaffed",
        "support: staffing is critical understaffed for 5 min",
    ),
    (
        "kpi",
        "sla_risk.risk_score",
        ">=",
        93.5,
        "support: risk of missing the service level is 93.5 % (at least 93.5 % for 5 min)",
    ),
    ("kpi", "sla_risk.risk_level", "==", "critical", "support: risk level of the service level is critical for 5 min"),
    (
        "kpi",
        "sla_risk.projected_service_level",
        ">=",
        93.5,
        "support: projected service level is 93.5 % (at least 93.5 % for 5 min)",
    ),
    (
        "kpi",
        "sla_risk.projected_asa_seconds",
        ">=",
        95,
        "support: projected speed of answer is 95 seconds (at least 95 seconds for 5 min)",
    ),
    (
        "kpi",
        "sla_risk.projected_queue_end",
        ">=",
        1,
        "support: projected queue at the end of the interval is 1 contact (at least 1 contact for 5 min)",
    ),
    (
        "kpi",
        "sla_risk.day_service_level",
        ">=",
        93.5,
        "support: projected service level of the day is 93.5 % (at least 93.5 % for 5 min)",
    ),
    ("kpi", "health_score", ">=", 93.5, "support: health score is 93.5 % (at least 93.5 % for 5 min)"),
    (
        "kpi",
        "service.service_level",
        ">=",
        93.5,
        "support: service level of the running interval is 93.5 % (at least 93.5 % for 5 min)",
    ),
    (
        "kpi",
        "service.day_service_level",
        ">=",
        93.5,
        "support: service level of the day is 93.5 % (at least 93.5 % for 5 min)",
    ),
    ("kpi", "service.abandon_rate", ">=", 93.5, "support: abandon rate is 93.5 % (at least 93.5 % for 5 min)"),
    ("kpi", "service.asa_seconds", ">=", 95, "support: speed of answer is 95 seconds (at least 95 seconds for 5 min)"),
    ("kpi", "service.aht_seconds", ">=", 95, "support: handle time is 95 seconds (at least 95 seconds for 5 min)"),
    ("kpi", "service.waiting_now", ">=", 1, "support: 1 contact waiting (at least 1 for 5 min)"),
    (
        "kpi",
        "service.longest_wait_seconds",
        ">=",
        95,
        "support: longest wait is 95 seconds (at least 95 seconds for 5 min)",
    ),
    (
        "kpi",
        "service.shortfall_points",
        ">=",
        7.25,
        "support: shortfall of the service level is 7.25 points (at least 7.25 points for 5 min)",
    ),
    (
        "kpi",
        "service.waiting_past_target",
        ">=",
        4,
        "support: 4 contacts waiting past the target (at least 4 for 5 min)",
    ),
    (
        "kpi",
        "service.closed_shortfall_points",
        ">=",
        7.25,
        "support: shortfall of the service level in both of the last two intervals is 7.25 points "
        "(at least 7.25 points for 5 min)",
    ),
    (
        "kpi",
        "sla_risk.outlook_risk",
        ">=",
        66,
        "support: risk that the next interval misses the service level is 66 % (at least 66 % for 5 min)",
    ),
    (
        "kpi",
        "sla_risk.day_recovery_probability",
        "<",
        5,
        "support: chance to reach the service level of the day is 5 % (under 5 % for 5 min)",
    ),
    ("kpi", "state.level", "==", "at_risk", "support: state is at risk for 5 min"),
    (
        "kpi",
        "state.components.service",
        "==",
        "critical",
        "support: state of the service level is critical for 5 min",
    ),
    ("kpi", "state.components.staffing", "==", "critical", "support: state of staffing is critical for 5 min"),
    ("kpi", "state.components.backlog", "==", "critical", "support: state of the backlog is critical for 5 min"),
    ("kpi", "state.components.volume", "==", "critical", "support: state of the volume is critical for 5 min"),
    ("backlog", "total_items", ">=", 1250, "support: 1,250 items waiting (at least 1,250 for 5 min)"),
    (
        "backlog",
        "avg_wait_time_minutes",
        ">=",
        12,
        "support: average wait is 12 minutes (at least 12 minutes for 5 min)",
    ),
    ("backlog", "items_over_sla", ">=", 1250, "support: 1,250 items over SLA (at least 1,250 for 5 min)"),
    ("backlog", "items_at_risk", ">=", 1250, "support: 1,250 items at risk (at least 1,250 for 5 min)"),
    (
        "backlog",
        "sla_compliance_percentage",
        ">=",
        93.5,
        "support: SLA compliance is 93.5 % (at least 93.5 % for 5 min)",
    ),
    (
        "backlog",
        "oldest_item_age_minutes",
        ">=",
        12,
        "support: age of the oldest item is 12 minutes (at least 12 minutes for 5 min)",
    ),
    (
        "backlog",
        "oldest_item_sla_percent",
        ">=",
        85,
        "support: age of the oldest item is 85 % of the SLA (at least 85 % of the SLA for 5 min)",
    ),
    ("backlog", "backlog_trend", "==", "decreasing", "support: backlog trend is decreasing for 5 min"),
    (
        "backlog",
        "slope_per_hour",
        ">=",
        4.5,
        "support: backlog slope is 4.5 items an hour (at least 4.5 items an hour for 5 min)",
    ),
    ("attendance", "attendance_rate", ">=", 93.5, "support: attendance rate is 93.5 % (at least 93.5 % for 5 min)"),
    ("attendance", "scheduled_count", ">=", 1, "support: 1 person scheduled (at least 1 for 5 min)"),
    ("attendance", "present_count", ">=", 1, "support: 1 person present (at least 1 for 5 min)"),
    ("attendance", "absent_count", ">=", 1, "support: 1 person absent (at least 1 for 5 min)"),
    ("attendance", "late_count", ">=", 1, "support: 1 person late (at least 1 for 5 min)"),
    ("attendance", "no_show_count", ">=", 1, "support: 1 no-show (at least 1 for 5 min)"),
    ("attendance", "left_early_count", ">=", 1, "support: 1 person who left early (at least 1 for 5 min)"),
    ("attendance", "lost_minutes", ">=", 12, "support: 12 minutes lost (at least 12 for 5 min)"),
    (
        "attendance",
        "out_of_adherence_count",
        ">=",
        1,
        "support: 1 agent out of adherence (at least 1 for 5 min)",
    ),
    (
        "attendance",
        "longest_out_of_adherence_minutes",
        ">=",
        12,
        "support: longest time of an agent out of adherence is 12 minutes (at least 12 minutes for 5 min)",
    ),
    (
        "schedule",
        "service.volume_variance_percent",
        ">=",
        9,
        "support: volume variance is 9 % of forecast (at least 9 % of forecast for 5 min)",
    ),
    (
        "schedule",
        "service.volume_off_points",
        ">=",
        3.5,
        "support: deviation of the day's volume beyond chance is 3.5 points (at least 3.5 points for 5 min)",
    ),
    ("schedule", "stale_minutes", ">=", 12, "support: 12 minutes since a feed fell silent (at least 12 for 5 min)"),
    (
        "schedule",
        "backlog_stale_minutes",
        ">=",
        12,
        "support: 12 minutes since the backlog feed fell silent (at least 12 for 5 min)",
    ),
    (
        "schedule",
        "kpi_stale_minutes",
        ">=",
        12,
        "support: 12 minutes since the KPI feed fell silent (at least 12 for 5 min)",
    ),
    (
        "schedule",
        "attendance_stale_minutes",
        ">=",
        12,
        "support: 12 minutes since the attendance feed fell silent (at least 12 for 5 min)",
    ),
]


@pytest.mark.parametrize(("source", "path", "operator", "value", "said"), FIRED)
def test_a_message_reads_well_whatever_the_unit(source, path, operator, value, said):
    assert messages.fired("support", find(source, path), operator, value, 300, value) == said


def test_every_metric_has_its_message():
    assert [row[:2] for row in FIRED] == list(CATALOGUE)


@pytest.mark.parametrize(
    ("source", "path", "operator", "threshold", "said"),
    [
        ("attendance", "no_show_count", ">=", 1, "no-shows are at least 1"),
        ("attendance", "present_count", "<", 20, "people present are under 20"),
        ("backlog", "total_items", "==", 0, "items waiting are exactly 0"),
        ("backlog", "avg_wait_time_minutes", ">", 1, "average wait is over 1 minute"),
        ("kpi", "headcount_gap.status", "!=", "balanced", "staffing is not balanced"),
        ("kpi", "utilization.occupancy", ">", 92, "occupancy is over 92 %"),
    ],
)
def test_a_condition_reads_well_whatever_the_unit(source, path, operator, threshold, said):
    assert messages.describe_condition(find(source, path), operator, threshold, 0) == said


def test_a_rule_without_delay_is_over_at_once():
    fields = {**with_defaults(BUSY), "recover_for_seconds": 0}
    said = messages.describe_rule(fields, find("kpi", "utilization.occupancy"))
    assert said == (
        "For each queue: when occupancy is over 90 %, raise a high alert. It is over as soon as it is at most 80 %."
    )
