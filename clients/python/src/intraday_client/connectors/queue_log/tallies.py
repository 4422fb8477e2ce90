"""Counts of calls and seconds of agents, by queue and interval. Pure."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Seconds = Literal["handle_seconds", "available_seconds"]


@dataclass(slots=True)
class Tally:
    """One interval of one queue. A call counts where it entered the queue, whenever it ends."""

    offered: int = 0
    answered: int = 0
    answered_in_target: int = 0
    abandoned: int = 0
    abandoned_in_target: int = 0
    wait_seconds: float = 0.0
    handle_seconds: float = 0.0
    available_seconds: float = 0.0
    people: list[str] = field(default_factory=list)  # agents who had a call, or could have had one


@dataclass
class Tallies:
    """`changed` holds the intervals that were not reported since they changed."""

    length: int  # seconds of an interval
    by_interval: dict[tuple[str, int], Tally] = field(default_factory=dict)
    changed: set[tuple[str, int]] = field(default_factory=set)

    def start_of(self, time: float) -> int:
        """Return where the interval of that time begins, on the grid of UTC."""
        return int(time // self.length) * self.length

    def at(self, queue: str, time: float) -> Tally:
        """Return the tally to be changed."""
        key = queue, self.start_of(time)
        self.changed.add(key)
        return self.by_interval.setdefault(key, Tally())

    def add_span(self, queue: str, what: Seconds, agent: str, start: float, end: float) -> None:
        """Add a span of an agent's time, by the clock, to each interval that it touches."""
        while start < end:
            until = min(end, self.start_of(start) + self.length)
            tally = self.at(queue, start)
            setattr(tally, what, getattr(tally, what) + until - start)
            if agent not in tally.people:
                tally.people.append(agent)
            start = until

    def forget(self, before: float, open_since: float) -> None:
        """Forget reported intervals that ended before a time and that no call can change any more."""
        limit = min(before, open_since)
        for key in [key for key in self.by_interval if key[1] + self.length <= limit and key not in self.changed]:
            del self.by_interval[key]

    def forget_after(self, time: float) -> None:
        """Forget the intervals that have not begun by that time."""
        self.by_interval = {key: tally for key, tally in self.by_interval.items() if key[1] <= time}
        self.changed &= self.by_interval.keys()

    def dump(self) -> list[Any]:
        rows = [[queue, start, asdict(tally)] for (queue, start), tally in self.by_interval.items()]
        return [*rows, sorted(map(list, self.changed))]

    @classmethod
    def load(cls, length: int, dumped: list[Any]) -> "Tallies":
        *rows, changed = dumped
        tallies = {(queue, start): Tally(**values) for queue, start, values in rows}
        return cls(length, tallies, {(queue, start) for queue, start in changed})
