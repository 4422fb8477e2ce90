from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intraday.api_client.rows import Row, iso
from intraday.replay.adapters import bank
from intraday.replay.adapters.bank import COLUMNS
from intraday.replay.replay_stats import Closings
from intraday.replay.timeline import Instant, LogError, Target, Window

Write = Callable[..., Path]
Read = Callable[..., list[Instant]]
DEFAULTS = {
    "type": "PS",
    "date": "990214",
    "vru_entry": "9:59:50",
    "vru_exit": "10:00:00",
    "q_start": "10:00:00",
    "q_exit": "10:01:30",
    "q_time": "90",
    "outcome": "AGENT",
    "ser_start": "10:01:29",
    "ser_time": "120",
    "server": "AG-1",
}


def call(**given: str) -> str:
    return ",".join((DEFAULTS | given)[name] for name in COLUMNS)


def at(instants: list[Instant], time: str, queue: str = "PS") -> Row:
    wanted = datetime.fromisoformat(time).replace(tzinfo=bank.ZONE)
    return next(r for i in instants if i.time == wanted for r in i.rows if r["queue_name"] == queue)


@pytest.fixture
def read(write: Write, target: Target) -> Read:
    def read(
        *lines: str, every: timedelta = timedelta(minutes=1), kind: str = "backlog", **given: Any
    ) -> list[Instant]:
        recorded = bank.read(write("log.csv", ",".join(COLUMNS), *lines), target=target, every=every, **given)
        instants = list(recorded.instants)
        assert sorted(instant.time for instant in instants) == recorded.times
        return [instant for instant in instants if instant.kind == kind]

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
    recorded = bank.read(write("log.csv", ",".join(COLUMNS), call(q_exit="later"), call()), target=target)
    assert [problem.line for problem in recorded.problems] == [2]
    assert sum(row.get("items_added", 0) for instant in recorded.instants for row in instant.rows) == 1


def test_a_log_without_a_queued_call_is_refused(write: Write, target: Target) -> None:
    with pytest.raises(LogError, match="no call that queued"):
        bank.read(write("log.csv", ",".join(COLUMNS)), target=target)


def test_an_interval_is_told_again_until_its_calls_are_over(read: Read) -> None:
    """Came at 10:29, answered at 10:31, served until 10:33."""
    late = call(
        vru_entry="10:28:50",
        vru_exit="10:29:00",
        q_start="10:29:00",
        q_exit="10:31:00",
        ser_start="10:31:00",
        q_time="120",
    )
    instants = read(late, kind="kpi")
    told = {iso(i.time)[11:16]: row for i in instants for row in i.rows if row["interval_start"].endswith("T08:00:00Z")}

    assert [told[at]["offered"] for at in ("08:28", "08:29", "08:33")] == [0, 1, 1]
    assert [told[at]["answered"] for at in ("08:30", "08:31")] == [0, 1]
    assert [told[at]["handle_seconds"] for at in ("08:31", "08:32", "08:33")] == [0, 60, 120]
    assert [told[at].get("waiting_now") for at in ("08:28", "08:30", "08:31")] == [0, 1, None]
    assert max(told) == "08:33"


def test_no_interval_is_left_out_on_a_coarse_grid(read: Read) -> None:
    instants = read(call(), every=timedelta(hours=6), kind="kpi")
    noon = next(i for i in instants if iso(i.time) == "1999-02-14T10:00:00Z")

    assert [row["interval_start"][11:16] for row in noon.rows] == [
        f"{h:02d}:{m}" for h in range(4, 10) for m in ("00", "30")
    ]


def test_an_answer_within_twenty_seconds_is_in_target_and_so_is_who_hangs_up_before(read: Read) -> None:
    instants = read(
        call(q_time="20"),
        call(q_time="21"),
        call(q_time="5", outcome="HANG", server="NO_SERVER"),
        call(q_time="60", outcome="HANG", server="NO_SERVER"),
        kind="kpi",
    )
    row = at(instants, "1999-02-14 10:30")

    assert (row["answered"], row["answered_in_target"]) == (2, 1)
    assert (row["abandoned"], row["abandoned_in_target"]) == (2, 1)
    assert row["wait_seconds"] == 41


def test_an_agent_is_there_from_her_first_service_on_and_idle_between_calls(read: Read) -> None:
    """Served 10:01:29-10:03:29 for PS and 10:10:00-10:11:00 for NE: idle 1531 s of the half hour, shared out 2 to 1."""
    other = call(
        type="NE", vru_exit="10:09:50", q_start="10:09:50", q_exit="10:10:00", ser_start="10:10:00", ser_time="60"
    )
    instants = read(call(), other, kind="kpi")
    idle = (28 * 60 + 31) - 180

    assert at(instants, "1999-02-14 10:30")["available_seconds"] == pytest.approx(idle * 2 / 3, abs=0.01)
    assert at(instants, "1999-02-14 10:30", "NE")["available_seconds"] == pytest.approx(idle / 3, abs=0.01)
    assert [at(instants, "1999-02-14 10:30", queue)["agents"] for queue in ("PS", "NE")] == [1, 1]
    assert at(instants, "1999-02-14 11:00")["agents"] == 0


