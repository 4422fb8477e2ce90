"""Processes and servers that are killed, as a crash or the out-of-memory killer would, and started again."""

from faults.scenario import Run, Scenario
from tests.services import Service


async def killed(run: Run, service: Service) -> None:
    await run.apart(service.kill)
    try:
        await run.last()
    finally:
        await run.apart(service.restart)


async def kill_serve(run: Run) -> None:
    await killed(run, run.random.choice(run.layout.serves))


async def kill_worker(run: Run) -> None:
    await killed(run, run.random.choice(run.layout.workers))


async def kill_beat(run: Run) -> None:
    await killed(run, run.layout.beat)


async def kill_postgres(run: Run) -> None:
    await killed(run, run.layout.postgres)


async def kill_valkey(run: Run) -> None:
    await killed(run, run.layout.valkey)


SCENARIOS = [
    Scenario("kill serve", kill_serve),
    Scenario("kill worker", kill_worker),
    Scenario("kill beat", kill_beat),
    Scenario("kill PostgreSQL", kill_postgres),
    Scenario("kill Valkey", kill_valkey),
]
