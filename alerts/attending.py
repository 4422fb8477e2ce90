"""Changes that time alone brings to open alerts: silences begin and end, escalations and timeouts come due.

An open alert whose value or message moved is published here, at most once a minute. The sweeper resolves alerts that
no reading would ever resolve: their rule or their scope is gone, or their queue is closed and has no figure.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from alerts import metrics, muting, records, scopes, sources
from alerts.board import lock_open
from alerts.journal import Journal
from alerts.models import Alert, EscalationStep, Kind, Resolution, Rule, RuleState
from alerts.records import EscalationStep as Step
from alerts.records import Status
from alerts.rules import Phase
from alerts.sources import Sources
from alerts.terms import covers
from intraday.org.models import Organization

REFRESH_AFTER = timedelta(seconds=60)


@dataclass(frozen=True)
class _Desk:
    """What is known beside the alerts."""

    rules: Mapping[Any, Rule]
    steps: Mapping[Any, list[Step]]
    breaching: Collection[tuple[Any, int]]
    recovering: Collection[tuple[Any, int]]
    closed: Collection[int]

    def recovers(self, alert: Alert) -> bool:
        """Return whether the figure is healthy already, though not for long enough yet: not what to begin telling."""
        return alert.kind == Kind.CONDITION and (alert.rule_id, alert.scope_id) in self.recovering

    def asleep(self, alert: Alert) -> bool:
        """Return whether the queue is closed and the alert means nothing meanwhile: the next judgement ends it."""
        return alert.scope_id in self.closed and _is_staffed(alert)


def _is_staffed(alert: Alert) -> bool:
    metric = metrics.CATALOGUE.get((alert.source, alert.metric))
    return metric is None or metric.staffed


@transaction.atomic
def attend(*, organization_id: str, now: datetime, using: Sources = sources.SOURCES) -> int:
    """How many alerts it changed. In a fixed number of statements."""
    alerts = list(lock_open(organization_id))
    if not alerts:
        return 0
    organization = Organization.objects.get(pk=organization_id)
    desk = _desk(organization_id, alerts, using.closed(organization_id, at=now))
    muted = muting.load(organization, alerts, at=now)
    journal = Journal(now)
    for alert in alerts:
        before = journal.changed
        _attend(alert, desk, muted, journal)
        if journal.changed == before and _refresh_is_due(alert, now):
            journal.refresh(alert)
    journal.write()
    return journal.changed


def _desk(organization_id: str, alerts: Collection[Alert], closed: Collection[int]) -> _Desk:
    rules = Rule.objects.in_bulk({alert.rule_id for alert in alerts})
    steps: dict[Any, list[Step]] = {}
    for row in EscalationStep.objects.filter(rule__in=rules).order_by("after_seconds"):
        step = Step(timedelta(seconds=row.after_seconds), row.to, row.raise_severity)
        steps.setdefault(row.rule_id, []).append(step)
    phases: dict[str, set[tuple[Any, int]]] = {Phase.FIRING: set(), Phase.RECOVERING: set()}
    states = RuleState.objects.filter(rule__in=rules, phase__in=phases, as_of__isnull=False)
    for rule_id, scope_id, phase in states.values_list("rule_id", "scope_id", "phase"):
        phases[phase].add((rule_id, scope_id))
    return _Desk(rules, steps, phases[Phase.FIRING], phases[Phase.RECOVERING], closed)


def _attend(alert: Alert, desk: _Desk, muted: muting.Muting, journal: Journal) -> None:
    """At most one change at a time: the next one is 15 seconds away."""
    silent, now = muted.mutes(alert, alert.scope), journal.now
    if silent and not alert.suppressed:
        journal.suppress(alert)
    elif not silent and alert.suppressed and not desk.recovers(alert):
        journal.release(alert)
    elif silent or alert.suppressed or desk.asleep(alert) or alert.rule_id not in desk.rules:
        return
    elif _ran_out(alert, desk, now):
        journal.reopen(alert)
    elif step := _step(alert, desk, now):
        graver = bool(step.severity) and records.outranks(step.severity, alert.severity)
        journal.escalate(alert, to=step.to, severity=step.severity if graver else "")
    elif _reminder(alert, desk.rules[alert.rule_id], now):
        journal.remind(alert)


def _refresh_is_due(alert: Alert, now: datetime) -> bool:
    return alert.moved and (alert.published_at is None or alert.published_at + REFRESH_AFTER <= now)


def _ran_out(alert: Alert, desk: _Desk, now: datetime) -> bool:
    timeout = _span(desk.rules[alert.rule_id].ack_timeout_seconds)
    breaching = alert.kind == Kind.NO_DATA or (alert.rule_id, alert.scope_id) in desk.breaching
    return records.acknowledgement_ran_out(
        Status(alert.status), alert.acknowledged_at, timeout, now, breaching=breaching
    )


def _step(alert: Alert, desk: _Desk, now: datetime) -> Step | None:
    """Of the rule as it is now. Silence is a low matter of its own and does not climb."""
    steps = desk.steps.get(alert.rule_id, []) if alert.kind == Kind.CONDITION else []
    return records.due_step(Status(alert.status), alert.waiting_since, alert.escalation_level, steps, now)


def _reminder(alert: Alert, rule: Rule, now: datetime) -> bool:
    repeat = _span(rule.repeat_seconds)
    return records.reminder_due(Status(alert.status), alert.reminded_at, repeat, alert.triggered_at, now)


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


@transaction.atomic
def sweep(*, organization_id: str, now: datetime, using: Sources = sources.SOURCES) -> int:
    """Resolve the alerts that no reading would ever resolve; return how many."""
    alerts = list(lock_open(organization_id))
    if not alerts:
        return 0
    rules = Rule.objects.in_bulk({alert.rule_id for alert in alerts})
    there = set(scopes.existing(organization_id).values_list("pk", flat=True))
    closed = using.closed(organization_id, at=now)
    journal = Journal(now)
    for alert in alerts:
        rule = rules[alert.rule_id]
        if not rule.enabled:
            journal.resolve(alert, Resolution.RULE_DISABLED)
        elif alert.scope_id not in there or not covers(rule, alert.scope):
            journal.resolve(alert, Resolution.ORPHANED)
        elif alert.scope_id in closed and _is_staffed(alert):
            journal.resolve(alert, Resolution.CLOSED)
    journal.write()
    return journal.counts["resolved"]
