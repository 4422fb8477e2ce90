"""Invalid posts get the one error shape and change nothing."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from intraday.org.models import Organization
from tests.attendance.posting import (
    BATCH,
    CURRENT,
    HISTORY,
    INGEST,
    SHIFTS,
    at,
    plan,
    post,
    record,
    results,
    say,
    shift,
)
from tests.rest.bad_bodies import NO_JSON, WRONG_TOP, is_error
from tests.rest.contract import ContractClient

Count = Callable[[], dict[str, int]]


@pytest.fixture
def api(api: ContractClient) -> ContractClient:
    """A client of an API with rows that a bad post could harm."""
    plan(api, shift())
    say(api, record())
    return api


@pytest.mark.parametrize("path", [INGEST, BATCH, SHIFTS], ids=["ingest", "batch", "shifts"])
def test_a_body_that_is_no_row_is_refused(api: ContractClient, rows_stored: Count, path: str):
    before = rows_stored()
    answers = {name: post(api, body, path) for name, body in {**NO_JSON, **WRONG_TOP}.items()}
    assert {name: answer for name, answer in answers.items() if answer.pop("status") != 400} == {}
    assert {name: answer for name, answer in answers.items() if not is_error(answer)} == {}
    assert rows_stored() == before


IDENTITIES: dict[str, dict[str, Any]] = {
    "employee: none": {"employee_id": None},
    "employee: empty": {"employee_id": ""},
    "employee: blank": {"employee_id": "  "},
    "employee: 65 characters": {"employee_id": "x" * 65},
    "employee: a line break": {"employee_id": "a\nb"},
    "employee: NUL": {"employee_id": "a\x00"},
    "employee: turned around": {"employee_id": "\u202eada"},
    "employee: a list": {"employee_id": ["ada"]},
    "employee: true": {"employee_id": True},
    "name: 151 characters": {"employee_name": "x" * 151},
    "name: NUL": {"employee_name": "a\x00"},
    "name: an object": {"employee_name": {}},
    "department: empty": {"department_id": ""},
    "department: a colon": {"department_id": "dept:456"},
    "department: a slash": {"department_id": "../dept"},
    "department: 65 characters": {"department_id": "x" * 65},
    "department: a list": {"department_id": ["dept_456"]},
    "organization: none": {"organization_id": None},
    "organization: a list": {"organization_id": ["org_123"]},
}
BAD_TIMES: dict[str, Any] = {
    "none": None,
    "empty": "",
    "a number": 1769853600,
    "yesterday": "yesterday",
    "no zone": "2026-01-30T10:00:00",
    "a date": "2026-01-30",
    "30 February": "2026-02-30T10:00:00Z",
    "year 1 east of Greenwich": "0001-01-01T00:00:00+14:00",
    "year 9999 west of Greenwich": "9999-12-31T23:59:59-14:00",
    "1969": "1969-12-31T23:59:59Z",
    "a list": ["2026-01-30T10:00:00Z"],
}
BAD_RECORDS: dict[str, dict[str, Any]] = {
    **IDENTITIES,
    **{f"time: {name}": {"snapshot_time": time} for name, time in BAD_TIMES.items()},
    **{f"came: {name}": {"checked_in_at": time} for name, time in BAD_TIMES.items() if time is not None},
    **{f"went: {name}": {"checked_out_at": time} for name, time in BAD_TIMES.items() if time is not None},
    "status: none": {"status": None},
    "status: unknown": {"status": "sick"},
    "status: in capitals": {"status": "PRESENT"},
    "status: a list": {"status": ["present"]},
    "status: NUL": {"status": "present\x00"},
    "came: after it was said": {"checked_in_at": at(16)},
    "went: after it was said": {"checked_out_at": at(16)},
    "went: before coming": {"status": "checked_out", "checked_in_at": at(10), "checked_out_at": at(9)},
    "shift: no end": {"shift_start": at(0)},
    "shift: no start": {"shift_end": at(0)},
    "shift: ends when it starts": {"shift_start": at(0), "shift_end": at(0)},
    "shift: three days": {"shift_start": at(0), "shift_end": at(3 * 1440)},
    "site: a blank": {"site_id": "nor th"},
    "site: an object": {"site_id": {}},
}
BAD_SHIFTS: dict[str, dict[str, Any]] = {
    **IDENTITIES,
    **{f"start: {name}": {"start": time} for name, time in BAD_TIMES.items()},
    **{f"end: {name}": {"end": time} for name, time in BAD_TIMES.items()},
    "id: none": {"shift_id": None},
    "id: empty": {"shift_id": ""},
    "id: 129 characters": {"shift_id": "x" * 129},
    "id: a line break": {"shift_id": "a\nb"},
    "department: none": {"department_id": None},
    "end: the start": {"end": at(0)},
    "end: before the start": {"end": at(-1)},
    "end: three days of work": {"end": at(3 * 1440)},
    "end: two years of leave": {"kind": "leave", "end": at(730 * 1440)},
    "kind: unknown": {"kind": "party"},
    "kind: none": {"kind": None},
    "queues: text": {"queue_names": "support"},
    "queues: a list in the list": {"queue_names": [["support"]]},
    "queues: an empty name": {"queue_names": [""]},
    "queues: a line break": {"queue_names": ["sup\nport"]},
    "queues: 51": {"queue_names": [f"queue {number}" for number in range(51)]},
    "cancelled: perhaps": {"cancelled": "perhaps"},
}


@pytest.mark.parametrize(
    ("path", "row", "table"),
    [(BATCH, record("ben", 15), BAD_RECORDS), (SHIFTS, shift("ben"), BAD_SHIFTS)],
    ids=["records", "shifts"],
)
def test_rows_with_a_wrong_field_are_refused_by_its_name(
    api: ContractClient, rows_stored: Count, path: str, row: dict[str, Any], table: dict[str, dict[str, Any]]
):
    before = rows_stored()
    answer = post(api, {"items": [{**row, **fields} for fields in table.values()]}, path)
    taken = [list(table)[each["index"]] for each in answer["results"]]
    assert (answer["status"], taken) == (400, [])
    rejected = {each["index"]: each["errors"] for each in answer["rejected"]}
    assert list(rejected) == list(range(len(table)))
    for (name, fields), errors in zip(table.items(), rejected.values(), strict=True):
        assert errors.keys() <= {*fields, "shift_start"}, name
    assert rows_stored() == before


def test_a_single_record_is_refused_as_in_a_batch(api: ContractClient, rows_stored: Count):
    before = rows_stored()
    answers = {name: post(api, {**record("ben", 15), **fields}, INGEST) for name, fields in BAD_RECORDS.items()}
    assert {name: answer for name, answer in answers.items() if answer.pop("status") != 400} == {}
    assert {answer["code"] for answer in answers.values()} == {"invalid"}
    assert rows_stored() == before


def test_what_has_not_happened_yet_is_refused(api: ContractClient, rows_stored: Count):
    before = rows_stored()
    ahead = (timezone.now() + timedelta(seconds=66)).isoformat()
    answer = post(api, record() | {"snapshot_time": ahead}, INGEST)
    assert (answer["status"], answer["errors"]) == (400, {"snapshot_time": ["More than 60 s in the future."]})
    assert rows_stored() == before


def test_a_shift_of_next_week_is_fine(api: ContractClient):
    start = timezone.now() + timedelta(days=7)
    times = {"start": start.isoformat(), "end": (start + timedelta(hours=8)).isoformat()}
    assert results(plan(api, shift("ben") | times)) == ["created"]


@pytest.mark.parametrize("path", [INGEST, BATCH, SHIFTS], ids=["ingest", "batch", "shifts"])
def test_foreign_and_unknown_organizations_are_404(
    api: ContractClient, stranger: Organization, rows_stored: Count, path: str
):
    before = rows_stored()
    for name in ("org_999", "org_000", "' OR 1=1 --"):
        row = {**(shift() if path == SHIFTS else record(minutes=1)), "organization_id": name}
        answer = post(api, row if path == INGEST else {"items": [row]}, path)
        assert (answer["status"], answer["code"]) == (404, "not_found")
    assert rows_stored() == before


def test_good_rows_of_a_batch_are_taken_and_bad_ones_named(api: ContractClient):
    answer = say(api, record("ben", 1), record("cy", status="?"), record("dee", 2, colour="red"), 3)
    assert (answer["status"], answer["accepted"]) == (207, 2)
    assert [each["index"] for each in answer["rejected"]] == [1, 3]
    assert answer["results"][1]["warnings"] == ["Unknown field 'colour' was ignored."]


def test_atomic_takes_all_or_nothing_and_dry_run_nothing(api: ContractClient, rows_stored: Count):
    before = rows_stored()
    assert say(api, record("ben", 1), record("cy", status="?"), atomic="true")["accepted"] == 0
    assert plan(api, shift("ben"), shift("cy", kind="?"), atomic="true")["accepted"] == 0
    for answer in (
        say(api, record("ben", 1, department_id="new"), dry_run="true"),
        plan(api, shift("ben", department_id="new"), dry_run="true"),
    ):
        assert (answer["status"], results(answer)) == (201, ["created"])
        assert answer["results"][0]["event"] is None
    assert rows_stored() == before


@pytest.mark.parametrize("path", [CURRENT, HISTORY], ids=["current", "history"])
@pytest.mark.parametrize(
    ("query", "status"),
    [({"department_id": "nothing"}, 404), ({"organization_id": "org_999"}, 404), ({"department_id": "x" * 65}, 400)],
    ids=str,
)
def test_a_scope_that_is_not_there_cannot_be_read(api: ContractClient, path: str, query: dict[str, str], status: int):
    response = api.get(path, query)
    assert response.status_code == status
    assert is_error(response.json())


def test_many_rows_of_one_person_and_shift_are_taken_in_one_batch(api: ContractClient):
    rows = [record("ben", minutes / 10) for minutes in range(50)] + [record("ben", 1, "absent")]
    answer = say(api, *json.loads(json.dumps(rows)))
    assert set(results(answer)) == {"created", "superseded"}
    assert results(answer).count("created") == 1
    answer = plan(api, *(shift("ben", end=60 + number, shift_id="one") for number in range(5)))
    assert results(answer) == ["superseded"] * 4 + ["created"]


def test_a_batch_of_nothing_good_leaves_no_trace_in_a_fresh_organization(outsider: ContractClient, rows_stored: Count):
    before = rows_stored()
    assert say(outsider, record("ben", status="?"), atomic="true")["status"] == 400
    assert plan(outsider, shift("ben", kind="?"))["status"] == 400
    assert rows_stored() == before