def test_a_service_that_was_not_recorded_is_as_long_as_the_days_mean(read: Read) -> None:
    instants = read(call(ser_time="100"), call(ser_time="200"), call(server="NO_SERVER", ser_time="7"), kind="kpi")

    assert at(instants, "1999-02-14 10:30")["handle_seconds"] == 450


def test_agents_check_in_with_their_first_service_and_out_with_the_last(read: Read) -> None:
    later = call(vru_exit="15:00:00", q_start="15:00:00", q_exit="15:00:10", ser_start="15:00:10")
    rows = [row for instant in read(later, call(), kind="attendance") for row in instant.rows]

    assert [(row["status"], row["snapshot_time"][11:]) for row in rows] == [
        ("present", "08:01:29Z"),
        ("checked_out", "13:02:10Z"),
    ]
    assert {(row["employee_id"], row["checked_in_at"][11:]) for row in rows} == {("AG-1", "08:01:29Z")}


def test_each_time_is_computed_when_all_of_it_is_posted(write: Write, target: Target) -> None:
    recorded = bank.read(write("log.csv", ",".join(COLUMNS), call()), target=target, every=timedelta(hours=1))
    kinds = [instant.kind for instant in recorded.instants if iso(instant.time) == "1999-02-14T09:00:00Z"]

    assert kinds == ["attendance", "kpi", "backlog", "compute"]


@pytest.mark.parametrize(
    ("column", "text"),
    [("q_time", "soon"), ("ser_time", ""), ("ser_time", "9" * 20), ("vru_exit", "25:00:00")],
)
def test_cells_that_cannot_be_read_cost_their_line(write: Write, target: Target, column: str, text: str) -> None:
    recorded = bank.read(write("log.csv", ",".join(COLUMNS), call(**{column: text}), call()), target=target)

    assert [problem.line for problem in recorded.problems] == [2]


# Per day: calls that queued and were served, and those that hung up (the published column "abandoned").
SERVED = {"14": 494, "15": 691, "16": 907, "17": 818, "18": 643, "19": 56, "20": 45}
ABANDONED = {"14": 128, "15": 184, "16": 278, "17": 287, "18": 192, "19": 9, "20": 6}


@pytest.mark.shared
@pytest.mark.parametrize("minutes", [1, 5, 15])
def test_the_real_week_adds_the_queued_and_loses_exactly_the_published_abandoned(
    real: Callable[[str], Path], minutes: int
) -> None:
    path = real("bank_calls_1999-02-14_week.csv.gz")
    recorded = bank.read(path, target=Target("org_123", bank.DEPARTMENT), every=timedelta(minutes=minutes))
    closings = Closings(recorded.zone)
    for instant in recorded.instants:
        closings.saw(instant)
    days = {f"{day:%d}": sums for day, sums in closings.days.items()}
    assert recorded.problems == []
    assert {day: sums.completed for day, sums in days.items()} == SERVED
    assert {day: sums.added - sums.completed for day, sums in days.items()} == ABANDONED
    assert Counter(sums.closing for sums in days.values()) == {0: 7}


@pytest.mark.shared
def test_the_real_snapshots_are_those_of_a_count_call_by_call(real: Callable[[str], Path]) -> None:
    path = real("bank_calls_1999-02-14_week.csv.gz")
    queued = [call for call in bank.calls(path, []) if call.joined is not None]
    recorded = bank.read(path, target=Target("org_123", bank.DEPARTMENT), every=timedelta(hours=1))
    for instant in [instant for instant in recorded.instants if instant.kind == "backlog"]:
        waiting = Counter(call.queue for call in queued if call.joined <= instant.time < call.left)
        assert {row["queue_name"]: row["total_items"] for row in instant.rows if row["total_items"]} == waiting


# As published: offered, answered, abandoned, answered within 20 s, ASA, AHT.
PUBLISHED = {
    "14": (1522, 1394, 128, 1099, 18.2, 147.3),
    "15": (1435, 1251, 184, 716, 42.1, 183.1),
    "16": (1649, 1371, 278, 655, 55.1, 189.7),
    "17": (1385, 1098, 287, 412, 71.7, 184.3),
    "18": (1334, 1142, 192, 615, 54.6, 196.3),
    "19": (401, 392, 9, 359, 4.5, 161.9),
    "20": (191, 185, 6, 147, 16.7, 154.2),
}


@pytest.mark.shared
def test_the_real_weeks_intervals_add_up_to_the_published_days(real: Callable[[str], Path]) -> None:
    path = real("bank_calls_1999-02-14_week.csv.gz")
    recorded = bank.read(path, target=Target("org_123", bank.DEPARTMENT), every=timedelta(minutes=30))
    last = {(r["interval_start"], r["queue_name"]): r for i in recorded.instants if i.kind == "kpi" for r in i.rows}
    days: dict[str, Counter[str]] = defaultdict(Counter)
    for row in last.values():
        local = datetime.fromisoformat(row["interval_start"]).astimezone(bank.ZONE)
        days[f"{local:%d}"].update({name: value for name, value in row.items() if isinstance(value, int | float)})

    found = {
        day: (
            *(sums[name] for name in ("offered", "answered", "abandoned", "answered_in_target")),
            pytest.approx(sums["wait_seconds"] / sums["answered"], abs=0.05001),
            pytest.approx(sums["handle_seconds"] / sums["answered"], abs=0.05001),
        )
        for day, sums in days.items()
        if sums["offered"]
    }
    assert found == PUBLISHED
