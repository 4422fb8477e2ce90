from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intraday.feeds import bank
from intraday.feeds.bank import COLUMNS
from intraday.feeds.instants import FeedError, Instant, Row, Target, Window
from intraday.feeds.tally import Closings

Write = Callable[..., Path]
Read = Callable[..., list[Instant]]
DEFAULTS = {
    "type": "PS",
    "date": "990214",
    "vru_entry": "9:59:50",
    "q_start": "10:00:00",
    "q_exit": "10:01:30",
    "outcome": "AGENT",
    "ser_start": "10:01:29",
}


def call(**given: str) -> str:
    return ",".join((DEFAULTS | given)[name] for name in COLUMNS)


def at(instants: list[Instant], time: str, queue: str = "PS") -> Row:
    wanted = datetime.fromisoformat(time).replace(tzinfo=bank.ZONE)
    return next(r for i in instants if i.time == wanted for r in i.rows if r["queue_name"] == queue)


@pytest.fixture
def read(write: Write, target: Target) -> Read:
    def read(*lines: str, every: timedelta = timedelta(minutes=1), **given: Any) -> list[Instant]:
        feed = bank.read(write("log.csv", ",".join(COLUMNS), *lines), target=target, every=every, **given)
        return list(feed.instants)

    return read


def test_a_call_waits_from_queue_start_up_to_its_exit(read: Read) -> None:
    instants = read(call(q_exit="10:02:00", ser_start="10:01:59"))
    totals = [at(instants, f"1999-02-14 {time}")["total_items"] for time in ("09:59", "10:00", "10:01", "10:02")]
    assert totals == [0, 1, 1, 0]


def test_waits_are_minutes_and_over_sla_is_more_than_twenty_seconds(read: Read) -> None:
    instants = read(call(q_start="10:00:40"), call(q_start="10:00:39"))
    row = at(instants, "1999-02-14 10:01")
    assert row["items_over_sla"] == 1
    assert (row["oldest_item_age_minutes"], row["average_wait_time_minutes"]) == (0.35, 0.3417)


def test_another_threshold_can_be_set(read: Read) -> None:
    assert at(read(call(), age_limit=timedelta(minutes=1)), "1999-02-14 10:01")["items_over_sla"] == 0


def test_a_served_caller_is_completed_and_one_who_hangs_up_is_not(read: Read) -> None:
    instants = read(call(), call(outcome="HANG"))
    assert at(instants, "1999-02-14 10:02")["items_completed"] == 1
    assert at(instants, "1999-02-14 10:02")["total_items"] == 0


def test_a_service_without_recorded_start_is_completed_at_the_queue_exit(read: Read) -> None:
    assert at(read(call(ser_start="0:00:00")), "1999-02-14 10:02")["items_completed"] == 1


@pytest.mark.parametrize("given", [{"outcome": "PHANTOM"}, {"q_start": "0:00:00", "q_exit": "0:00:00"}])
def test_phantoms_and_calls_that_never_queued_are_left_out(read: Read, given: dict[str, str]) -> None:
    assert sum(row["items_added"] for instant in read(call(), call(**given)) for row in instant.rows) == 1


def test_a_wait_over_midnight_ends_on_the_next_day(read: Read) -> None:
    late = call(vru_entry="23:58:40", q_start="23:58:50", q_exit="0:00:30", ser_start="0:00:29")
    instants = read(late)
    assert at(instants, "1999-02-15 00:00")["total_items"] == 1
    assert at(instants, "1999-02-15 00:01")["items_completed"] == 1


def test_a_call_that_queues_after_midnight_is_the_next_days(read: Read) -> None:
    instants = read(call(vru_entry="23:59:50", q_start="0:00:10", q_exit="0:01:30", ser_start="0:01:29"))
    assert at(instants, "1999-02-15 00:01")["total_items"] == 1


def test_seconds_of_disorder_do_not_cost_a_day(read: Read) -> None:
    instants = read(call(vru_entry="10:00:55", q_start="10:00:00", ser_start="9:59:59"))
    assert at(instants, "1999-02-14 10:01")["total_items"] == 1
    assert len(instants) == 24 * 60 + 1


def test_every_queue_is_there_from_midnight_to_midnight(read: Read) -> None:
    instants = read(call(), call(type="NE", date="990216"), every=timedelta(hours=6))
    assert [len(instant.rows) for instant in instants] == [2] * 13
    assert instants[0].rows[0]["snapshot_time"] == "1999-02-13T22:00:00Z"


def test_a_window_narrows_the_grid(read: Read) -> None:
    window = Window(datetime.fromisoformat("1999-02-14T10:00"), datetime.fromisoformat("1999-02-14T10:02"))
    assert len(read(call(), window=window)) == 3


def test_unreadable_lines_are_reported_and_the_rest_is_read(write: Write, target: Target) -> None:
    feed = bank.read(write("log.csv", ",".join(COLUMNS), call(q_exit="later"), call()), target=target)
    assert [problem.line for problem in feed.problems] == [2]
    assert sum(row["items_added"] for instant in feed.instants for row in instant.rows) == 1


def test_a_log_without_a_queued_call_is_refused(write: Write, target: Target) -> None:
    with pytest.raises(FeedError, match="no call that queued"):
        bank.read(write("log.csv", ",".join(COLUMNS)), target=target)


# Per day: calls that queued and were served, and those that hung up (the published column "abandoned").
SERVED = {"14": 494, "15": 691, "16": 907, "17": 818, "18": 643, "19": 56, "20": 45}
ABANDONED = {"14": 128, "15": 184, "16": 278, "17": 287, "18": 192, "19": 9, "20": 6}


@pytest.mark.shared
@pytest.mark.parametrize("minutes", [1, 5, 15])
def test_the_real_week_adds_the_queued_and_loses_exactly_the_published_abandoned(
    real: Callable[[str], Path], minutes: int
) -> None:
    path = real("bank_calls_1999-02-14_week.csv.gz")
    feed = bank.read(path, target=Target("org_123", bank.DEPARTMENT), every=timedelta(minutes=minutes))
    closings = Closings(feed.zone)
    for instant in feed.instants:
        closings.saw(instant)
    days = {f"{day:%d}": sums for day, sums in closings.days.items()}
    assert feed.problems == []
    assert {day: sums.completed for day, sums in days.items()} == SERVED
    assert {day: sums.added - sums.completed for day, sums in days.items()} == ABANDONED
    assert Counter(sums.closing for sums in days.values()) == {0: 7}


@pytest.mark.shared
def test_the_real_snapshots_are_those_of_a_count_call_by_call(real: Callable[[str], Path]) -> None:
    path = real("bank_calls_1999-02-14_week.csv.gz")
    queued = list(bank.calls(path, []))
    feed = bank.read(path, target=Target("org_123", bank.DEPARTMENT), every=timedelta(hours=1))
    for instant in feed.instants:
        waiting = Counter(call.queue for call in queued if call.joined <= instant.time < call.left)
        assert {row["queue_name"]: row["total_items"] for row in instant.rows if row["total_items"]} == waiting
