"""What one transaction does to alerts, written at its end in a fixed number of statements: the records, a line of audit
for each transition, what people are told, and the events in the order in which things happened.

The records have been locked by whoever hands them in, so what was decided about them still holds when it is written.
"""

import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from alerts.events import AlertAcknowledged, AlertChanged, AlertEscalated, AlertResolved, AlertTriggered, AlertUpdated
from alerts.models import Alert, AlertAudit, Resolution, Status, Transition
from alerts.notifications import notification_outbox
from alerts.rules.machine import Value
from intraday.org.models import Scope
from realtime.publish import Builder, publish

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it: a person, a key, or the system; and by which request, if by one."""

    name: str
    request_id: str = ""


@dataclass
class Journal:
    now: datetime
    actor: Actor = Actor(SYSTEM)
    _opened: list[Alert] = field(default_factory=list)
    _changed: dict[Any, Alert] = field(default_factory=dict)
    _audit: list[AlertAudit] = field(default_factory=list)
    _notices: list[tuple[Alert, Transition, str]] = field(default_factory=list)
    _events: list[tuple[Scope, Builder]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("triggered", "resolved", "seen"), 0))

    @property
    def changed(self) -> int:
        return len(self._changed)

    # --- transitions -------------------------------------------------------------------------------------------------
    def open(self, alert: Alert, reason: str) -> None:
        """R1."""
        self._opened.append(alert)
        self.counts["triggered"] += 1
        self.note(alert, reason, before="")
        self._tell(alert, Transition.TRIGGERED)
        self._say(AlertTriggered, alert)

    def see(self, alert: Alert) -> None:
        """R2: who acknowledged it and what was noted is not touched, and nobody is told."""
        alert.last_seen_at = self.now
        alert.occurrence_count += 1
        self.counts["seen"] += 1
        self._changed[alert.pk] = alert

    def show(self, alert: Alert, value: Value | None, message: str) -> None:
        """Keep what is shown of an open alert current. Its event follows within a minute (`refresh`), not at once:
        figures change every few seconds."""
        if (alert.current_value, alert.message) != (value, message):
            alert.current_value, alert.message, alert.moved = value, message, True
            self._changed[alert.pk] = alert

    def refresh(self, alert: Alert) -> None:
        """Publish what `show` changed. It is no transition: the version stays, and nobody is told."""
        self._changed[alert.pk] = alert
        self._say(AlertUpdated, alert)

    def follow_rule(self, alert: Alert, note: str) -> None:
        """E12: the caller has put into the record what the edited rule says; the record stays open."""
        self._change(alert, "rule changed", note=note)
        self._say(AlertUpdated, alert)

    def raise_severity(self, alert: Alert, severity: str) -> None:
        """R2 with a graver rule: people are told again."""
        alert.severity = alert.told_severity = severity
        self._change(alert, "severity raised")
        self._tell(alert, Transition.RAISED)
        self._say(AlertTriggered, alert)

    def acknowledge(self, alert: Alert, note: str, reason: str) -> None:
        """R3, or R4 with take-over."""
        before = alert.status
        alert.status = Status.ACKNOWLEDGED
        alert.acknowledged_at, alert.acknowledged_by = self.now, self.actor.name
        alert.note = note or alert.note
        self._change(alert, reason, before=before, note=note)
        self._say(AlertAcknowledged, alert)

    def resolve(self, alert: Alert, resolution: str, note: str = "", reason: str = "") -> None:
        """R5, R6."""
        before = alert.status
        alert.status, alert.resolution = Status.RESOLVED, resolution
        alert.resolved_at, alert.resolved_by = self.now, self.actor.name
        alert.note = note or alert.note
        self.counts["resolved"] += 1
        self._change(alert, reason or f"resolved: {Resolution(resolution).label}", before=before, note=note)
        self._tell(alert, Transition.RESOLVED)
        self._say(AlertResolved, alert)

    def calm(self, alert: Alert) -> None:
        """E8 where people resolve themselves: the record stays and says that the condition is over."""
        alert.condition_cleared_at = self.now
        self._change(alert, "condition cleared")
        self._say(AlertUpdated, alert)

    def snooze(self, alert: Alert, until: datetime, note: str) -> None:
        alert.snoozed_until, alert.suppressed = until, True
        alert.note = note or alert.note
        self._change(alert, "snoozed", note=note)
        self._say(AlertUpdated, alert)

    def suppress(self, alert: Alert) -> None:
        alert.suppressed = True
        self._change(alert, "silenced")
        self._say(AlertUpdated, alert)

    def release(self, alert: Alert) -> None:
        """R11: the silence is over and the alert is not. People are told once, and timers begin."""
        alert.suppressed, alert.snoozed_until = False, None
        if alert.status == Status.PENDING:
            self._remind(alert, "silence over")
        else:
            self._change(alert, "silence over")
            self._say(AlertUpdated, alert)

    def escalate(self, alert: Alert, *, to: str, severity: str) -> None:
        """R9."""
        alert.escalation_level += 1
        alert.escalated_at = self.now
        alert.severity = alert.told_severity = severity or alert.severity
        self._change(alert, f"escalated to {to}"[:64])
        self._tell(alert, Transition.ESCALATED, to)
        self._say(AlertEscalated, alert)

    def reopen(self, alert: Alert) -> None:
        """R10, the only way back: who had acknowledged stands in the audit."""
        before, by = alert.status, alert.acknowledged_by
        alert.status, alert.acknowledged_at, alert.acknowledged_by = Status.PENDING, None, ""
        self._remind(alert, "acknowledgement ran out", before=before, note=f"Acknowledged by {by}, and it goes on.")

    def remind(self, alert: Alert) -> None:
        alert.reminded_at = self.now
        self._change(alert, "reminder")
        self._tell(alert, Transition.REMINDER)
        self._say(AlertTriggered, alert, reminder=True)

    def _remind(self, alert: Alert, reason: str, *, before: str | None = None, note: str = "") -> None:
        alert.waiting_since = alert.reminded_at = self.now
        self._change(alert, reason, before=before, note=note)
        self._tell(alert, Transition.REMINDER)
        self._say(AlertTriggered, alert, reminder=True)

    # --- what each leaves behind -------------------------------------------------------------------------------------
    def note(self, alert: Alert, reason: str, *, before: str | None = None, note: str = "") -> None:
        """A line of audit."""
        self._audit.append(
            AlertAudit(
                alert=alert,
                at=self.now,
                from_status=alert.status if before is None else before,
                to_status=alert.status,
                actor=self.actor.name,
                reason=reason,
                note=note,
                value=alert.current_value,
                threshold=alert.threshold_value,
                rule_version=alert.rule_version,
                request_id=self.actor.request_id,
            )
        )

    def _change(self, alert: Alert, reason: str, *, before: str | None = None, note: str = "") -> None:
        alert.version += 1
        self._changed[alert.pk] = alert
        self.note(alert, reason, before=before, note=note)

    def _tell(self, alert: Alert, transition: Transition, to: str = "") -> None:
        if not alert.suppressed:
            self._notices.append((alert, transition, to))

    def _say(self, event: type[AlertChanged], alert: Alert, **extra: Any) -> None:
        """Publish a copy, because the record may change again before the end."""
        alert.published_at, alert.moved = self.now, False
        self._events.append((alert.scope, partial(event.of, copy.copy(alert), alert.scope, **extra)))

    def write(self) -> None:
        """The last line of the caller's transaction."""
        Alert.objects.bulk_create(self._opened)
        if self._changed:
            Alert.objects.bulk_create(
                sorted(self._changed.values(), key=lambda alert: alert.pk),
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=_CHANGING,
            )
        AlertAudit.objects.bulk_create(self._audit)
        notification_outbox.write(self._notices, now=self.now)
        if self._events:
            publish("alerts", self._events)


_CHANGING = [
    "rule_name",
    "rule_version",
    "alert_type",
    "source",
    "metric",
    "unit",
    "message",
    "threshold_value",
    "runbook",
    "severity",
    "told_severity",
    "published_at",
    "moved",
    "breaching_since",
    "status",
    "version",
    "waiting_since",
    "reminded_at",
    "last_seen_at",
    "occurrence_count",
    "current_value",
    "peak_value",
    "condition_cleared_at",
    "acknowledged_at",
    "acknowledged_by",
    "resolved_at",
    "resolved_by",
    "resolution",
    "note",
    "snoozed_until",
    "suppressed",
    "escalation_level",
    "escalated_at",
]
