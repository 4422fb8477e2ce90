"""One run of a job at a time among threads and processes, and after a process that died at work."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models.functions import Now
from django.utils import timezone

from intraday.jobs.leases import lease
from intraday.jobs.models import Lease
from tests.live import ROOT, test_database
from tests.services import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def holder(*, seconds: float = 60, organization: str = "org_123") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.holder", "kpi", organization, str(seconds)],
        cwd=ROOT,
        env=os.environ | test_database() | {"DJANGO_SETTINGS_MODULE": "intraday.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def all_free() -> bool:
    return not Lease.objects.filter(expires_at__gt=Now()).exists()


@contextmanager
def ended(*processes: subprocess.Popen[str]) -> Iterator[None]:
    with ExitStack() as stack:
        for process in processes:
            stack.enter_context(process)  # closes its input, which ends it, and waits
        yield


def test_of_two_processes_one_gets_it_and_gives_it_back():
    processes = [holder(), holder()]
    with ended(*processes):
        assert sorted(map(says, processes)) == ["held", "refused"]
        with lease("kpi", "org_123") as held:
            assert not held
        with lease("kpi", "org_456") as held, lease("alerts", "org_123") as other:
            assert held
            assert other
    assert all_free()
    with lease("kpi", "org_123") as held:
        assert held


def test_a_holder_that_died_keeps_it_until_it_runs_out():
    process = holder(seconds=60)
    with ended(process):
        assert says(process) == "held"
        process.kill()
    with lease("kpi", "org_123") as held:
        assert not held
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with lease("kpi", "org_123") as held:
        assert held
    assert all_free()


def test_a_slow_holder_whose_time_ran_out_does_not_take_it_from_the_next():
    slow = lease("kpi", seconds=0)
    assert slow.__enter__()
    assert wait_until(lambda: Lease.objects.filter(expires_at__lt=timezone.now()).exists())
    with lease("kpi") as held:
        assert held
        slow.__exit__(None, None, None)
        with lease("kpi") as third:
            assert not third


def test_a_run_that_fails_gives_it_back():
    with pytest.raises(ZeroDivisionError), lease("kpi"):
        raise ZeroDivisionError
    assert all_free()


@pytest.mark.parametrize("expired", [False, True])
def test_of_many_at_once_exactly_one_gets_it(expired: bool):
    if expired:
        Lease.objects.create(job="kpi", holder="dead", expires_at=timezone.now() - timedelta(hours=1))
    start, done = threading.Barrier(8), threading.Barrier(8)
    got: list[bool] = []

    def run() -> None:
        start.wait(10)
        with lease("kpi") as held:
            got.append(held is not None)
            done.wait(10)
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(got) == [False] * 7 + [True]


def test_new_facts_wait_for_the_full_judgement_of_their_organization_alone():
    with lease("judge_all", "org_123"), lease("judge_dirty", "org_456", unless="judge_all") as other:
        assert other
        with lease("judge_dirty", "org_123", unless="judge_all") as held:
            assert not held
    with lease("judge_dirty", "org_123", unless="judge_all") as held:
        assert held
