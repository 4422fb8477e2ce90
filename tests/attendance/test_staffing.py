"""Attendance for the figures of queues: heads at an instant, and working time of the day."""

from datetime import datetime

import pytest

from attendance import selectors
from attendance.selectors import Staffing
from tests.attendance.posting import moment, plan, record, say, shift
from tests.rest.contract import ContractClient

SUPPORT = ("dept_456", "support")
ON_SUPPORT = {"queue_names": ["support"]}


def staffing(minutes: float) -> dict[tuple[str, str], Staffing]:
    return selectors.staffing("org_123", at=moment(minutes))


def spans(since: float = -600, until: float = 1440, **names: str) -> list[tuple[str, str, float, float]]:
    """(queue, employee, minutes, minutes)."""

    def minutes(time: datetime) -> float:
        return (time - moment(0)).total_seconds() / 60

    found = selectors.work_spans("org_123", since=moment(since), until=moment(until), **names)
    return [(each.queue_name, each.employee_id, minutes(each.start), minutes(each.end)) for each in found]


def test_heads_of_a_queue_are_those_on_a_shift_that_names_it(api: ContractClient):
    plan(
        api,
        shift("ada", queue_names=["support", "billing"]),
        shift("ben", **ON_SUPPORT),
        shift("cy", start=60, **ON_SUPPORT),
        shift("dee"),
    )
    say(api, record("ada"), record("dee"))
    assert staffing(10) == {SUPPORT: Staffing(2, 1, 1), ("dept_456", "billing"): Staffing(1, 1, 1)}
    assert staffing(60)[SUPPORT] == Staffing(3, 1, 1)
    assert staffing(-1) == {}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("present", Staffing(1, 1, 1)),
        ("late", Staffing(1, 1, 1)),
        ("on_break", Staffing(1, 1, 0)),
        ("training", Staffing(1, 1, 0)),
        ("absent", Staffing(1, 0, 0)),
        ("checked_out", Staffing(1, 0, 0)),
        ("on_leave", Staffing(0, 0, 0)),
        ("day_off", Staffing(0, 0, 0)),
    ],
)
def test_who_is_on_break_or_in_training_is_there_but_not_available(
    api: ContractClient, status: str, expected: Staffing
):
    plan(api, shift(**ON_SUPPORT))
    say(api, record(minutes=0), record(minutes=30, status=status))
    assert staffing(31) == {SUPPORT: expected}
    assert staffing(29) == {SUPPORT: Staffing(1, 1, 1)}


def test_planned_breaks_and_training_make_unavailable_and_leave_takes_off_the_shift(api: ContractClient):
    plan(
        api,
        shift(**ON_SUPPORT),
        shift(start=60, end=75, kind="break"),
        shift(start=120, end=180, kind="training"),
        shift(start=240, end=480, kind="leave"),
    )
    say(api, record())
    assert [staffing(minutes)[SUPPORT] for minutes in (60, 75, 120, 180, 240)] == [
        Staffing(1, 1, 0),
        Staffing(1, 1, 1),
        Staffing(1, 1, 0),
        Staffing(1, 1, 1),
        Staffing(0, 0, 0),
    ]
    assert spans() == [("support", "ada", 0, 60), ("support", "ada", 75, 120), ("support", "ada", 180, 240)]


def test_working_time_is_of_the_asked_queue_and_time(api: ContractClient):
    plan(api, shift("ada", queue_names=["support", "billing"]), shift("ben", cancelled=True, **ON_SUPPORT))
    assert spans() == [("billing", "ada", 0, 480), ("support", "ada", 0, 480)]
    assert spans(queue_name="billing") == [("billing", "ada", 0, 480)]
    assert spans(department_id="dept_789") == []
    assert spans(since=480) == []
    assert spans(until=0) == []
    assert spans(since=479, until=480) == spans()
