"""Write the outbox of notifications: one row per transition, in its transaction. Nothing is sent here.

Senders ask `drop_reason` first, in the transaction that settles the row: an alert that was acknowledged, silenced or
resolved meanwhile notifies nobody. A row that is a day late is dropped, too.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from alerts.choices import Status, Transition
from alerts.models import Alert, Notification
from alerts.notifications import kinds
from alerts.notifications.models import Delivery
from alerts.rules.lifecycle import TIMERS_END


def write(notices: Sequence[tuple[Alert, Transition, str]], *, now: datetime) -> None:
    """Write (alert, transition, recipient besides those of routes), in the transaction of the transition.

    Acknowledgements are written where a channel that hears them was notified of the alert.
    """
    acknowledged = [alert for alert, transition, _ in notices if transition == Transition.ACKNOWLEDGED]
    heard = _heard(acknowledged) if acknowledged else frozenset()
    rows = [
        Notification(alert=alert, transition=transition, to=to, created_at=now, due_at=now)
        for alert, transition, to in notices
        if transition != Transition.ACKNOWLEDGED or alert.pk in heard
    ]
    if rows:
        Notification.objects.bulk_create(rows)


def _heard(alerts: Sequence[Alert]) -> frozenset[UUID]:
    """Return the ids of alerts of which channels that hear acknowledgements were notified."""
    rows = Delivery.objects.filter(notification__alert__in=alerts, attempts__gt=0)
    rows = rows.filter(channel__kind__in=kinds.hearing_acknowledgements())
    return frozenset(rows.values_list("notification__alert", flat=True))


def drop_reason(notification: Notification, alert: Alert, *, now: datetime) -> str:
    """Return the reason to drop the notification, '' if it is to be sent. `alert` is as it is now."""
    if now >= notification.due_at + TIMERS_END:
        return "too late"
    if notification.transition == Transition.RESOLVED:
        return "" if alert.status == Status.RESOLVED else "the alert is no longer resolved"
    if notification.transition == Transition.ACKNOWLEDGED:
        return "" if alert.status == Status.ACKNOWLEDGED else f"{alert.status} meanwhile"
    if alert.status != Status.PENDING:
        return f"{alert.status} meanwhile"
    return "silenced meanwhile" if alert.suppressed else ""
