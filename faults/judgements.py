"""Times at which each tenant was judged, from the database and by our own clock: clocks of workers may be wrong."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg

from faults.layout import Layout

EVERY = 0.5  # seconds
PATIENCE = 5.0  # seconds for a look; a database that is away is asked again
LAST = "SELECT organization_id, judged_at::text FROM alerts_round"
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


@dataclass
class Judgements:
    """A judgement counts once its transaction is committed."""

    layout: Layout
    last: dict[str, tuple[str, float]] = field(default_factory=dict)
    """The content of each tenant's row, and since when it holds."""
    worst: dict[str, float] = field(default_factory=dict)
    """Longest time without a judgement, of each tenant in seconds."""
    count: int = 0

    def begin(self) -> None:
        """Measure from now on."""
        now = time.monotonic()
        self.last = {tenant: (self.last.get(tenant, ("", now))[0], now) for tenant in self.layout.keys}
        self.worst = dict.fromkeys(self.layout.keys, 0.0)

    async def run(self) -> None:
        while True:
            with suppress(psycopg.Error, TimeoutError, OSError):
                async with asyncio.timeout(PATIENCE):
                    connection = await psycopg.AsyncConnection.connect(self.layout.database(), autocommit=True)
                async with connection:
                    await self._watch(connection)
            await asyncio.sleep(EVERY)

    async def _watch(self, connection: Connection) -> None:
        while True:
            async with asyncio.timeout(PATIENCE):
                rows = await (await connection.execute(LAST)).fetchall()
            self._see(dict(rows))
            await asyncio.sleep(EVERY)

    def _see(self, rows: dict[str, str]) -> None:
        now = time.monotonic()
        for tenant, (before, since) in self.last.items():
            if rows.get(tenant) not in {None, before}:
                self.last[tenant] = rows[tenant], now
                self.worst[tenant] = max(self.worst[tenant], now - since)
                self.count += 1

    def longest(self) -> tuple[str, float]:
        """Return the tenant that waited longest, and for how many seconds; those that still wait count too."""
        now = time.monotonic()
        waited = {tenant: max(self.worst[tenant], now - since) for tenant, (_, since) in self.last.items()}
        return max(waited.items(), key=lambda item: item[1])

    async def everybody_since(self, instant: float, seconds: float) -> bool:
        """Wait until each tenant was judged after this instant of the monotonic clock, for so long at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while any(not mark or since <= instant for mark, since in self.last.values()):
                    await asyncio.sleep(EVERY / 5)
                return True
        return False
