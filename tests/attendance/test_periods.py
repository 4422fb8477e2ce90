"""Status periods from records, scheduled periods from shifts, and how a person stands: case by case and as laws (DOMAIN 3.7)."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.presence.chains import ShiftChains
from attendance.presence.intervals import (
    EARLY_CHECK_IN,
    GRACE,
    EXPIRES_AFTER,
    HOUR,
    MINUTE,
    NO_SHOW_AFTER,
    Interval,
    union,
    subtract,
)
from attendance.presence.scheduled_periods import (
    ScheduledPeriod,
    PlannedShift,
    Adherence,
    arrival,
    scheduled_periods,
    adherence,
)
from attendance.status_periods import Record, StatusPeriod, end_open_break, rewind, apply_record
from attendance.choices import ShiftKind, AttendanceStatus

NINE = 9 * HOUR
FIVE = 17 * HOUR
SCHEDULED = ScheduledPeriod("d", NINE, FIVE)


NINE_TO_FIVE = ShiftChains([Interval(NINE, FIVE)])
NO_SHIFT = ShiftChains()


def told(*records: Record, shift_chains: ShiftChains = NINE_TO_FIVE) -> list[StatusPeriod]:
    status_periods: list[StatusPeriod] = []
    for record in sorted(records):
        apply_record(status_periods, record, shift_chains)
    end_open_break(status_periods)
    return status_periods


def said(minutes: float, status: str = "present", came: float | None = None, went: float | None = None) -> Record:
    """Minutes after nine."""
    times = [None if each is None else int(NINE + each * MINUTE) for each in (came, went)]
    return Record(int(NINE + minutes * MINUTE), status, "d", *times)


def short(status_periods: Sequence[StatusPeriod]) -> list[tuple[str, float, float | None]]:
    """(status, start, came) in minutes after nine."""
    return [
        (each.status, (each.starts - NINE) / MINUTE, None if each.came_at is None else (each.came_at - NINE) / MINUTE)
        for each in status_periods
    ]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([said(1)], [("present", 1, 1)], id="came"),
        pytest.param([said(10, came=1)], [("present", 1, 1)], id="came before it was said"),
        pytest.param([said(10, "late", came=9)], [("present", 9, 9)], id="late is present"),
        pytest.param([said(1), said(5), said(10)], [("present", 1, 1)], id="said again"),
        pytest.param(
            [said(1), said(60, "on_break"), said(75)],
            [("present", 1, 1), ("on_break", 60, 1), ("present", 75, 1)],
            id="a break is no going",
        ),
        pytest.param(
            [said(1), said(60, "checked_out"), said(90)],
            [("present", 1, 1), ("checked_out", 60, None), ("present", 90, 90)],
            id="gone and back",
        ),
        pytest.param(
            [said(1), said(60, "checked_out"), said(90, came=1)],
            [("present", 1, 1), ("checked_out", 60, None), ("present", 90, 90)],
            id="back, with the first check-in of the day",
        ),
        pytest.param(
            [said(500, "checked_out", came=0, went=480)],
            [("present", 0, 0), ("checked_out", 480, None)],
            id="a whole day in one record",
        ),
        pytest.param(
            [said(0), said(500, "checked_out", came=0, went=480), said(510, "checked_out")],
            [("present", 0, 0), ("checked_out", 480, None)],
            id="gone before it was said, and said again",
        ),
        pytest.param(
            [said(30, "absent"), said(40, came=2)],
            [("absent", 30, None), ("present", 40, 2)],
            id="she was there all the time",
        ),
        pytest.param([said(20, came=20), said(30, came=10)], [("present", 20, 20), ("present", 30, 10)], id="earlier"),
        pytest.param(
            [said(0), said(300, came=290)], [("present", 0, 0), ("present", 290, 290)], id="came again, going unseen"
        ),
        pytest.param(
            [said(0, came=-1440), said(5, came=-1440)], [("present", 0, 0)], id="a check-in of yesterday is no news"
        ),
        pytest.param([said(-60, "on_leave"), said(0, "on_leave")], [("on_leave", -60, None)], id="on leave"),
    ],
)
def test_records_become_spells(records: list[Record], expected: list[tuple[str, float, float | None]]):
    assert short(told(*records)) == expected


def test_what_is_not_said_again_is_not_believed_for_ever():
    once = told(said(0), shift_chains=NO_SHIFT)
    assert once[0].ends == NINE + EXPIRES_AFTER
    yesterday_and_today = told(said(0), Record(NINE + 24 * HOUR, "present", "d"), shift_chains=NO_SHIFT)
    assert [status_period.came_at for status_period in yesterday_and_today] == [NINE, NINE + 24 * HOUR]
    assert yesterday_and_today[0].ends == NINE + EXPIRES_AFTER


A_DAY = st.lists(
    st.builds(
        lambda time, status, back: said(time, status, came=time - back if back is not None else None),
        st.integers(-120, 1800),
        st.sampled_from([each.value for each in AttendanceStatus]),
        st.none() | st.integers(0, 90),
    ),
    max_size=8,
    unique_by=lambda record: record.time,
)


SPLIT = ShiftChains(
    [Interval(NINE, NINE + 3 * HOUR), Interval(NINE + 6 * HOUR, FIVE), Interval(NINE + 24 * HOUR, FIVE + 24 * HOUR)],
    [Interval(NINE + HOUR, NINE + 2 * HOUR), Interval(FIVE - HOUR, FIVE)],
)


@given(A_DAY, st.sampled_from([NINE_TO_FIVE, NO_SHIFT, SPLIT]))
def test_spells_follow_one_another(records: list[Record], shift_chains: ShiftChains):
    status_periods = told(*records, shift_chains=shift_chains)
    assert all(a.starts < a.ends <= b.starts for a, b in pairwise(status_periods))
    assert all(status_period.starts < status_period.ends for status_period in status_periods)
    assert all(
        status_period.came_at is None or status_period.came_at <= status_period.starts
        for status_period in status_periods
    )


@given(A_DAY, st.integers(0, 7))
def test_going_back_and_telling_again_changes_nothing(records: list[Record], number: int):
    ordered = sorted(records)
    status_periods = told(*ordered, shift_chains=SPLIT)
    if number >= len(ordered):
        return
    again = rewind(status_periods, ordered[number].time, SPLIT)
    for record in ordered[number:]:
        apply_record(again, record, SPLIT)
    end_open_break(again)
    assert again == status_periods


# --- scheduled periods ----------------------------------------------------------------------------------------------------------
def plan(start: float, end: float, kind: str = "work", department: str = "d", posted: bool = False) -> PlannedShift:
    return PlannedShift(department, kind, Interval(int(start * HOUR), int(end * HOUR)), posted)


def scheduled_period(start: float, end: float, department: str = "d", on_leave: bool = False) -> ScheduledPeriod:
    return ScheduledPeriod(department, int(start * HOUR), int(end * HOUR), on_leave)


SCHEDULED_IN_E = scheduled_period(9, 13, "e")._replace(of_organization=False)
"""A part of what she does for d at that time: in the organization she is one person."""


@pytest.mark.parametrize(
    ("plans", "expected"),
    [
        ([], []),
        (
            [plan(9, 13), plan(12, 17, department="e")],
            [
                scheduled_period(9, 13)._replace(of_organization=False),
                scheduled_period(12, 17, "e")._replace(of_organization=False),
                scheduled_period(9, 17)._replace(of_department=False),
            ],
        ),
        ([plan(9, 17)], [scheduled_period(9, 17)]),
        ([plan(9, 12), plan(12, 12.5, "break"), plan(12.5, 17)], [scheduled_period(9, 17)]),
        ([plan(9, 17), plan(12, 12.5, "break")], [scheduled_period(9, 17)]),
        ([plan(9, 12), plan(14, 18)], [scheduled_period(9, 12), scheduled_period(14, 18)]),
        ([plan(9, 17, "training")], [scheduled_period(9, 17)]),
        ([plan(22, 30)], [scheduled_period(22, 30)]),
        ([plan(9, 17), plan(9, 17, "leave")], [scheduled_period(9, 17, on_leave=True)]),
        ([plan(9, 17), plan(13, 17, "leave")], [scheduled_period(9, 13), scheduled_period(13, 17, on_leave=True)]),
        ([plan(9, 17), plan(0, 24, "day_off")], []),
        ([plan(9, 17), plan(9, 13, department="e")], [scheduled_period(9, 17), SCHEDULED_IN_E]),
        ([plan(9, 17), plan(10, 18, posted=True)], [scheduled_period(9, 17)]),
        ([plan(9, 17, posted=True), plan(9.5, 18, posted=True)], [scheduled_period(9.5, 18)]),
        ([plan(9, 17, posted=True), plan(33, 41, posted=True)], [scheduled_period(9, 17), scheduled_period(33, 41)]),
        (
            [plan(9, 17, posted=True), plan(9, 12, "leave")],
            [scheduled_period(12, 17), scheduled_period(9, 12, on_leave=True)],
        ),
    ],
)
def test_shifts_become_duties(plans: list[PlannedShift], expected: list[ScheduledPeriod]):
    assert scheduled_periods(plans) == expected


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


# --- how a person stands ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "minutes", "expected"),
    [
        pytest.param([], 0, Adherence("expected"), id="at the start"),
        pytest.param([], 5, Adherence("expected"), id="at the end of the grace"),
        pytest.param([], 6, Adherence("absent", lost=6 * MINUTE), id="after the grace"),
        pytest.param([], 120, Adherence("absent", lost=NO_SHOW_AFTER), id="two hours"),
        pytest.param([], 121, Adherence("absent", no_show=True, lost=121 * MINUTE), id="longer than two hours"),
        pytest.param([said(30, "absent")], 31, Adherence("absent", lost=31 * MINUTE), id="absent, as the feed says"),
        pytest.param([said(0)], 10, Adherence("present", NINE), id="there"),
        pytest.param([said(-30)], 10, Adherence("present", NINE - 30 * MINUTE), id="came early"),
        pytest.param([said(5)], 10, Adherence("present", NINE + GRACE), id="at start + grace is on time"),
        pytest.param(
            [said(6)], 10, Adherence("present", NINE + 6 * MINUTE, late=True, lost=6 * MINUTE), id="after it is late"
        ),
        pytest.param([said(6)], 5.5, Adherence("absent", lost=int(5.5 * MINUTE)), id="not there yet"),
        pytest.param([said(0), said(60, "on_break")], 61, Adherence("present", NINE), id="on break is present"),
        pytest.param([said(0), said(60, "checked_out")], 61, Adherence("left_early", NINE), id="left early"),
        pytest.param([said(0), said(474.9, "checked_out")], 476, Adherence("left_early", NINE), id="just too early"),
        pytest.param([said(0), said(475, "checked_out")], 476, Adherence("present", NINE), id="a little early is done"),
        pytest.param([said(0), said(60, "checked_out"), said(90)], 91, Adherence("present", NINE), id="back again"),
        pytest.param([said(0), said(60, "absent")], 61, Adherence("left_early", NINE), id="there no more"),
        pytest.param([said(-480, "on_leave")], 300, Adherence("on_leave"), id="on leave since the night"),
        pytest.param([said(0, "day_off")], 1, Adherence("day_off"), id="day off"),
        pytest.param(
            [said(-60), said(-20, "checked_out")], 10, Adherence("absent", lost=10 * MINUTE), id="gone before"
        ),
        pytest.param([said(-1410)], 10, Adherence("absent", lost=10 * MINUTE), id="forgot to check out yesterday"),
    ],
)
def test_how_a_person_stands_to_a_duty(records: list[Record], minutes: float, expected: Adherence):
    assert adherence(SCHEDULED, told(*records), int(NINE + minutes * MINUTE)) == expected


@given(A_DAY, st.integers(0, 479))
def test_whoever_is_scheduled_stands_in_exactly_one_way(records: list[Record], minutes: int):
    found = adherence(SCHEDULED, told(*records), NINE + minutes * MINUTE)
    assert found.standing in ("present", "expected", "absent", "left_early", "on_leave", "day_off")
    assert not found.late or found.standing == "present"
    assert not found.no_show or found.standing == "absent"
    assert (found.lost > 0) == (found.late or found.standing == "absent")
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
def test_what_a_check_in_is_to_its_duty(came: int, first: int | None, expected: str):
    assert arrival(NINE, NINE + came, None if first is None else NINE + first) == expected


def test_a_check_in_without_a_duty_is_unscheduled():
    assert arrival(None, NINE, None) == "unscheduled"


def test_every_kind_of_shift_is_known_to_the_rules():
    for kind in ShiftKind:
        found = scheduled_periods([plan(9, 17, kind)])
        assert [each.on_leave for each in found] == {"leave": [True], "day_off": []}.get(kind, [False])
