"""A queue_log in a folder and its feed, and single lines of one, for the tests of both."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from intraday_client import INTERVALS
from intraday_client.connectors.queue_log.entries import parse
from intraday_client.connectors.queue_log.feed import QueueLogFeed
from intraday_client.connectors.queue_log.floor import Floor
from intraday_client.kinds import STATES, Kind
from tests.python_client.asterisk import EMPLOYEES, START

LENGTH, TARGET = 900, 20
COUNTS = ("offered", "answered", "answered_in_target", "abandoned", "abandoned_in_target", "wait_seconds")
SECONDS = ("handle_seconds", "available_seconds")
Row = dict[str, Any]


class Rows:
    """Takes what a feed posts as the server would: the newest of each interval and state."""

    def __init__(self) -> None:
        self.intervals: dict[tuple[str, str], Row] = {}
        self.states: dict[tuple[str, str], Row] = {}
        self.broken = False

    def __call__(self, kind: Kind[Any], rows: Iterable[Row]) -> None:
        if self.broken:
            raise OSError("the server is away")
        for row in rows:
            if kind is INTERVALS:
                self.intervals[row["queue_name"], row["interval_start"]] = row
            else:
                assert kind is STATES
                self.states[row["employee_id"], row["since"]] = row

    def figures(self) -> dict[tuple[str, int], dict[str, float]]:
        """Return what is not zero."""
        found = {
            (queue, minutes(start) * 60 // LENGTH): {name: row[name] for name in (*COUNTS, *SECONDS) if row[name]}
            for (queue, start), row in self.intervals.items()
        }
        return {key: row for key, row in found.items() if row}


def minutes(start: str) -> int:
    return (int(start[11:13]) - 10) * 60 + int(start[14:16])


class Site:
    """A folder with a log that grows, and the feed of it, started anew for every round."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.log, self.state = folder / "queue_log", folder / "state/feed.json"
        self.options = {"employees": EMPLOYEES} | options
        self.rows, self.now = Rows(), float(START)
        self.log.touch()

    def write(self, text: str) -> None:
        with self.log.open("a") as file:
            file.write(text)

    def round(self) -> None:
        feed = QueueLogFeed(
            self.log,
            self.state,
            "org_123",
            "dept_456",
            LENGTH // 60,
            clock=lambda: self.now,
            **self.options,
        )
        feed.round(self.rows)


def floor_of(*lines: str, end: float = 600, **options: Any) -> Floor:
    """Lines with seconds since START, at the end of their interval."""
    floor = Floor(LENGTH, **options)
    for line in lines:
        second, _, rest = line.partition("|")
        entry = parse(f"{START + int(second)}|{rest}")
        assert entry is not None
        floor.take(entry)
    floor.advance(START + end)
    return floor


def tally(floor: Floor, queue: str = "support") -> dict[str, Any]:
    found = floor.tallies.by_interval[queue, START]
    return {name: value for name in (*COUNTS, *SECONDS) if (value := getattr(found, name))}


def states(*lines: str, **options: Any) -> list[tuple[int, str, str]]:
    taken = floor_of(*lines, **options).agents.take_states()
    return [(int(each["since"] - START), each["state"], each["reason"]) for each in taken]


ENTER = "0|1.1|support|NONE|ENTERQUEUE||5550|1"
CONNECT = "10|1.1|support|Ann|CONNECT|10|1.2|3"
