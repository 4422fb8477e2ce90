"""The traffic during a fault: feeds, listeners, and samples of the judgements."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from ssl import SSLContext

import httpx2 as httpx

from faults.feeds import TIMEOUT, Feed, Key
from faults.judgements import Judgements
from faults.layout import Layout
from faults.listeners import CHANNELS, Listener
from intraday.api_client.listen import Request

READY, DRAINED, HEARD = 240.0, 120.0, 60.0  # seconds at most; the first round of judgements begins after one minute


class NotReadyError(Exception):
    """The layout did not work before anything was broken."""


@dataclass
class Traffic:
    layout: Layout
    feeds: list[Feed]
    listeners: list[Listener]
    judgements: Judgements
    began: datetime
    excused: Callable[[Key], bool] = lambda _: False
    """Rows that had to be lost, such as those after the last backup."""
    feeding: list[asyncio.Task[None]] = field(default_factory=list)

    async def warm_up(self) -> None:
        """Feeds begin once everybody listens; return when every tenant was judged with what was posted."""
        try:
            async with asyncio.timeout(READY):
                for listener in self.listeners:
                    await listener.subscribed.wait()
        except TimeoutError as error:
            silent = sum(not listener.subscribed.is_set() for listener in self.listeners)
            raise NotReadyError(f"{silent} of {len(self.listeners)} listeners could not subscribe") from error
        self.began = datetime.now(UTC)
        self.feeding += [asyncio.create_task(feed.run()) for feed in self.feeds]
        if not await self.judgements.everybody_since(time.monotonic() + 1, READY):
            tenant, waited = self.judgements.longest()
            raise NotReadyError(f"{tenant} is not judged, for {waited:.0f} s now")
        self.judgements.begin()

    async def drain(self) -> bool:
        """Stop posting once all that was posted is answered; whether it was in time."""
        for feed in self.feeds:
            feed.stopped.set()
        _, waiting = await asyncio.wait(self.feeding, timeout=DRAINED)
        return not waiting

    async def all_heard(self, heads: dict[str, int]) -> None:
        """Wait until every listener is where the log is, for a bounded time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARD):
                while any(self.behind(listener, heads) for listener in self.listeners):
                    await asyncio.sleep(0.1)

    @staticmethod
    def behind(listener: Listener, heads: dict[str, int]) -> int:
        """Return how many events a listener still has to hear."""
        positions = listener.sequences.positions
        mine = {name: head for name, head in heads.items() if name.split(":")[-1] == listener.request.organization}
        return sum(max(0, head - positions[name].seq) for name, head in mine.items() if name in positions)


@asynccontextmanager
async def traffic(layout: Layout, random: Random, certificates: SSLContext | None = None) -> AsyncIterator[Traffic]:
    judgements = Judgements(layout)
    judgements.begin()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
    verify = certificates or True
    async with httpx.AsyncClient(timeout=TIMEOUT, limits=limits, verify=verify, trust_env=False) as client:
        feeds = [make_feed(layout, number, tenant, client, random) for number, tenant in enumerate(layout.keys)]
        listeners = [
            make_listener(layout, tenant, number, certificates, random)
            for tenant in layout.keys
            for number in range(layout.listeners)
        ]
        tasks = [asyncio.create_task(one.run()) for one in (*listeners, judgements)]
        going = Traffic(layout, feeds, listeners, judgements, datetime.now(UTC))
        try:
            yield going
        finally:
            await end([*going.feeding, *tasks])


async def end(tasks: list[asyncio.Task[None]]) -> None:
    """End them all; one that failed by itself is a mistake of ours, and raised."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


def make_feed(layout: Layout, number: int, tenant: str, client: httpx.AsyncClient, random: Random) -> Feed:
    key, own = layout.keys[tenant], Random(random.random())
    return Feed(tenant, layout.queues, layout.addresses(), client, key, layout.period, own, _address=number)


def make_listener(
    layout: Layout, tenant: str, number: int, certificates: SSLContext | None, random: Random
) -> Listener:
    request = Request(CHANNELS, tenant, token=layout.keys[tenant])
    return Listener(request, layout.addresses(), Random(random.random()), certificates, _address=number)
