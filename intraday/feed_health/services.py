"""Record the deliveries of feeds, a refused batch too: noted by each request, stored once a second for all of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from django.db import DatabaseError, transaction
from django.db.models import F

from intraday.background.work import BackgroundWork
from intraday.database import batches
from intraday.feed_health import offset
from intraday.feed_health.models import Feed, FeedMinute
from intraday.org.access import Principal
from intraday.org.models import Organization
from intraday.values.cadence import MIN_CADENCE_SECONDS

STORE_SECONDS = 1.0
MOST_WAITING = 1_000  # deliveries of a feed, while the database stores none
MOST_ERROR = 500  # characters
MOST_KNOWN = 10_000
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


Source = tuple[str, str, str]
"""Organization, name of the key or person, kind: what makes a feed."""


@dataclass(frozen=True)
class Noted:
    """A delivery and when it came."""

    delivery: Delivery
    at: datetime


class Deliveries:
    """Deliveries that are not stored yet, and their feeds with them, as far as this process knows."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: dict[Source, list[Noted]] = {}
        self._known: dict[Source, Feed] = {}

    def note(self, source: Source, noted: Noted) -> int | None:
        """Keep a delivery; return by how many minutes its feed is behind. It is known once it has been stored."""
        with self._lock:
            waiting = self._waiting.setdefault(source, [])
            waiting.append(noted)
            del waiting[:-MOST_WAITING]
            feed = self._known.get(source)
            if feed is None:
                return None
            _update(feed, noted)
            return feed.behind_minutes(noted.at)

    def take(self) -> dict[Source, list[Noted]]:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            return waiting

    def put_back(self, taken: Mapping[Source, list[Noted]]) -> None:
        """Keep what could not be stored; of a database that is away for long, the newest of each feed."""
        with self._lock:
            for source, noted in taken.items():
                self._waiting[source] = [*noted, *self._waiting.get(source, [])][-MOST_WAITING:]

    def learn(self, stored: Mapping[Source, Feed]) -> None:
        """Know these feeds as they were stored, and what came meanwhile."""
        with self._lock:
            if len(self._known) + len(stored) > MOST_KNOWN:
                self._known.clear()
            self._known |= stored
            for source in stored:
                for noted in self._waiting.get(source, ()):
                    _update(stored[source], noted)

    def forget(self) -> None:
        with self._lock:
            self._waiting, self._known = {}, {}


deliveries = Deliveries()


def record(principal: Principal, delivery: Delivery, *, now: datetime) -> list[str]:
    """Note a delivery, which is stored within STORE_SECONDS, and return warnings for its feed.

    Off the way of the answer: a post waits for no other's bookkeeping, and a feed that posts all the time costs the
    database as much as one that posts once a second.
    """
    source = (principal.organization.pk, principal.name, delivery.kind)
    behind = deliveries.note(source, Noted(delivery, now))
    transaction.on_commit(storing.ask)
    return [offset.warning(behind)] if behind is not None and delivery.accepted else []


def store() -> int:
    """Store what was noted; return how many feeds changed. Raises DatabaseError, and keeps it for the next try."""
    waiting = deliveries.take()
    try:
        deliveries.learn(_store(waiting))
    except DatabaseError:
        deliveries.put_back(waiting)
        raise
    return len(waiting)


storing = BackgroundWork("feed-deliveries", lambda _: store(), delay=STORE_SECONDS)


@transaction.atomic
def _store(waiting: Mapping[Source, Sequence[Noted]]) -> dict[Source, Feed]:
    """Bring the rows of these feeds up to date, and return them."""
    feeds = _lock_feeds(waiting)
    for source, feed in feeds.items():
        for noted in waiting[source]:
            _update(feed, noted)
        _save(feed, waiting[source])
    return feeds


def _lock_feeds(waiting: Mapping[Source, Sequence[Noted]]) -> dict[Source, Feed]:
    """Return the feeds, made where they are new, locked until commit. Organizations that are gone have none."""
    known = set(Organization.objects.filter(pk__in={source[0] for source in waiting}).values_list("pk", flat=True))
    sources = sorted(source for source in waiting if source[0] in known)
    feeds = _found(sources)
    missing = [source for source in sources if source not in feeds]
    if missing:
        rows = [
            Feed(
                organization_id=organization,
                source=name,
                kind=kind,
                last_received_at=waiting[organization, name, kind][0].at,
            )
            for organization, name, kind in missing
        ]
        Feed.objects.bulk_create(rows, ignore_conflicts=True)
        feeds = _found(sources)
    return feeds


def _found(sources: Collection[Source]) -> dict[Source, Feed]:
    """Lock these feeds, in the order in which everybody locks them."""
    organizations, names, kinds = ({source[place] for source in sources} for place in range(3))
    rows = Feed.objects.select_for_update().filter(organization__in=organizations, source__in=names, kind__in=kinds)
    feeds = {(row.organization_id, row.source, row.kind): row for row in rows.order_by("pk")}
    return {source: feeds[source] for source in sources if source in feeds}


def _update(feed: Feed, noted: Noted) -> None:
    delivery, now = noted.delivery, noted.at
    feed.last_received_at = max(feed.last_received_at, now)
    if delivery.newest is not None and (feed.newest_data_time is None or delivery.newest > feed.newest_data_time):
        feed.cadence_seconds = _learn(feed, delivery.newest)
        if delivery.kind in OF_THE_MOMENT:
            feed.offset = feed.offset.after(data_time=delivery.newest, received_at=now)
        feed.newest_data_time = delivery.newest
    if delivery.error:
        feed.last_error, feed.last_error_at = delivery.error, now


def _save(feed: Feed, noted: Sequence[Noted]) -> None:
    fed = {
        queue_key(*queue): each.at.date().isoformat() for each in noted for queue in each.delivery.queues if queue[1]
    }
    is_news = not fed.items() <= feed.queues.items()
    feed.queues |= fed
    feed.save(update_fields=[*_CHANGING, "queues"] if is_news else _CHANGING)  # of a large feed the list is long
    by_minute: dict[datetime, list[Delivery]] = {}
    for each in noted:
        by_minute.setdefault(each.at.replace(second=0, microsecond=0), []).append(each.delivery)
    for minute, found in by_minute.items():
        _count(
            feed, minute, accepted=sum(each.accepted for each in found), rejected=sum(each.rejected for each in found)
        )


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


def _count(feed: Feed, minute: datetime, *, accepted: int, rejected: int) -> None:
    """Add to the counts of a minute, under the lock of the feed."""
    rows = FeedMinute.objects.filter(feed=feed, minute=minute)
    if not rows.update(accepted=F("accepted") + accepted, rejected=F("rejected") + rejected):
        FeedMinute.objects.create(feed=feed, minute=minute, accepted=accepted, rejected=rejected)


def forget_minutes(*, now: datetime) -> int:
    return batches.delete(FeedMinute.objects.filter(minute__lt=now - KEPT))
