"""The production layout on one machine: PostgreSQL, Valkey, two serve processes, a worker, beat, tenants with keys."""

import os
import subprocess
import sys
from contextlib import ExitStack
from types import TracebackType
from typing import ClassVar, Self

from bench.processes import ROOT
from bench.services import inside
from faults.processes import Beat, Environment, Program, Serve, Worker
from tests.services import Postgres, Service, Valkey


class Layout:
    """Scenarios that need another one override a part of it."""

    tenants: ClassVar[int] = 4
    queues: ClassVar[int] = 2
    listeners: ClassVar[int] = 2  # of each tenant
    period: ClassVar[float] = 1.0  # seconds from one round of a feed to its next
    serve_count: ClassVar[int] = 2
    worker_count: ClassVar[int] = 1  # of two processes each

    postgres: Postgres
    valkey: Valkey
    serves: list[Serve]
    workers: list[Worker]
    beat: Beat
    keys: dict[str, str]

    @classmethod
    def missing(cls) -> str:
        """Return what this machine lacks for it; empty if nothing."""
        return ""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start(self, stack: ExitStack) -> None:
        self.start_services(stack)
        self.keys = self.seed()
        self.serves = [stack.enter_context(self.make_serve(number)) for number in range(self.serve_count)]
        self.workers = [stack.enter_context(self.make_worker(number)) for number in range(self.worker_count)]
        self.beat = stack.enter_context(self.make_beat())

    def start_services(self, stack: ExitStack) -> None:
        self.postgres = stack.enter_context(self.make_postgres())
        self.valkey = stack.enter_context(self.make_valkey())

    def make_postgres(self) -> Postgres:
        return Postgres()

    def make_valkey(self) -> Valkey:
        return Valkey()

    def make_serve(self, number: int) -> Serve:
        return Serve(self.environment())

    def make_worker(self, number: int) -> Worker:
        return Worker(self.environment())

    def make_beat(self) -> Beat:
        return Beat(self.environment())

    def seed(self) -> dict[str, str]:
        """Migrate, make the tenants; return their keys."""
        return dict(inside("faults.seed", dict(self.environment()), str(self.tenants), str(self.queues)))

    def environment(self) -> Environment:
        return {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "SECRET_KEY": "only-for-faults-" + "x" * 40,
            "DJANGO_SETTINGS_MODULE": "intraday.settings",
            "INTRADAY_LAYER_PREFIX": "faults",
            "INTRADAY_LOG_LEVEL": "WARNING",
            "FORWARDED_ALLOW_IPS": "127.0.0.1",
        }

    def addresses(self) -> list[str]:
        """Return the URLs that a load balancer would send clients to."""
        return [serve.url for serve in self.serves]

    def database(self) -> str:
        """Return the URL of the database that the audit reads."""
        return self.postgres.url

    def programs(self) -> list[Program]:
        return [*self.serves, *self.workers, self.beat]

    def services(self) -> list[Service]:
        return [self.postgres, self.valkey]

    def manage(self, *arguments: str) -> str:
        """Run a management command as an operator does."""
        command, environment = [sys.executable, "manage.py", *arguments], os.environ | dict(self.environment())
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
        return done.stdout
