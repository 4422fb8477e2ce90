"""Write the outbox of notifications: one row per transition, in its transaction. Nothing is sent here.

Senders ask `drop_reason` first, in the transaction that settles the row: an alert that was acknowledged, silenced or
resolved meanwhile notifies nobody. A row that is a day late is dropped, too.
"""

from collections.abc import Sequence
from datetime import datetime

from alerts.choices import Status, Transition
from alerts.models import Alert, Notification
from alerts.rules.lifecycle import TIMERS_END


def write(notices: Sequence[tuple[Alert, Transition, str]], *, now: datetime) -> None:
    """Write (alert, transition, recipient besides those of routes), in the transaction of the transition."""
    if notices:
        Notification.objects.bulk_create(
            [
                Notification(alert=alert, transition=transition, to=to, created_at=now, due_at=now)
                for alert, transition, to in notices
            ]
        )


def drop_reason(notification: Notification, alert: Alert, *, now: datetime) -> str:
    """Return the reason to drop the notification, '' if it is to be sent. `alert` is as it is now."""
    if now >= notification.due_at + TIMERS_END:
        return "too late"
    if notification.transition == Transition.RESOLVED:
        return "" if alert.status == Status.RESOLVED else "the alert is no longer resolved"
    if alert.status != Status.PENDING:
        return f"{alert.status} meanwhile"
    return "silenced meanwhile" if alert.suppressed else ""
