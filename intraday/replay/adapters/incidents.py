"""The log of an IT service desk: one row for each update of an incident, queue = assignment group.

Stamps are whole minutes of local wall clock. What is stamped 10:15 happened in the minute that begins then, so it is
known, and counted, once that minute is over; a snapshot at midnight is therefore exactly the day that ended.
An incident whose first row comes later than its opening waits in `unassigned` until then: the log must not be read
ahead of time. A move between groups is neither an addition nor a completion: it shifts the queues' totals only, and
the organization's sums stay exact. An incident counts as added where it stands at the end of its first interval.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from intraday.replay.adapters.item_snapshots import Event, EventKind, Item, older_than, snapshots
from intraday.replay.table_file import read_table
from intraday.replay.timeline import WHOLE, Problem, RecordedLog, Target, Window, grid

ZONE = ZoneInfo("America/Sao_Paulo")  # not stated in the log; its donors work in Brazil
DEPARTMENT = "service_desk"
UNASSIGNED = "unassigned"
WEEK = (datetime(2016, 3, 28, tzinfo=ZONE), datetime(2016, 4, 4, tzinfo=ZONE))
EVERY = timedelta(minutes=15)
COLUMNS = ("number", "made_sla", "opened_at", "sys_updated_at", "assignment_group", "resolved_at", "closed_at")
NumberedRow = tuple[int, dict[str, str]]


def read(
    path: Path,
    *,
    target: Target,
    every: timedelta = EVERY,
    window: Window = WHOLE,
    age_limit: timedelta | None = None,
) -> RecordedLog:
    """Return the backlog of the desk.

    With an `age_limit` older items are over SLA, in place of the desk's own verdict.
    """
    problems: list[Problem] = []
    times = grid(window.begin(ZONE, WEEK[0]), window.finish(ZONE, WEEK[1]), every)
    over_sla = older_than(age_limit.total_seconds()) if age_limit else missed_sla
    log = list(events(path, problems))
    rows = snapshots(log, times, every.total_seconds(), target=target, over_sla=over_sla)
    return RecordedLog("incidents", ZONE, times, rows, problems)


def missed_sla(item: Item, _now: float) -> bool:
    """Tell the desk's own verdict as it stood: set almost only on resolution, so that open work looks compliant."""
    return item.breached


def events(path: Path, problems: list[Problem]) -> Iterator[Event]:
    """Yield the events of every incident; its rows are in time order in the file, the last one is its latest."""
    lives: dict[str, list[NumberedRow]] = defaultdict(list)
    for line in read_table(path, COLUMNS):
        lives[line[1]["number"]].append(line)
    for lines in lives.values():
        yield from _life(lines, problems)


def _life(lines: list[NumberedRow], problems: list[Problem]) -> Iterator[Event]:
    number, last = lines[-1]
    try:
        opened = _stamp(last["opened_at"])
        ended = _end(last)
    except ValueError as error:
        problems.append(Problem(number, str(error)))
        return
    item = Item(opened=opened, queue=UNASSIGNED)
    yield Event(_known(opened), item, EventKind.ARRIVED)
    yield from _changes(item, lines, problems)
    if ended is not None:
        yield Event(_known(ended), item, EventKind.COMPLETED)
        yield Event(_known(ended), item, EventKind.LEFT)


def _changes(item: Item, lines: list[NumberedRow], problems: list[Problem]) -> Iterator[Event]:
    for number, row in lines:
        try:
            known = _known(_stamp(row["sys_updated_at"]))
        except ValueError as error:
            problems.append(Problem(number, str(error)))
            continue
        queue, breached = _queue(row["assignment_group"]), row["made_sla"] == "false"
        yield Event(known, item, EventKind.CHANGED, queue, breached)


def _end(row: dict[str, str]) -> float | None:
    """Closing follows days after resolution by itself, so it counts only where no resolution is recorded."""
    ended = next((row[name] for name in ("resolved_at", "closed_at") if row[name] not in ("?", "")), None)
    return _stamp(ended) if ended else None


def _queue(group: str) -> str:
    return UNASSIGNED if group in ("?", "") else f"Group {group.removeprefix('Group ')}"


def _known(stamp: float) -> float:
    return stamp + 60


@lru_cache(maxsize=100_000)
def _stamp(text: str) -> float:
    try:
        return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=ZONE).timestamp()
    except ValueError:
        raise ValueError(f"{text!r} is not a time like 28/3/2016 14:05") from None
