"""`current`, `history` and `people`: what is there now, what was, and who."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from intraday.org.models import Organization, Role
from intraday.org.services import add_queues
from realtime.eventlog.records import Appended
from realtime.models import Segment
from tests.access.people import browser_of, person
from tests.attendance.posting import (
    BATCH,
    CURRENT,
    DAY,
    HISTORY,
    PEOPLE,
    STREAM,
    Row,
    at,
    moment,
    plan,
    record,
    say,
    shift,
)
from tests.heard import Hear
from tests.rest.contract import ContractClient

ROLES = list(Role.values)


def caller(organization: Organization, role: str, *departments: str) -> APIClient:
    return browser_of(person(f"{role} of {len(departments)}", organization, role, *departments))


# --- figures ---------------------------------------------------------------------------------------------------------
def test_before_anything_is_said_there_is_no_figure(api: ContractClient):
    assert api.get(CURRENT).json() == {"current": None, "within": []}
    assert api.get(HISTORY).json() == {"items": [], "next": None}
    assert api.get(CURRENT, {"queue_name": "support"}).json() == {"current": None, "within": []}


def test_the_current_figure_is_the_event_with_its_age_and_without_names(api: ContractClient, heard: Hear):
    """A key sees none."""
    with heard(STREAM) as published:
        say(api, record())
    with time_machine.travel(moment(2), tick=False):
        current = api.get(CURRENT).json()["current"]
    assert current.pop("data_age_seconds") == 120
    expected = published.of("organization")
    expected["recent_checkins"][0]["employee_name"] = None
    assert current == expected


def test_a_history_is_of_one_scope_oldest_first_page_by_page(api: ContractClient):
    for minutes in range(5):
        say(api, record(minutes=minutes, status="present" if minutes % 2 else "on_break"))
    seen, query = [], {"limit": "2", "department_id": "dept_456"}
    for _ in range(3):
        page = api.get(HISTORY, query).json()
        seen += [item["timestamp"] for item in page["items"]]
        query["cursor"] = page["next"]
    assert page["next"] is None
    assert seen == [at(minutes) for minutes in range(5)]
    between = api.get(HISTORY, {"since": at(1), "until": at(3)}).json()["items"]
    assert [item["timestamp"] for item in between] == [at(1), at(2)]


def test_csv_is_the_json_cell_by_cell(api: ContractClient):
    plan(api, shift("ada"), shift("ben"))
    say(api, record("cy", -200))
    for minutes in (0, 6, 30):
        say(api, record("ada", minutes))
    items = api.get(HISTORY).json()["items"]
    response = api.get(HISTORY, {"format": "csv"})
    assert response["Content-Type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
    assert len(lines) == len(items) == 4
    for line, item in zip(lines, items, strict=True):
        cells = item | {f"by_state.{state}": count for state, count in item["by_state"].items()}
        assert line == {name: "" if cells.get(name) is None else str(cells[name]) for name in line}
    assert set(items[0]) - set(lines[0]) <= {"recent_checkins", "reasons", "by_state"}


# --- names -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", ROLES)
def test_names_are_for_supervisors_and_administrators(organization: Organization, api: ContractClient, role: str):
    say(api, record())
    client = caller(organization, role)
    name = "Ada" if role in ("supervisor", "admin") else None
    current = client.get(CURRENT).json()
    for figure in (current["current"], *current["within"], *client.get(HISTORY).json()["items"]):
        assert [each["employee_name"] for each in figure["recent_checkins"]] == [name]
        assert [each["employee_id"] for each in figure["recent_checkins"]] == ["ada"]
    assert (b"Ada" in client.get(HISTORY, {"format": "csv"}).getvalue()) is False
    people = client.get(PEOPLE)
    assert (people.status_code, b"Ada" in people.content) == ((200, True) if name else (403, False))


def test_the_redacted_bodies_of_the_log_hold_no_name(api: ContractClient):
    say(api, record(), record(minutes=30, status="checked_out"))
    posted, counted = Segment.objects.filter(stream=STREAM).order_by("last_seq")
    for segment in (posted, counted):
        logged = Appended(STREAM, "", segment.first_seq, segment.last_seq, bytes(segment.index), bytes(segment.body))
        for each in logged.records():
            assert b"Ada" in each.full
            assert b"Ada" not in each.redacted
            assert b'"ada"' in each.redacted


# --- people ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def floor(api: ContractClient, organization: Organization) -> APIClient:
    """A supervisor, and a floor with people in every state, at a quarter past eleven."""
    add_queues(organization, [("dept_789", "claims")])
    names = ("ada", "ben", "cy", "dee", "eve", "fay", "gus", "hal")
    plan(
        api,
        *(shift(name, queue_names=["support"]) for name in names),
        shift("ida", start=134),
        shift("jo", start=60, department_id="dept_789", queue_names=["claims"]),
        shift("kim", kind="leave"),
    )
    say(
        api,
        record("ada"),
        record("ben", 20, site_id="north"),
        record("cy", 0),
        record("cy", 30, "on_break"),
        record("dee", 0, "training"),
        record("eve", 0),
        record("eve", 60, "checked_out"),
        record("fay", 0, "on_leave"),
        record("gus", 0, "day_off"),
        record("lea", 100, site_id="north"),
    )
    return caller(organization, Role.SUPERVISOR)


def ask(client: APIClient, minutes: float = 135, **query: str) -> list[Row]:
    with time_machine.travel(moment(minutes), tick=False):
        answer = client.get(PEOPLE, query)
    assert answer.status_code == 200, answer.content
    assert answer.json()["as_of"] == at(minutes)
    return answer.json()["items"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("absent", ["hal", "jo"]),
        ("no_show", ["hal"]),
        ("late", ["ben"]),
        ("present", ["ben", "dee", "cy", "ada"]),  # dee and cy have been out of adherence, dee for longer
        ("on_break", ["cy"]),
        ("training", ["dee"]),
        ("expected", ["ida"]),
        ("left_early", ["eve"]),
        ("on_leave", ["fay", "kim"]),
        ("day_off", ["gus"]),
        ("unscheduled", ["lea"]),
    ],
)
def test_people_of_a_status_come_worst_first(floor: APIClient, status: str, expected: list[str]):
    found = ask(floor, status=status)
    assert [each["employee_id"] for each in found] == expected
    assert {each["status"] for each in found} == {status}


def test_everybody_stands_once_and_is_told_by_what_matters_most(floor: APIClient):
    found = {each["employee_id"]: each["status"] for each in ask(floor)}
    assert list(found)[:3] == ["hal", "jo", "ben"]
    assert found == {
        "hal": "no_show",
        "jo": "absent",
        "ben": "late",
        "ada": "present",
        "cy": "on_break",
        "dee": "training",
        "eve": "left_early",
        "fay": "on_leave",
        "gus": "day_off",
        "ida": "expected",
        "kim": "on_leave",
        "lea": "unscheduled",
    }


def test_a_person_is_told_with_her_shift_and_what_is_lost(floor: APIClient):
    assert ask(floor, status="late") == [
        {
            "employee_id": "ben",
            "employee_name": "Ben",
            "department_id": "dept_456",
            "queue_names": ["support"],
            "status": "late",
            "shift_start": at(0),
            "shift_end": at(DAY),
            "checked_in_at": at(20),
            "lost_minutes": 20.0,
            "scheduled_activity": "work",
            "state": "present",
            "state_since": at(20),
            "state_seconds": 115 * 60,
            "out_of_adherence_since": None,
            "out_of_adherence_minutes": 20.0,
            "adherence_percent": 85.19,
            "conformance_percent": 85.19,
            "reason": None,
        }
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"department_id": "dept_789"}, ["jo"]),
        ({"site_id": "north"}, ["ben", "lea"]),
        ({"limit": "2"}, ["hal", "jo"]),
        ({"site_id": "' OR 1=1 --"}, []),
        ({"name": "HAL"}, ["hal"]),
        ({"name": "e", "site_id": "north"}, ["ben", "lea"]),
        ({"name": " ida ", "limit": "1"}, ["ida"]),
        ({"name": "%"}, []),
    ],
    ids=str,
)
def test_people_are_filtered(floor: APIClient, query: dict[str, str], expected: list[str]):
    assert [each["employee_id"] for each in ask(floor, **query)] == expected


def test_people_of_a_replayed_past_are_those_of_its_newest_figures(floor: APIClient):
    with time_machine.travel(moment(100) + timedelta(days=200), tick=False):
        answer = floor.get(PEOPLE, {"status": "left_early"}).json()
    assert (answer["as_of"], [each["employee_id"] for each in answer["items"]]) == (at(100), ["eve"])


@pytest.mark.parametrize(
    "query",
    [{"status": "sick"}, {"limit": "0"}, {"limit": "1001"}, {"department_id": "x" * 65}, {"name": "x" * 129}],
    ids=str,
)
def test_people_that_cannot_be_meant_are_refused(floor: APIClient, query: dict[str, str]):
    answer = floor.get(PEOPLE, query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


# --- whose -----------------------------------------------------------------------------------------------------------
def test_who_is_limited_to_a_department_moves_and_sees_nobody_of_another(
    api: ContractClient, organization: Organization
):
    add_queues(organization, [("dept_789", "claims")])
    plan(api, shift("ada"), shift("ben", department_id="dept_789"))
    say(api, record("ada"), record("ben", department_id="dept_789"))
    limited = caller(organization, Role.ADMIN, "dept_456")
    people = limited.get(PEOPLE, {"department_id": "dept_456"}).json()["items"]
    assert [each["employee_id"] for each in people] == ["ada"]
    for path in (CURRENT, HISTORY, PEOPLE):
        assert limited.get(path).status_code == 403
        assert limited.get(path, {"department_id": "dept_789"}).status_code == 404

    def refused(path: str, *rows: Row) -> list[Any]:
        answer = limited.post(path, {"items": list(rows)}, format="json").json()
        return [each["errors"] for each in answer["rejected"]]

    shifts = BATCH.replace("batch", "shifts/batch")
    assert refused(BATCH, record("ben", 5, "checked_out")) == [
        {"employee_id": ["There is no such person in your departments."]}
    ]
    assert refused(shifts, shift("ben", kind="leave")) == [
        {"employee_id": ["There is no such person in your departments."]}
    ]
    assert refused(shifts, shift("ada", shift_id="ben work 0")) == [
        {"shift_id": ["This id is in use, or belongs to another organization."]}
    ]
    assert refused(BATCH, record("ada", 5, "checked_out"), record("new", 5)) == []


def test_the_same_people_and_shifts_of_another_organization_are_others(
    api: ContractClient, outsider: ContractClient, heard: Hear
):
    plan(api, shift("ada"))
    say(api, record("ada"))
    with heard(STREAM) as published:
        plan(outsider, shift("ada", cancelled=True))
        say(outsider, record("ada", 60, "checked_out"))
    assert published == []
    assert api.get(CURRENT).json()["current"]["present_count"] == 1
    assert outsider.get(CURRENT).json()["current"]["scheduled_count"] == 0
