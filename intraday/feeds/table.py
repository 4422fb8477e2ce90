"""Anybody's own table of backlog figures, read with a map: rows of one time make one instant."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from intraday.feeds.instants import WHOLE, Feed, FeedError, Instant, Problem, Row, Target, Window, in_utc, read_table
from intraday.feeds.mapping import Map
from intraday.feeds.mapping import read as read_map

Numbered = tuple[int, Row]
Key = tuple[str, str, str]


def read(path: Path, map_path: Path, *, target: Target, window: Window = WHOLE) -> Feed:
    """The organization comes from the command line; a department there yields to the one in the table or map."""
    mapping, problems = read_map(map_path), list[Problem]()
    by_time: dict[datetime, dict[Key, Numbered]] = defaultdict(dict)
    for line, time, row in _rows(path, mapping, problems):
        if _inside(time, window, mapping):
            _keep(by_time[time], line, _addressed(row, target), problems)
    if not by_time:
        raise FeedError(_nothing(path, problems))
    times = sorted(by_time)
    instants = (Instant(time, "backlog", [row for _, row in by_time[time].values()]) for time in times)
    return Feed(path.name, mapping.zone, times, instants, sorted(problems, key=lambda problem: problem.line))


def _rows(path: Path, mapping: Map, problems: list[Problem]) -> Iterator[tuple[int, datetime, Row]]:
    columns = [column.name for column in mapping.columns.values()]
    for line, cells in read_table(path, columns, delimiter=mapping.delimiter, encoding=mapping.encoding):
        try:
            time, row = mapping.row(cells)
        except ValueError as error:
            problems.append(Problem(line, str(error)))
        else:
            yield line, time, row


def _addressed(row: Row, target: Target) -> Row:
    department = {"department_id": target.department_id} if target.department_id else {}
    return {"organization_id": target.organization_id} | department | row


def _keep(rows: dict[Key, Numbered], line: int, row: Row, problems: list[Problem]) -> None:
    """A later line for the same queue and time is a correction of the earlier one."""
    key = (row["organization_id"], row.get("department_id", ""), row.get("queue_name", ""))
    if key in rows:
        problems.append(Problem(rows[key][0], f"replaced by line {line}: same queue, same time"))
    rows[key] = (line, row)


def _inside(time: datetime, window: Window, mapping: Map) -> bool:
    after = window.start is None or time >= in_utc(window.start, mapping.zone)
    return after and (window.end is None or time <= in_utc(window.end, mapping.zone))


def _nothing(path: Path, problems: list[Problem]) -> str:
    first = f"; line {problems[0].line}: {problems[0].message}" if problems else ""
    return f"{path} holds no usable row ({len(problems)} bad{first})"
