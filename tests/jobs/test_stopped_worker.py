"""A worker that is stopped (SIGSTOP) at work: it holds up its own organization until its lease runs out, nobody else,
and when it goes on it does not write over what was done since."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.db import OperationalError, transaction
from django.db.models.functions import Now

from intraday import tasks
from intraday.jobs import leases
from intraday.jobs.leases import lease
from intraday.jobs.models import Lease
from intraday.jobs.runs import Outcome
from intraday.org.models import Organization
from intraday.org.services import create_organization
from tests.live import ROOT, test_database
from tests.services import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
Worker = subprocess.Popen[str]


@pytest.fixture
def worker(organization: Organization, stranger: Organization) -> Iterator[Callable[..., Worker]]:
    """A process that holds the lease of org_123 for a second and writes its name; ended by the end of its input."""
    with ExitStack() as stack:

        def start(*mode: str, stopped_seconds: float = 30) -> Worker:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.jobs.holder", "judge_all", "org_123", "1", *mode, "writing"],
                cwd=ROOT,
                env=os.environ
                | test_database()
                | {"DJANGO_SETTINGS_MODULE": "intraday.settings", "STOPPED_SECONDS": str(stopped_seconds)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.__exit__, None, None, None)
            stack.callback(process.send_signal, signal.SIGCONT)
            assert line(process) == "held"
            return process

        yield start


def line(process: Worker) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: Worker) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def lease_runs_out() -> None:
    assert wait_until(lambda: Lease.objects.filter(expires_at__lt=Now(), holder__gt="").exists())


def name() -> str:
    return Organization.objects.get(pk="org_123").name


def test_one_that_was_stopped_before_it_wrote_does_not_write_over_what_came_since(worker: Callable[..., Worker]):
    stopped = worker("before")
    stopped.send_signal(signal.SIGSTOP)
    lease_runs_out()
    with lease("judge_all", "org_123") as held:
        assert held
        with held.transaction():
            Organization.objects.filter(pk="org_123").update(name="newer")
    stopped.send_signal(signal.SIGCONT)
    go_on(stopped)
    assert line(stopped) == "written"
    go_on(stopped)
    assert line(stopped) == "lost"
    assert name() == "newer"


def test_one_whose_lease_ran_out_but_was_not_taken_may_commit(worker: Callable[..., Worker]):
    slow = worker()
    assert line(slow) == "written"
    lease_runs_out()
    go_on(slow)
    assert line(slow) == "committed"
    assert name() == "stopped"


def test_one_that_was_stopped_in_its_transaction_is_ended_by_the_database(worker: Callable[..., Worker]):
    stopped = worker(stopped_seconds=0.5)
    assert line(stopped) == "written"
    stopped.send_signal(signal.SIGSTOP)
    lease_runs_out()
    with lease("judge_all", "org_123") as held:
        assert held
        with held.transaction():  # within LOCK_SECONDS: its lock is gone
            Organization.objects.filter(pk="org_123").update(name="newer")
    stopped.send_signal(signal.SIGCONT)
    go_on(stopped)
    assert line(stopped) == "ended"
    assert name() == "newer"


def test_nobody_waits_long_for_its_locks_and_other_organizations_not_at_all(
    worker: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(leases, "LOCK_SECONDS", 0.2)
    stopped = worker()
    assert line(stopped) == "written"
    stopped.send_signal(signal.SIGSTOP)
    lease_runs_out()
    with lease("judge_all", "org_123") as held:
        assert held
        with pytest.raises(OperationalError, match="lock timeout"), held.transaction():
            Organization.objects.filter(pk="org_123").update(name="newer")
    create_organization(id="org_777", name="Another")
    for other in ("org_999", "org_777"):
        assert tasks.judge_all(other) == Outcome.DONE
    tasks.round_all()  # plans for everybody, the stopped one included
    assert name() == "Owner"


def test_a_transaction_that_is_bounded_stays_so_no_longer_than_itself():
    before = setting("lock_timeout")
    assert before != "5s"
    with transaction.atomic():
        leases.bound_waits()
        assert setting("lock_timeout") == "5s"
    assert setting("lock_timeout") == before


def setting(called: str) -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {called}")
        return str(cursor.fetchone()[0])
