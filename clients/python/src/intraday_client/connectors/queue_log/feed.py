"""The feed of a queue_log: what is new in it, as rows; what was posted, as state."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from intraday_client.batches import iso
from intraday_client.connectors.files import ConfigError, Post, read_state, take, write_state
from intraday_client.connectors.queue_log.entries import UTC_ZONE, parse
from intraday_client.connectors.queue_log.floor import Floor
from intraday_client.connectors.tailing import Place, read_lines
from intraday_client.kinds import INTERVALS, STATES
from intraday_client.rows import AgentStateName

log = logging.getLogger("intraday_client")
LENGTHS = (5, 10, 15, 20, 30, 60)
VERSION = 1
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
        reasons = {each.casefold(): state for each, state in take(config, "pause_reasons", dict, {}).items()}
        if unknown := set(reasons.values()) - AGENT_STATES:
            raise ConfigError(f"pause_reasons: {', '.join(sorted(unknown))}: none of {', '.join(sorted(AGENT_STATES))}")
        return cls(
            Path(take(config, "path", str, "/var/log/asterisk/queue_log")),
            Path(take(config, "state", str)),
            take(config, "organization_id", str),
            take(config, "department_id", str),
            minutes,
            take(config, "target_seconds", float, 20.0),
            take(config, "target_seconds_of", dict, {}),
            take(config, "queue_names", dict, {}),
            take(config, "employees", dict, {}),
            reasons,
            take(config, "agent_states", bool, True),
            ZoneInfo(take(config, "zone", str, "UTC")),
        )

    def round(self, post: Post) -> None:
        """Read up to now, post what changed, then keep the place. A crash in between posts the same rows again."""
        floor, place = self._restored()
        now = float(math.floor(self.clock()))  # lines of this second may still come, and no time passes within it
        for line, after in read_lines(self.path, place):
            place = after
            self._take(floor, line)
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
        if kept.get("version") != VERSION:
            raise ConfigError(f"{self.state} is of another version of this feed: remove it to read the log anew")
        floor.restore(kept["floor"])
        return floor, Place(**kept["place"])

    def _take(self, floor: Floor, line: str) -> None:
        try:
            entry = parse(line, self.zone)
        except ValueError as error:
            log.warning("%s: left out: %s", self.path, error)
        else:
            if entry is not None:
                floor.take(entry)

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
            "employee_id": self.employees.get(said["agent"], said["agent"]),
            "state": said["state"],
            "since": _iso(said["since"]),
            "queue_names": [self.queues.get(queue, queue) for queue in said["queues"]],
            "reason": said["reason"],
        }


def _iso(time: float) -> str:
    return iso(datetime.fromtimestamp(time, UTC))
