"""Reading by other apps, scheduled jobs, retention and the admin."""

from datetime import timedelta

import msgspec
import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

import kpi.selectors
from attendance import selectors, services
from attendance.models import AttendanceRecord, ScheduledPeriod, Shift, Snapshot, StatusPeriod
from intraday import tasks
from intraday.jobs import dirty
from intraday.org.models import Organization
from intraday.org.services import add_queues
from realtime.protocol.redaction import Redaction
from realtime.protocol.rooms import Room, RoomFilter
from tests.attendance.posting import CURRENT, STREAM, moment, plan, record, say, shift
from tests.heard import Hear
from tests.rest.contract import ContractClient

TABLES = (AttendanceRecord, ScheduledPeriod, Shift, Snapshot, StatusPeriod)


@pytest.fixture
def floor(api: ContractClient, organization: Organization) -> None:
    add_queues(organization, [("dept_789", "claims")])
    plan(api, shift("ada", queue_names=["support"]), shift("ben", department_id="dept_789"))
    say(api, record("ada"), record("ben", 10, department_id="dept_789"))


# --- snapshots for sockets -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("room", "expected"),
    [
        ("attendance:org:org_123", [None, "dept_456", "dept_789"]),
        ("attendance:org:org_123:dept:dept_789", ["dept_789"]),
        ("attendance:org:org_123:queue:support", []),
    ],
)
@pytest.mark.usefixtures("transactional_db")
def test_a_snapshot_holds_the_scopes_that_the_room_hears(floor: None, room: str, expected: list[str | None]):
    rooms = RoomFilter(frozenset([Room.parse(room)]))
    found = [msgspec.json.decode(each) for each in selectors.snapshot("org_123", rooms, Redaction.NOTHING)]
    assert [each.get("department_id") for each in found] == expected


@pytest.mark.parametrize("redaction", Redaction)
@pytest.mark.usefixtures("transactional_db")
def test_a_snapshot_is_the_last_events_with_people_where_they_may_be_seen(
    api: ContractClient, heard: Hear, redaction: Redaction
):
    with heard(STREAM) as published:
        say(api, record("ada"), record("ben", 1))
    last = {
        event["data"].get("department_id", ""): event["data"] for event in published if "snapshot_id" in event["data"]
    }
    rooms = RoomFilter(frozenset([Room.parse(STREAM)]))
    found = [msgspec.json.decode(each) for each in selectors.snapshot("org_123", rooms, redaction)]
    for data in last.values():
        for check_in in data["recent_checkins"]:
            check_in["employee_name"] = check_in["employee_name"] if redaction is Redaction.NOTHING else None
        if redaction is Redaction.PEOPLE:
            data["recent_checkins"] = []
    assert {each.get("department_id", ""): each for each in found} == last


# --- figures for alert rules -----------------------------------------------------------------------------------------
def test_figures_are_true_as_of_the_last_look_although_nothing_changed(floor: None):
    for minutes in (11, 12):
        services.refresh(organization_id="org_123", now=moment(minutes))
    found = {
        scope.department_id: (time, figure) for scope, time, figure in selectors.figures("org_123", now=moment(12))
    }
    assert found.keys() == {"", "dept_456", "dept_789"}
    assert {time for time, _ in found.values()} == {moment(12)}
    assert found["dept_789"][1]["attendance_rate"] == 100.0
    assert found["dept_789"][1]["timestamp"] == moment(10)


def test_past_figures_come_in_order_of_time_and_without_names(floor: None, api: ContractClient):
    say(api, record("ada", 20, "on_break"), record("cy", 20))
    found = list(selectors.past_figures("org_123", since=moment(0), until=moment(20.1)))
    assert [time for _, time, _ in found] == sorted(time for _, time, _ in found)
    assert {time for _, time, _ in found} == {moment(10), moment(20)}
    assert all(each.employee_name is None for _, _, figure in found for each in figure["recent_checkins"])
    scope = found[0][0]
    assert {
        each.pk
        for each, _, _ in selectors.past_figures("org_123", since=moment(0), until=moment(30), scopes=[scope.pk])
    } == {scope.pk}


def test_a_post_marks_departments_organization_and_the_queues_of_the_shift(floor: None, api: ContractClient):
    dirty.clear(dirty.marked("org_123"))
    say(api, record("ada", 30, "on_break"))
    assert [str(scope) for scope in dirty.marked("org_123").scopes] == [
        "org_123",
        "org_123 / dept_456",
        "org_123 / dept_456 / support",
    ]


# --- jobs ------------------------------------------------------------------------------------------------------------
def test_the_round_over_everything_asks_first_who_is_late_by_now(floor: None, api: ContractClient):
    plan(api, shift("cy", 10, queue_names=["support"]))
    with time_machine.travel(moment(16), tick=False):
        tasks.judge_all("org_123")
    assert api.get(CURRENT).json()["current"]["absent_count"] == 1
    assert next(selectors.figures("org_123", now=moment(16)))[1] == moment(16)
    [support] = [figure for scope, _, figure in kpi.selectors.figures("org_123", now=moment(16)) if scope.queue_name]
    assert (support["headcount_gap"]["scheduled"], support["headcount_gap"]["available"]) == (2, 1)


def test_what_is_older_than_35_days_is_forgotten_but_not_what_came_in_since(api: ContractClient, floor: None):
    with time_machine.travel(moment(60), tick=False):
        plan(api, shift("cy"))
        say(api, record("cy", 60))

    def stored() -> list[int]:
        return [table.objects.count() for table in TABLES]

    before = stored()
    assert services.purge(now=moment(60) + timedelta(days=34)) == 0
    assert stored() == before
    services.purge(now=moment(0) + timedelta(days=36))
    assert AttendanceRecord.objects.filter(person__employee_id="cy").count() == 0
    assert AttendanceRecord.objects.count() == 2  # posted today by the clock, of January
    assert api.get(CURRENT).json()["current"]["present_count"] == 3
    services.purge(now=moment(0) + timedelta(days=3650))
    assert stored() == [0, 0, 0, 3, 0]  # the newest figures stay


# --- admin -----------------------------------------------------------------------------------------------------------
def test_the_admin_shows_what_was_posted_and_lets_nobody_change_it(floor: None):
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    for name in ("attendancerecord", "shift", "snapshot"):
        answer = client.get(f"/admin/attendance/{name}/")
        assert answer.status_code == 200
        assert client.get(f"/admin/attendance/{name}/add/").status_code == 403
    assert b"ada" in client.get("/admin/attendance/shift/").content
