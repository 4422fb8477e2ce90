"""What time alone brings to open alerts: silences begin and end, escalations come due, acknowledgements run out.

Also the sweeper, which closes alerts that nothing would ever close: their rule or their scope is gone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from alerts import metrics, muting, records, sources
from alerts.board import lock_open
from alerts.journal import Journal
from alerts.models import Alert, EscalationStep, Kind, Resolution, Rule, RuleState
from alerts.records import EscalationStep as Step
from alerts.records import Status
from alerts.rules import Phase
from alerts.sources import Sources
from alerts.terms import covers
from intraday.org.models import Department, Organization, Queue, Scope


@dataclass(frozen=True)
class _Desk:
    """What is known beside the alerts."""

    rules: Mapping[Any, Rule]
    steps: Mapping[Any, list[Step]]
    breaching: Collection[tuple[Any, int]]
    closed: Collection[int]

    def asleep(self, alert: Alert) -> bool:
        """Nobody is there to act: the queue is closed, and what the alert is about means nothing meanwhile."""
        metric = metrics.CATALOGUE.get((alert.source, alert.metric))
        return alert.scope_id in self.closed and (metric is None or metric.staffed)


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
        _attend(alert, desk, muted, journal)
    journal.write()
    return journal.changed


def _desk(organization_id: str, alerts: Collection[Alert], closed: Collection[int]) -> _Desk:
    rules = Rule.objects.in_bulk({alert.rule_id for alert in alerts})
    steps: dict[Any, list[Step]] = {}
    for row in EscalationStep.objects.filter(rule__in=rules).order_by("after_seconds"):
        step = Step(timedelta(seconds=row.after_seconds), row.to, row.raise_severity)
        steps.setdefault(row.rule_id, []).append(step)
    states = RuleState.objects.filter(rule__in=rules, phase=Phase.FIRING)
    return _Desk(rules, steps, set(states.values_list("rule_id", "scope_id")), closed)


def _attend(alert: Alert, desk: _Desk, muted: muting.Muting, journal: Journal) -> None:
    """At most one change at a time: the next one is 15 seconds away."""
    silent, now = muted.mutes(alert, alert.scope), journal.now
    if silent and not alert.suppressed:
        journal.suppress(alert)
    elif not silent and alert.suppressed:
        journal.release(alert)
    elif silent or desk.asleep(alert) or alert.rule_id not in desk.rules:
        return
    elif _ran_out(alert, desk, now):
        journal.reopen(alert)
    elif step := _step(alert, desk, now):
        graver = bool(step.severity) and records.outranks(step.severity, alert.severity)
        journal.escalate(alert, to=step.to, severity=step.severity if graver else "")
    elif _reminder(alert, desk.rules[alert.rule_id], now):
        journal.remind(alert)


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
def sweep(*, organization_id: str, now: datetime) -> int:
    """Resolve what no reading will ever resolve; how many."""
    alerts = list(lock_open(organization_id))
    if not alerts:
        return 0
    rules = Rule.objects.in_bulk({alert.rule_id for alert in alerts})
    there = set(_there(organization_id).values_list("pk", flat=True))
    journal = Journal(now)
    for alert in alerts:
        rule = rules[alert.rule_id]
        if not rule.enabled:
            journal.resolve(alert, Resolution.RULE_DISABLED)
        elif alert.scope_id not in there or not covers(rule, alert.scope):
            journal.resolve(alert, Resolution.ORPHANED)
    journal.write()
    return journal.counts["resolved"]


def _there(organization_id: str) -> Any:
    """Scopes whose queue or department still exists."""
    departments = Department.objects.filter(organization=organization_id, code=OuterRef("department_id"))
    queues = Queue.objects.filter(
        department__organization=organization_id,
        department__code=OuterRef("department_id"),
        name=OuterRef("queue_name"),
    )
    rows = Scope.objects.filter(organization=organization_id)
    return rows.filter(
        Q(department_id="") | (Q(queue_name="") & Q(Exists(departments))) | Q(Exists(queues)),
    )
