"""Status periods, scheduled periods and adherence: case by case and as laws (DOMAIN 3.7)."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.choices import AttendanceStatus, ShiftKind
from attendance.presence.adherence import Adherence, adherence, arrival
from attendance.presence.chains import ShiftChains
from attendance.presence.intervals import (
    EARLY_CHECK_IN,
    EXPIRES_AFTER,
    GRACE,
    HOUR,
    MINUTE,
    NO_SHOW_AFTER,
    Interval,
    subtract,
    union,
)
from attendance.presence.scheduled_periods import PlannedShift, ScheduledPeriod, from_shifts
from attendance.presence.status_periods import Record, StatusPeriod, apply_record, end_open_break, rewind

NINE = 9 * HOUR
FIVE = 17 * HOUR
SCHEDULED = ScheduledPeriod("d", NINE, FIVE)


NINE_TO_FIVE = ShiftChains([Interval(NINE, FIVE)])
NO_SHIFT = ShiftChains()


def periods_of(*records: Record, chains: ShiftChains = NINE_TO_FIVE) -> list[StatusPeriod]:
    periods: list[StatusPeriod] = []
    for each in sorted(records):
        apply_record(periods, each, chains)
    end_open_break(periods)
    return periods


def record(minutes: float, status: str = "present", came: float | None = None, went: float | None = None) -> Record:
    """Minutes after nine."""
    times = [None if each is None else int(NINE + each * MINUTE) for each in (came, went)]
    return Record(int(NINE + minutes * MINUTE), status, "d", *times)


def short(periods: Sequence[StatusPeriod]) -> list[tuple[str, float, float | None]]:
    """(status, start, came) in minutes after nine."""
    return [
        (each.status, (each.starts - NINE) / MINUTE, None if each.came_at is None else (each.came_at - NINE) / MINUTE)
        for each in periods
    ]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([record(1)], [("present", 1, 1)], id="came"),
        pytest.param([record(10, came=1)], [("present", 1, 1)], id="came before it was said"),
        pytest.param([record(10, "late", came=9)], [("present", 9, 9)], id="late is present"),
        pytest.param([record(1), record(5), record(10)], [("present", 1, 1)], id="said again"),
        pytest.param(
            [record(1), record(60, "on_break"), record(75)],
            [("present", 1, 1), ("on_break", 60, 1), ("present", 75, 1)],
            id="a break is no going",
        ),
        pytest.param(
            [record(1), record(60, "checked_out"), record(90)],
            [("present", 1, 1), ("checked_out", 60, None), ("present", 90, 90)],
            id="gone and back",
        ),
        pytest.param(
            [record(1), record(60, "checked_out"), record(90, came=1)],
            [("present", 1, 1), ("checked_out", 60, None), ("present", 90, 90)],
            id="back, with the first check-in of the day",
        ),
        pytest.param(
            [record(500, "checked_out", came=0, went=480)],
            [("present", 0, 0), ("checked_out", 480, None)],
            id="a whole day in one record",
        ),
        pytest.param(
            [record(0), record(500, "checked_out", came=0, went=480), record(510, "checked_out")],
            [("present", 0, 0), ("checked_out", 480, None)],
            id="gone before it was said, and said again",
        ),
        pytest.param(
            [record(30, "absent"), record(40, came=2)],
            [("absent", 30, None), ("present", 40, 2)],
            id="she was there all the time",
        ),
        pytest.param(
            [record(20, came=20), record(30, came=10)], [("present", 20, 20), ("present", 30, 10)], id="earlier"
        ),
        pytest.param(
            [record(0), record(300, came=290)],
            [("present", 0, 0), ("present", 290, 290)],
            id="came again, going unseen",
        ),
        pytest.param(
            [record(0, came=-1440), record(5, came=-1440)], [("present", 0, 0)], id="a check-in of yesterday is no news"
        ),
        pytest.param([record(-60, "on_leave"), record(0, "on_leave")], [("on_leave", -60, None)], id="on leave"),
    ],
)
def test_records_become_status_periods(records: list[Record], expected: list[tuple[str, float, float | None]]):
    assert short(periods_of(*records)) == expected


def test_a_status_that_is_not_confirmed_expires():
    once = periods_of(record(0), chains=NO_SHIFT)
    assert once[0].ends == NINE + EXPIRES_AFTER
    yesterday_and_today = periods_of(record(0), Record(NINE + 24 * HOUR, "present", "d"), chains=NO_SHIFT)
    assert [period.came_at for period in yesterday_and_today] == [NINE, NINE + 24 * HOUR]
    assert yesterday_and_today[0].ends == NINE + EXPIRES_AFTER


A_DAY = st.lists(
    st.builds(
        lambda time, status, back: record(time, status, came=time - back if back is not None else None),
        st.integers(-120, 1800),
        st.sampled_from([each.value for each in AttendanceStatus]),
        st.none() | st.integers(0, 90),
    ),
    max_size=8,
    unique_by=lambda each: each.time,
)


SPLIT = ShiftChains(
    [Interval(NINE, NINE + 3 * HOUR), Interval(NINE + 6 * HOUR, FIVE), Interval(NINE + 24 * HOUR, FIVE + 24 * HOUR)],
    [Interval(NINE + HOUR, NINE + 2 * HOUR), Interval(FIVE - HOUR, FIVE)],
)


@given(A_DAY, st.sampled_from([NINE_TO_FIVE, NO_SHIFT, SPLIT]))
def test_status_periods_follow_one_another(records: list[Record], chains: ShiftChains):
    periods = periods_of(*records, chains=chains)
    assert all(a.starts < a.ends <= b.starts for a, b in pairwise(periods))
    assert all(period.starts < period.ends for period in periods)
    assert all(period.came_at is None or period.came_at <= period.starts for period in periods)


@given(A_DAY, st.integers(0, 7))
def test_rewinding_and_applying_records_again_changes_nothing(records: list[Record], number: int):
    ordered = sorted(records)
    periods = periods_of(*ordered, chains=SPLIT)
    if number >= len(ordered):
        return
    again = rewind(periods, ordered[number].time, SPLIT)
    for each in ordered[number:]:
        apply_record(again, each, SPLIT)
    end_open_break(again)
    assert again == periods


# --- scheduled periods -----------------------------------------------------------------------------------------------
def plan(start: float, end: float, kind: str = "work", department: str = "d", posted: bool = False) -> PlannedShift:
    return PlannedShift(department, kind, Interval(int(start * HOUR), int(end * HOUR)), posted)


def period(start: float, end: float, department: str = "d", on_leave: bool = False) -> ScheduledPeriod:
    return ScheduledPeriod(department, int(start * HOUR), int(end * HOUR), on_leave)


SCHEDULED_IN_E = period(9, 13, "e")._replace(of_organization=False)
"""A part of what she does for d at that time: in the organization she is one person."""


@pytest.mark.parametrize(
    ("plans", "expected"),
    [
        ([], []),
        (
            [plan(9, 13), plan(12, 17, department="e")],
            [
                period(9, 13)._replace(of_organization=False),
                period(12, 17, "e")._replace(of_organization=False),
                period(9, 17)._replace(of_department=False),
            ],
        ),
        ([plan(9, 17)], [period(9, 17)]),
        ([plan(9, 12), plan(12, 12.5, "break"), plan(12.5, 17)], [period(9, 17)]),
        ([plan(9, 17), plan(12, 12.5, "break")], [period(9, 17)]),
        ([plan(9, 12), plan(14, 18)], [period(9, 12), period(14, 18)]),
        ([plan(9, 17, "training")], [period(9, 17)]),
        ([plan(22, 30)], [period(22, 30)]),
        ([plan(9, 17), plan(9, 17, "leave")], [period(9, 17, on_leave=True)]),
        ([plan(9, 17), plan(13, 17, "leave")], [period(9, 13), period(13, 17, on_leave=True)]),
        ([plan(9, 17), plan(0, 24, "day_off")], []),
        ([plan(9, 17), plan(9, 13, department="e")], [period(9, 17), SCHEDULED_IN_E]),
        ([plan(9, 17), plan(10, 18, posted=True)], [period(9, 17)]),
        ([plan(9, 17, posted=True), plan(9.5, 18, posted=True)], [period(9.5, 18)]),
        ([plan(9, 17, posted=True), plan(33, 41, posted=True)], [period(9, 17), period(33, 41)]),
        (
            [plan(9, 17, posted=True), plan(9, 12, "leave")],
            [period(12, 17), period(9, 12, on_leave=True)],
        ),
    ],
)
def test_shifts_become_scheduled_periods(plans: list[PlannedShift], expected: list[ScheduledPeriod]):
    assert from_shifts(plans) == expected


TIMES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda t: Interval(t[0], t[0] + t[1])), max_size=8
)


@given(TIMES, TIMES)
def test_intervals_are_sets_of_instants(times: list[Interval], holes: list[Interval]):
    def microseconds(intervals: list[Interval]) -> set[int]:
        return {each for interval in intervals for each in range(*interval)}

    left = subtract(union(times), holes)
    assert microseconds(union(times)) == microseconds(times)
    assert microseconds(left) == microseconds(times) - microseconds(holes)
    assert all(a.ends < b.starts for a, b in pairwise(union(times)))
    assert all(a.ends <= b.starts for a, b in pairwise(left))


# --- adherence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "minutes", "expected"),
    [
        pytest.param([], 0, Adherence("expected"), id="at the start"),
        pytest.param([], 5, Adherence("expected"), id="at the end of the grace"),
        pytest.param([], 6, Adherence("absent", lost=6 * MINUTE), id="after the grace"),
        pytest.param([], 120, Adherence("absent", lost=NO_SHOW_AFTER), id="two hours"),
        pytest.param([], 121, Adherence("absent", no_show=True, lost=121 * MINUTE), id="longer than two hours"),
        pytest.param([record(30, "absent")], 31, Adherence("absent", lost=31 * MINUTE), id="absent, as the feed says"),
        pytest.param([record(0)], 10, Adherence("present", NINE), id="there"),
        pytest.param([record(-30)], 10, Adherence("present", NINE - 30 * MINUTE), id="came early"),
        pytest.param([record(5)], 10, Adherence("present", NINE + GRACE), id="at start + grace is on time"),
        pytest.param(
            [record(6)], 10, Adherence("present", NINE + 6 * MINUTE, late=True, lost=6 * MINUTE), id="after it is late"
        ),
        pytest.param([record(6)], 5.5, Adherence("absent", lost=int(5.5 * MINUTE)), id="not there yet"),
        pytest.param([record(0), record(60, "on_break")], 61, Adherence("present", NINE), id="on break is present"),
        pytest.param([record(0), record(60, "checked_out")], 61, Adherence("left_early", NINE), id="left early"),
        pytest.param(
            [record(0), record(474.9, "checked_out")], 476, Adherence("left_early", NINE), id="just too early"
        ),
        pytest.param(
            [record(0), record(475, "checked_out")], 476, Adherence("present", NINE), id="a little early is done"
        ),
        pytest.param(
            [record(0), record(60, "checked_out"), record(90)], 91, Adherence("present", NINE), id="back again"
        ),
        pytest.param([record(0), record(60, "absent")], 61, Adherence("left_early", NINE), id="there no more"),
        pytest.param([record(-480, "on_leave")], 300, Adherence("on_leave"), id="on leave since the night"),
        pytest.param([record(0, "day_off")], 1, Adherence("day_off"), id="day off"),
        pytest.param(
            [record(-60), record(-20, "checked_out")], 10, Adherence("absent", lost=10 * MINUTE), id="gone before"
        ),
        pytest.param([record(-1410)], 10, Adherence("absent", lost=10 * MINUTE), id="forgot to check out yesterday"),
    ],
)
def test_adherence_to_a_scheduled_period(records: list[Record], minutes: float, expected: Adherence):
    assert adherence(SCHEDULED, periods_of(*records), int(NINE + minutes * MINUTE)) == expected


@given(A_DAY, st.integers(0, 479))
def test_each_scheduled_person_has_exactly_one_state(records: list[Record], minutes: int):
    found = adherence(SCHEDULED, periods_of(*records), NINE + minutes * MINUTE)
    assert found.state in ("present", "expected", "absent", "left_early", "on_leave", "day_off")
    assert not found.late or found.state == "present"
    assert not found.no_show or found.state == "absent"
    assert (found.lost > 0) == (found.late or found.state == "absent")
    assert found.lost <= minutes * MINUTE


@pytest.mark.parametrize(
    ("came", "first", "expected"),
    [
        (-EARLY_CHECK_IN, None, "early"),
        (-GRACE - 1, None, "early"),
        (-GRACE, None, "on_time"),
        (0, None, "on_time"),
        (GRACE, None, "on_time"),
        (GRACE + 1, None, "late"),
        (GRACE + 1, GRACE + 1, "late"),
        (3 * HOUR, 0, "on_time"),
    ],
)
def test_a_check_in_is_classified_by_its_scheduled_period(came: int, first: int | None, expected: str):
    assert arrival(NINE, NINE + came, None if first is None else NINE + first) == expected


def test_a_check_in_without_a_scheduled_period_is_unscheduled():
    assert arrival(None, NINE, None) == "unscheduled"


def test_every_kind_of_shift_is_known_to_the_rules():
    for kind in ShiftKind:
        found = from_shifts([plan(9, 17, kind)])
        assert [each.on_leave for each in found] == {"leave": [True], "day_off": []}.get(kind, [False])
