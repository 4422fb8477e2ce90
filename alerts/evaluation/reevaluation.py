"""E12: the open alerts of an edited rule. They stay open and follow the rule; the next figure decides about them."""

from collections.abc import Collection, Mapping
from typing import Any

from alerts.evaluation.changes import Journal
from alerts.evaluation.evaluation_state import fired_message, lock_open, silent_message
from alerts.models import Alert, Kind, Resolution, Rule, RuleState
from alerts.rules import catalogue
from alerts.rules.compiled_rule import covers
from alerts.rules.lifecycle import SEVERITIES
from alerts.rules.machine import RESTARTED, NoDataMode
from alerts.rules.validation import CONDITION

SHOWN = frozenset({"name", "alert_type", "runbook", "severity"})
"""What an alert shows of its rule besides the condition."""


def follow(rule: Rule, changes: Mapping[str, Any], journal: Journal, *, by: str) -> None:
    """Carry an edit of a rule into its open alerts and its states. The rule is as it is after the edit."""
    restarts = bool(CONDITION & changes.keys())
    if not restarts and not changes.keys() & (SHOWN | {"auto_resolve"}):
        return
    kept = _kept(rule, restarts, journal)
    for alert in kept:
        _take_over(alert, rule, changes)
        journal.follow_rule(alert, f"Now version {rule.version}, by {by}.")
    _restart(rule, kept, changes, all_states=restarts)


def _kept(rule: Rule, restarts: bool, journal: Journal) -> list[Alert]:
    """Resolve the open alerts that the rule is no longer about, and return the others."""
    kept = []
    for alert in lock_open(rule.organization_id):
        if alert.rule_id != rule.pk:
            continue
        if not covers(rule, alert.scope):
            journal.resolve(alert, Resolution.ORPHANED, reason="rule changed: it looks elsewhere now")
        elif alert.kind == Kind.NO_DATA and restarts and rule.no_data_mode != NoDataMode.ALERT:
            journal.resolve(alert, Resolution.RULE_DISABLED, reason="rule changed: silence is no alert now")
        else:
            kept.append(alert)
    return kept


def _take_over(alert: Alert, rule: Rule, changes: Mapping[str, Any]) -> None:
    """Put into the record what it shows of its rule."""
    metric = catalogue.find(rule.source, rule.metric)
    alert.rule_name, alert.rule_version = rule.name, rule.version
    alert.alert_type, alert.runbook = rule.alert_type, rule.runbook
    alert.source, alert.metric, alert.unit = rule.source, rule.metric, metric.unit
    alert.threshold_value = rule.threshold
    if alert.kind == Kind.NO_DATA:
        alert.message = silent_message(rule, metric, alert.scope)
        return
    if {"source", "metric"} & changes.keys():
        alert.current_value = alert.peak_value = None
    elif "operator" in changes:
        alert.peak_value = alert.current_value
    if CONDITION & changes.keys():
        alert.message = fired_message(rule, metric, alert.scope, alert.current_value)
    if "severity" in changes:
        _follow_severity(alert, rule)


def _follow_severity(alert: Alert, rule: Rule) -> None:
    """Take the rule's severity, or a graver one to which an escalation has raised the alert. That it is graver now is
    told with the next figure that keeps it open (R2)."""
    steps = rule.escalation.order_by("after_seconds")[: alert.escalation_level]
    raised = [step.raise_severity for step in steps if step.raise_severity]
    alert.severity = max(rule.severity, *raised, key=SEVERITIES.index) if raised else rule.severity
    alert.told_severity = min(alert.told_severity or alert.severity, alert.severity, key=SEVERITIES.index)


def _restart(rule: Rule, kept: Collection[Alert], changes: Mapping[str, Any], *, all_states: bool) -> None:
    """Begin again: as firing where an alert is open, else in order.

    Whether alerts resolve by themselves is no question to the figures; only alerts whose condition is over already
    need an answer to it.
    """
    if all_states:
        RuleState.objects.filter(rule=rule).delete()
    calmed = "auto_resolve" in changes
    again = [
        RuleState(rule=rule, scope=alert.scope, phase=RESTARTED.phase, data=RESTARTED.data)
        for alert in kept
        if alert.kind == Kind.CONDITION and (all_states or (calmed and alert.condition_cleared_at is not None))
    ]
    RuleState.objects.bulk_create(
        again,
        update_conflicts=True,
        unique_fields=["rule", "scope"],
        update_fields=["phase", "since", "as_of", "data", "data_since", "cooling"],
    )
