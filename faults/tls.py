"""TLS all along: PostgreSQL that is verified in full, Valkey by rediss://; nothing is taken in the clear.

The servers of the wheels are built without TLS, so that a proxy before each speaks it, as a cloud's endpoint does.
"""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from faults.kills import killed
from faults.layout import Layout
from faults.processes import Environment
from faults.scenario import Run, Scenario
from tests.faults.authority import Authority
from tests.faults.tls_proxy import TlsProxy
from tests.services import Service


class TlsLayout(Layout):
    authority: Authority
    before_postgres: TlsProxy
    before_valkey: TlsProxy

    def start_services(self, stack: ExitStack) -> None:
        super().start_services(stack)
        folder = stack.enter_context(TemporaryDirectory(prefix="intraday-tls-"))
        self.authority = Authority(Path(folder))
        certificate = self.authority.certificate("127.0.0.1")
        self.before_postgres = stack.enter_context(TlsProxy(self.postgres.port, certificate, postgres=True))
        self.before_valkey = stack.enter_context(TlsProxy(self.valkey.port, certificate))

    def environment(self) -> Environment:
        verified = f"sslmode=verify-full&sslrootcert={self.authority.file}"
        database = f"postgresql://postgres@127.0.0.1:{self.before_postgres.port}/postgres?{verified}"
        broker = f"rediss://127.0.0.1:{self.before_valkey.port}/0?ssl_ca_certs={self.authority.file}"
        return {**super().environment(), "DATABASE_URL": database, "REDIS_URL": broker}


async def kill_both(run: Run) -> None:
    """Connections are made anew, again by TLS."""
    half = Run(run.layout, run.traffic, run.seconds / 2, run.random)
    services: list[Service] = [run.layout.valkey, run.layout.postgres]
    for service in services:
        await killed(half, service)


SCENARIOS = [Scenario("TLS all along", kill_both, TlsLayout)]
