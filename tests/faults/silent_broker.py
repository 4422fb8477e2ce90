"""A worker and a beat whose path to Redis goes silent: they say so, and go on when it is back.

`make broker` runs it: it takes about a minute, too long for the suite.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from celery import Celery

from tests.faults.prepared import prepared
from tests.faults.proxy import Proxy
from tests.live import ROOT
from tests.services import Postgres, Valkey, dies_with_parent, wait_until

RUNS = "SELECT coalesce(sum(runs), 0) FROM jobs_jobrun WHERE job = %s"
FAILURES = "SELECT coalesce(sum(failures), 0) FROM jobs_jobrun WHERE job = %s"
SETTINGS = {"INTRADAY_LOG_LEVEL": "WARNING", "INTRADAY_BROKER_TIMEOUT": "1", "INTRADAY_JOB_SECONDS": "3"}


class Jobs:
    """A worker of one process and a beat, each with a path of its own to Redis and a log."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._stack = ExitStack()

    def __enter__(self) -> "Jobs":
        enter = self._stack.enter_context
        self.postgres, self.valkey = enter(Postgres()), enter(Valkey())
        self.to_postgres = enter(Proxy(self.postgres.port))
        self.to_redis = {name: enter(Proxy(self.valkey.port)) for name in ("worker", "beat")}
        _, environment = prepared(self.postgres.url, SETTINGS)
        environment["DATABASE_URL"] = f"postgresql://postgres@127.0.0.1:{self.to_postgres.port}/postgres"
        worker = ["worker", "--concurrency", "1", "--without-gossip", "--without-mingle"]
        self._run(environment, "worker", *worker)
        self._run(environment, "beat", "beat", "--schedule", str(self.directory / "schedule"), "--pidfile", "")
        self.broker = Celery(broker=self.valkey.url, set_as_current=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _run(self, environment: dict[str, str], name: str, *command: str) -> None:
        log = self._stack.enter_context((self.directory / f"{name}.log").open("wb"))
        own = {"REDIS_URL": f"redis://127.0.0.1:{self.to_redis[name].port}/0"}
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.faults.worker", *command],
            cwd=ROOT,
            env=os.environ | environment | own,
            stdout=log,
            stderr=log,
            preexec_fn=dies_with_parent(signal.SIGTERM),
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.send_signal, signal.SIGQUIT)

    def says(self, name: str, words: str) -> bool:
        return words in (self.directory / f"{name}.log").read_text().lower()

    def runs(self, job: str) -> int:
        return self.count(RUNS, job)

    def count(self, query: str, job: str) -> int:
        with psycopg.connect(self.postgres.url) as database:
            [(count,)] = database.execute(query, [job]).fetchall()
        return int(count)


def eventually(condition: Callable[[], bool]) -> bool:
    return any(wait_until(condition) for _ in range(4))


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    with Jobs(tmp_path_factory.mktemp("jobs")) as jobs:
        yield jobs


def test_connections_to_the_database_outlive_the_jobs_that_use_them(jobs: Jobs):
    job = "realtime.tasks.purge_log"
    jobs.broker.send_task(job)
    assert eventually(lambda: jobs.runs(job) == 1)
    opened = jobs.to_postgres.opened
    for _ in range(50):
        jobs.broker.send_task(job)
    assert eventually(lambda: jobs.runs(job) == 51)
    assert jobs.to_postgres.opened - opened < 10  # beat's rounds run beside them, on the same connections


def test_a_silent_path_is_noticed_and_said_and_jobs_go_on_when_it_is_back(jobs: Jobs):
    job = "intraday.tasks.round_dirty"
    assert eventually(lambda: jobs.runs(job) > 0)
    for path in jobs.to_redis.values():
        path.swallow()
    try:
        assert eventually(lambda: jobs.says("worker", "connection to broker lost"))
        assert eventually(lambda: jobs.says("beat", "couldn't apply scheduled task"))
    finally:
        for path in jobs.to_redis.values():
            path.resume()
    before = jobs.runs(job)
    assert eventually(lambda: jobs.runs(job) > before)


def test_a_job_that_hangs_is_ended_and_counted_as_failed(jobs: Jobs):
    jobs.broker.send_task("tests.hang")
    assert eventually(lambda: jobs.count(FAILURES, "tests.hang") == 1)
    before = jobs.runs("tests.hang")
    assert before == 1
