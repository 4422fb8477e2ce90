"""The calls of a bank's call centre: one row for each call, queue = type of call.

In the queue from `q_start` until `q_exit`. PHANTOM calls never had a caller and are left out; a call without a queue
start was never in the backlog. A call is completed at its service start, or at its queue exit where the start was not
recorded; a caller who hangs up leaves without being completed, even where a service time was written down for him.
Clock times carry only the date of the call's start: a time that lies far before the one it follows is the next day's.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from intraday.feeds.instants import WHOLE, Feed, FeedError, Problem, Target, Window, grid, read_table
from intraday.feeds.sweep import Event, Happening, Item, older_than, snapshots

ZONE = ZoneInfo("Asia/Jerusalem")
DEPARTMENT = "bank"
EVERY = timedelta(minutes=5)
THRESHOLD = timedelta(seconds=20)  # what "answered in time" usually means on the telephone
NEVER = "0:00:00"
COLUMNS = ("type", "date", "vru_entry", "q_start", "q_exit", "outcome", "ser_start")


class Call(NamedTuple):
    queue: str
    joined: datetime
    left: datetime
    answered: datetime | None


def read(
    path: Path,
    *,
    target: Target,
    every: timedelta = EVERY,
    window: Window = WHOLE,
    age_limit: timedelta | None = None,
) -> Feed:
    problems: list[Problem] = []
    queued = list(calls(path, problems))
    if not queued:
        raise FeedError(f"{path} holds no call that queued")
    first, last = min(call.joined for call in queued), max(call.left for call in queued)
    times = grid(window.begin(ZONE, _midnight(first)), window.finish(ZONE, _midnight(last + timedelta(days=1))), every)
    log = [event for call in queued for event in _events(call)]
    over_sla = older_than((age_limit or THRESHOLD).total_seconds())
    queues = sorted({call.queue for call in queued})
    rows = snapshots(log, times, every.total_seconds(), target=target, over_sla=over_sla, queues=queues)
    return Feed("bank", ZONE, times, rows, problems)


def calls(path: Path, problems: list[Problem]) -> Iterator[Call]:
    for number, row in read_table(path, COLUMNS):
        if row["outcome"] == "PHANTOM" or row["q_start"] == NEVER:
            continue
        try:
            yield _call(row)
        except ValueError as error:
            problems.append(Problem(number, str(error)))


def _call(row: dict[str, str]) -> Call:
    entry = _clock(row["date"], row["vru_entry"])
    joined = _after(entry, row, "q_start")
    left = _after(joined, row, "q_exit")
    served = row["outcome"] == "AGENT"
    answered = left if row["ser_start"] == NEVER else _after(joined, row, "ser_start")
    return Call(row["type"], joined, left, answered if served else None)


def _events(call: Call) -> Iterator[Event]:
    item = Item(opened=call.joined.timestamp(), queue=call.queue)
    yield Event(item.opened, item, Happening.ARRIVED)
    if call.answered is not None:
        yield Event(call.answered.timestamp(), item, Happening.COMPLETED)
    yield Event(call.left.timestamp(), item, Happening.LEFT)


def _after(earlier: datetime, row: dict[str, str], column: str) -> datetime:
    """Seconds of disorder occur in the log; half a day backwards means that midnight lay between."""
    time = _clock(row["date"], row[column])
    return time + timedelta(days=1) if earlier - time > timedelta(hours=12) else time


def _clock(date: str, time: str) -> datetime:
    try:
        return datetime.strptime(f"{date} {time}", "%y%m%d %H:%M:%S").replace(tzinfo=ZONE)
    except ValueError:
        raise ValueError(f"{date} {time!r} is not a time like 990214 7:02:47") from None


def _midnight(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0)
