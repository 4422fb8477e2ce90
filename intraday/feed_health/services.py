"""Recording the deliveries of feeds, after the request's own transaction: a refused batch counts, too."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError
from django.db.models import F

from intraday.database import batches
from intraday.feed_health import offset
from intraday.feed_health.models import Feed, FeedMinute
from intraday.org.access import Principal
from intraday.values.cadence import MIN_CADENCE_SECONDS

log = structlog.get_logger(__name__)

KEPT = timedelta(hours=2)
OF_THE_MOMENT = {"kpi", "backlog", "attendance"}  # what they post has just been; plans have not
_CHANGING = [
    "last_received_at",
    "newest_data_time",
    "cadence_seconds",
    "offset_minutes",
    "offset_since",
    "offset_count",
    "last_error",
    "last_error_at",
]
LEARNING_RATE = 0.2  # weight of the newest step in the learned cadence


@dataclass(frozen=True)
class Delivery:
    """The rows of one request. `newest` is its newest data time, `error` the first refusal in words."""

    kind: str
    accepted: int
    rejected: int
    newest: datetime | None = None
    error: str = ""
    queues: Collection[tuple[str, str]] = ()
    """Department and name of each queue that it fed."""


def record(principal: Principal, delivery: Delivery, *, now: datetime) -> list[str]:
    """Record a delivery and return warnings for its feed. It never fails the request: the data is stored."""
    try:
        feed = _update(principal, delivery, now)
        _count(feed, delivery, now)
    except DatabaseError as error:
        log.warning("delivery_not_booked", feed=principal.name, error=str(error).strip())
        return []
    behind = feed.behind_minutes(now) if delivery.accepted else None
    return [] if behind is None else [offset.warning(behind)]


def _update(principal: Principal, delivery: Delivery, now: datetime) -> Feed:
    feed, _ = Feed.objects.get_or_create(
        organization=principal.organization,
        source=principal.name,
        kind=delivery.kind,
        defaults={"last_received_at": now},
    )
    feed.last_received_at = now
    if delivery.newest is not None and (feed.newest_data_time is None or delivery.newest > feed.newest_data_time):
        feed.cadence_seconds = _learn(feed, delivery.newest)
        if delivery.kind in OF_THE_MOMENT:
            feed.offset = feed.offset.after(data_time=delivery.newest, received_at=now)
        feed.newest_data_time = delivery.newest
    fed = {queue_key(*queue): now.date().isoformat() for queue in delivery.queues if queue[1]}
    is_news = not fed.items() <= feed.queues.items()
    feed.queues |= fed
    if delivery.error:
        feed.last_error, feed.last_error_at = delivery.error[:500], now
    feed.save(update_fields=[*_CHANGING, "queues"] if is_news else _CHANGING)  # of a large feed the list is long
    return feed


def queue_key(department_id: str, queue_name: str) -> str:
    """Names hold no tabs."""
    return f"{department_id}\t{queue_name}"


def _learn(feed: Feed, newest: datetime) -> float | None:
    """Return the typical step between data times.

    By data time, because one instant may come in many requests; and steps of less than a second are one instant whose
    rows were stamped one after another.
    """
    if feed.newest_data_time is None:
        return None
    step = (newest - feed.newest_data_time).total_seconds()
    if step < 1:
        return feed.cadence_seconds
    if feed.cadence_seconds is None:
        return max(MIN_CADENCE_SECONDS, step)
    return max(MIN_CADENCE_SECONDS, (1 - LEARNING_RATE) * feed.cadence_seconds + LEARNING_RATE * step)


def _count(feed: Feed, delivery: Delivery, now: datetime) -> None:
    minute = FeedMinute.objects.filter(feed=feed, minute=now.replace(second=0, microsecond=0))
    added = {"accepted": F("accepted") + delivery.accepted, "rejected": F("rejected") + delivery.rejected}
    if not minute.update(**added):
        FeedMinute.objects.create(
            feed=feed,
            minute=now.replace(second=0, microsecond=0),
            accepted=delivery.accepted,
            rejected=delivery.rejected,
        )


def forget_minutes(*, now: datetime) -> int:
    return batches.delete(FeedMinute.objects.filter(minute__lt=now - KEPT))
