"""Lines of a queue_log: `time|call|queue|agent|event|parameters…`, as app_queue.c of Asterisk writes them. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

DAY = 86_400.0  # seconds
EARLIEST = 946_684_800.0
"""Asterisk was written in the year 2000: a time before it is garbled."""
NOBODY = frozenset({"", "NONE"})
UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Entry:
    """`time` is in seconds since 1970. `queue`, `agent` and `call` are empty where the log says NONE."""

    time: float
    call: str
    queue: str
    agent: str
    event: str
    parameters: tuple[str, ...]

    def seconds(self, place: int) -> float | None:
        """Return the parameter at this place (from the end, if below zero), or None where it is no wait of a caller."""
        try:
            seconds = float(self.parameters[place])
        except (IndexError, ValueError):
            return None
        return seconds if 0 <= seconds <= DAY else None

    def check_time(self, now: float) -> None:
        """Raise ValueError for a time that no clock can have shown: clocks differ, and zones are mistaken, by less."""
        if not EARLIEST <= self.time <= now + DAY:
            raise ValueError(
                f"{self.time:.15g} is no time of a log: expected one since the year 2000, at most a day ahead of now"
            )


def parse(line: str, zone: ZoneInfo = UTC_ZONE) -> Entry | None:
    """Return the entry of a line, or None for a blank one. Raises ValueError for one that is no entry.

    The log file has seconds since 1970, whatever the zone of the machine; the realtime table has local times.
    """
    if not line.strip():
        return None
    parts = line.rstrip("\r\n").split("|")
    if len(parts) < 5 or not parts[4]:
        raise ValueError(f"{line.strip()[:80]!r} has fewer than five parts")
    time, call, queue, agent, event, *parameters = parts
    call, queue, agent = ("" if each in NOBODY else each for each in (call, queue, agent))
    return Entry(_seconds(time, zone), call, queue, agent, event.upper(), tuple(parameters))


def _seconds(text: str, zone: ZoneInfo) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    time = datetime.fromisoformat(text)  # raises ValueError that quotes the text
    try:
        return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC).timestamp()
    except OverflowError:
        raise ValueError(f"{text!r} is beyond the calendar in {zone.key}") from None
