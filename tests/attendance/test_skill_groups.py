"""People by the queues that they serve: each is one head, at an instant and in scheduled working time."""

from collections.abc import Iterable
from datetime import datetime

import pytest

from attendance import selectors
from tests.attendance.posting import moment, plan, record, say, shift
from tests.calls import statements
from tests.rest.contract import ContractClient

Names = Iterable[tuple[str, str]]
D, E = "dept_456", "dept_789"


def groups(minutes: float) -> list[tuple[Names, int, int]]:
    found = selectors.skill_groups("org_123", at=moment(minutes))
    return [(sorted(each.serves), each.scheduled, each.available) for each in found]


def spans(since: float = -600, until: float = 1440, **names: str) -> list[tuple[Names, float, float, bool]]:
    def minutes(time: datetime) -> float:
        return (time - moment(0)).total_seconds() / 60

    found = selectors.group_spans("org_123", since=moment(since), until=moment(until), **names)
    return [(sorted(each.serves), minutes(each.start), minutes(each.end), each.breaks_published) for each in found]


def test_six_people_with_three_queues_each_are_six(api: ContractClient):
    queues = ["a", "b", "c"]
    plan(api, *(shift(f"e{number}", queue_names=queues) for number in range(6)))
    say(api, *(record(f"e{number}") for number in range(4)))
    assert groups(10) == [([(D, name) for name in queues], 6, 4)]


def test_groups_add_up_to_people(api: ContractClient):
    """Ada serves two queues by two shifts, of two departments; Cy's shift names none; Dee has none and came."""
    plan(
        api,
        shift("ada", queue_names=["a"]),
        shift("ada", start=60, end=120, department_id=E, queue_names=["b"]),
        shift("ben", queue_names=["a"]),
        shift("cy"),
    )
    say(api, record("ada"), record("ben"), record("ben", 30, "on_break"), record("dee", 20))
    say(api, record("eve", 20, department_id=None))
    assert groups(31) == [([(D, "")], 1, 1), ([(D, "a")], 2, 1)]
    assert groups(90) == [([(D, "")], 1, 1), ([(D, "a")], 1, 0), ([(D, "a"), (E, "b")], 1, 1)]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("present", [(1, 1)]),
        ("late", [(1, 1)]),
        ("on_break", [(1, 0)]),
        ("training", [(1, 0)]),
        ("absent", [(1, 0)]),
        ("checked_out", [(1, 0)]),
        ("on_leave", []),
        ("day_off", []),
    ],
)
def test_who_is_on_break_or_in_training_is_not_available(
    api: ContractClient, status: str, expected: list[tuple[int, int]]
):
    plan(api, shift(queue_names=["a"]))
    say(api, record(minutes=0), record(minutes=30, status=status))
    assert [found[1:] for found in groups(31)] == expected


def test_published_pieces_and_leave_count_at_their_time(api: ContractClient):
    plan(
        api,
        shift(queue_names=["a"]),
        shift(start=60, end=75, kind="break"),
        shift(start=120, end=180, kind="training"),
        shift(start=240, end=480, kind="leave"),
    )
    say(api, record())
    a = [(D, "a")]
    assert [groups(minutes) for minutes in (59, 60, 75, 120, 180)] == [
        [(a, 1, 1)],
        [(a, 1, 0)],
        [(a, 1, 1)],
        [(a, 1, 0)],
        [(a, 1, 1)],
    ]
    assert spans() == [(a, 0, 60, True), (a, 75, 120, True), (a, 180, 240, True)]


def test_who_comes_early_or_stays_longer_is_no_head(api: ContractClient):
    plan(api, shift(queue_names=["a"]))
    say(api, record(minutes=-30))
    assert (groups(-20), groups(481)) == ([], [])


def test_one_person_is_one_span_at_a_time(api: ContractClient):
    plan(
        api,
        shift("ada", queue_names=["a"]),
        shift("ada", start=60, end=120, department_id=E, queue_names=["b"]),
        shift("ben", queue_names=["b", "a"], cancelled=True),
        shift("cy", end=60, queue_names=["a"]),
        shift("cy", start=60, queue_names=["a"]),
    )
    a, both = [(D, "a")], [(D, "a"), (E, "b")]
    assert spans() == [(a, 0, 60, False), (a, 0, 480, False), (both, 60, 120, False), (a, 120, 480, False)]
    assert spans(department_id=E) == [(both, 60, 120, False)]
    assert spans(queue_name="b", department_id=D) == []
    assert spans(since=480) == spans(until=0) == []
    assert spans(since=470, until=480) == [(a, 0, 480, False), (a, 120, 480, False)]


def test_a_shift_that_a_record_states_gives_way_to_the_published_one(api: ContractClient):
    plan(api, shift(start=30, queue_names=["a"]))
    say(api, record(minutes=31, shift_start=moment(0).isoformat(), shift_end=moment(480).isoformat()))
    assert groups(31) == [([(D, "a")], 1, 1)]
    assert groups(10) == []
    assert spans() == [([(D, "a")], 30, 480, False)]


@pytest.mark.usefixtures("transactional_db")
def test_groups_take_three_statements_and_spans_one(api: ContractClient):
    plan(api, *(shift(f"e{number}", queue_names=["a", "b"]) for number in range(200)))
    assert len(statements(lambda: selectors.skill_groups("org_123", at=moment(10)))) == 3
    assert len(statements(lambda: selectors.group_spans("org_123", since=moment(0), until=moment(10)))) == 1
