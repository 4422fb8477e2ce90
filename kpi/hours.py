"""Weekly opening hours, as people write them. Pure: no database, no clock.

`Mon-Fri 08:00-20:00` a line (or after a semicolon); an end before its start is of the next day.
"""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
LONGEST = 2_000  # characters of a week: reading them takes steps that grow with their square
LOOK_AHEAD_DAYS = 400
LOOK_BACK_DAYS = 9
_DAY = "|".join(DAYS)
_LINE = re.compile(rf"(?P<days>(?:{_DAY})(?:\s*[-,]\s*(?:{_DAY}))*)\s+(?P<spans>\d.*)", re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


class Opening(NamedTuple):
    """Minutes of the local day on which it begins; `end` may lie beyond midnight."""

    start: int
    end: int


Week = tuple[tuple[Opening, ...], ...]
"""The openings that begin on each day, Monday first."""


@lru_cache(1024)
def parse(text: str) -> Week:
    """Parse a week of opening hours; empty text means always open. Raises ValueError with a message for the author."""
    days: list[list[Opening]] = [[] for _ in DAYS]
    lines = [line.strip() for line in re.split(r"[;\n]", text) if line.strip()]
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"“{line}” is not like “Mon-Fri 08:00-20:00”.")
        spans = _spans(match["spans"], line)
        for day in _days(match["days"].lower()):
            days[day] += spans
    week = tuple(tuple(sorted(openings)) for openings in days)
    _refuse_overlaps(week)
    return week if lines else ()


def _days(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, *last = (DAYS.index(name.strip()) for name in part.split("-"))
        if len(last) > 1:
            raise ValueError(f"“{part.strip()}” is not a range of days.")
        count = (last[0] - first) % 7 + 1 if last else 1
        yield from ((first + step) % 7 for step in range(count))


def _spans(text: str, line: str) -> list[Opening]:
    parts = re.split(r"\s*,\s*|\s+(?=\d{1,2}:\d{2}\s*-)", text)
    return [_span(part, line) for part in parts]


def _span(text: str, line: str) -> Opening:
    match = _SPAN.fullmatch(text.strip())
    numbers = [int(group) for group in match.groups()] if match else [99] * 4
    start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if max(numbers[1], numbers[3]) > 59 or start >= DAY_MINUTES or end > DAY_MINUTES or start == end:
        raise ValueError(f"“{text.strip()}” in “{line}” is not a span such as 08:00-20:00 (24:00 ends a day).")
    return Opening(start, end if end > start else end + DAY_MINUTES)


def _refuse_overlaps(week: Week) -> None:
    spans = sorted(
        (day * DAY_MINUTES + start, day * DAY_MINUTES + end) for day, each in enumerate(week) for start, end in each
    )
    if spans:
        spans.append((spans[0][0] + WEEK_MINUTES, spans[0][1] + WEEK_MINUTES))
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise ValueError(f"Two openings on {DAYS[start // DAY_MINUTES % 7].title()} overlap.")


def closed_until(text: str, holidays: Collection[date], zone: ZoneInfo, at: datetime) -> datetime | None:
    """The next opening where it is closed at that instant; None where it is open. On holidays nothing begins: an
    opening that began the evening before goes on. One that never opens again is closed for LOOK_AHEAD_DAYS."""
    week = parse(text)
    today = at.astimezone(zone).date()
    for step in range(-1, LOOK_AHEAD_DAYS):
        day = today + timedelta(days=step)
        for opening in _openings(week, day, holidays):
            start, end = (instant(day, minutes, zone) for minutes in opening)
            if start <= at < end:
                return None
            if start > at:
                return start
    return at + timedelta(days=LOOK_AHEAD_DAYS)


ALWAYS = datetime.min.replace(tzinfo=UTC)


def open_since(text: str, holidays: Collection[date], zone: ZoneInfo, at: datetime) -> datetime | None:
    """Return when the opening that holds `at` began; None where it is closed then, ALWAYS where it never closes.

    Openings that touch, such as one day until 24:00 and the next from 00:00, are one.
    """
    week = parse(text)
    if not week and not holidays:
        return ALWAYS
    today, since = at.astimezone(zone).date(), None
    for step in range(LOOK_BACK_DAYS):
        day = today - timedelta(days=step)
        for opening in reversed(_openings(week, day, holidays)):
            start, end = (instant(day, minutes, zone) for minutes in opening)
            if start <= at < end if since is None else start < since <= end:
                since = start
    return since


def _openings(week: Week, day: date, holidays: Collection[date]) -> tuple[Opening, ...]:
    if day in holidays:
        return ()
    return week[day.weekday()] if week else (Opening(0, DAY_MINUTES),)


def instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant at which local clocks show so many minutes of that day (24:00 is midnight of the next)."""
    later, left = divmod(minutes, DAY_MINUTES)
    wall = datetime.combine(day + timedelta(days=later), time(left // 60, left % 60), zone)
    return wall.astimezone(UTC)


def local_day(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The local day of an instant, from midnight to midnight: 23 to 25 hours."""
    return day_bounds(at.astimezone(zone).date(), zone)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return instant(day, 0, zone), instant(day, DAY_MINUTES, zone)
