"""One contender, fresh processes, one load: what it cost and what the clients heard."""

import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from bench import payload
from bench.contenders import Contender
from bench.load import PROGRESS, Heard, client
from bench.machine import cores, cpu_seconds
from bench.pace import Command
from bench.processes import free_port, running, wait_for_port
from bench.publishers import answer, ask, tell

DEADLINE_S = 120.0
SETTLE_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Load:
    """`rate` events a second, `count` of them; or, with `seconds`, as fast as the clients keep up."""

    rate: float = 20.0
    count: int = 0
    seconds: float = 0.0
    window: int = 200
    burst: int = 1
    warm_up: int = 20
    warm_up_rate: float = 20.0

    @property
    def client_options(self) -> dict[str, float]:
        return {"seconds": self.seconds} if self.seconds else {"count": self.count}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    heard: Heard
    cpu_s: float
    subscribed_s: float
    published: dict[str, Any]

    @property
    def cpu_us(self) -> float:
        return self.cpu_s * 1e6 / max(1, self.heard.deliveries)

    @property
    def per_second(self) -> float:
        return self.heard.deliveries / self.heard.elapsed_s if self.heard.elapsed_s else 0.0


def fight(contender: Contender, load: Load, *, conns: int) -> Outcome:
    ours, others = cores()
    port = free_port()
    name = f"{contender.name}-server"
    with ExitStack() as stack:
        server = stack.enter_context(running(contender.server(port), core=ours, name=name, env=contender.env))
        wait_for_port(port, server, name=name)
        publisher = server
        if contender.publisher:
            argv = list(contender.publisher)
            publisher = stack.enter_context(
                running(argv, core=others, name=f"{contender.name}-publisher", env=contender.env)
            )
        options = {**load.client_options, "deadline": DEADLINE_S}
        ear = stack.enter_context(
            client(port=port, path=contender.path, steps=contender.steps, conns=conns, core=others, options=options)
        )
        subscribed = ear.wait_ready()
        _warm_up(contender, publisher, load)
        before = cpu_seconds(server.pid)
        tell(publisher, _command(contender, load))
        heard = ear.heard()
        spent = cpu_seconds(server.pid) - before
        published = {} if load.seconds else answer(publisher)
        return Outcome(heard=heard, cpu_s=spent, subscribed_s=subscribed, published=published)


def _warm_up(contender: Contender, publisher: subprocess.Popen[str], load: Load) -> None:
    body = payload.body(contender.envelope_bytes)
    ask(publisher, Command(body=body, count=load.warm_up, rate=load.warm_up_rate, numbered=False))
    time.sleep(SETTLE_S)


def _command(contender: Contender, load: Load) -> Command:
    body = payload.body(contender.envelope_bytes)
    if not load.seconds:
        return Command(body=body, count=load.count, rate=load.rate)
    seconds = load.seconds + 1  # the client counts for `seconds` from the first event on; the publisher stops later
    return Command(body=body, seconds=seconds, window=load.window, burst=load.burst, progress=str(PROGRESS))
