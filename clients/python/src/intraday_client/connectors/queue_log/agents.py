"""Members of queues: logged in, paused, talking; their time by the clock, and their states. Pure."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from intraday_client.connectors.queue_log.tallies import Seconds

SEEN_SECONDS = 3_600.0
"""A member of queues.conf never logs in: one is known by her calls and pauses, and for this long after each."""
LONGEST_TALK = 4 * 3_600.0
"""Seconds; a talk of which nothing was said for so long has ended: the end was not logged."""
RING_SECONDS = 60.0
"""A ring that began before a log-off may be logged this long after it."""
AddSpan = Callable[[str, Seconds, str, float, float], None]


@dataclass(slots=True)
class Agent:
    """`queues`: until when each one has her as a member without another sign of it; None after a log-in."""

    queues: dict[str, float | None] = field(default_factory=dict)
    pauses: dict[str, str] = field(default_factory=dict)  # queue -> reason
    left: dict[str, float] = field(default_factory=dict)  # queue -> when she logged off
    talking: str = ""  # the queue whose call it is
    talk_began: float = 0.0
    counted_to: float = 0.0
    told: list[str] = field(default_factory=list)

    @property
    def paused(self) -> bool:
        """Return whether no queue may give her a call."""
        return bool(self.queues) and self.queues.keys() <= self.pauses.keys()

    def available_in(self, queue: str) -> bool:
        return not self.talking and queue in self.queues and queue not in self.pauses

    def drop(self, queue: str) -> None:
        self.queues.pop(queue, None)
        self.pauses.pop(queue, None)

    def next_end(self) -> float:
        """Return when the next membership or talk ends by itself; no membership does during a talk in its queue."""
        ends = [until for queue, until in self.queues.items() if until is not None and queue != self.talking]
        if self.talking:
            ends.append(self.talk_began + LONGEST_TALK)
        return max(self.counted_to, min(ends, default=math.inf))

    def end(self, time: float) -> None:
        """End what lasts no longer than that."""
        if self.talking and self.talk_began + LONGEST_TALK <= time:
            self.talking = ""
        for queue, until in list(self.queues.items()):
            if until is not None and until <= time and queue != self.talking:
                self.drop(queue)


@dataclass
class Agents:
    """`reasons` translates the reasons of pauses to states; `said` collects the states since they were last taken."""

    add_span: AddSpan
    reasons: Mapping[str, str] = field(default_factory=dict)
    by_name: dict[str, Agent] = field(default_factory=dict)
    said: dict[tuple[str, float], dict[str, Any]] = field(default_factory=dict)

    def joins(self, name: str, queue: str, time: float, *, paused: bool = False) -> None:
        agent = self._at(name, time)
        agent.drop(queue)
        agent.queues[queue] = None
        if paused:
            agent.pauses[queue] = ""
        self._say(name, time)

    def leaves(self, name: str, queue: str, time: float) -> None:
        """Leave one queue; or all of them, without a queue."""
        agent = self._at(name, time)
        for each in [queue] if queue else list(agent.queues):
            agent.drop(each)
            agent.left[each] = time
        self._say(name, time)

    def pauses(self, name: str, queue: str, reason: str, time: float) -> None:
        """Pause in a queue, which shows a member of it; or in all that she is known to be in, without a queue."""
        if queue or name in self.by_name:
            agent = self._seen(name, queue, time)
            agent.pauses |= dict.fromkeys(agent.queues.keys() & {queue} if queue else agent.queues, reason)
            self._say(name, time)

    def resumes(self, name: str, queue: str, time: float) -> None:
        """Go on in a queue, or in all of them."""
        if queue or name in self.by_name:
            agent = self._seen(name, queue, time)
            agent.pauses = {each: reason for each, reason in agent.pauses.items() if queue not in (each, "")}
            self._say(name, time)

    def rings(self, name: str, queue: str, time: float) -> None:
        self._seen(name, queue, time)
        self._say(name, time)

    def talks(self, name: str, queue: str, time: float) -> None:
        agent = self._seen(name, queue, time)
        agent.talking, agent.talk_began = queue, time
        self._say(name, time)

    def hangs_up(self, name: str, time: float, *, is_logged: bool = True) -> None:
        """End her talk. One that went on after the log-off counts to its end only where the log has it."""
        if name in self.by_name:
            agent = self._at(name, time)
            if agent.talking and is_logged:
                self.add_span(agent.talking, "handle_seconds", name, agent.counted_to, time)
            agent.talking, agent.counted_to = "", max(agent.counted_to, time)
            self._say(name, time)

    def count_to(self, time: float) -> None:
        """Count the time of all up to now."""
        for name in self.by_name:
            self._at(name, time)

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

    def _seen(self, name: str, queue: str, time: float) -> Agent:
        """Return an agent known by a call or pause: of queues.conf, or logged in before the log begins."""
        agent = self._at(name, time)
        has_left = time - agent.left.get(queue, -math.inf) <= RING_SECONDS
        if queue and agent.queues.get(queue, 0.0) is not None and not has_left:
            agent.queues[queue] = time + SEEN_SECONDS
        return agent

    def _at(self, name: str, time: float) -> Agent:
        """Return the agent, her time counted up to now: what ended unsaid meanwhile, ended then, not now."""
        agent = self.by_name.setdefault(name, Agent(counted_to=time))
        while (end := agent.next_end()) <= time:
            self._count(name, agent, end)
            agent.end(end)
            self._say(name, end)
        self._count(name, agent, time)
        return agent

    def _count(self, name: str, agent: Agent, time: float) -> None:
        """Count a span without changes. Of a talk after the log-off nobody knows yet how long it lasts."""
        if agent.talking and not agent.queues:
            return
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
        if not agent.queues:
            return "offline", ""  # though she may talk on: the log may lack the end
        if agent.talking:
            return "on_contact", ""
        if agent.paused:
            reason = next((reason for reason in agent.pauses.values() if reason), "")
            return self.reasons.get(reason.casefold(), "break"), reason
        return "available", ""

    def turn_back(self, time: float) -> None:
        """Forget what lies after that time: the clock by which it was kept was ahead."""
        for agent in self.by_name.values():
            agent.counted_to, agent.talk_began = min(agent.counted_to, time), min(agent.talk_began, time)
            agent.left = {queue: min(left, time) for queue, left in agent.left.items()}
            latest = time + SEEN_SECONDS
            agent.queues = {queue: until and min(until, latest) for queue, until in agent.queues.items()}

    def dump(self) -> dict[str, Any]:
        return {"agents": {name: asdict(agent) for name, agent in self.by_name.items()}, "said": [*self.said.values()]}

    def restore(self, dumped: dict[str, Any], names: Mapping[str, str]) -> None:
        """Take over what was kept; agents may have been given other names since."""
        self.by_name = {names.get(name, name): _agent(values) for name, values in dumped["agents"].items()}
        self.said = {(row["agent"], row["since"]): row for row in dumped["said"]}


def _agent(values: dict[str, Any]) -> Agent:
    """Return the agent that was kept, also as version 1 of the state did: with one lapse, and pauses in all queues."""
    if "lapses" not in values:
        return Agent(**values)
    queues, pauses = dict.fromkeys(values["queues"], values["lapses"]), values["pauses"]
    paused = queues if "" in pauses else queues.keys() & pauses.keys()
    return Agent(
        queues,
        {queue: pauses.get(queue, pauses.get("", "")) for queue in paused},
        talking=values["talking"],
        talk_began=values["counted_to"],
        counted_to=values["counted_to"],
        told=values["told"],
    )
