"""Spells from records, duties from shifts, and how a person stands: case by case and as laws (DOMAIN 3.7)."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.chains import Roster
from attendance.intervals import EARLY, GRACE, HOLDS, HOUR, MINUTE, NO_SHOW, Interval, union, without
from attendance.rules import Duty, Plan, Stand, arrival, duties, stand
from attendance.spells import Said, Spell, finish, rewound, tell
from attendance.terms import Kind, Status

NINE = 9 * HOUR
FIVE = 17 * HOUR
DUTY = Duty("d", NINE, FIVE)


ROSTER = Roster([Interval(NINE, FIVE)])
NO_SHIFT = Roster()


def told(*records: Said, roster: Roster = ROSTER) -> list[Spell]:
    spells: list[Spell] = []
    for record in sorted(records):
        tell(spells, record, roster)
    finish(spells)
    return spells


def said(minutes: float, status: str = "present", came: float | None = None, went: float | None = None) -> Said:
    """Minutes after nine."""
    times = [None if each is None else int(NINE + each * MINUTE) for each in (came, went)]
    return Said(int(NINE + minutes * MINUTE), status, "d", *times)


def short(spells: Sequence[Spell]) -> list[tuple[str, float, float | None]]:
    """(status, start, came) in minutes after nine."""
    return [
        (each.status, (each.starts - NINE) / MINUTE, None if each.came_at is None else (each.came_at - NINE) / MINUTE)
        for each in spells
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
def test_records_become_spells(records: list[Said], expected: list[tuple[str, float, float | None]]):
    assert short(told(*records)) == expected


def test_what_is_not_said_again_is_not_believed_for_ever():
    once = told(said(0), roster=NO_SHIFT)
    assert once[0].ends == NINE + HOLDS
    yesterday_and_today = told(said(0), Said(NINE + 24 * HOUR, "present", "d"), roster=NO_SHIFT)
    assert [spell.came_at for spell in yesterday_and_today] == [NINE, NINE + 24 * HOUR]
    assert yesterday_and_today[0].ends == NINE + HOLDS


A_DAY = st.lists(
    st.builds(
        lambda time, status, back: said(time, status, came=time - back if back is not None else None),
        st.integers(-120, 1800),
        st.sampled_from([each.value for each in Status]),
        st.none() | st.integers(0, 90),
    ),
    max_size=8,
    unique_by=lambda record: record.time,
)


SPLIT = Roster(
    [Interval(NINE, NINE + 3 * HOUR), Interval(NINE + 6 * HOUR, FIVE), Interval(NINE + 24 * HOUR, FIVE + 24 * HOUR)],
    [Interval(NINE + HOUR, NINE + 2 * HOUR), Interval(FIVE - HOUR, FIVE)],
)


@given(A_DAY, st.sampled_from([ROSTER, NO_SHIFT, SPLIT]))
def test_spells_follow_one_another(records: list[Said], roster: Roster):
    spells = told(*records, roster=roster)
    assert all(a.starts < a.ends <= b.starts for a, b in pairwise(spells))
    assert all(spell.starts < spell.ends for spell in spells)
    assert all(spell.came_at is None or spell.came_at <= spell.starts for spell in spells)


@given(A_DAY, st.integers(0, 7))
def test_going_back_and_telling_again_changes_nothing(records: list[Said], number: int):
    ordered = sorted(records)
    spells = told(*ordered, roster=SPLIT)
    if number >= len(ordered):
        return
    again = rewound(spells, ordered[number].time, SPLIT)
    for record in ordered[number:]:
        tell(again, record, SPLIT)
    finish(again)
    assert again == spells


# --- duties ----------------------------------------------------------------------------------------------------------
def plan(start: float, end: float, kind: str = "work", department: str = "d", posted: bool = False) -> Plan:
    return Plan(department, kind, Interval(int(start * HOUR), int(end * HOUR)), posted)


def duty(start: float, end: float, department: str = "d", on_leave: bool = False) -> Duty:
    return Duty(department, int(start * HOUR), int(end * HOUR), on_leave)


DUTY_OF_E = duty(9, 13, "e")._replace(of_organization=False)
"""A part of what she does for d at that time: in the organization she is one person."""


@pytest.mark.parametrize(
    ("plans", "expected"),
    [
        ([], []),
        (
            [plan(9, 13), plan(12, 17, department="e")],
            [
                duty(9, 13)._replace(of_organization=False),
                duty(12, 17, "e")._replace(of_organization=False),
                duty(9, 17)._replace(of_department=False),
            ],
        ),
        ([plan(9, 17)], [duty(9, 17)]),
        ([plan(9, 12), plan(12, 12.5, "break"), plan(12.5, 17)], [duty(9, 17)]),
        ([plan(9, 17), plan(12, 12.5, "break")], [duty(9, 17)]),
        ([plan(9, 12), plan(14, 18)], [duty(9, 12), duty(14, 18)]),
        ([plan(9, 17, "training")], [duty(9, 17)]),
        ([plan(22, 30)], [duty(22, 30)]),
        ([plan(9, 17), plan(9, 17, "leave")], [duty(9, 17, on_leave=True)]),
        ([plan(9, 17), plan(13, 17, "leave")], [duty(9, 13), duty(13, 17, on_leave=True)]),
        ([plan(9, 17), plan(0, 24, "day_off")], []),
        ([plan(9, 17), plan(9, 13, department="e")], [duty(9, 17), DUTY_OF_E]),
        ([plan(9, 17), plan(10, 18, posted=True)], [duty(9, 17)]),
        ([plan(9, 17, posted=True), plan(9.5, 18, posted=True)], [duty(9.5, 18)]),
        ([plan(9, 17, posted=True), plan(33, 41, posted=True)], [duty(9, 17), duty(33, 41)]),
        ([plan(9, 17, posted=True), plan(9, 12, "leave")], [duty(12, 17), duty(9, 12, on_leave=True)]),
    ],
)
def test_shifts_become_duties(plans: list[Plan], expected: list[Duty]):
    assert duties(plans) == expected


TIMES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda t: Interval(t[0], t[0] + t[1])), max_size=8
)


@given(TIMES, TIMES)
def test_intervals_are_sets_of_instants(times: list[Interval], holes: list[Interval]):
    def instants(intervals: list[Interval]) -> set[int]:
        return {each for interval in intervals for each in range(*interval)}

    left = without(union(times), holes)
    assert instants(union(times)) == instants(times)
    assert instants(left) == instants(times) - instants(holes)
    assert all(a.ends < b.starts for a, b in pairwise(union(times)))
    assert all(a.ends <= b.starts for a, b in pairwise(left))


# --- how a person stands ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "minutes", "expected"),
    [
        pytest.param([], 0, Stand("expected"), id="at the start"),
        pytest.param([], 5, Stand("expected"), id="at the end of the grace"),
        pytest.param([], 6, Stand("absent", lost=6 * MINUTE), id="after the grace"),
        pytest.param([], 120, Stand("absent", lost=NO_SHOW), id="two hours"),
        pytest.param([], 121, Stand("absent", no_show=True, lost=121 * MINUTE), id="longer than two hours"),
        pytest.param([said(30, "absent")], 31, Stand("absent", lost=31 * MINUTE), id="absent, as the feed says"),
        pytest.param([said(0)], 10, Stand("present", NINE), id="there"),
        pytest.param([said(-30)], 10, Stand("present", NINE - 30 * MINUTE), id="came early"),
        pytest.param([said(5)], 10, Stand("present", NINE + GRACE), id="at start + grace is on time"),
        pytest.param(
            [said(6)], 10, Stand("present", NINE + 6 * MINUTE, late=True, lost=6 * MINUTE), id="after it is late"
        ),
        pytest.param([said(6)], 5.5, Stand("absent", lost=int(5.5 * MINUTE)), id="not there yet"),
        pytest.param([said(0), said(60, "on_break")], 61, Stand("present", NINE), id="on break is present"),
        pytest.param([said(0), said(60, "checked_out")], 61, Stand("left_early", NINE), id="left early"),
        pytest.param([said(0), said(474.9, "checked_out")], 476, Stand("left_early", NINE), id="just too early"),
        pytest.param([said(0), said(475, "checked_out")], 476, Stand("present", NINE), id="a little early is done"),
        pytest.param([said(0), said(60, "checked_out"), said(90)], 91, Stand("present", NINE), id="back again"),
        pytest.param([said(0), said(60, "absent")], 61, Stand("left_early", NINE), id="there no more"),
        pytest.param([said(-480, "on_leave")], 300, Stand("on_leave"), id="on leave since the night"),
        pytest.param([said(0, "day_off")], 1, Stand("day_off"), id="day off"),
        pytest.param([said(-60), said(-20, "checked_out")], 10, Stand("absent", lost=10 * MINUTE), id="gone before"),
        pytest.param([said(-1410)], 10, Stand("absent", lost=10 * MINUTE), id="forgot to check out yesterday"),
    ],
)
def test_how_a_person_stands_to_a_duty(records: list[Said], minutes: float, expected: Stand):
    assert stand(DUTY, told(*records), int(NINE + minutes * MINUTE)) == expected


@given(A_DAY, st.integers(0, 479))
def test_whoever_is_scheduled_stands_in_exactly_one_way(records: list[Said], minutes: int):
    found = stand(DUTY, told(*records), NINE + minutes * MINUTE)
    assert found.standing in ("present", "expected", "absent", "left_early", "on_leave", "day_off")
    assert not found.late or found.standing == "present"
    assert not found.no_show or found.standing == "absent"
    assert (found.lost > 0) == (found.late or found.standing == "absent")
    assert found.lost <= minutes * MINUTE


@pytest.mark.parametrize(
    ("came", "first", "expected"),
    [
        (-EARLY, None, "early"),
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
    for kind in Kind:
        found = duties([plan(9, 17, kind)])
        assert [each.on_leave for each in found] == {"leave": [True], "day_off": []}.get(kind, [False])
