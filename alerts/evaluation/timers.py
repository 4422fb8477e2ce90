"""Change open alerts by time alone: silences begin and end, escalations and timeouts come due.

An open alert whose value or message moved is published here, at most once a minute. `resolve_unreachable` resolves
alerts that no reading would ever resolve: their rule or scope is gone, or their queue is closed and has no figure.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from alerts.choices import AlertKind, Resolution, Status
from alerts.evaluation import figure_providers, scopes
from alerts.evaluation.changes import Changes
from alerts.evaluation.figure_providers import FigureProviders
from alerts.evaluation.inhibition import Inhibition, load_inhibition
from alerts.evaluation.open_alerts import lock_open
from alerts.models import Alert, EscalationStep, Rule, RuleState
from alerts.rules import catalogue, lifecycle
from alerts.rules.coverage import covers
from alerts.rules.lifecycle import Escalation
from alerts.rules.machine import Phase
from intraday.org.models import Organization
from intraday.values.once import Once

log = structlog.get_logger(__name__)
_logged = Once()

REFRESH_AFTER = timedelta(seconds=60)


@dataclass(frozen=True)
class _Context:
    """The rules, steps of escalation and states behind the alerts, and the closed scopes."""

    rules: Mapping[Any, Rule]
    steps: Mapping[Any, list[Escalation]]
    breaching: Collection[tuple[Any, int]]
    closed: Collection[int]

    def is_asleep(self, alert: Alert) -> bool:
        """Return whether the queue is closed and the alert means nothing meanwhile: the next evaluation ends it."""
        return alert.scope_id in self.closed and _is_staffed(alert)


def _is_staffed(alert: Alert) -> bool:
    metric = catalogue.CATALOGUE.get((alert.source, alert.metric))
    return metric is None or metric.staffed


@transaction.atomic
def run_timers(*, organization_id: str, now: datetime, providers: FigureProviders = figure_providers.PROVIDERS) -> int:
    """Carry out due timers and return the number of alerts changed, in a fixed number of statements."""
    alerts = list(lock_open(organization_id))
    if not alerts:
        return 0
    organization = Organization.objects.get(pk=organization_id)
    context = _load_context(organization_id, alerts, providers.closed(organization_id, at=now))
    inhibition = load_inhibition(organization, alerts, at=now)
    changes = Changes(now)
    for alert in alerts:
        before = changes.changed
        try:
            _run_timers_of(alert, context, inhibition, changes)
        except Exception as error:  # one alert's rule must not stop the timers of the others
            if _logged.is_news(alert.pk, repr(error)):
                log.exception("timers_failed", organization_id=organization_id, alert=str(alert.pk))
            continue
        if changes.changed == before and _refresh_is_due(alert, now):
            changes.refresh(alert)
    changes.write()
    return changes.changed


def _load_context(organization_id: str, alerts: Collection[Alert], closed: Collection[int]) -> _Context:
    rules = Rule.objects.in_bulk({alert.rule_id for alert in alerts})
    steps: dict[Any, list[Escalation]] = {}
    for row in EscalationStep.objects.filter(rule__in=rules).order_by("after_seconds"):
        step = Escalation(timedelta(seconds=row.after_seconds), row.to, row.raise_severity)
        steps.setdefault(row.rule_id, []).append(step)
    states = RuleState.objects.filter(rule__in=rules, phase=Phase.FIRING, as_of__isnull=False)
    return _Context(rules, steps, set(states.values_list("rule_id", "scope_id")), closed)


def _run_timers_of(alert: Alert, context: _Context, inhibition: Inhibition, changes: Changes) -> None:
    """Make at most one change: the next run is 15 seconds away."""
    silent, now = inhibition.suppresses(alert, alert.scope), changes.now
    if silent and not alert.suppressed:
        changes.suppress(alert)
    elif not silent and alert.suppressed:
        changes.release(alert)
    elif silent or context.is_asleep(alert) or alert.rule_id not in context.rules:
        return
    elif _ran_out(alert, context, now):
        changes.reopen(alert)
    elif step := _step(alert, context, now):
        graver = bool(step.severity) and lifecycle.outranks(step.severity, alert.severity)
        changes.escalate(alert, to=step.to, severity=step.severity if graver else "")
    elif _reminder(alert, context.rules[alert.rule_id], now):
        changes.remind(alert)


def _refresh_is_due(alert: Alert, now: datetime) -> bool:
    return alert.moved and (alert.published_at is None or alert.published_at + REFRESH_AFTER <= now)


def _ran_out(alert: Alert, context: _Context, now: datetime) -> bool:
    timeout = _span(context.rules[alert.rule_id].ack_timeout_seconds)
    breaching = alert.kind == AlertKind.NO_DATA or (alert.rule_id, alert.scope_id) in context.breaching
    return lifecycle.acknowledgement_ran_out(
        Status(alert.status), alert.acknowledged_at, timeout, now, breaching=breaching
    )


def _step(alert: Alert, context: _Context, now: datetime) -> Escalation | None:
    """Return the step that is due, by the rule as it is now. Alerts about missing data are not escalated."""
    steps = context.steps.get(alert.rule_id, []) if alert.kind == AlertKind.CONDITION else []
    return lifecycle.due_step(Status(alert.status), alert.waiting_since, alert.escalation_level, steps, now)


def _reminder(alert: Alert, rule: Rule, now: datetime) -> bool:
    repeat = _span(rule.repeat_seconds)
    return lifecycle.reminder_due(Status(alert.status), alert.reminded_at, repeat, alert.triggered_at, now)


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


@transaction.atomic
def resolve_unreachable(
    *, organization_id: str, now: datetime, providers: FigureProviders = figure_providers.PROVIDERS
) -> int:
    """Resolve the alerts that no reading would ever resolve; return how many."""
    alerts = list(lock_open(organization_id))
    if not alerts:
        return 0
    rules = Rule.objects.in_bulk({alert.rule_id for alert in alerts})
    there = set(scopes.existing(organization_id).values_list("pk", flat=True))
    closed = providers.closed(organization_id, at=now)
    changes = Changes(now)
    for alert in alerts:
        rule = rules[alert.rule_id]
        if not rule.enabled:
            changes.resolve(alert, Resolution.RULE_DISABLED)
        elif alert.scope_id not in there or not covers(rule, alert.scope):
            changes.resolve(alert, Resolution.ORPHANED)
        elif alert.scope_id in closed and _is_staffed(alert):
            changes.resolve(alert, Resolution.CLOSED)
    changes.write()
    return changes.counts["resolved"]
