"""Invalid posts get the one error shape and change nothing."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from intraday.org.models import Organization
from tests.backlog.posting import BATCH, CURRENT, HISTORY, INGEST, post, row
from tests.rest.bad_bodies import NO_JSON, WRONG_TOP, is_error
from tests.rest.contract import ContractClient

Count = Callable[[], dict[str, int]]


@pytest.fixture
def api(api: ContractClient) -> ContractClient:
    """A client of an API with rows that a bad post could harm."""
    post(api, row("support", total=1))
    return api


@pytest.mark.parametrize("path", [INGEST, BATCH], ids=["ingest", "batch"])
def test_a_body_that_is_no_row_is_refused(api: ContractClient, rows_stored: Count, path: str):
    before = rows_stored()
    answers = {name: post(api, body, path) for name, body in {**NO_JSON, **WRONG_TOP}.items()}
    assert {name: answer for name, answer in answers.items() if answer.pop("status") != 400} == {}
    assert {name: answer for name, answer in answers.items() if not is_error(answer)} == {}
    assert {name for name in NO_JSON if answers[name]["code"] != "not_json"} <= {"nothing"}
    assert {answers[name]["code"] for name in WRONG_TOP} == {"invalid"}
    assert rows_stored() == before


HUGE = 10**400
BAD_FIELDS: dict[str, dict[str, Any]] = {
    "total: none": {"total_items": None},
    "total: negative": {"total_items": -1},
    "total: a fraction": {"total_items": 1.5},
    "total: too many": {"total_items": 1_000_000_001},
    "total: beyond 64 bits": {"total_items": 2**64},
    "total: 400 digits": {"total_items": HUGE},
    "total: text": {"total_items": "many"},
    "total: true": {"total_items": True},
    "total: a list": {"total_items": [3]},
    "total: an object": {"total_items": {"value": 3}},
    "total: 'NaN'": {"total_items": "NaN"},
    "wait: none": {"average_wait_time_minutes": None},
    "wait: negative": {"average_wait_time_minutes": -0.1},
    "wait: 'NaN'": {"average_wait_time_minutes": "NaN"},
    "wait: 'inf'": {"average_wait_time_minutes": "inf"},
    "wait: '-Infinity'": {"average_wait_time_minutes": "-Infinity"},
    "wait: '1e999'": {"average_wait_time_minutes": "1e999"},
    "wait: 400 digits": {"average_wait_time_minutes": HUGE},
    "wait: true": {"average_wait_time_minutes": True},
    "wait: a list": {"average_wait_time_minutes": []},
    "wait: fifty years": {"average_wait_time_minutes": 1e9},
    "over: negative": {"items_over_sla": -1},
    "over: more than there are": {"items_over_sla": 11},
    "risk: more than there are": {"sla_at_risk_count": 11},
    "risk: text": {"sla_at_risk_count": "few"},
    "compliance: 101": {"sla_compliance_percentage": 101},
    "compliance: -1": {"sla_compliance_percentage": -1},
    "compliance: 'NaN'": {"sla_compliance_percentage": "NaN"},
    "added: alone": {"items_added": 3},
    "completed: alone": {"items_completed": 3},
    "added: negative": {"items_added": -3, "items_completed": 0},
    "counter: negative": {"items_added_total": -1},
    "counter: beyond its limit": {"items_added_total": 10**15 + 1},
    "counter: beyond 64 bits": {"items_completed_total": 2**63},
    "oldest: negative": {"oldest_item_age_minutes": -1},
    "oldest: an object": {"oldest_item_age_minutes": {}},
    "time: none": {"snapshot_time": None},
    "time: empty": {"snapshot_time": ""},
    "time: a number": {"snapshot_time": 1769853600},
    "time: yesterday": {"snapshot_time": "yesterday"},
    "time: no zone": {"snapshot_time": "2026-01-31T10:00:00"},
    "time: a date": {"snapshot_time": "2026-01-31"},
    "time: 30 February": {"snapshot_time": "2026-02-30T10:00:00Z"},
    "time: 25 o'clock": {"snapshot_time": "2026-01-31T25:00:00Z"},
    "time: year 1": {"snapshot_time": "0001-01-01T00:00:00Z"},
    "time: year 1 east of Greenwich": {"snapshot_time": "0001-01-01T00:00:00+14:00"},
    "time: year 9999": {"snapshot_time": "9999-12-31T23:59:59Z"},
    "time: year 9999 west of Greenwich": {"snapshot_time": "9999-12-31T23:59:59-14:00"},
    "time: 1969": {"snapshot_time": "1969-12-31T23:59:59Z"},
    "time: an impossible zone": {"snapshot_time": "2026-01-31T10:00:00+99:99"},
    "time: a list": {"snapshot_time": ["2026-01-31T10:00:00Z"]},
    "time: 10,000 characters": {"snapshot_time": "2" * 10_000},
    "queue: empty": {"queue_name": ""},
    "queue: blank": {"queue_name": "   "},
    "queue: blank at the end": {"queue_name": "support "},
    "queue: 129 characters": {"queue_name": "x" * 129},
    "queue: 300 characters": {"queue_name": "x" * 300},
    "queue: a line break": {"queue_name": "sup\nport"},
    "queue: NUL": {"queue_name": "sup\x00port"},
    "queue: escape": {"queue_name": "\x1b[31msupport"},
    "queue: turned around": {"queue_name": "\u202etroppus"},
    "queue: invisible": {"queue_name": "\u200b"},
    "queue: no-break space": {"queue_name": "sup\u00a0port"},
    "queue: a list": {"queue_name": ["support"]},
    "queue: true": {"queue_name": True},
    "department: empty": {"department_id": ""},
    "department: blank inside": {"department_id": "dept 456"},
    "department: a colon": {"department_id": "dept:456"},
    "department: a slash": {"department_id": "../dept"},
    "department: NUL": {"department_id": "dept\x00"},
    "department: a line break": {"department_id": "dept_456\n9"},
    "department: umlaut": {"department_id": "d\u00e9pt"},
    "department: wide digits": {"department_id": "dept_\uff14"},
    "department: 65 characters": {"department_id": "x" * 65},
    "department: 300 characters": {"department_id": "x" * 300},
    "department: an object": {"department_id": {}},
    "organization: none": {"organization_id": None},
    "organization: empty": {"organization_id": ""},
    "organization: 300 characters": {"organization_id": "x" * 300},
    "organization: NUL": {"organization_id": "org\x00"},
    "organization: a list": {"organization_id": ["org_123"]},
}


def test_a_row_with_a_wrong_field_is_refused_by_its_name(api: ContractClient, rows_stored: Count):
    before = rows_stored()
    answers = {name: post(api, {**row(minutes=15), **fields}) for name, fields in BAD_FIELDS.items()}
    assert {name: answer for name, answer in answers.items() if answer.pop("status") != 400} == {}
    for name, answer in answers.items():
        assert is_error(answer), name
        assert answer["code"] == "invalid", name
        assert answer["errors"].keys() <= {*BAD_FIELDS[name], "items_added"}, name
        assert all(isinstance(said, str) for texts in answer["errors"].values() for said in texts), name
    assert rows_stored() == before


def test_a_batch_of_all_these_rows_is_refused_row_by_row(api: ContractClient, rows_stored: Count):
    before = rows_stored()
    answer = post(api, {"items": [{**row(minutes=15), **fields} for fields in BAD_FIELDS.values()]}, BATCH)
    assert answer.pop("status") == 400
    assert answer.keys() == {"request_id", "docs_url", "code", "message", "accepted", "results", "rejected"}
    assert (answer["accepted"], answer["results"]) == (0, [])
    rejected = {each["index"]: each["errors"].keys() for each in answer["rejected"]}
    assert list(rejected) == list(range(len(BAD_FIELDS)))
    for fields, named in zip(BAD_FIELDS.values(), rejected.values(), strict=True):
        assert named <= {*fields, "items_added"}
    assert rows_stored() == before


@pytest.mark.parametrize("item", [None, 3, "row", [], [row()], True], ids=repr)
def test_items_that_are_no_objects_are_refused_one_by_one(api: ContractClient, rows_stored: Count, item: object):
    before = rows_stored()
    answer = post(api, {"items": [item, {}]}, BATCH)
    assert answer["status"] == 400
    assert [each["index"] for each in answer["rejected"]] == [0, 1]
    assert answer["rejected"][0]["errors"].keys() == {"non_field_errors"}
    assert rows_stored() == before


@pytest.mark.parametrize("items", [None, 3, "rows", {}, row()], ids=["null", "number", "text", "object", "row"])
def test_items_must_be_a_list(api: ContractClient, items: object):
    answer = post(api, {"items": items}, BATCH)
    assert answer["status"] == 400
    assert answer["errors"] == {"items": ["A list of rows is required."]}


@pytest.mark.parametrize("seconds", [61, 120, 86_400])
def test_what_has_not_happened_yet_is_refused(api: ContractClient, rows_stored: Count, seconds: int):
    before = rows_stored()
    ahead = (timezone.now() + timedelta(seconds=seconds + 5)).isoformat()
    answer = post(api, {**row(), "snapshot_time": ahead})
    assert (answer["status"], answer["errors"]) == (400, {"snapshot_time": ["More than 60 s in the future."]})
    assert rows_stored() == before


@pytest.mark.parametrize("name", ["org_999", "org_000", "' OR 1=1 --", "org_123\u0301", "ORG_123"])
@pytest.mark.parametrize("batch", [False, True], ids=["ingest", "batch"])
def test_foreign_and_unknown_organizations_are_404_with_the_same_body(
    api: ContractClient, stranger: Organization, rows_stored: Count, name: str, batch: bool
):
    before = rows_stored()
    bad = row(organization_id=name)
    answer = post(api, {"items": [bad]} if batch else bad, BATCH if batch else INGEST)
    assert answer.pop("request_id")
    assert answer.pop("docs_url")
    assert answer == {
        "status": 404,
        "code": "not_found",
        "message": "There is no such organization, department or queue, or it belongs to another organization.",
    }
    assert rows_stored() == before


def test_6000_rows_are_refused(api: ContractClient, rows_stored: Count):
    before = rows_stored()
    answer = post(api, {"items": [row(minutes=n / 100) for n in range(6000)]}, BATCH)
    assert answer["status"] == 400
    assert answer["errors"] == {"items": ["1 to 5000 rows are allowed, not 6000."]}
    assert rows_stored() == before


@pytest.mark.parametrize("path", [INGEST, BATCH], ids=["ingest", "batch"])
@pytest.mark.parametrize("filling", [b" ", b"["], ids=["blanks", "brackets"])
def test_11_megabytes_are_too_many(api: ContractClient, rows_stored: Count, path: str, filling: bytes):
    before = rows_stored()
    answer = post(api, json.dumps(row()).encode() + filling * (11 * 1024 * 1024), path)
    assert answer.pop("request_id")
    assert answer.pop("docs_url")
    assert answer == {
        "status": 413,
        "code": "too_large",
        "message": "The body is larger than 10 MB: send smaller batches.",
    }
    assert rows_stored() == before


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
@pytest.mark.parametrize("path", [INGEST, BATCH], ids=["ingest", "batch"])
def test_another_content_type_is_refused(api: ContractClient, rows_stored: Count, path: str, media_type: str):
    before = rows_stored()
    response = api.generic("POST", path, json.dumps(row()), content_type=media_type)
    assert response.status_code == 415
    assert is_error(response.json())
    assert rows_stored() == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *[(method, INGEST, 405) for method in ("GET", "PUT", "PATCH", "DELETE")],
        *[(method, CURRENT, 405) for method in ("POST", "PUT", "PATCH", "DELETE")],
        ("POST", f"{INGEST}/", 404),
        ("POST", "/api/schedulesbacklog/ingest%00", 404),
        ("GET", "/api/schedulesbacklog/current", 404),
        ("GET", "/api/", 404),
        ("GET", "/api/nothing/here", 404),
        ("GET", "/api/intraday/backlog/" + "x" * 5000, 404),
    ],
)
def test_wrong_methods_and_paths_are_refused(
    api: ContractClient, rows_stored: Count, method: str, path: str, status: int
):
    before = rows_stored()
    response = api.generic(method, path, json.dumps(row()), content_type="application/json")
    assert response.status_code == status
    assert is_error(response.json())
    assert rows_stored() == before


@pytest.mark.parametrize("path", [CURRENT, HISTORY], ids=["current", "history"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"queue_name": "nothing"}, 404),
        ({"department_id": "nothing"}, 404),
        ({"department_id": "nothing", "queue_name": "support"}, 404),
        ({"department_id": "no:id"}, 404),
        ({"queue_name": "sup\nport"}, 404),
        ({"organization_id": "org_999"}, 404),
        ({"queue_name": "x" * 300}, 400),
        ({"department_id": "x" * 300}, 400),
        ({"queue_name": "sup\x00port"}, 400),
    ],
)
def test_a_scope_that_is_not_there_cannot_be_read(
    api: ContractClient, stranger: Organization, path: str, query: dict[str, str], status: int
):
    response = api.get(path, query)
    assert response.status_code == status
    assert is_error(response.json())


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "1001"},
        {"limit": "many"},
        {"limit": "1" * 5000},
        {"since": "yesterday"},
        {"since": "2026-01-31"},
        {"until": "2026-01-31T10:00:00"},
        {"cursor": "next"},
        {"cursor": "0001-01-01T00:00:00+14:00"},
        {"format": "xml"},
        {"step": "0"},
        {"step": "86401"},
        {"step": "1.5"},
    ],
    ids=lambda query: "&".join(f"{name}={value[:20]}" for name, value in query.items()),
)
def test_a_history_that_cannot_be_meant_is_refused(api: ContractClient, query: dict[str, str]):
    response = api.get(HISTORY, {"queue_name": "support", **query})
    assert response.status_code == 400
    assert is_error(response.json())
    assert response.json()["errors"].keys() == query.keys()


def test_errors_are_json_even_where_csv_was_asked_for(api: ContractClient):
    response = api.get(HISTORY, {"limit": "0"}, headers={"Accept": "text/csv"})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/json"
    assert is_error(response.json())
