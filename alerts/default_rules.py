"""The rules that an organization starts with: rules like any other, to be edited or disabled."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from alerts import rule_services
from alerts.choices import SYSTEM
from alerts.evaluation.changes import Actor
from alerts.models import Rule, RuleChange
from alerts.rules import validation
from intraday.org.models import Organization

MINUTE = 60
# On a recorded week these keep a queue that hovers around a threshold to one alert (docs/alerts-on-a-real-week.md).
STEADY = {"recover_for_seconds": 60 * MINUTE, "cooldown_seconds": 60 * MINUTE}
STEADY_CRITICAL = {"recover_for_seconds": 120 * MINUTE, "cooldown_seconds": 30 * MINUTE}
RUNBOOK = "/runbook"  # docs/runbook.md as a page
ESCALATED = [{"after_seconds": 15 * MINUTE, "to": "supervisor"}]
URGENT = [{"after_seconds": 5 * MINUTE, "to": "supervisor"}, {"after_seconds": 15 * MINUTE, "to": "admin"}]

DEFAULT_RULES: tuple[dict[str, Any], ...] = (
    {
        "name": "Occupancy too high",
        "alert_type": "occupancy_high",
        "source": "kpi",
        "metric": "utilization.occupancy",
        "operator": ">",
        "threshold": 92,
        "clear_threshold": 88,
        "for_seconds": 10 * MINUTE,
        **STEADY,
        "severity": "high",
        "escalation": ESCALATED,
    },
    {
        "name": "Understaffed",
        "alert_type": "understaffed",
        "source": "kpi",
        "metric": "headcount_gap.short_percent",
        "operator": ">=",
        "threshold": 10,
        "clear_threshold": 5,
        "for_seconds": 10 * MINUTE,
        **STEADY,
        "severity": "high",
        "escalation": ESCALATED,
    },
    {
        "name": "Critically understaffed",
        "alert_type": "understaffed",
        "source": "kpi",
        "metric": "headcount_gap.short_percent",
        "operator": ">=",
        "threshold": 20,
        "clear_threshold": 5,
        "for_seconds": 10 * MINUTE,
        **STEADY_CRITICAL,
        "severity": "critical",
        "escalation": URGENT,
    },
    {
        "name": "Service level will be missed",
        "alert_type": "sla_risk",
        "source": "kpi",
        "metric": "state.components.service",  # critical by outlook or by a lost interval, held for 3 min (kpi)
        "operator": "==",
        "threshold": "critical",
        **STEADY_CRITICAL,
        "severity": "critical",
        "escalation": URGENT,
    },
    {
        "name": "Service level at risk",
        "alert_type": "sla_risk",
        "source": "kpi",
        "metric": "sla_risk.outlook_risk",
        "operator": ">=",
        "threshold": 65,
        "clear_threshold": 55,
        "for_seconds": 10 * MINUTE,
        **STEADY,
        "severity": "high",
        "escalation": ESCALATED,
    },
    {
        "name": "Service level missed",
        "alert_type": "service_level",
        "source": "kpi",
        "metric": "service.closed_shortfall_points",
        "operator": ">",
        "threshold": 5,
        "clear_threshold": 0,
        **STEADY,
        "severity": "high",
        "escalation": ESCALATED,
    },
    {
        "name": "SLA compliance low",
        "alert_type": "sla_compliance",
        "source": "backlog",
        "metric": "sla_compliance_percentage",
        "operator": "<",
        "threshold": 90,
        "clear_threshold": 93,
        "for_seconds": 15 * MINUTE,
        **STEADY,
        "severity": "high",
        "escalation": ESCALATED,
    },
    {
        "name": "Backlog growing",
        "alert_type": "backlog_growing",
        "source": "backlog",
        "metric": "backlog_trend",
        "operator": "==",
        "threshold": "growing",
        "for_seconds": 30 * MINUTE,
        "recover_for_seconds": 10 * MINUTE,
        "severity": "medium",
    },
    {
        "name": "Oldest item near its limit",
        "alert_type": "oldest_item",
        "source": "backlog",
        "metric": "oldest_item_sla_percent",
        "operator": ">",
        "threshold": 80,
        "clear_threshold": 60,
        "severity": "medium",
    },
    {
        "name": "Attendance low",
        "alert_type": "attendance_low",
        "source": "attendance",
        "metric": "attendance_rate",
        "operator": "<",
        "threshold": 85,
        "clear_threshold": 88,
        "evaluate_each": "department",
        "for_seconds": 10 * MINUTE,
        "severity": "high",
        "escalation": ESCALATED,
    },
    {
        "name": "No-show",
        "alert_type": "no_show",
        "source": "attendance",
        "metric": "no_show_count",
        "operator": ">=",
        "threshold": 1,
        "evaluate_each": "department",
        "severity": "low",
    },
    {
        "name": "Volume off forecast",
        "alert_type": "volume_variance",
        "source": "schedule",
        "metric": "service.volume_off_points",
        "operator": ">",
        "threshold": 0,
        "clear_threshold": -3,
        "for_seconds": 15 * MINUTE,
        **STEADY,
        "severity": "medium",
    },
    *(
        {
            "name": name,
            "alert_type": "volume_low",
            "source": "kpi",
            "metric": "state.components.volume",
            "operator": "==",
            "threshold": "critical",
            "evaluate_each": level,
            "severity": "high",
            "escalation": ESCALATED,
        }
        for name, level in (
            ("Volume far below forecast", "queue"),
            ("Volume of a department far below forecast", "department"),
            ("Volume of the organization far below forecast", "organization"),
        )
    ),
    {
        "name": "Feed silent",
        "alert_type": "feed_stale",
        "source": "schedule",
        "metric": "stale_minutes",
        "operator": ">",
        "threshold": 0,
        "evaluate_each": "organization",
        "severity": "high",
        "escalation": ESCALATED,
    },
)


@transaction.atomic
def install_rules(
    *, organization: Organization, now: datetime, rules: Sequence[Mapping[str, Any]] = DEFAULT_RULES
) -> list[Rule]:
    """Add the rules that the organization has not had yet, deleted ones included; so it is safe to repeat."""
    had = set(Rule.objects.filter(organization=organization).values_list("name", flat=True))
    return [
        rule_services.create_rule(organization=organization, fields=_fields(rule), actor=Actor(SYSTEM), now=now)
        for rule in rules
        if rule["name"] not in had
    ]


@transaction.atomic
def renew_rules(
    *, organization: Organization, now: datetime, rules: Sequence[Mapping[str, Any]] = DEFAULT_RULES
) -> list[Rule]:
    """Update the default rules that no person has edited to this version; return those that changed."""
    current = {rule["name"]: validation.with_defaults(_fields(rule)) for rule in rules}
    own = Rule.objects.filter(organization=organization, name__in=current, deleted_at=None)
    own = own.exclude(history__in=RuleChange.objects.exclude(actor=SYSTEM))
    renewed = []
    for rule in own.order_by("name"):
        before = rule.version
        after = rule_services.edit_rule(
            organization=organization, rule_id=rule.pk, fields=current[rule.name], actor=Actor(SYSTEM), now=now
        )
        renewed += [after] if after.version != before else []
    return renewed


def _fields(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {**rule, "runbook": f"{RUNBOOK}#{rule['alert_type'].replace('_', '-')}"}
