"""Presence and chains of shifts, case by case through the API (DOMAIN 3.7). Minutes are counted from nine."""

from typing import Any

import pytest
import time_machine
from django.db import connection, models

from attendance import services
from attendance.microseconds import to_microseconds
from attendance.models import CurrentAttendance, ScheduledPeriod, Shift, StatusPeriod
from attendance.presence.chains import JOIN_WITHIN, ShiftChains, chains
from attendance.presence.headcounts import Headcount
from attendance.presence.intervals import HOUR, Interval
from intraday.org.models import Organization, Role
from intraday.org.services import add_queues
from tests.access.people import browser_of, person
from tests.attendance.posting import PEOPLE, STREAM, at, headcounts_at, moment, plan, record, say, shift
from tests.heard import Hear
from tests.rest.contract import ContractClient

HALF_DAY = 12 * 60
E = "dept_789"


def headcount(minutes: float, department: str = "") -> dict[str, float]:
    """Counts that are not 0; minutes lost among them."""
    counted = headcounts_at(moment(minutes))
    found = counted.get(department, Headcount())
    values = {name: getattr(found, name) for name in Headcount.__slots__} | {"lost": found.lost_minutes}
    return {name: value for name, value in values.items() if value}


def absent(minutes: float) -> dict[str, float]:
    return {"scheduled": 1, "absent": 1, "lost": minutes} | ({"no_show": 1} if minutes > 120 else {})


PRESENT = {"scheduled": 1, "present": 1}
LEFT = {"scheduled": 1, "left_early": 1}
# Yesterday from noon to 20:30, today from 8:00 to 16:30.
YESTERDAY, TODAY = {"start": 180 - 1440, "end": 690 - 1440}, {"start": -60, "end": 450}


@pytest.mark.parametrize("last", ["present", "on_break", "training"])
def test_a_check_out_forgotten_yesterday_makes_nobody_present_today(api: ContractClient, last: str):
    """The last record is of 16:30, 15.5 hours before the shift of today, to which nobody comes."""
    plan(api, shift(**YESTERDAY), shift(**TODAY))
    say(api, record(minutes=180 - 1440), record(minutes=450 - 1440, status=last))
    assert headcount(690 - 1440 - 0.01) == PRESENT  # until the shift ends
    assert headcounts_at(moment(-120)) == {"": Headcount()}
    assert headcount(-60) == {"scheduled": 1, "expected": 1}
    assert headcount(0) == absent(60)
    assert headcount(300) == absent(360)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"minutes": -60}, PRESENT, id="on time"),
        pytest.param({"minutes": -55}, PRESENT, id="at the end of the grace"),
        pytest.param({"minutes": -54}, PRESENT | {"late": 1, "lost": 6}, id="late"),
        pytest.param({"minutes": -110}, PRESENT, id="early"),
        pytest.param(
            {"minutes": -54, "checked_in_at": at(180 - 1440 + 480)}, PRESENT | {"late": 1, "lost": 6}, id="old"
        ),
        pytest.param({"minutes": -20, "status": "checked_out"}, absent(180), id="checked out in the morning"),
        pytest.param(
            {"minutes": -20, "status": "checked_out", "checked_out_at": at(690 - 1440)}, absent(180), id="yesterday"
        ),
    ],
)
def test_records_of_today_count_from_today_on(api: ContractClient, fields: dict[str, Any], expected: dict[str, float]):
    plan(api, shift(**YESTERDAY), shift(**TODAY))
    say(api, record(minutes=180 - 1440), record(minutes=450 - 1440), record(**fields))
    assert headcount(120) == expected


def test_presence_ends_an_hour_after_the_chain_unless_a_later_record_proves_it(api: ContractClient):
    """Shift until 17:00; at 20:00 a clock-out comes, and repairs what was thought of 19:00."""
    plan(api, shift())
    say(api, record())
    status_period = StatusPeriod.objects.get()
    assert status_period.ends == to_microseconds(moment(480 + 60))
    say(api, record(minutes=660, status="checked_out"))
    assert next(each.ends for each in StatusPeriod.objects.order_by("starts")) == to_microseconds(moment(660))
    say(api, record(minutes=700))
    assert headcount(701) == {"unscheduled": 1}


def test_without_a_shift_presence_is_believed_for_16_hours(api: ContractClient):
    say(api, record())
    assert headcount(959) == {"unscheduled": 1}
    assert headcount(960) == {}


