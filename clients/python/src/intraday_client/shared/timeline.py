# Made by `make types` from intraday/replay/timeline.py: do not edit.
"""A recorded log as instants in time order, one instant for one POST."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from intraday_client.shared.rows import TIMES, Row, iso


class LogError(Exception):
    """The log cannot be read at all; the text is for the person who started the command."""


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Target:
    """The organization and department that a log is posted for."""

    organization_id: str
    department_id: str


@dataclass(frozen=True, slots=True)
class Instant:
    """The rows of one kind (intraday.api_client.client.PATHS) that one log shows at one time (aware, UTC)."""

    time: datetime
    kind: str
    rows: list[Row]


@dataclass(frozen=True)
class RecordedLog:
    """A log made ready to post: the times of its instants are known at once (progress, shift), its rows are made while
    it is read. It is moved in time by whole `steps`, so that intervals stay on their grid."""

    name: str
    zone: ZoneInfo
    times: list[datetime]
    instants: Iterable[Instant]
    problems: list[Problem] = field(default_factory=list)
    step: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time as typed, read as the log's wall clock unless it names an offset."""

    start: datetime | None = None
    end: datetime | None = None

    def begin(self, zone: ZoneInfo, default: datetime) -> datetime:
        return in_utc(self.start or default, zone)

    def finish(self, zone: ZoneInfo, default: datetime) -> datetime:
        return in_utc(self.end or default, zone)


WHOLE = Window()


def in_utc(time: datetime, zone: ZoneInfo) -> datetime:
    """Return the time in UTC; an hour that a clock change repeats is read as its first pass."""
    return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)


def grid(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    """Return every step from start on, and the end itself even when the steps miss it."""
    if end < start:
        raise LogError(f"the end {iso(end)} lies before the start {iso(start)}")
    times = [start + step * i for i in range((end - start) // step + 1)]
    return times if times[-1] == end else [*times, end]


def shifted(instant: Instant, by: timedelta) -> Instant:
    if not by:
        return instant
    rows = [
        {name: _moved(value, by) if name in TIMES else value for name, value in row.items()} for row in instant.rows
    ]
    return Instant(instant.time + by, instant.kind, rows)


def _moved(time: str, by: timedelta) -> str:
    return iso(datetime.fromisoformat(time) + by)
