"""The queues of an Asterisk as its log tells them: who waits, who talks, what was counted. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from intraday_client.connectors.queue_log.agents import LONGEST_TALK, Agents
from intraday_client.connectors.queue_log.entries import Entry
from intraday_client.connectors.queue_log.tallies import Seconds, Tallies

LONGEST_WAIT = 4 * 3_600.0
"""Seconds; a caller of whom nothing was said for so long has gone: the end was not logged."""
COMPLETED = {"COMPLETEAGENT", "COMPLETECALLER", "TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER"}
LEFT = {"ABANDON": -1, "EXITEMPTY": -1, "EXITWITHTIMEOUT": -1, "EXITWITHKEY": -1, "WITHDRAW": 2}
"""Ends of waiting without an answer, and the place of the wait among the parameters."""
LOST = {"AGENTDUMP", "SYSCOMPAT"}
"""Ends between ringing and talking: the agent hung up on the announcement, or the channels did not fit."""
RINGING = {"RINGNOANSWER", "RINGCANCELED"}
LOGGED_IN = {"ADDMEMBER"}
LOGGED_OUT = {"REMOVEMEMBER", "AGENTLOGOFF", "AGENTCALLBACKLOGOFF"}
PAUSED, RESUMED = {"PAUSE", "PAUSEALL"}, {"UNPAUSE", "UNPAUSEALL"}
"""Pauses in all queues name none. Asterisk writes one of each queue after them; other programs may not."""


@dataclass(slots=True)
class Call:
    """A call that waits, or talks once `agent` is known."""

    entered: float
    agent: str = ""
    answered: float = 0.0

    @property
    def lost_at(self) -> float:
        """Return when it must have ended, though the log does not say so."""
        return self.answered + LONGEST_TALK if self.agent else self.entered + LONGEST_WAIT

    def is_lost(self, time: float) -> bool:
        return time >= self.lost_at if self.agent else time > self.lost_at


@dataclass
class Floor:
    length: int  # seconds of an interval
    target: float = 20.0  # seconds
    targets: Mapping[str, float] = field(default_factory=dict)  # of single queues
    reasons: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tallies = Tallies(self.length)
        self.calls: dict[tuple[str, str], Call] = {}  # by queue and call
        self.agents = Agents(self._add_span, self.reasons)
        self.now = 0.0
        self._none_lost_before = 0.0  # so that not every line looks at every call

    def take(self, entry: Entry) -> None:
        """Events that say nothing of this (DID, INFO, PENALTY, CONFIGRELOAD …) move the clock alone."""
        self._move_to(entry.time)
        if entry.event == "QUEUESTART":
            self._restarted(entry.time)
        elif entry.call and entry.queue and entry.event not in LOGGED_IN | LOGGED_OUT:
            self._of_call(entry)
        elif entry.agent:
            self._of_agent(entry)
        if entry.agent and entry.event in PAUSED | RESUMED:
            self._of_pause(entry)

    def advance(self, time: float) -> None:
        """Count up to a time of which the log says nothing more."""
        self._move_to(time)
        self.agents.count_to(self.now)

    def _move_to(self, time: float) -> None:
        """Move the clock, and end the calls whose end was not logged."""
        self.now = max(self.now, time)
        if self.now < self._none_lost_before:
            return
        for key in [key for key, call in self.calls.items() if call.is_lost(self.now)]:
            call = self.calls.pop(key)
            if not call.agent:
                self._abandon(key[0], call, LONGEST_WAIT)
        self._none_lost_before = min((call.lost_at for call in self.calls.values()), default=inf)

    def _may_get_lost(self, call: Call) -> None:
        self._none_lost_before = min(self._none_lost_before, call.lost_at)

    # --- calls --------------------------------------------------------------------------------------------------------
    def _of_call(self, entry: Entry) -> None:
        if entry.event == "ENTERQUEUE":
            self._enter(entry.queue, entry.call, entry.time)
        elif entry.event == "CONNECT":
            self._connect(entry)
        elif entry.event in COMPLETED:
            self._complete(entry)
        elif entry.event in LEFT or entry.event in LOST:
            self._leave(entry, entry.seconds(LEFT[entry.event]) if entry.event in LEFT else None)
        elif entry.event in RINGING and entry.agent:
            self.agents.rings(entry.agent, entry.queue, entry.time)

    def _enter(self, queue: str, call: str, time: float) -> Call:
        """A caller who was passed on may come again, under the same id: it is another call."""
        before = self.calls.get((queue, call))
        if before is not None and not before.agent:
            self._abandon(queue, before, time - before.entered)
        self.tallies.at(queue, time).offered += 1
        entered = self.calls[queue, call] = Call(time)
        self._may_get_lost(entered)
        return entered

    def _known(self, entry: Entry, wait: float | None) -> Call:
        """Return the call; one that entered before the log begins, from how long it waited.

        One that was taken for lost meanwhile is a new one: its interval was counted long ago, and is not kept any more.
        """
        known = self.calls.get((entry.queue, entry.call))
        waited = 0.0 if wait is None or wait > LONGEST_WAIT else wait
        return known or self._enter(entry.queue, entry.call, entry.time - waited)

    def _connect(self, entry: Entry) -> None:
        wait = entry.seconds(0)
        call = self._known(entry, wait)
        if call.agent:
            return
        self._end_of_talk(entry.agent, entry.time)
        waited = entry.time - call.entered if wait is None else wait
        tally = self.tallies.at(entry.queue, call.entered)
        tally.answered += 1
        tally.wait_seconds += waited
        tally.answered_in_target += waited <= self._target(entry.queue)
        call.agent, call.answered = entry.agent, entry.time
        self._may_get_lost(call)
        self.agents.talks(entry.agent, entry.queue, entry.time)

    def _end_of_talk(self, agent: str, time: float) -> None:
        """Nobody talks twice at once: the end of her last call was not logged."""
        for key in [key for key, call in self.calls.items() if call.agent == agent]:
            del self.calls[key]
        self.agents.hangs_up(agent, time, is_logged=False)

    def _complete(self, entry: Entry) -> None:
        call = self.calls.pop((entry.queue, entry.call), None)
        if call is not None and call.agent:
            self.agents.hangs_up(call.agent, entry.time)
        elif call is not None:
            self.calls[entry.queue, entry.call] = call  # it waits: the end is of another agent's ring

    def _leave(self, entry: Entry, wait: float | None) -> None:
        if wait is not None and wait > LONGEST_WAIT and (entry.queue, entry.call) not in self.calls:
            return  # it was counted when it was taken for lost
        call = self._known(entry, wait)
        del self.calls[entry.queue, entry.call]
        if call.agent:
            self.agents.hangs_up(call.agent, entry.time)
        else:
            self._abandon(entry.queue, call, entry.time - call.entered if wait is None else wait)

    def _abandon(self, queue: str, call: Call, waited: float) -> None:
        tally = self.tallies.at(queue, call.entered)
        tally.abandoned += 1
        tally.abandoned_in_target += waited <= self._target(queue)

    def _add_span(self, queue: str, what: Seconds, agent: str, start: float, end: float) -> None:
        self.tallies.add_span(queue, what, agent, start, end)

    def _target(self, queue: str) -> float:
        return self.targets.get(queue, self.target)

    def _restarted(self, time: float) -> None:
        """Asterisk started anew: no call outlives that. Members do, if they are kept (persistentmembers)."""
        calls, self.calls = self.calls, {}
        for (queue, _), call in calls.items():
            if call.agent:
                self.agents.hangs_up(call.agent, time)
            else:
                self._abandon(queue, call, time - call.entered)

    # --- agents -------------------------------------------------------------------------------------------------------
    def _of_agent(self, entry: Entry) -> None:
        if entry.event in LOGGED_IN and entry.queue:
            self.agents.joins(entry.agent, entry.queue, entry.time, paused=entry.parameters[:1] == ("PAUSED",))
        elif entry.event in LOGGED_OUT:
            self.agents.leaves(entry.agent, entry.queue, entry.time)

    def _of_pause(self, entry: Entry) -> None:
        queue = "" if entry.event.endswith("ALL") else entry.queue
        if entry.event in PAUSED:
            reason = entry.parameters[0].strip() if entry.parameters else ""
            self.agents.pauses(entry.agent, queue, reason, entry.time)
        else:
            self.agents.resumes(entry.agent, queue, entry.time)

    # --- reports ------------------------------------------------------------------------------------------------------
    def live(self, queue: str) -> dict[str, Any]:
        waits = [self.now - each.entered for (of, _), each in self.calls.items() if of == queue and not each.agent]
        target = self._target(queue)
        return {
            "waiting_now": len(waits),
            "longest_wait_seconds": max(waits, default=0.0),
            "waiting_past_target": sum(wait > target for wait in waits),
        }

    def open_since(self) -> float:
        """Return when the oldest call entered that may still change its interval."""
        return min((call.entered for call in self.calls.values()), default=self.now)

    def queues(self) -> set[str]:
        members = {queue for agent in self.agents.by_name.values() for queue in agent.queues}
        return members | {queue for queue, _ in self.calls} | {queue for queue, _ in self.tallies.by_interval}

    def dump(self) -> dict[str, Any]:
        calls = [[*key, call.entered, call.agent, call.answered] for key, call in self.calls.items()]
        return {"now": self.now, "calls": calls, "tallies": self.tallies.dump()} | self.agents.dump()

    def restore(self, dumped: dict[str, Any], names: Mapping[str, str]) -> None:
        """Take over what was kept; `names` has other names that agents were given since."""
        self.now = dumped["now"]
        for queue, name, entered, agent, *answered in dumped["calls"]:  # version 1 did not keep when
            self.calls[queue, name] = Call(entered, names.get(agent, agent), *(answered or [self.now]))
        self.tallies = Tallies.load(self.length, dumped["tallies"])
        self.agents.restore(dumped, names)

    def turn_back(self, time: float) -> None:
        """Forget what lies after that time: the clock by which it was kept was ahead."""
        self.now = min(self.now, time)
        self.tallies.forget_after(time)
        for (queue, _), call in self.calls.items():
            if call.entered > time and not call.agent:
                self.tallies.at(queue, time).offered += 1
            call.entered, call.answered = min(call.entered, time), min(call.answered, time)
            self._may_get_lost(call)
        self.agents.turn_back(time)
