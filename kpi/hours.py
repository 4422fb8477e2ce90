"""Weekly opening hours, as people write them (intraday.values.weekly_hours). Pure: no database, no clock."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from intraday.values import weekly_hours
from intraday.values.weekly_hours import DAY_MINUTES, DAYS

WEEK_MINUTES = 7 * DAY_MINUTES
LONGEST = 2_000  # characters of a week: reading them takes steps that grow with their square
LOOK_AHEAD_DAYS = 400
LOOK_BACK_DAYS = 9


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
    lines = weekly_hours.lines(text)
    for line in lines:
        spans = [_opening(span, line) for span in line.spans]
        for day in line.days:
            days[day] += spans
    week = tuple(tuple(sorted(openings)) for openings in days)
    _refuse_overlaps(week)
    return week if lines else ()


def _opening(span: weekly_hours.Span, line: weekly_hours.Line) -> Opening:
    if span.start == span.end:
        raise weekly_hours.not_a_span(span.text, line.text)
    return Opening(span.start, span.end if span.end > span.start else span.end + DAY_MINUTES)


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
