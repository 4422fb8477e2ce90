"""The items of a day's story, of five kinds."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from alerts import redaction
from alerts.actions import selectors as actions
from alerts.actions.effects import MeasuredInterval
from alerts.actions.events import PredictedEffect
from alerts.actions.models import Action
from alerts.models import Alert, AlertAudit, Notification
from alerts.notifications.models import Delivery, Outcome
from intraday.org.scoped import place
from realtime.protocol.messages import Timestamp

Kind = Literal["state", "alert", "outage", "action", "notification"]
Value = float | str | None


class StateReason(Struct, frozen=True, kw_only=True):
    """A condition that held: its value and the limit that it broke, in the unit of its code."""

    code: str
    value: float | None
    limit: float | None
    level: str


class StateStep(Struct, frozen=True, kw_only=True):
    """The state became `level`; `before` is null where nothing was known."""

    before: str | None
    level: str
    reasons: list[StateReason]


class AlertStep(Struct, frozen=True, kw_only=True):
    """A transition of an alert. `severity` and `message` are the alert's newest; `value` is of the transition."""

    alert_id: str
    rule_name: str
    severity: str
    message: str
    reason: str
    status: str
    value: Value
    threshold: Value
    unit: str


class ActionStep(Struct, frozen=True, kw_only=True):
    """The deed of a person, with its effect as predicted and as measured."""

    action_id: int
    kind: str
    agents: int | None
    from_department_id: str | None = None
    from_queue_name: str | None = None
    until: Timestamp | None
    predicted: list[PredictedEffect]
    measured: list[MeasuredInterval]


class NotificationStep(Struct, frozen=True, kw_only=True):
    """A notification that was settled; `who` is its recipient, null where it went to nobody."""

    alert_id: str
    rule_name: str
    severity: str
    transition: str
    outcome: str
    attempts: int
    detail: str | None


class StoryItem(Struct, frozen=True, kw_only=True):
    """One line of the story, with the field of its kind; an outage has `alert`. `who` acted, or was notified: `system`,
    a person, a key or a channel. Callers who may not see colleagues get no names and no notes."""

    id: str
    at: Timestamp
    kind: Kind
    department_id: str | None
    queue_name: str | None
    who: str | None = None
    note: str | None = None
    state: StateStep | UnsetType = UNSET
    alert: AlertStep | UnsetType = UNSET
    action: ActionStep | UnsetType = UNSET
    notification: NotificationStep | UnsetType = UNSET


FEED_METRIC = "stale_minutes"
"""Metrics of feeds that fell silent end so (alerts.rules.catalogue)."""


def of_state(row: Any) -> StoryItem:
    return StoryItem(
        id=f"state:{row.pk}",
        at=row.at,
        kind="state",
        **place(row.scope),
        state=StateStep(
            before=row.before or None, level=row.level, reasons=msgspec.convert(row.reasons, list[StateReason])
        ),
    )


def of_alert(row: AlertAudit, *, names: bool) -> StoryItem:
    line: Mapping[str, Any] = {"actor": row.actor, "reason": row.reason, "note": row.note or None}
    shown = line if names else redaction.audit_line(line)
    alert = row.alert
    return StoryItem(
        id=f"alert:{row.pk}",
        at=row.at,
        kind="outage" if is_outage(alert) else "alert",
        **place(alert.scope),
        who=shown["actor"],
        note=shown["note"],
        alert=AlertStep(
            **_named(alert),
            message=alert.message,
            reason=shown["reason"],
            status=row.to_status,
            value=row.value,
            threshold=row.threshold,
            unit=alert.unit,
        ),
    )


def is_outage(alert: Alert) -> bool:
    return alert.metric.endswith(FEED_METRIC)


def _named(alert: Alert) -> dict[str, str]:
    return {"alert_id": str(alert.pk), "rule_name": alert.rule_name, "severity": alert.severity}


def of_action(
    row: Action, *, within: Collection[str] | None, names: bool, intervals: Sequence[MeasuredInterval]
) -> StoryItem:
    told = actions.as_dict(row, within=within, names=names, intervals=intervals)
    shown = {name: told[name] for name in ActionStep.__struct_fields__ if name in told}
    return StoryItem(
        id=f"action:{row.pk}",
        at=row.noted_at,
        kind="action",
        **place(row.scope),
        who=told.get("noted_by"),
        note=told.get("note"),
        action=msgspec.convert(shown, ActionStep, from_attributes=True),
    )


def of_delivery(row: Delivery, *, names: bool) -> StoryItem:
    notice = row.notification
    assert row.settled_at is not None, "only settled deliveries are told"
    return StoryItem(
        id=f"delivery:{row.pk}",
        at=row.settled_at,
        kind="notification",
        **place(notice.alert.scope),
        who=row.to if names else redaction.SOMEBODY,
        notification=NotificationStep(
            **_named(notice.alert),
            transition=notice.transition,
            outcome=row.outcome,
            attempts=row.attempts,
            detail=(row.detail or None) if names else None,
        ),
    )


def of_notice(row: Notification, *, names: bool) -> StoryItem:
    """Take a notification that went to nobody."""
    assert row.settled_at is not None, "only settled notifications are told"
    return StoryItem(
        id=f"notice:{row.pk}",
        at=row.settled_at,
        kind="notification",
        **place(row.alert.scope),
        notification=NotificationStep(
            **_named(row.alert),
            transition=row.transition,
            outcome=Outcome.CANCELLED,
            attempts=0,
            detail=(row.outcome or None) if names else None,
        ),
    )
