"""More tenants than a worker judges at a time: how old do their judgements become, once all have been judged?

Two bars of its own. New facts are judged within BAR: the oldest mark of the database is never older. Everything is
judged in full once in BAR: the last full judgement of a tenant is never older than that and the time that a run takes,
because its age counts from the end of one run to the end of the next.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import psycopg

from faults.layout import Layout
from faults.scenario import Run, Scenario

BAR = 60.0  # seconds
EVERY = 0.5
AGES = """SELECT
    (SELECT extract(epoch FROM max(clock_timestamp() - first_marked_at)) FROM jobs_dirtyscope),
    extract(epoch FROM max(clock_timestamp() - done_at)),
    extract(epoch FROM max(done_at - begun_at)),
    count(done_at)
    FROM jobs_lease WHERE job = 'judge_all'"""


class CrowdLayout(Layout):
    tenants = 200
    queues = 1
    listeners = 1
    period = 30.0  # 20 posts a second: the workers are tried here, not the servers


@dataclass
class Ages:
    """The greatest in seconds: of a mark on new facts, of a last full judgement, of the time that one took."""

    mark: float = 0.0
    judgement: float = 0.0
    run: float = 0.0
    judged: int = 0
    """Tenants that were judged in full."""

    def see(self, mark: Any, judgement: Any, run: Any, judged: int) -> None:
        self.mark = max(self.mark, float(mark or 0))
        self.judgement = max(self.judgement, float(judgement or 0))
        self.run = max(self.run, float(run or 0))
        self.judged = judged

    def told(self) -> str:
        return (
            f"oldest new fact {self.mark:.1f} s (bar {BAR:g}), oldest full judgement {self.judgement:.1f} s"
            f" (bar {BAR:g} and {self.run:.1f}, the longest run)"
        )

    def misses(self, tenants: int) -> list[str]:
        found = {
            "new facts waited for longer than the bar": self.mark > BAR,
            "full judgements grew older than the bar": self.judgement > BAR + self.run,
            f"{tenants - self.judged} tenants were never judged in full": self.judged < tenants,
        }
        return [text for text, missed in found.items() if missed]


async def watch(run: Run) -> None:
    ages, end = Ages(), time.monotonic() + run.seconds
    async with await psycopg.AsyncConnection.connect(run.layout.database(), autocommit=True) as connection:
        while time.monotonic() < end:
            row = await (await connection.execute(AGES)).fetchone()
            assert row is not None
            ages.see(*row)
            await asyncio.sleep(EVERY)
    run.notes.append(ages.told())
    run.misses += ages.misses(len(run.layout.keys))


SCENARIOS = [Scenario("200 tenants", watch, CrowdLayout, short=10.0, long=180.0)]
