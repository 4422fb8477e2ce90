"""Carry the edit of a rule into its open alerts (E12): they stay open, and the next figure decides about them."""

from collections.abc import Collection, Mapping
from typing import Any

from alerts.choices import SEVERITIES, AlertKind, NoDataMode, Resolution
from alerts.evaluation.changes import Changes
from alerts.evaluation.evaluation_state import fired_message, no_data_message
from alerts.evaluation.open_alerts import lock_open
from alerts.models import Alert, Rule, RuleState
from alerts.rules import catalogue
from alerts.rules.coverage import covers
from alerts.rules.machine import RESTARTED
from alerts.rules.validation import CONDITION_FIELDS

CARRIED_FIELDS = frozenset({"name", "alert_type", "runbook", "severity"})
"""The fields of its rule that an alert carries besides the condition."""


def follow(rule: Rule, edits: Mapping[str, Any], changes: Changes, *, by: str) -> None:
    """Carry an edit of a rule into its open alerts and its states. The rule is as it is after the edit."""
    restarts = bool(CONDITION_FIELDS & edits.keys())
    if not restarts and not edits.keys() & (CARRIED_FIELDS | {"auto_resolve"}):
        return
    kept = _kept(rule, restarts, changes)
    for alert in kept:
        _take_over(alert, rule, edits)
        changes.follow_rule(alert, f"Now version {rule.version}, by {by}.")
    _restart(rule, kept, edits, all_states=restarts)


def _kept(rule: Rule, restarts: bool, changes: Changes) -> list[Alert]:
    """Resolve the open alerts that the rule is no longer about, and return the others."""
    kept = []
    for alert in lock_open(rule.organization_id):
        if alert.rule_id != rule.pk:
            continue
        if not covers(rule, alert.scope):
            changes.resolve(alert, Resolution.ORPHANED, reason="rule changed: it looks elsewhere now")
        elif alert.kind == AlertKind.NO_DATA and restarts and rule.no_data_mode != NoDataMode.ALERT:
            changes.resolve(alert, Resolution.RULE_DISABLED, reason="rule changed: silence is no alert now")
        else:
            kept.append(alert)
    return kept


def _take_over(alert: Alert, rule: Rule, edits: Mapping[str, Any]) -> None:
    """Copy the fields of the rule into the alert that carries them."""
    metric = catalogue.find(rule.source, rule.metric)
    alert.rule_name, alert.rule_version = rule.name, rule.version
    alert.alert_type, alert.runbook = rule.alert_type, rule.runbook
    alert.source, alert.metric, alert.unit = rule.source, rule.metric, metric.unit
    alert.threshold_value = rule.threshold
    if alert.kind == AlertKind.NO_DATA:
        alert.message = no_data_message(rule, metric, alert.scope)
        return
    if {"source", "metric"} & edits.keys():
        alert.current_value = alert.peak_value = None
    elif "operator" in edits:
        alert.peak_value = alert.current_value
    if CONDITION_FIELDS & edits.keys():
        alert.message = fired_message(rule, metric, alert.scope, alert.current_value)
    if "severity" in edits:
        _follow_severity(alert, rule)


def _follow_severity(alert: Alert, rule: Rule) -> None:
    """Take the rule's severity, or a graver one to which an escalation has raised the alert. People are
    notified of a graver one with the next figure that keeps it open (R2)."""
    steps = rule.escalation.order_by("after_seconds")[: alert.escalation_level]
    raised = [step.raise_severity for step in steps if step.raise_severity]
    alert.severity = max(rule.severity, *raised, key=SEVERITIES.index) if raised else rule.severity
    alert.told_severity = min(alert.told_severity or alert.severity, alert.severity, key=SEVERITIES.index)


def _restart(rule: Rule, kept: Collection[Alert], edits: Mapping[str, Any], *, all_states: bool) -> None:
    """Restart the states of the rule: firing where an alert is open, else in order.

    A change of `auto_resolve` alone restarts only alerts whose condition is over already.
    """
    if all_states:
        RuleState.objects.filter(rule=rule).delete()
    calmed = "auto_resolve" in edits
    again = [
        RuleState(rule=rule, scope=alert.scope, phase=RESTARTED.phase, data=RESTARTED.data)
        for alert in kept
        if alert.kind == AlertKind.CONDITION and (all_states or (calmed and alert.condition_cleared_at is not None))
    ]
    RuleState.objects.bulk_create(
        again,
        update_conflicts=True,
        unique_fields=["rule", "scope"],
        update_fields=["phase", "since", "as_of", "data", "data_since", "cooling"],
    )
