"""Anybody's own table of figures or records, read with a map: rows of one time make one instant."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from intraday.api_client.rows import Row, iso
from intraday.replay.kinds import INTERVALS
from intraday.replay.mapping import Map
from intraday.replay.mapping import read as read_map
from intraday.replay.table_file import read_table
from intraday.replay.timeline import WHOLE, Instant, LogError, Problem, RecordedLog, Target, Window, in_utc

Numbered = tuple[int, Row]
Key = tuple[str, ...]
LONGEST_MINUTES = 60
"""Intervals moved by whole hours stay on their grid, whatever their length."""


def read(path: Path, map_path: Path, *, target: Target, window: Window = WHOLE) -> RecordedLog:
    """Return the rows of a table.

    The organization comes from the command line; a department there yields to the one in the table or map.
    """
    mapping, problems = read_map(map_path), list[Problem]()
    by_time: dict[datetime, dict[Key, Numbered]] = defaultdict(dict)
    for line, time, row in _rows(path, mapping, problems):
        if _inside(time, window, mapping):
            _keep(by_time[time], line, _addressed(row, target), mapping.kind.key, problems)
    if not by_time:
        raise LogError(_nothing(path, problems))
    instants = list(_instants(by_time, mapping))
    times = [instant.time for instant in instants]
    step = _step(row for instant in instants for row in instant.rows)
    problems.sort(key=lambda problem: problem.line)
    return RecordedLog(path.name, mapping.zone, times, instants, problems, step)


def _instants(by_time: dict[datetime, dict[Key, Numbered]], mapping: Map) -> Iterator[Instant]:
    """Yield instants in order of time. An interval is known at its measurement, else at its end."""
    known: dict[datetime, list[Row]] = defaultdict(list)
    for time in sorted(by_time):
        for _, row in by_time[time].values():
            known[_known_at(time, row)].append(row)
    now = datetime.now(UTC)
    for time in sorted(known):
        yield Instant(time, mapping.kind.path, known[time])
        if mapping.kind is INTERVALS and time <= now:  # an interval that still runs is computed by the server itself
            for organization in dict.fromkeys(row["organization_id"] for row in known[time]):
                yield Instant(time, "compute", [{"organization_id": organization, "as_of_time": iso(time)}])


def _known_at(time: datetime, row: Row) -> datetime:
    if "interval_minutes" not in row:
        return time
    return datetime.fromisoformat(row["as_of"]) if "as_of" in row else time + timedelta(minutes=row["interval_minutes"])


def _step(rows: Iterable[Row]) -> timedelta:
    """The least by which all intervals may be moved and still begin where intervals of their length do."""
    lengths = {row["interval_minutes"] for row in rows if row.get("interval_minutes")}
    return timedelta(minutes=min(LONGEST_MINUTES, math.lcm(*lengths))) if lengths else timedelta(seconds=1)


def _rows(path: Path, mapping: Map, problems: list[Problem]) -> Iterator[tuple[int, datetime, Row]]:
    for line, cells in read_table(path, mapping.headings, delimiter=mapping.delimiter, encoding=mapping.encoding):
        try:
            time, row = mapping.row(cells)
            _known_at(time, row)
        except ValueError as error:
            problems.append(Problem(line, str(error)))
        except OverflowError:
            problems.append(Problem(line, "the interval ends beyond the calendar"))
        else:
            yield line, time, row


def _addressed(row: Row, target: Target) -> Row:
    department = {"department_id": target.department_id} if target.department_id else {}
    return {"organization_id": target.organization_id} | department | row


def _keep(rows: dict[Key, Numbered], line: int, row: Row, key: Key, problems: list[Problem]) -> None:
    """A later line for the same queue or person and time is a correction of the earlier one."""
    place = tuple(str(row.get(name, "")) for name in key)
    if place in rows and rows[place][1] != row:
        problems.append(Problem(rows[place][0], f"replaced by line {line}: same {_named(key)}, same time"))
    rows[place] = (line, row)


def _named(key: Key) -> str:
    return "queue" if "queue_name" in key else "shift" if "shift_id" in key else "person"


def _inside(time: datetime, window: Window, mapping: Map) -> bool:
    after = window.start is None or time >= in_utc(window.start, mapping.zone)
    return after and (window.end is None or time <= in_utc(window.end, mapping.zone))


def _nothing(path: Path, problems: list[Problem]) -> str:
    first = f"; line {problems[0].line}: {problems[0].message}" if problems else ""
    return f"{path} holds no usable row ({len(problems)} bad{first})"
