"""The changes that one transaction makes to alerts, written at its end in a fixed number of statements.

They are the alerts themselves, a line of audit for each transition, notifications, and events in the order in which
things happened. Callers lock the alerts first, so a decision about them still holds when it is written.
"""

import copy
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from django.db import connection

from alerts.choices import SYSTEM, Resolution, Status, Transition
from alerts.events import AlertAcknowledged, AlertChanged, AlertEscalated, AlertResolved, AlertTriggered, AlertUpdated
from alerts.models import Alert, AlertAudit
from alerts.notifications import notification_outbox
from alerts.rules.machine import Value
from intraday.org.models import Scope
from realtime.publish import Builder, publish


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of a change: a person, a key or the system; and the request, if there is one."""

    name: str
    request_id: str = ""


@dataclass
class Changes:
    now: datetime
    actor: Actor = Actor(SYSTEM)
    _opened: list[Alert] = field(default_factory=list)
    _changed: dict[Any, Alert] = field(default_factory=dict)
    _seen: dict[Any, Alert] = field(default_factory=dict)
    """Alerts that go on: nothing but their figures changed."""
    _audit_lines: list[AlertAudit] = field(default_factory=list)
    _notifications: list[tuple[Alert, Transition, str]] = field(default_factory=list)
    _events: list[tuple[Scope, Builder]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("triggered", "resolved", "seen"), 0))

    @property
    def changed(self) -> int:
        return len(self._changed)

    def is_rewritten(self, alert: Alert) -> bool:
        """Return whether a transition changed the alert."""
        return alert.pk in self._changed

    @property
    def seen(self) -> Collection[Any]:
        """Return the keys of the alerts that go on."""
        return self._seen.keys()

    # --- transitions -------------------------------------------------------------------------------------------------
    def open(self, alert: Alert, reason: str) -> None:
        """Open an alert (R1)."""
        self._opened.append(alert)
        self.counts["triggered"] += 1
        self._tell(alert, AlertTriggered, reason, before="", people=Transition.TRIGGERED)

    def confirm(self, alert: Alert) -> None:
        """Confirm an open alert (R2): its acknowledgement and note stay, and nobody is notified."""
        alert.last_seen_at = self.now
        alert.occurrence_count += 1
        self.counts["seen"] += 1
        self._seen[alert.pk] = alert

    def show(self, alert: Alert, value: Value | None, message: str) -> None:
        """Keep the value and message of an open alert current. Its event follows within a minute (`refresh`), not at
        once: figures change every few seconds."""
        if (alert.current_value, alert.message) != (value, message):
            alert.current_value, alert.message, alert.moved = value, message, True
            self._seen[alert.pk] = alert

    def refresh(self, alert: Alert) -> None:
        """Publish the value and message that `show` changed. The version stays, and nobody is notified."""
        self._changed[alert.pk] = alert
        self._publish(AlertUpdated, alert)

    def follow_rule(self, alert: Alert, note: str) -> None:
        """Record that an open alert follows the edit of its rule (E12). The caller has set the fields."""
        self._record(alert, AlertUpdated, "rule changed", note=note)

    def raise_severity(self, alert: Alert, severity: str) -> None:
        """Raise the severity (R2 with a graver rule): people are notified again."""
        alert.severity = alert.told_severity = severity
        self._record(alert, AlertTriggered, "severity raised", people=Transition.RAISED)

    def acknowledge(self, alert: Alert, note: str, reason: str) -> None:
        """Acknowledge (R3), or take over (R4)."""
        before = alert.status
        alert.status = Status.ACKNOWLEDGED
        alert.acknowledged_at, alert.acknowledged_by = self.now, self.actor.name
        alert.note = note or alert.note
        self._record(alert, AlertAcknowledged, reason, before=before, note=note, people=Transition.ACKNOWLEDGED)

    def resolve(self, alert: Alert, resolution: str, note: str = "", reason: str = "") -> None:
        """Resolve (R5, R6)."""
        before = alert.status
        alert.status, alert.resolution = Status.RESOLVED, resolution
        alert.resolved_at, alert.resolved_by = self.now, self.actor.name
        alert.note = note or alert.note
        self.counts["resolved"] += 1
        reason = reason or f"resolved: {Resolution(resolution).label}"
        self._record(alert, AlertResolved, reason, before=before, note=note, people=Transition.RESOLVED)

    def calm(self, alert: Alert) -> None:
        """Note that the condition is over, for rules whose alerts people resolve (E8)."""
        alert.condition_cleared_at = self.now
        self._record(alert, AlertUpdated, "condition cleared")

    def snooze(self, alert: Alert, until: datetime, note: str) -> None:
        alert.snoozed_until, alert.suppressed = until, True
        alert.note = note or alert.note
        self._record(alert, AlertUpdated, "snoozed", note=note)

    def unsnooze(self, alert: Alert, note: str) -> None:
        alert.snoozed_until = None
        alert.note = note or alert.note
        self._record(alert, AlertUpdated, "snooze ended", note=note)

    def suppress(self, alert: Alert) -> None:
        alert.suppressed = True
        self._record(alert, AlertUpdated, "silenced")

    def release(self, alert: Alert) -> None:
        """End suppression of an alert that is still open (R11). People are notified once, and timers begin."""
        alert.suppressed, alert.snoozed_until = False, None
        if alert.status == Status.PENDING:
            self._remind(alert, "silence over")
        else:
            self._record(alert, AlertUpdated, "silence over")

    def escalate(self, alert: Alert, *, to: str, severity: str) -> None:
        """Take the next step of escalation (R9)."""
        alert.escalation_level += 1
        alert.escalated_at = self.now
        alert.severity = alert.told_severity = severity or alert.severity
        self._record(alert, AlertEscalated, f"escalated to {to}"[:64], people=Transition.ESCALATED, to=to)

    def reopen(self, alert: Alert) -> None:
        """Return to pending (R10), the only way back; the audit keeps the name of the person who had acknowledged."""
        before, by = alert.status, alert.acknowledged_by
        alert.status, alert.acknowledged_at, alert.acknowledged_by = Status.PENDING, None, ""
        self._remind(alert, "acknowledgement ran out", before=before, note=f"Acknowledged by {by}, and it goes on.")

    def remind(self, alert: Alert) -> None:
        alert.reminded_at = self.now
        self._record(alert, AlertTriggered, "reminder", people=Transition.REMINDER, reminder=True)

    def _remind(self, alert: Alert, reason: str, *, before: str | None = None, note: str = "") -> None:
        alert.waiting_since = alert.reminded_at = self.now
        people = Transition.REMINDER
        self._record(alert, AlertTriggered, reason, before=before, note=note, people=people, reminder=True)

    # --- audit, notifications, events --------------------------------------------------------------------------------
    def audit(self, alert: Alert, reason: str, *, before: str | None = None, note: str = "") -> None:
        """Add a line of audit."""
        self._audit_lines.append(
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

    def _record(self, alert: Alert, event: type[AlertChanged], reason: str, **what: Any) -> None:
        """Record a transition of a stored alert. All of them go this way."""
        alert.version += 1
        self._changed[alert.pk] = alert
        self._tell(alert, event, reason, **what)

    def _tell(
        self,
        alert: Alert,
        event: type[AlertChanged],
        reason: str,
        *,
        before: str | None = None,
        note: str = "",
        people: Transition | None = None,
        to: str = "",
        **extra: Any,
    ) -> None:
        """Add the line of audit, the notification of `people` unless the alert is suppressed, and the event."""
        self.audit(alert, reason, before=before, note=note)
        if people is not None and not alert.suppressed:
            self._notifications.append((alert, people, to))
        self._publish(event, alert, **extra)

    def _publish(self, event: type[AlertChanged], alert: Alert, **extra: Any) -> None:
        """Publish a copy, because the record may change again before the end."""
        alert.published_at, alert.moved = self.now, False
        self._events.append((alert.scope, partial(event.of, copy.copy(alert), alert.scope, **extra)))

    def write(self) -> None:
        """Write everything; the last call of the caller's transaction."""
        Alert.objects.bulk_create(self._opened)
        self._write_seen()
        if self._changed:
            Alert.objects.bulk_create(
                sorted(self._changed.values(), key=lambda alert: alert.pk),
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=_CHANGING,
            )
        AlertAudit.objects.bulk_create(self._audit_lines)
        notification_outbox.write(self._notifications, now=self.now)
        if self._events:
            publish("alerts", self._events)

    def _write_seen(self) -> None:
        """Write the figures of alerts that go on: they are most of all, and a few fields of many."""
        rows = [alert for pk, alert in self._seen.items() if pk not in self._changed]
        if not rows:
            return
        if connection.vendor != "postgresql":
            self._changed |= {alert.pk: alert for alert in rows}
            return
        figures = [{"id": alert.pk, **{name: getattr(alert, name) for name in _SEEN}} for alert in rows]
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE_SEEN, [msgspec.json.encode(figures).decode()])


_SEEN = [
    "last_seen_at",
    "occurrence_count",
    "current_value",
    "peak_value",
    "message",
    "moved",
    "condition_cleared_at",
    "breaching_since",
]
_UPDATE_SEEN = f"""
UPDATE alerts_alert SET {", ".join(f"{name} = seen.{name}" for name in _SEEN)}
FROM jsonb_to_recordset(%s::jsonb) AS seen (
    id uuid, last_seen_at timestamptz, occurrence_count integer, current_value jsonb, peak_value jsonb, message text,
    moved boolean, condition_cleared_at timestamptz, breaching_since timestamptz
)
WHERE alerts_alert.id = seen.id
"""  # noqa: S608 - of our own names
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
