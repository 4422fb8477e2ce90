"""Processes of a worker: they let servers go first, and one that uses too much memory is replaced between two jobs,
while no job is lost or done twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import redis
from celery import Celery

from intraday.checks import LOWEST_PRIORITY
from intraday.jobs import queues
from intraday.jobs.models import JobRun, Lease
from tests.live import ROOT, test_database
from tests.services import Valkey, dies_with_parent, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
JOBS = 4


@contextmanager
def worker(valkey: Valkey, log: Path, **settings: str) -> Iterator[psutil.Process]:
    environment = {
        "REDIS_URL": valkey.url,
        "DJANGO_SETTINGS_MODULE": "intraday.settings",
        **test_database(),
        **settings,
    }
    command = [sys.executable, "-m", "celery", "-A", "intraday.celery", "worker", "--concurrency", "2"]
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | environment,
            stdout=out,
            stderr=out,
            preexec_fn=dies_with_parent(signal.SIGTERM),
        ) as process,
    ):
        try:
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGQUIT)


def test_each_job_of_a_worker_whose_processes_are_replaced_all_the_time_is_done_once(tmp_path: Path):
    seen: set[int] = set()
    with Valkey() as valkey, worker(valkey, tmp_path / "log", INTRADAY_WORKER_MEGABYTES="1") as parent:

        def all_done() -> bool:
            seen.update(child.pid for child in parent.children())
            return JobRun.objects.filter(job="intraday.tasks.judge_dirty", runs__gte=JOBS).exists()

        broker = Celery(broker=valkey.url, set_as_current=False)
        for number in range(JOBS):
            broker.send_task("intraday.tasks.judge_dirty", (f"org_{number}",), queue=queues.DIRTY)
        assert wait_until(all_done, 60)
        with redis.Redis.from_url(valkey.url) as client:
            assert wait_until(lambda: not client.exists("unacked", queues.DIRTY), 10)
    run = JobRun.objects.get(job="intraday.tasks.judge_dirty")
    assert (run.runs, run.failures, run.skipped) == (JOBS, 0, 0)
    assert Lease.objects.filter(job="judge_dirty", done_at__isnull=False).count() == JOBS
    assert len(seen) > 2  # which it started with


def test_servers_of_the_same_machine_go_before_all_processes_of_a_worker(tmp_path: Path):
    own = os.nice(0)
    with Valkey() as valkey, worker(valkey, tmp_path / "log", INTRADAY_WORKER_NICE="3") as parent:
        assert wait_until(lambda: len(parent.children()) == 2, 60)
        assert {each.nice() for each in (parent, *parent.children())} == {min(LOWEST_PRIORITY, own + 3)}
