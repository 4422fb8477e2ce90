"""Who was seen in an office: badges that met face to face for 20 seconds, and the department of each badge.

A person is there from the first sighting of a day until the last one; sightings are not a time clock, so she may have
come earlier or left later, and who met nobody all day is absent. Nobody published shifts or dates: everybody in the
list of departments is taken to work from Monday to Friday, 9:00 to 17:00, and Monday to be the first one of June 2015.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from zoneinfo import ZoneInfo

from intraday.feeds.instants import WHOLE, Feed, FeedError, Instant, Problem, Row, Target, Window, grid, iso, read_table

ZONE = ZoneInfo("Europe/Paris")
DEPARTMENT = ""  # as the list of departments says
DEPARTMENTS = "workplace_departments.csv"  # beside the log
EVERY = timedelta(minutes=5)
MONDAY = datetime(2015, 6, 1)  # noqa: DTZ001 - local midnights are made of it
DAYS = 5
SHIFT = (clock(9), clock(17))
Seen = tuple[datetime, datetime]


def read(
    path: Path,
    *,
    target: Target,
    every: timedelta = EVERY,
    window: Window = WHOLE,
    age_limit: timedelta | None = None,
) -> Feed:
    """Shifts at midnight, then comings and goings on a grid of times."""
    if age_limit:
        raise FeedError("--age-limit is for items that wait: there are none in this log")
    problems: list[Problem] = []
    people = _people(path.parent / DEPARTMENTS, target)
    seen = _sightings(path, people, problems)
    if not seen:
        raise FeedError(f"{path} holds no sighting of anybody in {DEPARTMENTS}")
    times = grid(window.begin(ZONE, _local(0)), window.finish(ZONE, _local(DAYS)), every)
    told = [(_local(day).astimezone(UTC), "shifts", row) for day in range(DAYS) for row in _shifts(people, day)]
    told += [(at, "attendance", row) for at, row in _records(people, seen)]
    instants = list(_instants(told, times))
    return Feed("presence", ZONE, [instant.time for instant in instants], instants, problems)


def _instants(told: list[tuple[datetime, str, Row]], times: list[datetime]) -> Iterator[Instant]:
    """Everything is told at the next time of the grid, shifts before people."""
    found: dict[tuple[datetime, str], list[Row]] = defaultdict(list)
    for at, kind, row in told:
        if times[0] <= at <= times[-1]:
            found[times[bisect_left(times, at)], kind].append(row)
    for time, kind in sorted(found, key=lambda key: (key[0], key[1] != "shifts")):
        yield Instant(time, kind, found[time, kind])


def _records(people: dict[str, Row], seen: dict[tuple[str, int], Seen]) -> Iterator[tuple[datetime, Row]]:
    for (badge, _), (came, left) in seen.items():
        record = {**people[badge], "checked_in_at": iso(came)}
        yield came, {**record, "snapshot_time": iso(came), "status": "present"}
        yield left, {**record, "snapshot_time": iso(left), "status": "checked_out", "checked_out_at": iso(left)}


def _local(day: int) -> datetime:
    return (MONDAY + timedelta(days=day)).replace(tzinfo=ZONE)


def _people(path: Path, target: Target) -> dict[str, Row]:
    return {
        row["i"]: {
            "organization_id": target.organization_id,
            "department_id": target.department_id or row["Di"],
            "employee_id": f"badge-{row['i']}",
        }
        for _, row in read_table(path, ("i", "Di"))
    }


def _sightings(path: Path, people: dict[str, Row], problems: list[Problem]) -> dict[tuple[str, int], Seen]:
    """By badge and day, when it was seen first and last."""
    seen: dict[tuple[str, int], Seen] = {}
    for number, row in read_table(path, ("t", "i", "j")):
        try:
            day, second = divmod(int(row["t"]), 86_400)
        except ValueError:
            problems.append(Problem(number, f"{row['t']!r} is not a number of seconds"))
            continue
        at = _local(day).astimezone(UTC) + timedelta(seconds=second)
        for badge in (row["i"], row["j"]):
            if badge in people:
                first, last = seen.get((badge, day), (at, at))
                seen[badge, day] = (min(first, at), max(last, at))
    return seen


def _shifts(people: dict[str, Row], day: int) -> list[Row]:
    date = (MONDAY + timedelta(days=day)).date()
    start, end = (datetime.combine(date, each, ZONE) for each in SHIFT)
    named = {"start": iso(start), "end": iso(end), "kind": "work"}
    return [{**person, "shift_id": f"{person['employee_id']}-{date:%Y%m%d}", **named} for person in people.values()]
