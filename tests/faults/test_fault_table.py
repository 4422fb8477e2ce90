"""The table of faults (`make faults`): one fault that is really caused, and the rules of both tables."""

import subprocess
import sys

import pytest

from faults.audit import Account
from faults.scenario import Outcome
from faults.soak_report import report, slope
from tests.live import ROOT

HOUR = 3600


def test_a_lost_database_comes_back_from_its_backup_and_clients_go_on():
    """The drill of docs/operations.md: dump, a fresh server, restore, `new_epoch`, while posts and sockets go on."""
    command = [sys.executable, "-m", "faults", "--short", "--only", "restore"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 listeners went on from a snapshot" in done.stdout


@pytest.mark.parametrize(
    ("lost", "doubled", "unjudged", "passed"),
    [(0, 0, 180.0, True), (0, 0, 180.1, False), (1, 0, 0.0, False), (0, 1, 0.0, False)],
)
def test_a_fault_may_cost_nothing_but_its_time_and_two_minutes(lost: int, doubled: int, unjudged: float, passed: bool):
    outcome = Outcome(Account(lost=lost, doubled=doubled), fault=60.0, unjudged=unjudged, notes=[])
    assert outcome.passed is passed


def test_a_slope_is_that_of_most_samples():
    """3 an hour, with one sample that is far off."""
    samples = [(number / 60, 100 + number / 20) for number in range(60)]
    samples[30] = (0.5, 900.0)
    assert slope(samples) == pytest.approx(3.0)


def soak_of(megabytes_an_hour: float, table: str = "backlog_snapshot", lost: int = 0) -> list[dict[str, object]]:
    """An hour of samples of one process and one table."""
    usage = {"files": 10, "connections": 2}
    samples = [
        {
            "second": second,
            "processes": {"serve 0": {**usage, "memory": 100 + megabytes_an_hour * second / HOUR}},
            "tables": {table: {"rows": second, "bytes": second * 100}},
        }
        for second in range(0, HOUR + 1, 60)
    ]
    account = {"posted": 9, "acknowledged": 9, "stored": 9, "delivered": 9, "lost": lost, "doubled": 0, "findings": []}
    end = {"account": account, "unjudged": 30.0}
    return [{"kept": {"backlog_snapshot": "purged"}}, *samples, end]


@pytest.mark.parametrize(
    ("lines", "flat"),
    [
        (soak_of(1.0), True),
        (soak_of(50.0), False),
        (soak_of(1.0, table="unknown_table"), False),
        (soak_of(1.0, lost=1), False),
        (soak_of(1.0)[:-1], False),  # it did not come to its end
    ],
)
def test_a_soak_is_flat_if_nothing_grows_unexplained_and_nothing_is_lost(lines: list[dict[str, object]], flat: bool):
    assert report(lines)[1] is flat
