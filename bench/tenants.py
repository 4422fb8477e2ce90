"""Rows about many tenants on one server: 200 organizations of 50 queues post and listen, beside one of them alone."""

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack, ExitStack
from statistics import median

from bench.contenders import Contender
from bench.ingest import snapshot
from bench.listeners import Listener, gather_some, listen
from bench.machine import cores
from bench.posts import Target, Times
from bench.processes import free_port, running, wait_for_port
from bench.report import Report, Row
from bench.scopes import queues, tenant
from bench.services import inside

TENANTS, QUEUES = 200, 50
SOCKETS = 2  # of each tenant
HEARD_S = 20.0


def measure(report: Report, contender: Contender, *, tenants: int = TENANTS, rounds: int = 2) -> None:
    keys = inside("bench.tenants_seed", contender.env, str(tenants), str(QUEUES))
    port = free_port()
    with ExitStack() as stack:
        server = stack.enter_context(
            running(contender.server(port), core=cores()[0], name="ours-server", env=contender.env)
        )
        wait_for_port(port, server, name="ours-server")
        poster = Poster(port, server.pid, keys)
        poster.round()  # the first write of a queue is not what a feed does all day
        one, all_ = zip(*((poster.alone(), poster.round()) for _ in range(rounds)), strict=True)
        _posts(report, tenants, median(one), median(all_))
        heard = asyncio.run(_listen(port, keys, poster))
    _sockets(report, tenants, *heard)


class Poster:
    """Posts over one kept-alive connection."""

    def __init__(self, port: int, pid: int, keys: dict[str, str]) -> None:
        self._targets = {name: Target(port=port, pid=pid, key=key) for name, key in keys.items()}
        self._connection = next(iter(self._targets.values())).connect()
        self._times = Times()

    def round(self) -> float:
        """One post by each tenant; return the seconds that one took, by the median."""
        return median(self._post(name) for name in self._targets)

    def alone(self) -> float:
        """As many posts by the first tenant."""
        return median(self._post(tenant(0)) for _ in self._targets)

    def _post(self, name: str) -> float:
        target, (place, *_) = self._targets[name], queues(1)
        row = {**snapshot(*place, self._times.step()), "organization_id": name}
        return target.post(self._connection, target.path, row)


async def _listen(port: int, keys: dict[str, str], poster: Poster) -> tuple[Counter[bool], float]:
    """Return how many updates of the queue came to their own organization (True) or another's, and how late the last
    of all sockets had one, in seconds after the first post."""
    async with AsyncExitStack() as stack:
        wanted = [(name, key) for name, key in keys.items() for _ in range(SOCKETS)]
        ears = await gather_some(*(listen(stack, port, name, key, channel="backlog") for name, key in wanted))
        started = time.perf_counter()
        hearing = [asyncio.create_task(_hear(ear)) for ear in ears]
        await asyncio.to_thread(poster.round)
        async with asyncio.timeout(HEARD_S):
            heard = await asyncio.gather(*hearing)
        return Counter(heard), time.perf_counter() - started


async def _hear(ear: Listener) -> bool:
    while "queue_name" not in (message := await ear.until("backlog:update"))["data"]:
        pass
    return bool(message["data"]["organization_id"] == ear.organization)


def _posts(report: Report, tenants: int, one: float, all_: float) -> None:
    report.rows.append(
        Row(
            what=f"{tenants} organizations of {QUEUES} queues, single posts in turn: answer p50, ms",
            ours=f"{all_ * 1e3:.1f} (as many posts by one of them: {one * 1e3:.1f})",
            ratio=f"{all_ / one:.2f}",
        )
    )


def _sockets(report: Report, tenants: int, heard: Counter[bool], seconds: float) -> None:
    wanted = tenants * SOCKETS
    report.rows.append(
        Row(
            what=f"… {SOCKETS} sockets of each, one post by each: updates heard by their own tenant",
            ours=f"{heard[True]:,} of {wanted:,} in {seconds:.1f} s, {heard[False]} by another",
            bar=f"{wanted:,}, 0",
            met=heard == Counter({True: wanted}),
        )
    )
