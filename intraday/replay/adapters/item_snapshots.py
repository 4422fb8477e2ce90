"""Snapshots of queues on a grid of times, made of the events of single items."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from intraday.api_client.rows import Row, iso
from intraday.replay.timeline import Instant, Target


@dataclass(slots=True, eq=False)
class Item:
    opened: float  # epoch seconds
    queue: str
    breached: bool = False


class EventKind(Enum):
    ARRIVED = "arrived"
    CHANGED = "changed"  # moved to another queue, or its SLA verdict turned
    COMPLETED = "completed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Event:
    """A change of an item that is known from `time` (epoch seconds) on."""

    time: float
    item: Item
    what: EventKind
    queue: str = ""
    breached: bool = False


OverSla = Callable[[Item, float], bool]


@dataclass
class OpenItems:
    """The items that are open now, and those that came and were completed since the last snapshot."""

    queues: list[str] = field(default_factory=list)
    open: dict[Item, None] = field(default_factory=dict)
    arrived: list[Item] = field(default_factory=list)
    completed: list[Item] = field(default_factory=list)

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            self._apply(event)

    def forget_flows(self) -> None:
        self.arrived, self.completed = [], []

    def _apply(self, event: Event) -> None:
        if event.what is EventKind.ARRIVED:
            self.open[event.item] = None
            self.arrived.append(event.item)
        elif event.what is EventKind.CHANGED:
            event.item.queue, event.item.breached = event.queue, event.breached
        elif event.what is EventKind.COMPLETED:
            self.completed.append(event.item)
        else:
            self.open.pop(event.item, None)

    def look(self, time: datetime, target: Target, over_sla: OverSla) -> list[Row]:
        """Return one row for every queue seen so far: an empty one says 0, or its last figure would stand for ever."""
        by_queue = self._by_queue()
        added = Counter(item.queue for item in self.arrived)
        completed = Counter(item.queue for item in self.completed)
        self.queues += sorted({*by_queue, *added, *completed} - set(self.queues))
        self.forget_flows()
        return [
            _row(target, queue, time, by_queue.get(queue, []), over_sla)
            | {"items_added": added[queue], "items_completed": completed[queue]}
            for queue in self.queues
        ]

    def _by_queue(self) -> dict[str, list[Item]]:
        groups: dict[str, list[Item]] = defaultdict(list)
        for item in self.open:
            groups[item.queue].append(item)
        return groups


def _row(target: Target, queue: str, time: datetime, items: list[Item], over_sla: OverSla) -> Row:
    now = time.timestamp()
    ages = [(now - item.opened) / 60 for item in items]
    return {
        "organization_id": target.organization_id,
        "department_id": target.department_id,
        "queue_name": queue,
        "snapshot_time": iso(time),
        "total_items": len(items),
        "average_wait_time_minutes": round(sum(ages) / len(ages), 4) if ages else 0.0,
        "items_over_sla": sum(over_sla(item, now) for item in items),
        "oldest_item_age_minutes": round(max(ages, default=0.0), 4),
    }


class EventsInOrder:
    """Events in time order, taken piece by piece; equal times keep the order in which they were given."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = sorted(events, key=lambda event: event.time)
        self._next = 0

    def until(self, time: float) -> Iterator[Event]:
        while self._next < len(self._events) and self._events[self._next].time <= time:
            self._next += 1
            yield self._events[self._next - 1]


def older_than(seconds: float) -> OverSla:
    return lambda item, now: now - item.opened > seconds


def snapshots(
    events: Iterable[Event],
    times: list[datetime],
    interval: float,
    *,
    target: Target,
    over_sla: OverSla,
    queues: Iterable[str] = (),
) -> Iterator[Instant]:
    """Yield snapshots. One at T holds all that happened up to and at T; its flows are those since the snapshot before,
    for the first one those of the `interval` [s] before it. Older items are opening stock."""
    open_items, in_order = OpenItems(queues=list(queues)), EventsInOrder(events)
    open_items.take(in_order.until(times[0].timestamp() - interval))
    open_items.forget_flows()
    for time in times:
        open_items.take(in_order.until(time.timestamp()))
        if rows := open_items.look(time, target, over_sla):
            yield Instant(time, "backlog", rows)
