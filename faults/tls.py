"""TLS all along: PostgreSQL that is verified in full, Valkey by rediss://; nothing is taken in the clear."""

import os
from pathlib import Path

from faults import certificates
from faults.certificates import AUTHORITY, CERTIFICATE, KEY
from faults.kills import killed
from faults.layout import Layout
from faults.scenario import Run, Scenario
from tests.services import Postgres, Service, Valkey

ONLY_TLS = "hostssl all all 127.0.0.1/32 trust\n"


class TlsPostgres(Postgres):
    @property
    def url(self) -> str:
        return f"{super().url}?sslmode=verify-full&sslrootcert={self.directory}/{AUTHORITY}"

    def _prepare(self, directory: Path) -> None:
        super()._prepare(directory)
        certificates.write(directory)
        (directory / "data/pg_hba.conf").write_text(ONLY_TLS)
        if identity := self._identity():
            os.chown(directory / KEY, identity["user"], identity["group"])
        files = {"ssl_cert_file": str(directory / CERTIFICATE), "ssl_key_file": str(directory / KEY)}
        self.settings |= {"ssl": "on", **files}
        directory.chmod(0o755)  # the applications read the authority's certificate


class TlsValkey(Valkey):
    @property
    def url(self) -> str:
        return f"rediss://127.0.0.1:{self.port}/0?ssl_ca_certs={self.directory}/{AUTHORITY}"

    def _prepare(self, directory: Path) -> None:
        certificates.write(directory)

    def _command(self, directory: Path) -> list[str]:
        files = {"tls-cert-file": CERTIFICATE, "tls-key-file": KEY, "tls-ca-cert-file": AUTHORITY}
        options = [word for name, file in files.items() for word in (f"--{name}", str(directory / file))]
        port = ["--tls-port", str(self.port), "--tls-auth-clients", "no"]
        return [*super()._command(directory), "--port", "0", *port, *options]


class TlsLayout(Layout):
    def make_postgres(self) -> Postgres:
        return TlsPostgres()

    def make_valkey(self) -> Valkey:
        return TlsValkey()


async def kill_both(run: Run) -> None:
    """Connections are made anew, again by TLS."""
    half = Run(run.layout, run.traffic, run.seconds / 2, run.random)
    services: list[Service] = [run.layout.valkey, run.layout.postgres]
    for service in services:
        await killed(half, service)


SCENARIOS = [Scenario("TLS all along", kill_both, TlsLayout)]
