"""The calls of a bank's call centre: one row for each call, queue = type of call.

In the queue from `q_start` until `q_exit`. PHANTOM calls never had a caller and are left out; a call without a queue
start was never in the backlog. A call is completed at its service start, or at its queue exit where the start was not
recorded; a caller who hangs up leaves without being completed, even where a service time was written down for him.
Clock times carry only the date of the call's start: a time that lies far before the one it follows is the next day's.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

from intraday.api_client.rows import Row, iso
from intraday.replay.adapters import acd_simulation
from intraday.replay.adapters.acd_simulation import INTERVAL, THRESHOLD, Call, Intervals
from intraday.replay.adapters.item_snapshots import Event, EventKind, Item, older_than, snapshots
from intraday.replay.table_file import read_table
from intraday.replay.timeline import WHOLE, Instant, LogError, Problem, RecordedLog, Target, Window, grid

ZONE = ZoneInfo("Asia/Jerusalem")
DEPARTMENT = "bank"
EVERY = timedelta(minutes=5)
NEVER = "0:00:00"
NOBODY = "NO_SERVER"
NOT_RECORDED = timedelta()
COLUMNS = (
    "type",
    "date",
    "vru_entry",
    "vru_exit",
    "q_start",
    "q_exit",
    "q_time",
    "outcome",
    "ser_start",
    "ser_time",
    "server",
)


def read(
    path: Path,
    *,
    target: Target,
    every: timedelta = EVERY,
    window: Window = WHOLE,
    age_limit: timedelta | None = None,
) -> RecordedLog:
    """Return people, intervals and backlog on one grid of times; each time is computed when all of it is posted."""
    problems: list[Problem] = []
    found = _with_mean_service(list(calls(path, problems)))
    if not any(call.joined for call in found):
        raise LogError(f"{path} holds no call that queued")
    first, last = min(call.came for call in found), max(call.left for call in found)
    begin, end = _midnight(first), _midnight(last + timedelta(days=1))
    times = grid(window.begin(ZONE, begin), window.finish(ZONE, end), every)
    log = [event for call in found for event in _events(call)]
    over_sla = older_than((age_limit or THRESHOLD).total_seconds())
    queues = sorted({call.queue for call in found})
    waiting = snapshots(log, times, every.total_seconds(), target=target, over_sla=over_sla, queues=queues)
    people = acd_simulation.attendance(found, times, target)
    over = max(call.ended for call in found)
    after = [over] if window.end is None and over > times[-1] else []  # calls of the last day go on into the night
    instants = _instants([*times, *after], waiting, Intervals(found, queues, target), people, target)
    return RecordedLog("bank", ZONE, sorted([*times * 3, *people, *after * 2]), instants, problems, step=INTERVAL)


def _instants(
    times: list[datetime],
    waiting: Iterator[Instant],
    intervals: Intervals,
    people: dict[datetime, list[Row]],
    target: Target,
) -> Iterator[Instant]:
    asked = {"organization_id": target.organization_id, "department_id": target.department_id}
    for time, backlog in zip_longest(times, waiting):
        if time in people:
            yield Instant(time, "attendance", people[time])
        yield Instant(time, "kpi", list(intervals.at(time)))
        if backlog is not None:
            yield backlog
        yield Instant(time, "compute", [{**asked, "as_of_time": iso(time)}])


def calls(path: Path, problems: list[Problem]) -> Iterator[Call]:
    """Yield the calls that were answered or queued for it."""
    for number, row in read_table(path, COLUMNS):
        if row["outcome"] == "PHANTOM" or (row["outcome"] != "AGENT" and row["q_start"] == NEVER):
            continue
        try:
            yield _call(row)
        except (ValueError, OverflowError) as error:
            problems.append(Problem(number, str(error)))


def _call(row: dict[str, str]) -> Call:
    entry = _clock(row["date"], row["vru_entry"])
    came = _after(entry, row, "vru_exit")
    joined = None if row["q_start"] == NEVER else _after(entry, row, "q_start")
    left = came if joined is None else _after(joined, row, "q_exit")
    answered = None
    if row["outcome"] == "AGENT":
        answered = left if row["ser_start"] == NEVER else _after(joined or entry, row, "ser_start")
    agent = "" if row["server"] == NOBODY else row["server"]
    return Call(
        day=entry.date(),
        queue=row["type"],
        came=came.astimezone(UTC),
        joined=joined and joined.astimezone(UTC),
        left=left.astimezone(UTC),
        waited=_seconds(row, "q_time"),
        answered=answered and answered.astimezone(UTC),
        talked=_seconds(row, "ser_time") if agent else NOT_RECORDED,
        agent=agent,
    )


def _with_mean_service(found: list[Call]) -> list[Call]:
    """A service whose agent or length was not recorded is taken to be as long as the day's mean."""
    known = defaultdict(list)
    for call in found:
        if call.answered is not None and call.talked != NOT_RECORDED:
            known[call.day].append(call.talked.total_seconds())
    means = {day: timedelta(seconds=fmean(lengths)) for day, lengths in known.items()}
    return [
        call._replace(talked=means.get(call.day, NOT_RECORDED), agent="") if call.talked == NOT_RECORDED else call
        for call in found
    ]


def _events(call: Call) -> Iterator[Event]:
    if call.joined is None:
        return
    item = Item(opened=call.joined.timestamp(), queue=call.queue)
    yield Event(item.opened, item, EventKind.ARRIVED)
    if call.answered is not None:
        yield Event(call.answered.timestamp(), item, EventKind.COMPLETED)
    yield Event(call.left.timestamp(), item, EventKind.LEFT)


def _after(earlier: datetime, row: dict[str, str], column: str) -> datetime:
    """Seconds of disorder occur in the log; half a day backwards means that midnight lay between."""
    time = _clock(row["date"], row[column])
    return time + timedelta(days=1) if earlier - time > timedelta(hours=12) else time


def _clock(date: str, time: str) -> datetime:
    try:
        return datetime.strptime(f"{date} {time}", "%y%m%d %H:%M:%S").replace(tzinfo=ZONE)
    except ValueError:
        raise ValueError(f"{date} {time!r} is not a time like 990214 7:02:47") from None


def _seconds(row: dict[str, str], column: str) -> timedelta:
    try:
        return timedelta(seconds=max(0, int(row[column])))
    except (ValueError, OverflowError):
        raise ValueError(f"{row[column]!r} ({column}) is not a number of seconds") from None


def _midnight(time: datetime) -> datetime:
    return time.astimezone(ZONE).replace(hour=0, minute=0, second=0)
