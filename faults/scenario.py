"""One fault: the layout it happens to, how it is caused and mended, and what it may cost."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from faults import audit
from faults.audit import Account
from faults.layout import Layout
from faults.traffic import Traffic, traffic

GRACE = 120.0  # seconds that a tenant may go unjudged beyond the fault
T = TypeVar("T")


@dataclass
class Run:
    """The layout, the traffic and the random numbers that one fault is given."""

    layout: Layout
    traffic: Traffic
    seconds: float
    random: Random
    notes: list[str] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)
    """Bars of this scenario alone that were missed."""

    async def last(self) -> None:
        """Let the fault last as long as it shall, while everything else goes on."""
        await asyncio.sleep(self.seconds)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for it; raise TimeoutError where it does not come."""
        async with asyncio.timeout(GRACE):
            while not condition():
                await asyncio.sleep(0.1)

    async def apart(self, work: Callable[[], T]) -> T:
        """Do something slow beside the traffic."""
        return await asyncio.to_thread(work)


@dataclass(frozen=True)
class Scenario:
    """`inflict` breaks something, waits, and mends it."""

    name: str
    inflict: Callable[[Run], Awaitable[None]]
    layout: type[Layout] = Layout
    short: float = 6.0
    """Seconds that the fault lasts."""
    long: float = 60.0
    missing: Callable[[], str] = lambda: ""

    def lacks(self) -> str:
        """Return what this machine lacks for it; empty if nothing."""
        return self.missing() or self.layout.missing()


@dataclass(frozen=True)
class Outcome:
    account: Account
    fault: float
    """Seconds that the fault lasted."""
    unjudged: float
    """Seconds that the tenant that waited longest was not judged."""
    notes: list[str]
    misses: list[str] = field(default_factory=list)

    @property
    def allowed(self) -> float:
        return self.fault + GRACE

    @property
    def passed(self) -> bool:
        clean = not self.account.lost and not self.account.doubled and not self.misses
        return clean and self.unjudged <= self.allowed


async def play(scenario: Scenario, layout: Layout, *, seed: int, short: bool) -> Outcome:
    random = Random(f"{seed} {scenario.name}")
    async with traffic(layout, random) as going:
        await going.warm_up()
        run = Run(layout, going, scenario.short if short else scenario.long, random)
        began = time.monotonic()
        await scenario.inflict(run)
        fault = time.monotonic() - began
        return await settle(scenario, run, fault)


async def settle(scenario: Scenario, run: Run, fault: float) -> Outcome:
    """Wait until all is as before, then count."""
    going = run.traffic
    await going.judgements.everybody_since(time.monotonic(), GRACE + 10)
    unjudged = going.judgements.longest()[1]
    if not await going.drain():
        run.notes.append("some rows were never answered")
    ends = await run.apart(lambda: audit.heads(run.layout.database()))
    await going.all_heard(ends)
    account = await run.apart(lambda: audit.audit(going, ends))
    return Outcome(account, fault, unjudged, run.notes, run.misses)
