"""Hours of the week as people write them: `Mon-Fri 08:00-20:00` a line, or after a semicolon.

Days and spans may be lists: `sat,sun 09:00-12:00, 13:00-17:00`. An end that is not after its start is of the next day.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
_DAY = "|".join(DAYS)
_LINE = re.compile(rf"(?P<days>(?:{_DAY})(?:\s*[-,]\s*(?:{_DAY}))*)\s+(?P<spans>\d.*)", re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


class Span(NamedTuple):
    """Minutes of the day, as written: the end may be 1440, and before the start."""

    start: int
    end: int
    text: str


class Line(NamedTuple):
    """The spans of these days (0 is Monday)."""

    days: list[int]
    spans: list[Span]
    text: str


def lines(text: str) -> list[Line]:
    """Read the lines. Raises ValueError, in words for the person who wrote them."""
    return [_line(line.strip()) for line in re.split(r"[;\n]", text) if line.strip()]


def not_a_span(span: str, line: str) -> ValueError:
    return ValueError(f"“{span}” in “{line}” is not a span such as 08:00-20:00 (24:00 ends a day).")


def _line(text: str) -> Line:
    match = _LINE.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text}” is not like “Mon-Fri 08:00-20:00”.")
    spans = re.split(r" ?, ?| (?=\d{1,2}:\d{2} ?-)", " ".join(match["spans"].split()))
    days = list(_days(match["days"].lower()))
    return Line(days, [_span(span.strip(), text) for span in spans], text)


def _days(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, *last = (DAYS.index(name.strip()) for name in part.split("-"))
        if len(last) > 1:
            raise ValueError(f"“{part.strip()}” is not a range of days.")
        count = (last[0] - first) % 7 + 1 if last else 1
        yield from ((first + step) % 7 for step in range(count))


def _span(text: str, line: str) -> Span:
    match = _SPAN.fullmatch(text)
    numbers = [int(group) for group in match.groups()] if match else [99] * 4
    start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if max(numbers[1], numbers[3]) > 59 or start >= DAY_MINUTES or end > DAY_MINUTES:
        raise not_a_span(text, line)
    return Span(start, end, text)