@pytest.mark.parametrize(
    ("came", "before", "after"),
    [(-240, {"unscheduled": 1}, PRESENT), (-241, {"unscheduled": 1}, absent(10)), (-59, {}, PRESENT)],
)
def test_open_presence_without_a_shift_joins_a_chain_within_four_hours(
    api: ContractClient, came: float, before: dict[str, float], after: dict[str, float]
):
    plan(api, shift())
    say(api, record(minutes=came))
    assert (headcount(max(came, -90)) if came < -60 else headcount(-30)) == before
    assert headcount(10) == after


def test_a_split_shift_is_one_chain_and_two_shifts_a_day_may_be_two(api: ContractClient):
    """Gaps of two hours and of more: who stays over the first needs no second check-in."""
    plan(api, shift("ada", 0, 180), shift("ada", 300, 480), shift("ben", 0, 180), shift("ben", 301, 480))
    say(api, record("ada"), record("ben"))
    assert headcount(310) == {"scheduled": 2, "present": 1, "absent": 1, "lost": 9}
    say(api, record("ben", 311))
    assert headcount(312) == {"scheduled": 2, "present": 2, "late": 1, "lost": 10}


def test_checking_in_early_for_the_second_chain_is_for_the_second(api: ContractClient):
    plan(api, shift("ada", 0, 180), shift("ada", 330, 480))
    say(api, record(), record(minutes=180, status="checked_out"), record(minutes=280))
    assert headcount(281) == {}
    assert headcount(340) == PRESENT


# --- breaks ----------------------------------------------------------------------------------------------------------
BREAK = {"start": 180, "end": 210, "kind": "break"}


@pytest.mark.parametrize(
    ("out", "minutes", "expected"),
    [
        pytest.param(174.9, 175, LEFT, id="too long before the break"),
        pytest.param(175, 176, PRESENT, id="within the grace before it"),
        pytest.param(180, 200, PRESENT, id="in the break"),
        pytest.param(209, 214.9, PRESENT, id="until the grace after the break ends"),
        pytest.param(209, 215, LEFT, id="gone since"),
        pytest.param(210, 211, LEFT, id="after the break"),
    ],
)
def test_a_clock_out_in_a_published_break_is_a_break(
    api: ContractClient, out: float, minutes: float, expected: dict[str, float]
):
    plan(api, shift(), shift(**BREAK))
    say(api, record(), record(minutes=out, status="checked_out"))
    assert headcount(minutes) == expected


def test_who_is_on_a_clocked_break_is_there_but_not_available(api: ContractClient, organization: Organization):
    plan(api, shift(queue_names=["support"]), shift(**BREAK))
    say(api, record(), record(minutes=176, status="checked_out"))
    groups = services.selectors.skill_groups("org_123", at=moment(178))
    assert [(each.scheduled, each.available) for each in groups] == [(1, 0)]
    with time_machine.travel(moment(190), tick=False):
        answer = browser_of(person("superior", organization, Role.SUPERVISOR)).get(PEOPLE, {"status": "on_break"})
    assert [each["employee_id"] for each in answer.json()["items"]] == ["ada"]


@pytest.mark.parametrize(
    ("back", "fields", "minutes"),
    [(205, {}, 300), (214, {"checked_in_at": at(0)}, 300), (230, {}, 300), (205, {"checked_in_at": at(203)}, 300)],
)
def test_who_comes_back_from_a_break_is_not_late(
    api: ContractClient, back: float, fields: dict[str, Any], minutes: float, heard: Hear
):
    plan(api, shift(), shift(**BREAK))
    with heard(STREAM) as published:
        say(api, record(), record(minutes=182, status="checked_out"), record(minutes=back, **fields))
    assert headcount(minutes) == PRESENT
    moves = [(each["event"], each["data"]) for each in published if "employee_id" in each["data"]]
    assert [name for name, _ in moves] == ["attendance:checkin", "attendance:checkout", "attendance:checkin"]
    assert moves[1][1]["left_early"] is False
    assert moves[1][1]["timestamp"] == at(182)
    assert moves[2][1]["status"] == "on_time"


