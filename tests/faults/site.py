"""A production site: two server processes and a worker, on a PostgreSQL and a Valkey that may be broken."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from celery import Celery
from prometheus_client.parser import text_string_to_metric_families

from tests.live import ROOT, Caller, ProcessServer
from tests.services import Postgres, Valkey, dies_with_parent

BEGIN = datetime(2026, 1, 31, tzinfo=UTC)
CONNECTIONS = """SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""
INGEST = "/api/schedulesbacklog/ingest"


@dataclass
class Site:
    postgres: Postgres
    valkey: Valkey
    servers: list[ProcessServer]
    key: str
    broker: Celery
    posted: int = 0
    answers: Counter[int] = field(default_factory=Counter)

    async def post(self, *callers: Caller) -> Any:
        """One more snapshot of `support`, by each caller in turn: three events. The answer."""
        time = BEGIN + timedelta(seconds=self.posted)
        row = {"queue_name": "support", "snapshot_time": time.isoformat(), "total_items": self.posted}
        answer = await callers[self.posted % len(callers)].post(INGEST, row | {"average_wait_time_minutes": 1})
        self.posted += 1
        self.answers[answer.status_code] += 1
        return answer

    async def load(self, count: int, *callers: Caller) -> int:
        """Post that many snapshots, each of them taken; return the seq of the last event."""
        for _ in range(count):
            answer = await self.post(*callers)
            assert answer.status_code == 201, answer.text
        return int(answer.json()["event"]["seq"]) + 2

    def run_job(self, name: str, *args: Any) -> None:
        self.broker.send_task(name, args)

    def connections(self) -> int:
        """Return the number of connections of our processes to the database."""
        with psycopg.connect(self.postgres.url) as database:
            [(count,)] = database.execute(CONNECTIONS).fetchall()
        return int(count)


async def metric(caller: Caller, name: str) -> float:
    text = (await caller.get("/metrics")).text
    families = text_string_to_metric_families(text)
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


@contextmanager
def running(var: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        postgres, valkey = stack.enter_context(Postgres()), stack.enter_context(Valkey())
        environment = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": valkey.url,
            "SECRET_KEY": "only-for-tests-" + "x" * 40,
            "DJANGO_SETTINGS_MODULE": "intraday.settings",
            "INTRADAY_LAYER_PREFIX": "faults",
            "INTRADAY_LOG_LEVEL": "CRITICAL",  # what they print is read at the end: a pipe holds 64 KB
            "INTRADAY_VAR": str(var),
        }
        prepare = [sys.executable, "-m", "tests.faults.prepare"]
        key = subprocess.run(
            prepare, cwd=ROOT, env=os.environ | environment, check=True, capture_output=True, text=True
        )
        stack.enter_context(_worker(environment, var / "worker.log"))
        servers = [ProcessServer("manage.py", "serve", "--port", "{port}", environment=environment) for _ in "ab"]
        for server in servers:
            server.launch()
            stack.callback(server.kill)
        for server in servers:
            server.wait()
        yield Site(postgres, valkey, servers, key.stdout, Celery(broker=valkey.url, set_as_current=False))


@contextmanager
def _worker(environment: dict[str, str], log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "tests.faults.worker", "worker", "--concurrency", "1"]
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [*command, "--without-gossip", "--without-mingle"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=out,
            stderr=out,
            preexec_fn=dies_with_parent(signal.SIGTERM),
        ) as process,
    ):
        try:
            yield
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: a warm shutdown waits for its broker
