"""Running totals of a day's flows.

Each queue keeps the totals of the flows of its snapshots of a local day. The flow of a level above queues is the sum of
these totals now less the sum of its earlier figures of that day: whatever the rhythms of the feeds, and whenever
the level is rolled up, its figures of a day add up to the flows that the queues posted.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from backlog.models import CurrentBacklog, Snapshot

EARLIER_DAYS = 7
# The totals of thousands of queues add up to no more than a column holds.
TOTAL_MAX = 10**15


class Totals(NamedTuple):
    """Items added and completed."""

    added: int = 0
    completed: int = 0

    def plus(self, other: "Totals") -> "Totals":
        return Totals(self.added + other.added, self.completed + other.completed)

    def less(self, other: "Totals") -> "Totals":
        return Totals(self.added - other.added, self.completed - other.completed)


Changes = dict[date, Totals]
"""Changes of the flows of snapshots, by local day."""


def flows_of(snapshot: Snapshot) -> Totals:
    return Totals(snapshot.added, snapshot.completed)


def local_day(time: datetime, zone: ZoneInfo) -> date:
    return time.astimezone(zone).date()


def sum_changes(changes: Iterable[tuple[date, Totals]]) -> Changes:
    found: Changes = {}
    for day, totals in changes:
        found[day] = found.get(day, Totals()).plus(totals)
    return found


def totals_of(row: CurrentBacklog) -> Changes:
    """Return a queue's running totals of each day that its row keeps."""
    days = {date.fromisoformat(day): Totals(*counts) for day, counts in row.earlier_days.items()}
    return days if row.day is None else {**days, row.day: Totals(row.day_added, row.day_completed)}


def has_forgotten(row: CurrentBacklog, day: date) -> bool:
    """Tell whether the row may have had totals of that day, and keeps only later ones."""
    return len(row.earlier_days) >= EARLIER_DAYS and day < date.fromisoformat(min(row.earlier_days))


def add_changes(row: CurrentBacklog, changes: Changes) -> None:
    """Add these changes to a queue's running totals, except those of days that its row no longer keeps."""
    known = {day: counts for day, counts in changes.items() if not has_forgotten(row, day)}
    if not known:
        return
    totals = sum_changes([*totals_of(row).items(), *known.items()])
    newest, *earlier = sorted(totals, reverse=True)[: EARLIER_DAYS + 1]
    row.day, (row.day_added, row.day_completed) = newest, _bounded(totals[newest])
    row.earlier_days = {day.isoformat(): list(_bounded(totals[day])) for day in earlier}


def _bounded(totals: Totals) -> Totals:
    return Totals(*(max(0, min(TOTAL_MAX, count)) for count in totals))


def flow_since(now: Totals, published: Totals) -> Totals:
    """Return a level's flow: the totals of its queues now, less those that its figures of the day have published."""
    return now.less(published)
