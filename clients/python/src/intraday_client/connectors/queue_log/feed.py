"""The feed of a queue_log: what is new in it, as rows; what was posted, as state."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from intraday_client.batches import iso
from intraday_client.connectors.files import (
    ConfigError,
    Post,
    read_state,
    take,
    take_table,
    take_zone,
    warn_unless_readable,
    write_state,
)
from intraday_client.connectors.queue_log.entries import UTC_ZONE, Entry, parse
from intraday_client.connectors.queue_log.floor import Floor
from intraday_client.connectors.tailing import Place, read_lines
from intraday_client.kinds import INTERVALS, STATES
from intraday_client.rows import AgentStateName

log = logging.getLogger("intraday_client")
LENGTHS = (5, 10, 15, 20, 30, 60)
VERSION = 2
READABLE = {1, VERSION}
TOLERATED_AHEAD = 60.0  # seconds by which clocks may differ without a word of it
LONGEST_REASON = 64  # characters that the server takes
AGENT_STATES = set(get_args(AgentStateName))


@dataclass
class QueueLogFeed:
    path: Path
    state: Path
    organization: str
    department: str
    minutes: int = 15
    target: float = 20.0
    targets: Mapping[str, float] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)  # the log's name to ours
    employees: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    with_states: bool = True
    zone: ZoneInfo = UTC_ZONE
    clock: Callable[[], float] = time.time

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "QueueLogFeed":
        """Take its entries out of the configuration. Raises ConfigError."""
        minutes = take(config, "interval_minutes", int, 15)
        if minutes not in LENGTHS:
            raise ConfigError(f"interval_minutes = {minutes} is none of {', '.join(map(str, LENGTHS))}")
        reasons = {each.casefold(): state for each, state in take_table(config, "pause_reasons", str).items()}
        if unknown := set(reasons.values()) - AGENT_STATES:
            raise ConfigError(f"pause_reasons: {', '.join(sorted(unknown))}: none of {', '.join(sorted(AGENT_STATES))}")
        path = Path(take(config, "path", str, "/var/log/asterisk/queue_log"))
        warn_unless_readable(path)
        return cls(
            path,
            Path(take(config, "state", str)),
            take(config, "organization_id", str),
            take(config, "department_id", str),
            minutes,
            take(config, "target_seconds", float, 20.0),
            take_table(config, "target_seconds_of", float),
            take_table(config, "queue_names", str),
            take_table(config, "employees", str),
            reasons,
            take(config, "agent_states", bool, True),
            take_zone(config, "zone", "UTC"),
        )

    def round(self, post: Post) -> None:
        """Read up to now, post what changed, then keep the place. A crash in between posts the same rows again."""
        floor, place = self._restored()
        now = float(math.floor(self.clock()))  # lines of this second may still come, and no time passes within it
        ahead = 0.0
        for line, after in read_lines(self.path, place):
            place = after
            ahead = max(ahead, self._take(floor, line))
        if ahead > TOLERATED_AHEAD:
            log.warning(
                "%s is up to %d s ahead of this clock, and counts as of now: is the zone right?", self.path, ahead
            )
        floor.advance(now)
        post(INTERVALS, self._intervals(floor))
        states = floor.agents.take_states()
        if self.with_states and states:
            post(STATES, [self._state_row(each) for each in states])
        floor.tallies.changed.clear()
        floor.tallies.forget(floor.tallies.start_of(now), floor.open_since())
        write_state(self.state, {"version": VERSION, "place": asdict(place), "floor": floor.dump()})

    def _restored(self) -> tuple[Floor, Place]:
        floor = Floor(self.minutes * 60, self.target, self.targets, self.reasons)
        kept = read_state(self.state)
        if not kept:
            return floor, Place()
        if kept.get("version") not in READABLE:
            raise ConfigError(f"{self.state} is of another version of this feed: remove it to read the log anew")
        floor.restore(kept["floor"], self.employees)
        floor.turn_back(self.clock())
        return floor, Place(**kept["place"])

    def _take(self, floor: Floor, line: str) -> float:
        """Let the line happen on the floor, now if it is of later; return by how many seconds it is.

        Some events bear the interface of an agent, others the name: both are the employee.
        """
        now = self.clock()  # anew for each line: the log grows while it is read
        entry = self._entry(line, now)
        if entry is None:
            return 0.0
        agent = self.employees.get(entry.agent, entry.agent)
        floor.take(replace(entry, time=min(entry.time, now), agent=agent))
        return entry.time - now

    def _entry(self, line: str, now: float) -> Entry | None:
        """Return the entry of a line, or None for a blank one and, with a word in the log, for one that is no entry."""
        try:
            entry = parse(line, self.zone)
            if entry is not None:
                entry.check_time(now)
        except ValueError as error:
            log.warning("%s: left out: %s", self.path, error)
            return None
        return entry

    def _intervals(self, floor: Floor) -> list[dict[str, Any]]:
        """Return the intervals that changed, and the running one of every queue, in order of time."""
        running = floor.tallies.start_of(floor.now)
        for queue in sorted(floor.queues()):
            floor.tallies.at(queue, floor.now)
        return [
            self._interval_row(floor, queue, start, live=start == running)
            for queue, start in sorted(floor.tallies.changed, key=lambda key: (key[1], key[0]))
        ]

    def _interval_row(self, floor: Floor, queue: str, start: int, *, live: bool) -> dict[str, Any]:
        values = asdict(floor.tallies.by_interval[queue, start])
        people = values.pop("people")
        return {
            "organization_id": self.organization,
            "department_id": self.department,
            "queue_name": self.queues.get(queue, queue),
            "interval_start": _iso(start),
            "interval_minutes": self.minutes,
            "as_of": _iso(floor.now),
            **values,
            **({**floor.live(queue), **floor.agents.counts(queue)} if live else {"agents": len(people)}),
        }

    def _state_row(self, said: dict[str, Any]) -> dict[str, Any]:
        return {
            "organization_id": self.organization,
            "department_id": self.department,
            "employee_id": said["agent"],
            "state": said["state"],
            "since": _iso(said["since"]),
            "queue_names": [self.queues.get(queue, queue) for queue in said["queues"]],
            "reason": said["reason"][:LONGEST_REASON],
        }


def _iso(time: float) -> str:
    return iso(datetime.fromtimestamp(time, UTC))
