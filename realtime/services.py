"""Publish events without a domain app: notifications and custom events. They are stored in the event log alone."""

import uuid
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from intraday.audit import services as audit
from intraday.org.models import Organization, Scope
from realtime.eventlog import event_names
from realtime.eventlog.publishing import EventRef, publish
from realtime.protocol.events import CustomEvent, SystemNotification

log = structlog.get_logger(__name__)


@transaction.atomic
def notify(*, scope: Scope, data: dict[str, Any], by: str, now: datetime) -> tuple[str, EventRef]:
    """Publish a notification; return its id and its place in the log."""
    notification_id = str(uuid.uuid4())
    notification = SystemNotification.of(data, scope, notification_id=notification_id, published_at=now)
    log.info("notification_published", id=notification_id, scope=str(scope), title=notification.title, by=by)
    told = {"title": notification.title}
    audit.record(
        "notification.published", organization_id=scope.organization_id, target=str(scope), after=told, actor=by
    )
    [event] = publish("system", [(scope, lambda: notification)])
    return notification_id, event


@transaction.atomic
def emit(*, organization: Organization, scope: Scope, data: dict[str, Any], now: datetime) -> EventRef:
    """Publish an event of the organization's own. Raises TooManyError where its name is one too many."""
    event_names.use(organization, data["event"], today=now.date())
    custom = CustomEvent.of(data, scope, published_at=now)
    [event] = publish("custom", [(scope, lambda: custom)])
    return event
