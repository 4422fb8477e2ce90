"""What every feed yields: instants in time order, one instant for one POST."""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from intraday.names import normalized

Row = dict[str, Any]
EXTRA = "\0"
"""The name under which a line's cells beyond the headings come, if any of them holds something."""
BYTE_ORDER_MARK = "\ufeff"
MAX_ROWS = 5_000  # the API's limit for one batch
TIMES = (
    "snapshot_time",
    "as_of",
    "interval_start",
    "start",
    "end",
    "checked_in_at",
    "checked_out_at",
    "as_of_time",
    "shift_start",
    "shift_end",
)
"""Fields that hold a time, the one that tells a row apart before others."""
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class FeedError(Exception):
    """The log cannot be read at all; the text is for the person who started the command."""


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a feed reports for."""

    organization_id: str
    department_id: str


@dataclass(frozen=True, slots=True)
class Instant:
    """The rows of one kind (intraday.feeds.client.PATHS) that one log shows at one time (aware, UTC)."""

    time: datetime
    kind: str
    rows: list[Row]


@dataclass(frozen=True)
class Feed:
    """A log made ready: the times of its instants are known at once (progress, shift), its rows are made while one
    reads. Moved in time, it is moved by whole `steps`: intervals stay on their grid."""

    name: str
    zone: ZoneInfo
    times: list[datetime]
    instants: Iterable[Instant]
    problems: list[Problem] = field(default_factory=list)
    step: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """From and to as typed, read as the log's wall clock unless they name an offset."""

    start: datetime | None = None
    end: datetime | None = None

    def begin(self, zone: ZoneInfo, default: datetime) -> datetime:
        return in_utc(self.start or default, zone)

    def finish(self, zone: ZoneInfo, default: datetime) -> datetime:
        return in_utc(self.end or default, zone)


WHOLE = Window()


def in_utc(time: datetime, zone: ZoneInfo) -> datetime:
    """An hour that a clock change repeats is read as its first pass."""
    return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)


def iso(time: datetime) -> str:
    """UTC with Z; milliseconds only where there are any."""
    precision = "milliseconds" if time.microsecond else "seconds"
    return time.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def duration(text: str) -> timedelta:
    """`30s`, `15m`, `1h`, `1d`; a bare number is seconds. ValueError for anything else, and for nothing at all."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if not match or not float(match[1]):
        raise ValueError(f"{text!r} is not a length of time: write 30s, 15m or 1h")
    return timedelta(seconds=float(match[1]) * UNIT_SECONDS[match[2] or "s"])


def grid(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    """Every step from start on, and the end itself even when the steps miss it."""
    if end < start:
        raise FeedError(f"the end {iso(end)} lies before the start {iso(start)}")
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


def time_of(row: Row) -> str:
    """What a row is told apart by, for people."""
    return next((row[name] for name in TIMES if name in row), "?")


def batches(rows: list[Row], size: int = MAX_ROWS) -> Iterator[list[Row]]:
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


def open_text(path: Path, encoding: str = "utf-8") -> TextIO:
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding=encoding, newline="")
        return path.open(encoding=encoding, newline="")
    except OSError as error:
        raise FeedError(f"cannot read {path}: {error.strerror or error}") from error
    except LookupError as error:
        raise FeedError(f"{encoding!r} is not an encoding known here") from error


def read_table(
    path: Path, columns: Iterable[str], *, delimiter: str = ",", encoding: str = "utf-8"
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the cells of every row that is not blank.

    Raises FeedError when a needed column is missing or stands twice, or when the file is no table. Columns without a
    heading, and those that nobody needs, may be there.
    """
    with open_text(path, encoding) as lines:
        reader = csv.reader(lines, delimiter=delimiter)
        try:
            headings = [_heading(cell) for cell in next(reader, [])]
            _require(headings, columns, path)
            for cells in reader:
                if cells:
                    yield reader.line_num, _by_heading(headings, cells)
        except (csv.Error, UnicodeError, gzip.BadGzipFile, EOFError) as error:
            raise FeedError(f"{path} is not readable as a table near line {reader.line_num + 1}: {error}") from error


def _heading(cell: str) -> str:
    return normalized(cell.removeprefix(BYTE_ORDER_MARK).strip())


def _by_heading(headings: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Cells that are missing at the end are empty; those too many come together as EXTRA."""
    found = dict.fromkeys(headings, "") | dict(zip(headings, cells, strict=False))
    extra = "".join(cells[len(headings) :]).strip()
    return found | {EXTRA: extra} if extra else found


def _require(headings: Sequence[str], columns: Iterable[str], path: Path) -> None:
    needed = set(columns)
    if missing := sorted(needed - set(headings)):
        shown = ", ".join(heading for heading in headings if heading) or "none"
        raise FeedError(f"{path} has no column {', '.join(missing)}; it has: {shown}")
    if twice := sorted(name for name in needed if headings.count(name) > 1):
        places = ", ".join(str(place) for place, heading in enumerate(headings, 1) if heading == twice[0])
        raise FeedError(f"{path} has the heading {twice[0]} more than once (columns {places}): rename all but one")
