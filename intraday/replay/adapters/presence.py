"""Presence in an office: badges that met face to face for 20 seconds, and the department of each badge.

A person is there from the first sighting of a day until the last one; sightings are not a time clock, so she may have
come earlier or left later, and who met nobody all day is absent. Dates are those of the log where it has any; else its
seconds count from midnight of the first day, which is the first Monday of June 2015 unless the caller knows better.
Nobody published shifts: everybody in the list of departments is taken to work from Monday to Friday, 9:00 to 17:00, in
the weeks in which anybody was seen.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from zoneinfo import ZoneInfo

from intraday.api_client.rows import Row, iso
from intraday.replay.table_file import read_table
from intraday.replay.timeline import WHOLE, Instant, LogError, Problem, RecordedLog, Target, Window, grid, in_utc

ZONE = ZoneInfo("Europe/Paris")
DEPARTMENT = ""  # as the list of departments says
DEPARTMENTS = "workplace_departments.csv"  # beside the log
EVERY = timedelta(minutes=5)
MONDAY = date(2015, 6, 1)
WORKDAYS = 5
DATED = 100_000_000  # seconds: more count from 1970, fewer from the first day of the log
SHIFT = (clock(9), clock(17))
Seen = tuple[datetime, datetime]


def read(
    path: Path,
    *,
    target: Target,
    every: timedelta = EVERY,
    window: Window = WHOLE,
    age_limit: timedelta | None = None,
    first_day: date | None = None,
) -> RecordedLog:
    """Return shifts at midnight, then comings and goings on a grid of times.

    Raises LogError where nobody is seen in the window: shifts alone would make everybody absent.
    """
    if age_limit:
        raise LogError("--age-limit is for items that wait: there are none in this log")
    problems: list[Problem] = []
    people = _people(path.parent / DEPARTMENTS, target)
    seen = _sightings(path, people, first_day, problems)
    if not seen:
        raise LogError(f"{path} holds no sighting of anybody in {DEPARTMENTS}")
    days = _workdays({day for _, day in seen})
    last = max(days[-1], *(day for _, day in seen)) + timedelta(days=1)
    times = grid(window.begin(ZONE, _midnight(days[0])), window.finish(ZONE, _midnight(last)), every)
    records = [(at, "attendance", row) for at, row in _records(people, seen) if times[0] <= at <= times[-1]]
    if not records:
        raise LogError(_nobody_seen(path, times, seen))
    told = [(_midnight(day).astimezone(UTC), "shifts", row) for day in days for row in _shifts(people, day)]
    instants = list(_instants([*told, *records], times))
    return RecordedLog("presence", ZONE, [instant.time for instant in instants], instants, problems)


def _workdays(seen: set[date]) -> list[date]:
    """Return Monday to Friday of each week in which anybody was seen."""
    mondays = sorted({day - timedelta(days=day.weekday()) for day in seen})
    return [monday + timedelta(days=number) for monday in mondays for number in range(WORKDAYS)]


def _nobody_seen(path: Path, times: list[datetime], seen: dict[tuple[str, date], Seen]) -> str:
    days = sorted(day for _, day in seen)
    return (
        f"nobody is seen between {iso(times[0])} and {iso(times[-1])}, and shifts alone are not posted: {path} covers "
        f"{days[0]} to {days[-1]}. Set --from and --to within it, or --first-day where its dates are others"
    )


def _instants(told: list[tuple[datetime, str, Row]], times: list[datetime]) -> Iterator[Instant]:
    """Yield each row at the next time of the grid, shifts before people."""
    found: dict[tuple[datetime, str], list[Row]] = defaultdict(list)
    for at, kind, row in told:
        if times[0] <= at <= times[-1]:
            found[times[bisect_left(times, at)], kind].append(row)
    for time, kind in sorted(found, key=lambda key: (key[0], key[1] != "shifts")):
        yield Instant(time, kind, found[time, kind])


def _records(people: dict[str, Row], seen: dict[tuple[str, date], Seen]) -> Iterator[tuple[datetime, Row]]:
    for (badge, _), (came, left) in seen.items():
        record = {**people[badge], "checked_in_at": iso(came)}
        yield came, {**record, "snapshot_time": iso(came), "status": "present"}
        yield left, {**record, "snapshot_time": iso(left), "status": "checked_out", "checked_out_at": iso(left)}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, clock(), ZONE)


def _people(path: Path, target: Target) -> dict[str, Row]:
    return {
        row["i"]: {
            "organization_id": target.organization_id,
            "department_id": target.department_id or row["Di"],
            "employee_id": f"badge-{row['i']}",
        }
        for _, row in read_table(path, ("i", "Di"))
    }


def _sightings(
    path: Path, people: dict[str, Row], first_day: date | None, problems: list[Problem]
) -> dict[tuple[str, date], Seen]:
    """Return by badge and local day the times at which it was seen first and last."""
    seen: dict[tuple[str, date], Seen] = {}
    for number, row in read_table(path, ("t", "i", "j")):
        try:
            at = _time(row["t"], first_day)
        except (ValueError, OverflowError, OSError):
            problems.append(Problem(number, f"t: {row['t']!r} is neither a number of seconds nor a date and time"))
            continue
        for badge in (row["i"], row["j"]):
            if badge in people:
                key = badge, at.astimezone(ZONE).date()
                first, last = seen.get(key, (at, at))
                seen[key] = (min(first, at), max(last, at))
    return seen


def _time(text: str, first_day: date | None) -> datetime:
    """Read a date and time, seconds since 1970, or seconds since midnight of the log's first day."""
    dated = not text.strip().isdecimal() or int(text) >= DATED
    if dated and first_day is not None:
        raise LogError(f"--first-day is for logs without dates: this one says {text}")
    if not dated:
        days, second = divmod(int(text), 86_400)
        return _midnight((first_day or MONDAY) + timedelta(days=days)).astimezone(UTC) + timedelta(seconds=second)
    if text.strip().isdecimal():
        return datetime.fromtimestamp(int(text), UTC)
    return in_utc(datetime.fromisoformat(text), ZONE)


def _shifts(people: dict[str, Row], day: date) -> list[Row]:
    start, end = (datetime.combine(day, each, ZONE) for each in SHIFT)
    named = {"start": iso(start), "end": iso(end), "kind": "work"}
    return [{**person, "shift_id": f"{person['employee_id']}-{day:%Y%m%d}", **named} for person in people.values()]