def test_a_clock_out_that_is_told_after_the_break_is_leaving_early(api: ContractClient, heard: Hear):
    plan(api, shift(), shift(**BREAK))
    say(api, record())
    with heard(STREAM) as published:
        say(api, record(minutes=300, status="checked_out", checked_out_at=at(185)))
    [left] = [each["data"] for each in published if each["event"] == "attendance:checkout"]
    assert (left["timestamp"], left["left_early"]) == (at(185), True)
    assert (headcount(200), headcount(301)) == (PRESENT, LEFT)
    say(api, record(minutes=310, status="checked_out", checked_out_at=at(185)))
    assert StatusPeriod.objects.count() == 3


def test_a_clock_out_in_a_break_at_the_end_of_the_shift_ends_it(api: ContractClient):
    plan(api, shift(), shift(start=450, end=480, kind="break"))
    say(api, record(), record(minutes=446, status="checked_out"))
    assert headcount(479) == PRESENT


def test_a_break_published_afterwards_makes_a_break_of_the_clock_out(api: ContractClient):
    plan(api, shift())
    say(api, record(), record(minutes=190, status="checked_out"), record(minutes=205))
    assert headcount(195) == LEFT
    plan(api, shift(**BREAK))
    assert headcount(195) == PRESENT
    plan(api, shift(**BREAK, cancelled=True))
    assert headcount(195) == LEFT


# --- shifts that come, go and change ---------------------------------------------------------------------------------
def test_a_shift_posted_or_cancelled_after_the_check_in_decides_again(api: ContractClient):
    say(api, record(minutes=10))
    assert headcount(600) == {"unscheduled": 1}
    plan(api, shift())
    assert headcount(11) == PRESENT | {"late": 1, "lost": 10}
    assert headcount(600) == {}  # the chain has ended, and nothing proves that she stayed
    plan(api, shift(cancelled=True))
    assert headcount(600) == {"unscheduled": 1}


def test_the_shift_of_tomorrow_ends_open_presence_of_today(api: ContractClient):
    say(api, record())
    plan(api, shift(start=600, end=900))
    assert headcount(610) == absent(10)
    plan(api, shift(start=600, end=900, kind="leave") | {"shift_id": "ada work 600"})
    assert headcount(610) == {"unscheduled": 1}


def test_leave_that_is_replaced_by_work_takes_up_the_check_in(api: ContractClient):
    plan(api, shift(kind="leave"))
    say(api, record(minutes=2))
    assert headcount(100) == {"unscheduled": 1}
    plan(api, shift(kind="leave", cancelled=True), shift(kind="training"))
    assert headcount(100) == PRESENT


def test_records_in_any_order_tell_the_same(api: ContractClient):
    """The late check-out of yesterday comes after the records of today."""
    plan(api, shift(**YESTERDAY), shift(**TODAY), shift(start=60, end=90, kind="break"))
    rows = [
        record(minutes=180 - 1440),
        record(minutes=-58),
        record(minutes=58, status="checked_out"),
        record(minutes=88),
        record(minutes=700 - 1440, status="checked_out"),
        record(minutes=449, status="checked_out"),
    ]
    for row in reversed(rows):
        say(api, row)
    assert [headcount(minutes) for minutes in (695 - 1440, 0, 70, 100, 449.5)] == [{}, *[PRESENT] * 4]


# --- people are counted once -----------------------------------------------------------------------------------------
def test_one_person_in_two_departments_is_one_in_the_organization(api: ContractClient, organization: Organization):
    """Ada is due from nine in one and from eleven in the other; she comes at half past nine."""
    add_queues(organization, [(E, "claims")])
    plan(api, shift(end=240), shift(start=120, end=480, department_id=E))
    assert headcount(121) == absent(121)
    assert (headcount(121, "dept_456"), headcount(121, E)) == (absent(121), {"scheduled": 1, "expected": 1})
    say(api, record(minutes=30))
    late = PRESENT | {"late": 1, "lost": 30}
    assert (headcount(130), headcount(130, "dept_456"), headcount(130, E)) == (late, late, PRESENT)
    say(api, record(minutes=235, status="checked_out"))
    assert (headcount(236), headcount(236, "dept_456"), headcount(236, E)) == (LEFT, late, LEFT)


