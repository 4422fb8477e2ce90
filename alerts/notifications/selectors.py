"""Read the deliveries of notifications."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min

from alerts.models import Notification
from alerts.notifications.models import Delivery, Outcome

Line = dict[str, Any]


def undelivered(*, now: datetime) -> tuple[int, datetime | None]:
    """Return the number of notifications and deliveries that are due and not settled, and when the first became due."""
    waiting = [kind.objects.filter(settled_at=None, due_at__lte=now) for kind in (Notification, Delivery)]
    found = [each.aggregate(count=Count("pk"), since=Min("due_at")) for each in waiting]
    times = [each["since"] for each in found if each["since"] is not None]
    return sum(each["count"] for each in found), min(times, default=None)


def deliveries(alert_id: UUID) -> list[Line]:
    """Return a line for each notification and recipient, oldest first; `to` is None if it went to nobody."""
    notices = Notification.objects.filter(alert=alert_id).prefetch_related("deliveries").order_by("created_at", "id")
    return [line for notice in notices for line in _lines(notice)]


def _lines(notice: Notification) -> list[Line]:
    head = {"at": notice.created_at, "transition": notice.transition}
    return [head | _sent(row) for row in notice.deliveries.all()] or [head | _unsent(notice)]


def _sent(row: Delivery) -> Line:
    return {
        "to": row.to,
        "outcome": row.outcome,
        "attempts": row.attempts,
        "detail": row.detail or None,
        "settled_at": row.settled_at,
        "next_attempt_at": None if row.settled_at else row.due_at,
    }


def _unsent(notice: Notification) -> Line:
    return {
        "to": None,
        "outcome": Outcome.CANCELLED if notice.settled_at else Outcome.WAITING,
        "attempts": 0,
        "detail": notice.outcome or None,
        "settled_at": notice.settled_at,
        "next_attempt_at": None if notice.settled_at else notice.due_at,
    }
