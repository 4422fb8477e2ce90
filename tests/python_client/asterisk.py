"""A made-up Asterisk: what happened on its floor second by second, and the queue_log that it wrote of it.

It writes as app_queue.c does: interfaces where members are added, removed or paused in all queues, else their names; a
pause in all queues is followed by one of each. Some members are of queues.conf, and never log in. The statistics are
added up here from what happened, not from the log, by counting seconds.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from random import Random

START = 1_769_853_600  # 2026-01-31T10:00:00Z
QUEUES = ("support", "sales")
AGENTS = tuple(f"e{100 + number}" for number in range(6))
INTERFACES = {agent: f"SIP/{agent[1:]}" for agent in AGENTS}
NAMES = {agent: f"Agent {agent[1:]}" for agent in AGENTS}
EMPLOYEES = {name: agent for names in (INTERFACES, NAMES) for agent, name in names.items()}
STATIC = {"e104": {"support"}, "e105": set(QUEUES)}
"""Members of queues.conf; e104 also logs in to sales."""
KNOWN_SECONDS = 3_600  # for which a call or pause tells that one of them is there
OUTCOMES = ("ABANDON", "EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY", "WITHDRAW")
"""Ends of a caller whom nobody answered."""
Key = tuple[str, int]


@dataclass
class Caller:
    queue: str
    call: str
    entered: int
    patience: int
    outcome: str = ""  # once she left without an answer
    answered: int | None = None
    agent: str = ""
    ended: int | None = None


@dataclass
class World:
    """Seconds are counted from START; `busy` and `ready` say in which queue an agent talked or could have."""

    random: Random
    seconds: int = 3_600
    lines: list[tuple[int, str]] = field(default_factory=list)
    callers: list[Caller] = field(default_factory=list)
    busy: list[tuple[int, str, str]] = field(default_factory=list)  # second, queue, agent
    ready: list[tuple[int, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.members = {agent: set(STATIC.get(agent, ())) for agent in AGENTS}
        self.known: dict[tuple[str, str], int] = {}  # until when, of members of queues.conf
        self.paused: dict[str, set[str]] = {agent: set() for agent in AGENTS}  # the queues
        self.talking: dict[str, Caller] = {}
        for second in range(self.seconds):
            self.step(second)

    def write(self, second: int, call: str, queue: str, agent: str, event: str, *parameters: object) -> None:
        self.lines.append((second, "|".join(map(str, (START + second, call, queue, agent, event, *parameters)))))

    def step(self, second: int) -> None:
        self.people(second)
        self.arrivals(second)
        self.departures(second)
        self.answers(second)
        for agent, queues in self.members.items():
            if agent in self.talking:
                self.busy.append((second, self.talking[agent].queue, agent))
            else:
                can_get_one = {queue for queue in queues - self.paused[agent] if self.is_known(agent, queue, second)}
                self.ready += [(second, queue, agent) for queue in can_get_one]

    def is_known(self, agent: str, queue: str, second: int) -> bool:
        """Tell whether the log could say by then that the queue has this member."""
        is_static = queue in STATIC.get(agent, ())
        return queue in self.members[agent] and (not is_static or second < self.known.get((agent, queue), 0))

    def show(self, second: int, agent: str, queue: str) -> None:
        self.known[agent, queue] = second + KNOWN_SECONDS

    def people(self, second: int) -> None:
        for agent in AGENTS:
            if self.random.random() < 1 / 120:
                self.join_or_leave(second, agent, self.random.choice(QUEUES))
            if self.members[agent] and self.random.random() < 1 / 200:
                self.pause_or_resume(second, agent)

    def join_or_leave(self, second: int, agent: str, queue: str) -> None:
        if queue in STATIC.get(agent, ()) or agent in self.talking:
            return
        joins, paused = queue not in self.members[agent], self.random.random() < 0.2
        if joins:
            self.members[agent].add(queue)
        else:
            self.members[agent].discard(queue)
            self.paused[agent].discard(queue)
        if joins and paused:
            self.paused[agent].add(queue)
        event, more = ("ADDMEMBER", "PAUSED" if paused else "") if joins else ("REMOVEMEMBER", "")
        self.write(second, "MANAGER", queue, INTERFACES[agent], event, more)

    def pause_or_resume(self, second: int, agent: str) -> None:
        """Pause where she works, or go on where she is paused; in all of her queues, or in one."""
        event = "UNPAUSE" if self.paused[agent] else "PAUSE"
        queues, reason = sorted(self.members[agent]), self.random.choice(["Lunch", "", "Coaching"])
        if self.random.random() < 0.3:
            queues = [self.random.choice(queues)]
        else:
            self.write(second, "NONE", "NONE", INTERFACES[agent], f"{event}ALL", "")
        for queue in queues:
            self.write(second, "NONE", queue, NAMES[agent], event, reason)
            self.show(second, agent, queue)
            (self.paused[agent].add if event == "PAUSE" else self.paused[agent].discard)(queue)

    def arrivals(self, second: int) -> None:
        for queue in QUEUES:
            if self.random.random() < 1 / 25:
                caller = Caller(queue, f"{START + second}.{len(self.callers)}", second, self.random.randrange(5, 150))
                self.callers.append(caller)
                self.write(second, caller.call, queue, "NONE", "ENTERQUEUE", "", "+15550100", 1)
        if self.random.random() < 1 / 300:
            self.write(second, "NONE", "NONE", "NONE", self.random.choice(["CONFIGRELOAD", "QUEUERULES"]), "")
            self.write(second, f"{START + second}.0", "NONE", self.random.choice(AGENTS), "AGENTLOGIN", "SIP/9-1")

    def departures(self, second: int) -> None:
        for caller in self.waiting():
            wait = second - caller.entered
            if wait >= caller.patience:
                caller.outcome = self.random.choice(OUTCOMES)
                caller.ended = second
                key = ["1"] if caller.outcome == "EXITWITHKEY" else []
                info = ["called back"] if caller.outcome == "WITHDRAW" else []
                self.write(second, caller.call, caller.queue, "NONE", caller.outcome, *key, 1, 1, wait, *info)
        for agent, caller in list(self.talking.items()):
            if self.random.random() < 1 / 90:
                del self.talking[agent]
                caller.ended = second
                self.hang_up(second, caller)

    def hang_up(self, second: int, caller: Caller) -> None:
        hold, talk = (caller.answered or 0) - caller.entered, second - (caller.answered or 0)
        event = self.random.choice(["COMPLETEAGENT", "COMPLETECALLER", "BLINDTRANSFER", "ATTENDEDTRANSFER"])
        more = {"BLINDTRANSFER": ["600", "from-internal"], "ATTENDEDTRANSFER": ["BRIDGE", "5f3c"]}.get(event, [])
        self.write(second, caller.call, caller.queue, NAMES[caller.agent], event, *more, hold, talk, 1)

    def answers(self, second: int) -> None:
        for caller in self.waiting():
            for agent, queues in self.members.items():
                if caller.queue not in queues - self.paused[agent] or agent in self.talking:
                    continue
                self.show(second, agent, caller.queue)
                if self.random.random() < 0.2:
                    self.write(second, caller.call, caller.queue, NAMES[agent], "RINGNOANSWER", 1000)
                    continue
                caller.answered, caller.agent = second, agent
                self.talking[agent] = caller
                wait = second - caller.entered
                self.write(second, caller.call, caller.queue, NAMES[agent], "CONNECT", wait, f"{caller.call}1", 2)
                break

    def waiting(self) -> list[Caller]:
        return [caller for caller in self.callers if caller.answered is None and caller.ended is None]

    # --- the reference ------------------------------------------------------------------------------------------------
    def statistics(self, length: int, target: int) -> dict[Key, dict[str, float]]:
        sums: dict[Key, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for caller in self.callers:
            row = sums[caller.queue, caller.entered // length]
            row["offered"] += 1
            if caller.answered is not None:
                wait = caller.answered - caller.entered
                row["answered"] += 1
                row["answered_in_target"] += wait <= target
                row["wait_seconds"] += wait
            elif caller.ended is not None:
                row["abandoned"] += 1
                row["abandoned_in_target"] += caller.ended - caller.entered <= target
        for name, seconds in (("handle_seconds", self.busy), ("available_seconds", self.ready)):
            for second, queue, _ in seconds:
                sums[queue, second // length][name] += 1
        people: dict[Key, set[str]] = defaultdict(set)
        for second, queue, agent in self.busy + self.ready:
            people[queue, second // length].add(agent)
        for key, names in people.items():
            sums[key]["agents"] = len(names)
        return {key: dict(row) for key, row in sums.items()}
