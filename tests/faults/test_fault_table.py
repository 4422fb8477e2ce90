"""The table of faults (`make faults`): one fault that is really caused, and the rules of both tables."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import httpx2 as httpx
import pytest

from faults.audit import Account, count_deliveries, count_rows
from faults.crowd import Ages
from faults.feeds import BACKLOG, INTERVALS, Feed, Key, Ledger
from faults.listeners import Listener
from faults.scenario import Outcome
from faults.soak_report import report, slope
from intraday.api_client.listen import Request
from tests.live import ROOT

HOUR = 3600


def test_a_lost_database_comes_back_from_its_backup_and_clients_go_on():
    """The drill of docs/operations.md: dump, a fresh server, restore, `new_epoch`, while posts and sockets go on."""
    command = [sys.executable, "-m", "faults", "--short", "--only", "restore"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 listeners went on from a snapshot" in done.stdout


@pytest.mark.parametrize(
    ("lost", "doubled", "unjudged", "passed"),
    [(0, 0, 180.0, True), (0, 0, 180.1, False), (1, 0, 0.0, False), (0, 1, 0.0, False)],
)
def test_a_fault_may_cost_nothing_but_its_time_and_two_minutes(lost: int, doubled: int, unjudged: float, passed: bool):
    outcome = Outcome(Account(lost=lost, doubled=doubled), fault=60.0, unjudged=unjudged, notes=[])
    assert outcome.passed is passed


def test_a_bar_that_only_one_scenario_has_is_missed_like_the_others():
    assert not Outcome(Account(), fault=60.0, unjudged=0.0, notes=[], misses=["too late"]).passed


@pytest.mark.parametrize(
    ("ages", "missed"),
    [
        (Ages(mark=60.0, judgement=60.5, run=0.5, judged=200), 0),
        (Ages(mark=60.1, judgement=60.5, run=0.5, judged=200), 1),
        (Ages(mark=0.0, judgement=60.6, run=0.5, judged=200), 1),
        (Ages(mark=0.0, judgement=0.0, run=0.0, judged=199), 1),
    ],
)
def test_a_crowd_is_judged_within_a_minute_and_the_time_of_a_run(ages: Ages, missed: int):
    assert len(ages.misses(200)) == missed


NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROWS: list[Key] = [(BACKLOG, "support", NOON + timedelta(seconds=second)) for second in range(4)]


def feed_of(*, posted: list[Key], acknowledged: list[Key], refused: list[Key] | None = None) -> Feed:
    ledger = Ledger({key: {} for key in posted}, set(acknowledged), dict.fromkeys(refused or [], "400"))
    return Feed("org_123", 1, [], httpx.AsyncClient(), "", 1.0, Random(1), ledger)


def listener_of(*rows: Key) -> Listener:
    return Listener(Request([BACKLOG], "org_123"), [], Random(1), heard=Counter(rows))


@pytest.mark.parametrize(
    ("feed", "stored", "lost", "doubled"),
    [
        (feed_of(posted=ROWS, acknowledged=ROWS), ROWS, 0, 0),
        (feed_of(posted=ROWS, acknowledged=ROWS), ROWS[1:], 1, 0),
        (feed_of(posted=ROWS, acknowledged=ROWS[1:]), ROWS, 1, 0),  # never answered, whatever became of it
        (feed_of(posted=ROWS, acknowledged=ROWS[1:], refused=ROWS[:1]), ROWS[1:], 1, 0),
        (feed_of(posted=ROWS, acknowledged=ROWS), [*ROWS, ROWS[0]], 0, 1),
    ],
)
def test_rows_that_were_acknowledged_must_be_stored_once(feed: Feed, stored: list[Key], lost: int, doubled: int):
    account = Account()
    count_rows(account, feed, Counter(stored))
    assert (account.lost, account.doubled) == (lost, doubled)


def test_a_running_interval_may_be_replaced_by_a_later_post_and_not_by_an_earlier_one():
    posts: list[Key] = [(INTERVALS, "support", NOON + timedelta(seconds=second)) for second in range(3)]
    for stored, lost in ((posts[2], 0), (posts[1], 1)):
        account = Account()
        count_rows(account, feed_of(posted=posts, acknowledged=posts), Counter([stored]))
        assert (account.stored, account.lost) == (3 - lost, lost)


@pytest.mark.parametrize(
    ("heard", "delivered", "lost", "doubled"),
    [(ROWS, 4, 0, 0), (ROWS[1:], 3, 1, 0), ([*ROWS, ROWS[0]], 4, 0, 1), ([], 0, 4, 0)],
)
def test_rows_that_are_stored_must_be_heard_once(heard: list[Key], delivered: int, lost: int, doubled: int):
    """By each of two listeners, of whom the other one heard everything."""
    account, feed = Account(), feed_of(posted=ROWS, acknowledged=ROWS)
    count_deliveries(account, feed, [listener_of(*ROWS), listener_of(*heard)], Counter(ROWS))
    assert (account.delivered, account.lost, account.doubled) == (delivered, lost, doubled)


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
