"""Publishing what is nobody's domain: notifications, and events of the customer's own. The log is all that is kept."""

import uuid
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from intraday.org.models import Scope
from realtime.eventlog.publishing import EventRef, publish
from realtime.protocol.events import CustomEvent, SystemNotification

log = structlog.get_logger(__name__)


@transaction.atomic
def notify(*, scope: Scope, said: dict[str, Any], by: str, now: datetime) -> tuple[str, EventRef]:
    """The notification's id, and its place in the log."""
    notification_id = str(uuid.uuid4())
    notification = SystemNotification.of(said, scope, notification_id=notification_id, published_at=now)
    log.info("notification_published", id=notification_id, scope=str(scope), title=notification.title, by=by)
    [event] = publish("system", [(scope, lambda: notification)])
    return notification_id, event


@transaction.atomic
def emit(*, scope: Scope, said: dict[str, Any], now: datetime) -> EventRef:
    custom = CustomEvent.of(said, scope, published_at=now)
    [event] = publish("custom", [(scope, lambda: custom)])
    return event
