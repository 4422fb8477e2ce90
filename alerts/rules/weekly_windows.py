"""Windows of the week, local to a time zone, in which a rule is active or a silence holds. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from intraday.values.weekly_hours import DAYS as DAYS

MAX_WINDOWS = 50


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """The time from `start` to `end` on these days (0 is Monday); past midnight where the end is not later."""

    days: frozenset[int]
    start: time
    end: time

    def covers(self, local: datetime) -> bool:
        at, today = local.time(), local.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= at < self.end
        yesterday = (today - 1) % 7
        return (today in self.days and at >= self.start) or (yesterday in self.days and at < self.end)


def cover(windows: Sequence[WeeklyWindow], zone: ZoneInfo, at: datetime) -> bool:
    local = at.astimezone(zone)
    return any(window.covers(local) for window in windows)


def parse(windows: object) -> tuple[WeeklyWindow, ...]:
    """Parse `[{"days": ["mon", …], "start": "22:00", "end": "06:00"}, …]`. Raises ValueError."""
    if not isinstance(windows, list) or len(windows) > MAX_WINDOWS:
        raise ValueError(f"Expected a list of at most {MAX_WINDOWS} windows.")
    return tuple(_window(each) for each in windows)


def _window(stated: object) -> WeeklyWindow:
    if not isinstance(stated, dict) or set(stated) != {"days", "start", "end"}:
        raise ValueError("Each window must have days, start and end.")
    days = stated["days"]
    if not isinstance(days, list) or not days or any(day not in DAYS for day in days):
        raise ValueError(f"Name days from {', '.join(DAYS)}.")
    return WeeklyWindow(frozenset(DAYS.index(day) for day in days), _clock(stated["start"]), _clock(stated["end"]))


def _clock(text: object) -> time:
    try:
        clock = datetime.strptime(str(text), "%H:%M")  # noqa: DTZ007 - a clock time has no date and no zone
    except ValueError:
        raise ValueError("Expected a clock time such as 08:30.") from None
    return clock.time()
