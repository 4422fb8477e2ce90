"""Members of queues: logged in, paused, talking; their time by the clock, and their states. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from intraday_client.connectors.queue_log.tallies import Seconds

SEEN_SECONDS = 3_600.0
"""A member of queues.conf never logs in: one is known by her calls, and for this long after each."""
EVERYWHERE = ""
AddSpan = Callable[[str, Seconds, str, float, float], None]


@dataclass(slots=True)
class Agent:
    """`queues`: when each one was entered by a log-in, or until when it lasts for one who is only seen (`lapses`)."""

    queues: list[str] = field(default_factory=list)
    lapses: float | None = None
    pauses: dict[str, str] = field(default_factory=dict)  # queue (or EVERYWHERE) -> reason
    talking: str = ""  # the queue whose call it is
    counted_to: float = 0.0
    told: list[str] = field(default_factory=list)

    @property
    def paused(self) -> bool:
        """Return whether no queue may give her a call."""
        return EVERYWHERE in self.pauses or (bool(self.queues) and all(each in self.pauses for each in self.queues))

    def available_in(self, queue: str) -> bool:
        return not self.talking and queue in self.queues and not {EVERYWHERE, queue} & self.pauses.keys()


@dataclass
class Agents:
    """`reasons` translates the reasons of pauses to states; `said` collects the states since they were last taken."""

    add_span: AddSpan
    reasons: Mapping[str, str] = field(default_factory=dict)
    by_name: dict[str, Agent] = field(default_factory=dict)
    said: dict[tuple[str, float], dict[str, Any]] = field(default_factory=dict)

    def joins(self, name: str, queue: str, time: float) -> None:
        agent = self._at(name, time)
        agent.lapses = None
        if queue not in agent.queues:
            agent.queues.append(queue)
        self._say(name, time)

    def leaves(self, name: str, queue: str, time: float) -> None:
        """Leave one queue; or all of them, without a queue."""
        agent = self._at(name, time)
        agent.queues = [each for each in agent.queues if queue not in (each, EVERYWHERE)]
        agent.pauses = {each: reason for each, reason in agent.pauses.items() if each in agent.queues}
        self._say(name, time)

    def pauses(self, name: str, queue: str, reason: str, time: float) -> None:
        self._at(name, time).pauses[queue] = reason
        self._say(name, time)

    def resumes(self, name: str, queue: str, time: float) -> None:
        pauses = self._at(name, time).pauses
        for each in [queue] if queue else list(pauses):
            pauses.pop(each, None)
        self._say(name, time)

    def is_seen(self, name: str, queue: str, time: float) -> None:
        """Know a member by her call: one of queues.conf, or one who logged in before the log begins."""
        agent = self._at(name, time)
        if agent.lapses is not None or queue not in agent.queues:
            agent.lapses = time + SEEN_SECONDS if agent.lapses is not None or not agent.queues else None
            if queue not in agent.queues:
                agent.queues.append(queue)
        self._say(name, time)

    def talks(self, name: str, queue: str, time: float) -> None:
        self.is_seen(name, queue, time)
        self._at(name, time).talking = queue
        self._say(name, time)

    def hangs_up(self, name: str, time: float) -> None:
        if name in self.by_name:
            self._at(name, time).talking = ""
            self._say(name, time)

    def count_to(self, time: float) -> None:
        """Count the time of all up to now; drop those who were only seen, and long ago."""
        for name, agent in list(self.by_name.items()):
            if agent.lapses is not None and agent.lapses <= time and not agent.talking:
                self.leaves(name, EVERYWHERE, max(agent.lapses, agent.counted_to))
                agent.lapses = None
            self._count(name, agent, time)

    def counts(self, queue: str) -> dict[str, int]:
        members = [agent for agent in self.by_name.values() if queue in agent.queues]
        return {
            "agents": len(members),
            "agents_available": sum(agent.available_in(queue) for agent in members),
            "agents_on_contact": sum(agent.talking == queue for agent in members),
        }

    def take_states(self) -> list[dict[str, Any]]:
        states, self.said = list(self.said.values()), {}
        return states

    def _at(self, name: str, time: float) -> Agent:
        agent = self.by_name.setdefault(name, Agent(counted_to=time))
        self._count(name, agent, time)
        return agent

    def _count(self, name: str, agent: Agent, time: float) -> None:
        if agent.talking:
            self.add_span(agent.talking, "handle_seconds", name, agent.counted_to, time)
        for queue in agent.queues:
            if agent.available_in(queue):
                self.add_span(queue, "available_seconds", name, agent.counted_to, time)
        agent.counted_to = max(agent.counted_to, time)

    def _say(self, name: str, time: float) -> None:
        """Say a state that is another one than the last. Two of one second are one, the later."""
        agent = self.by_name[name]
        state, reason = self._state(agent)
        told = [state, reason, *agent.queues]
        if told != agent.told:
            row = {"agent": name, "state": state, "since": time, "queues": list(agent.queues), "reason": reason}
            agent.told, self.said[name, time] = told, row

    def _state(self, agent: Agent) -> tuple[str, str]:
        if agent.talking:
            return "on_contact", ""
        if not agent.queues:
            return "offline", ""
        if agent.paused:
            reason = next((reason for reason in agent.pauses.values() if reason), "")
            return self.reasons.get(reason.casefold(), "break"), reason
        return "available", ""

    def dump(self) -> dict[str, Any]:
        return {"agents": {name: asdict(agent) for name, agent in self.by_name.items()}, "said": [*self.said.values()]}

    def restore(self, dumped: dict[str, Any]) -> None:
        self.by_name = {name: Agent(**values) for name, values in dumped["agents"].items()}
        self.said = {(row["agent"], row["since"]): row for row in dumped["said"]}
