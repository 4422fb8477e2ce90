"""A made-up Asterisk: what happened on its floor second by second, and the queue_log that it wrote of it.

The statistics are added up here from what happened, not from the log, by counting seconds.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from random import Random

START = 1_769_853_600  # 2026-01-31T10:00:00Z
QUEUES = ("support", "sales")
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
        self.members: dict[str, set[str]] = {f"SIP/{100 + number}": set() for number in range(5)}
        self.paused: dict[str, str] = {}
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
            elif agent not in self.paused:
                self.ready += [(second, queue, agent) for queue in queues]

    def people(self, second: int) -> None:
        for agent, queues in self.members.items():
            if self.random.random() < 1 / 120:
                queue = self.random.choice(QUEUES)
                joins = queue not in queues
                if joins:
                    queues.add(queue)
                elif agent not in self.talking and agent not in self.paused:
                    queues.discard(queue)
                else:
                    continue
                self.write(second, "NONE", queue, agent, "ADDMEMBER" if joins else "REMOVEMEMBER", "")
            if queues and self.random.random() < 1 / 200:
                if agent in self.paused:
                    del self.paused[agent]
                    self.write(second, "NONE", "NONE", agent, "UNPAUSEALL", "")
                else:
                    self.paused[agent] = self.random.choice(["Lunch", "", "Coaching"])
                    self.write(second, "NONE", "NONE", agent, "PAUSEALL", self.paused[agent])

    def arrivals(self, second: int) -> None:
        for queue in QUEUES:
            if self.random.random() < 1 / 25:
                caller = Caller(queue, f"{START + second}.{len(self.callers)}", second, self.random.randrange(5, 150))
                self.callers.append(caller)
                self.write(second, caller.call, queue, "NONE", "ENTERQUEUE", "", "+15550100", 1)
        if self.random.random() < 1 / 300:
            self.write(second, "NONE", "NONE", "NONE", self.random.choice(["CONFIGRELOAD", "QUEUERULES"]), "")

    def departures(self, second: int) -> None:
        for caller in self.waiting():
            wait = second - caller.entered
            if wait >= caller.patience:
                caller.outcome = self.random.choice(["ABANDON", "EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY"])
                caller.ended = second
                key = ["1"] if caller.outcome == "EXITWITHKEY" else []
                self.write(second, caller.call, caller.queue, "NONE", caller.outcome, *key, 1, 1, wait)
        for agent, caller in list(self.talking.items()):
            if self.random.random() < 1 / 90:
                del self.talking[agent]
                caller.ended = second
                self.hang_up(second, caller)

    def hang_up(self, second: int, caller: Caller) -> None:
        hold, talk = (caller.answered or 0) - caller.entered, second - (caller.answered or 0)
        event = self.random.choice(["COMPLETEAGENT", "COMPLETECALLER", "BLINDTRANSFER", "ATTENDEDTRANSFER"])
        more = {"BLINDTRANSFER": ["600", "from-internal"], "ATTENDEDTRANSFER": ["BRIDGE", "5f3c"]}.get(event, [])
        self.write(second, caller.call, caller.queue, caller.agent, event, *more, hold, talk, 1)

    def answers(self, second: int) -> None:
        for caller in self.waiting():
            for agent, queues in self.members.items():
                if caller.queue not in queues or agent in self.talking or agent in self.paused:
                    continue
                if self.random.random() < 0.2:
                    self.write(second, caller.call, caller.queue, agent, "RINGNOANSWER", 1000)
                    continue
                caller.answered, caller.agent = second, agent
                self.talking[agent] = caller
                wait = second - caller.entered
                self.write(second, caller.call, caller.queue, agent, "CONNECT", wait, f"{caller.call}1", 2)
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
