"""A standby of PostgreSQL takes over from a primary that is gone; a primary becomes read-only for a time."""

from contextlib import ExitStack

import psycopg

from faults.layout import Layout
from faults.processes import Environment
from faults.scenario import Run, Scenario
from tests.faults.standby import Standby
from tests.services import Postgres

SYNCHRONOUS = {"synchronous_commit": "on", "synchronous_standby_names": "*"}


class PairLayout(Layout):
    """Commits wait for the standby, so that what was acknowledged is on both."""

    standby: Standby

    def start_services(self, stack: ExitStack) -> None:
        super().start_services(stack)
        self.standby = stack.enter_context(Standby(self.postgres))
        set_on(self.postgres, SYNCHRONOUS)

    def environment(self) -> Environment:
        return {**super().environment(), "DATABASE_URL": self.hosts()}

    def hosts(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.postgres.port},127.0.0.1:{self.standby.port}/postgres"

    def database(self) -> str:
        return f"{self.hosts()}?target_session_attrs=read-write"


def set_on(postgres: Postgres, settings: dict[str, str]) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        for name, value in settings.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.execute("SELECT pg_reload_conf()")


async def standby_promoted(run: Run) -> None:
    """The primary dies; after a while somebody, or Patroni, promotes the standby."""
    layout = run.layout
    assert isinstance(layout, PairLayout)
    await run.apart(layout.postgres.kill)
    await run.last()
    await run.apart(lambda: promote(layout.standby))


def promote(standby: Standby) -> None:
    with psycopg.connect(standby.url, autocommit=True) as connection:
        connection.execute("SELECT pg_promote()")


async def read_only(run: Run) -> None:
    """Make the primary read-only, as one that was demoted under its clients: it answers, and takes nothing."""
    postgres = run.layout.postgres
    await run.apart(lambda: set_on(postgres, {"default_transaction_read_only": "on"}))
    try:
        await run.last()
    finally:
        await run.apart(lambda: set_on(postgres, {"default_transaction_read_only": "off"}))


SCENARIOS = [
    Scenario("read-only database", read_only),
    Scenario("standby promoted", standby_promoted, PairLayout),
]
