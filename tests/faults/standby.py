"""A PostgreSQL that follows another by streaming replication, until it is promoted."""

import shutil
from pathlib import Path

import psycopg

from tests.services import Postgres, ServiceFailedError, last_lines, wait_until

FOLLOWERS = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"


class Standby(Postgres):
    def __init__(self, primary: Postgres) -> None:
        super().__init__()
        self._primary = primary

    def _prepare(self, directory: Path) -> None:
        super()._prepare(directory)
        shutil.rmtree(directory / "data")  # its own: instead the primary's, as it is now
        copy = [self.binary("pg_basebackup"), "--pgdata", str(directory / "data"), "--write-recovery-conf"]
        copy += ["--checkpoint", "fast", "--no-sync", "--host", "127.0.0.1", "--port", str(self._primary.port)]
        if self._spawn([*copy, "--username", "postgres"]).wait():
            raise ServiceFailedError(f"{self.name} could not copy its primary:\n{last_lines(self._log)}")

    def follows(self) -> bool:
        with psycopg.connect(self._primary.url) as database:
            [(count,)] = database.execute(FOLLOWERS).fetchall()
        return bool(count)

    def take_over(self) -> None:
        """Become the primary; the old one is turned read-only, and keeps its sessions."""
        assert wait_until(self.follows)
        with psycopg.connect(self._primary.url, autocommit=True) as database:
            database.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            database.execute("SELECT pg_reload_conf()")
        with psycopg.connect(self.url, autocommit=True) as database:
            database.execute("SELECT pg_promote()")