def test_leave_and_lists_count_a_person_once(api: ContractClient, organization: Organization):
    add_queues(organization, [(E, "claims")])
    for code in ("dept_456", E):
        fields = {"department_id": code}
        plan(api, shift("ada", kind="leave", **fields) | {"shift_id": f"leave {code}"})
        plan(api, shift("ben", **fields) | {"shift_id": f"work {code}"})
    assert headcount(10) == {"on_leave": 1} | absent(10)
    assert headcount(10, E) == {"on_leave": 1} | absent(10)
    supervisor = browser_of(person("superior", organization, Role.SUPERVISOR))
    for query in ({}, {"department_id": E}):
        with time_machine.travel(moment(10), tick=False):
            items = supervisor.get(PEOPLE, query).json()["items"]
        assert [(each["employee_id"], each["status"]) for each in items] == [("ben", "absent"), ("ada", "on_leave")]


# --- rules -----------------------------------------------------------------------------------------------------------
def test_chains_join_gaps_of_two_hours():
    hours = [(8, 10), (12, 14), (10, 11), (16.001, 17), (30, 31)]
    found = chains(Interval(int(start * HOUR), int(end * HOUR)) for start, end in hours)
    assert [(each.starts / HOUR, each.ends / HOUR) for each in found] == [(8, 14), (16.001, 17), (30, 31)]


def test_a_check_in_belongs_to_the_chain_that_it_falls_into_else_to_the_next_one():
    first, second = Interval(0, 3 * HOUR), Interval(6 * HOUR, 9 * HOUR)
    shift_chains = ShiftChains([first, second])
    expected = {-HOUR - 1: None, -HOUR: first, 0: first, 3 * HOUR - 1: first, 3 * HOUR: None, 5 * HOUR: second}
    assert {time: shift_chains.chain_of(time) for time in expected} == expected
    assert (
        shift_chains.chain_of_presence(-JOIN_WITHIN),
        shift_chains.chain_of_presence(-JOIN_WITHIN - 1),
        shift_chains.chain_of_presence(3 * HOUR),
    ) == (first, None, second)
    assert shift_chains.chain_of(9 * HOUR) is None


# --- after the upgrade -----------------------------------------------------------------------------------------------
def test_rows_that_older_rules_made_are_worked_out_anew_once(api: ContractClient):
    plan(api, shift(**YESTERDAY), shift(**TODAY))
    say(api, record(minutes=180 - 1440), record(minutes=450 - 1440))
    ScheduledPeriod.objects.update(of_organization=False)
    StatusPeriod.objects.update(ends=to_microseconds(moment(410)))
    CurrentAttendance.objects.update(rules_version=0)
    assert Shift.objects.count() == 2
    services.refresh(organization_id="org_123", now=moment(0))
    assert headcount(0) == absent(60)
    assert CurrentAttendance.objects.filter(rules_version__gt=0).count() == 1
    StatusPeriod.objects.all().delete()
    services.refresh(organization_id="org_123", now=moment(1))
    assert StatusPeriod.objects.count() == 0


def test_periods_of_processes_of_the_older_release_are_worked_out_anew(api: ContractClient):
    """They run beside ours during the upgrade, and mark nothing: the database does. Both periods end at 410 instead of
    an hour after the shift; ada's is theirs, ben's is ours and left alone."""
    columns = "organization_id, person_id, department_id, status, starts, came_at, said_at, heard_at, made_at"
    plan(api, shift("ada"), shift("ben"))
    say(api, record("ada"), record("ben"))
    too_early = to_microseconds(moment(410))
    StatusPeriod.objects.update(ends=too_early)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO attendance_spell ({columns}, ends) SELECT {columns}, ends + 1 FROM attendance_spell"
            " WHERE person_id = (SELECT id FROM attendance_person WHERE employee_id = 'ada')"
        )
    StatusPeriod.objects.filter(person__employee_id="ada", ends=too_early).delete()
    assert StatusPeriod.objects.get(of_older_release=True).person.employee_id == "ada"
    services.refresh(organization_id="org_123", now=moment(421))
    ends = dict(StatusPeriod.objects.values_list("person__employee_id", "ends"))
    assert ends == {"ada": to_microseconds(moment(480 + 60)), "ben": too_early}
    assert not StatusPeriod.objects.filter(of_older_release=True).exists()


@pytest.mark.parametrize("model", [ScheduledPeriod, StatusPeriod])
def test_a_period_of_the_older_release_that_is_right_is_kept(api: ContractClient, model: type[models.Model]):
    plan(api, shift())
    say(api, record())
    model.objects.update(of_older_release=True)
    kept = model.objects.get().pk
    services.refresh(organization_id="org_123", now=moment(1))
    assert (model.objects.get().pk, model.objects.get().of_older_release) == (kept, False)
