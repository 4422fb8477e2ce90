"""Network paths that swallow everything: no answer, no reset, as after a firewall forgot a connection."""

from contextlib import ExitStack

from faults.layout import Layout
from faults.processes import Beat, Environment, Worker
from faults.scenario import Run, Scenario
from tests.faults.proxy import Proxy


class PathsLayout(Layout):
    """The jobs reach the broker, and everybody the database, on paths of their own."""

    to_broker: Proxy
    to_database: Proxy

    def start_services(self, stack: ExitStack) -> None:
        super().start_services(stack)
        self.to_broker = stack.enter_context(Proxy(self.valkey.port))
        self.to_database = stack.enter_context(Proxy(self.postgres.port))

    def environment(self) -> Environment:
        url = self.postgres.url.replace(str(self.postgres.port), str(self.to_database.port))
        return {**super().environment(), "DATABASE_URL": url}

    def environment_of_jobs(self) -> Environment:
        url = self.valkey.url.replace(str(self.valkey.port), str(self.to_broker.port))
        return {**self.environment(), "REDIS_URL": url}

    def make_worker(self, number: int) -> Worker:
        return Worker(self.environment_of_jobs())

    def make_beat(self) -> Beat:
        return Beat(self.environment_of_jobs())


async def swallow(run: Run, path: Proxy) -> None:
    """Swallow all packets of a path during the fault, then cut its connections: packets on their way are lost."""
    path.swallow()
    try:
        await run.last()
    finally:
        path.cut()
        path.resume()


async def broker_silent(run: Run) -> None:
    assert isinstance(run.layout, PathsLayout)
    await swallow(run, run.layout.to_broker)


async def database_silent(run: Run) -> None:
    assert isinstance(run.layout, PathsLayout)
    await swallow(run, run.layout.to_database)


SCENARIOS = [
    Scenario("broker path silent", broker_silent, PathsLayout),
    Scenario("database path silent", database_silent, PathsLayout),
]
