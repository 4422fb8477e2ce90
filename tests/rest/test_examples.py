"""The examples of the OpenAPI document are requests that were sent and answers that came.

`UPDATE_GOLDEN=1 make test ARGS=tests/rest/test_examples.py` writes them anew.
"""

import json
import os
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import OperationalError
from jsonschema import Draft202012Validator

from intraday.feed_health import services as feed_health
from intraday.org.models import Organization, Role
from intraday.rest.idempotency.models import StoredAnswer
from intraday.rest.openapi import document as openapi
from kpi.views import CurrentView
from tests.access.people import bearer, browser_of, person, token_of
from tests.alerts.world import BUSY, World
from tests.attendance.posting import recount
from tests.backlog.posting import TEN, at, roll_up, row
from tests.conftest import client_of
from tests.kpi.posting import forecast, interval
from tests.rest.contract import contract_client, document, strict
from tests.rest.recorded import Example, Recorder

KEY = {"Idempotency-Key": "9f0c6f4e-37a1-4b0b-8f5e-0f7d3c1c2a11"}
FILE = openapi.HERE / "examples.json"
SCOPE = {"department_id": "dept_456", "queue_name": "support"}
PERSON = {"department_id": "dept_456", "employee_id": "emp_1", "employee_name": "Ada Berg"}
SHIFT = {**PERSON, "shift_id": "s-1", "start": at(-120), "end": at(360), "kind": "work", "queue_names": ["support"]}
RECORD = {**PERSON, "snapshot_time": at(0), "status": "present", "checked_in_at": at(-118)}
STATE = {**PERSON, "state": "on_contact", "since": at(-2), "queue_names": ["support"], "reason": "inbound"}
SNAPSHOT = {**row(total=42, oldest_item_age_minutes=35, items_over_sla=3), "department_id": "dept_456"}
WORSE = {**SNAPSHOT, "total_items": -1}
STATS = {**interval(), "department_id": "dept_456", "as_of": at(0)}
FORECAST = {**forecast(), "department_id": "dept_456", "required_agents": 14, "scheduled_agents": 12}


def record_facts(recorder: Recorder, feed: Any) -> None:
    call = recorder.call
    for base in ("/api/schedulesbacklog", "/api/intraday/backlog"):
        call(feed, f"POST {base}/ingest", SNAPSHOT)
        call(feed, f"POST {base}/batch-ingest", {"items": [WORSE]}, refused=True)
        call(feed, f"POST {base}/batch-ingest", {"items": [SNAPSHOT, WORSE]})
        call(feed, f"POST {base}/batch-ingest", {"items": [SNAPSHOT, {**SNAPSHOT, "queue_name": "billing"}]})
    for path, good, bad in (
        ("attendance/shifts", SHIFT, {**SHIFT, "shift_id": "s-2", "end": at(-240)}),
        ("attendance", RECORD, {**RECORD, "status": "asleep"}),
        ("attendance/states", STATE, {**STATE, "state": "asleep"}),
        ("kpi/forecast", FORECAST, {**FORECAST, "offered": -1}),
        ("kpi", STATS, {**STATS, "answered": -1}),
    ):
        operation = f"POST /api/intraday/{path}/batch-ingest"
        call(feed, operation, {"items": [bad]}, refused=True)
        call(feed, operation, {"items": [good, bad]})
        call(feed, operation, {"items": [good]})
        recount()  # else the background does it some time
    call(feed, "POST /api/intraday/attendance/ingest", RECORD)
    call(feed, "POST /api/intraday/kpi/ingest", STATS)


def record_figures(recorder: Recorder, feed: Any, ada: Any) -> None:
    call = recorder.call
    call(feed, "POST /api/intraday/kpi/compute", {**SCOPE, "as_of_time": at(0)})
    call(ada, "POST /api/intraday/kpi/volume-confirmation", SCOPE)
    call(ada, "POST /api/intraday/kpi/what-if", {**SCOPE, "agents": 16})
    call(ada, "GET /api/intraday/kpi/suggestions", query=SCOPE)
    call(ada, "GET /api/intraday/kpi/intervals", query={**SCOPE, "date": "2026-01-31"})
    for channel in ("backlog", "attendance", "kpi"):
        place = SCOPE if channel != "attendance" else {"department_id": "dept_456"}
        call(feed, f"GET /api/intraday/{channel}/current", query=place)
        for form in ("json", "csv"):
            call(feed, f"GET /api/intraday/{channel}/history", query={**place, "format": form})
    call(ada, "GET /api/intraday/attendance/people", query={"department_id": "dept_456"})
    call(ada, "GET /api/intraday/attendance/states", query={"employee_id": "emp_1"})
    call(feed, "GET /api/intraday/attendance/by-state", query=SCOPE)
    for form in ("json", "csv"):
        call(ada, "GET /api/intraday/attendance/adherence", query={"department_id": "dept_456", "format": form})
    call(feed, "GET /api/intraday/feeds")
    call(feed, "GET /metrics/kpi")


def record_actions(recorder: Recorder, ada: Any) -> None:
    effect = {"department_id": "dept_456", "queue_name": "support", "interval_end": at(30)}
    levels = {"service_level_before": 61.0, "service_level_after": 82.5}
    body = {**SCOPE, "kind": "call_in", "agents": 2, "until": at(240), "note": "Both come at eleven."}
    recorder.call(ada, "POST /api/intraday/actions", {**body, "predicted": [{**effect, **levels}]})
    for form in ("json", "csv"):
        recorder.call(ada, "GET /api/intraday/actions", query={**SCOPE, "format": form})
    recorder.call(ada, "GET /api/intraday/story", query={**SCOPE, "day": "2026-01-31"})
    recorder.call(ada, "GET /api/intraday/story", query={**SCOPE, "day": "2026-01-31", "format": "csv"})


def record_rules(recorder: Recorder, ada: Any, world: World) -> None:
    call = recorder.call
    rule = call(ada, "POST /api/alerts/rules", {**BUSY, "name": "Support too busy"}, headers=KEY)
    one = f"/api/alerts/rules/{rule['rule_id']}"
    call(ada, "PATCH /api/alerts/rules/{rule_id}", {"threshold": 92, "expected_version": 1}, path=one)
    stale = {"threshold": 93, "expected_version": 1}
    call(ada, "PATCH /api/alerts/rules/{rule_id}", stale, path=one, refused=True)
    call(ada, "GET /api/alerts/rules/{rule_id}", path=one)
    call(ada, "GET /api/alerts/rules")
    call(ada, "GET /api/alerts/metrics")
    draft = {"draft": {**BUSY, "name": "Draft"}, "since": at(-60), "until": at(0)}
    call(ada, "POST /api/alerts/rules/preview", draft)
    world.judge(95, 0)
    silence = {"department_id": "dept_456", "ends_at": at(120), "comment": "Line test until noon"}
    made = call(ada, "POST /api/alerts/silences", silence)
    one = f"/api/alerts/silences/{made['silence_id']}"
    call(ada, "GET /api/alerts/silences")
    call(ada, "GET /api/alerts/silences/{silence_id}", path=one)
    call(ada, "PATCH /api/alerts/silences/{silence_id}", {"ends_at": at(60)}, path=one)
    call(ada, "DELETE /api/alerts/silences/{silence_id}", path=one)


def record_alerts(recorder: Recorder, ada: Any, world: World) -> None:
    call, pk = recorder.call, str(world.alert.pk)
    one = f"/api/alerts/{pk}"
    call(ada, "POST /api/alerts/evaluate", {})
    call(ada, "POST /api/alerts/{alert_id}/snooze", {"minutes": 15}, path=f"{one}/snooze")
    call(ada, "POST /api/alerts/{alert_id}/unsnooze", {"note": "They are back."}, path=f"{one}/unsnooze")
    call(ada, "POST /api/alerts/{alert_id}/acknowledge", {"note": "On it."}, path=f"{one}/acknowledge")
    call(ada, "POST /api/alerts/acknowledge", {"ids": [pk], "note": "All of them."})
    call(ada, "GET /api/alerts/{alert_id}", path=one)
    for form in ("json", "csv"):
        call(ada, "GET /api/alerts", query={"format": form})
    resolve = "POST /api/alerts/{alert_id}/resolve"
    call(ada, resolve, {"expected_version": 1}, path=f"{one}/resolve", refused=True)
    call(ada, resolve, {"note": "Staffed."}, path=f"{one}/resolve")
    for act, body in (("acknowledge", {}), ("snooze", {"minutes": 15}), ("unsnooze", {})):
        call(ada, f"POST /api/alerts/{{alert_id}}/{act}", body, path=f"{one}/{act}", refused=True)
    call(ada, "DELETE /api/alerts/rules/{rule_id}", path=f"/api/alerts/rules/{world.alert.rule_id}")


def record_rest(recorder: Recorder, feed: Any, ada: Any) -> None:
    call = recorder.call
    notice = {"severity": "warning", "title": "Outage", "message": "The carrier is down.", "until": at(60)}
    call(feed, "POST /api/ws/notifications", notice, headers=KEY)
    call(feed, "POST /api/ws/events", {**SCOPE, "event": "acme:lunch", "payload": {"minutes": 30}})
    call(feed, "POST /api/ws/token", {"user_id": "u-17", "role": "viewer", "ttl": 600})
    wall = call(ada, "POST /api/walls", {"name": "2nd floor", "department_id": "dept_456"})
    call(ada, "GET /api/walls")
    call(ada, "POST /api/walls/revoke", {"wall_id": wall["wall_id"]})
    for name in ("stats", "connections", "rooms"):
        call(feed, f"GET /api/ws/{name}")
    for form in ("json", "csv"):
        call(ada, "GET /api/audit", query={"format": form})
    record_own(recorder, browser_of(User.objects.get(username="ada")))  # its deeds hold secrets that chance decides


def record_own(recorder: Recorder, ada: Any) -> None:
    """Record what only a person does who has signed in."""
    call = recorder.call
    key = call(ada, "POST /api/keys", {"name": "Phones", "scopes": ["ingest"]})
    call(ada, "GET /api/keys")
    call(ada, "POST /api/keys/revoke", {"key_id": key["key_id"]})
    view = call(ada, "POST /api/me/views", {"name": "Mornings", "query": "state=attention&sort=-gap"})
    call(ada, "POST /api/me/views", {"name": "Mornings", "query": "state=critical"})
    call(ada, "GET /api/me/views")
    call(ada, "DELETE /api/me/views/{view_id}", path=f"/api/me/views/{view['view_id']}")


def record_errors(recorder: Recorder, organization: Organization, settings: Any, monkeypatch: Any) -> None:
    feed, current = client_of(organization), "/api/intraday/kpi/current"
    recorder.refusal(feed.get(current, {"queue": "support"}))
    recorder.refusal(client_of(organization, "ingest").get(current))
    recorder.refusal(feed.get(current, {"organization_id": "org_999"}))
    recorder.refusal(feed.get(current, headers={"Accept": "image/png"}))
    recorder.refusal(feed.post("/api/intraday/backlog/ingest", "x", content_type="text/plain"))
    ingest = {"path": "/api/intraday/backlog/ingest", "format": "json", "headers": KEY}
    feed.post(data=SNAPSHOT, **ingest)
    recorder.refusal(feed.post(data={**SNAPSHOT, "total_items": 43}, **ingest))
    StoredAnswer.objects.update(status=None, claimed_at=TEN)
    recorder.refusal(feed.post(data=SNAPSHOT, **ingest))
    with monkeypatch.context() as small:
        small.setattr(settings, "MAX_REQUEST_BYTES", 100)
        recorder.refusal(feed.post("/api/intraday/backlog/ingest", SNAPSHOT, format="json"))
    with monkeypatch.context() as broken:
        broken.setattr(CurrentView, "select", staticmethod(_no_database))
        recorder.refusal(feed.get(current))
    settings.CALLS_PER_MINUTE_KEY = -1
    recorder.refusal(client_of(organization).get(current))  # the other key has calls reserved
    feed.credentials()
    recorder.refusal(feed.get(current))


def _no_database(*_: Any, **__: Any) -> None:
    raise OperationalError("the connection is lost")


@pytest.fixture
def recorded(organization: Organization, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Example:
    recorder, world = Recorder(), World(organization)
    with time_machine.travel(TEN, tick=False):
        feed = contract_client(organization, "ingest", "read", "publish", "token")
        ada = bearer(token_of(person("ada", organization, Role.ADMIN), organization))
        record_facts(recorder, feed)
        roll_up()
        feed_health.store()
        record_figures(recorder, feed, ada)
        record_actions(recorder, ada)
        record_rules(recorder, ada, world)
        record_alerts(recorder, ada, world)
        record_rest(recorder, feed, ada)
        record_errors(recorder, organization, settings, monkeypatch)
    return recorder.settled()


@pytest.mark.django_db(transaction=True, reset_sequences=True, databases=["default", "snapshot"])
def test_the_examples_are_what_the_product_takes_and_answers(recorded: Example):
    if os.environ.get("UPDATE_GOLDEN"):
        FILE.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n")
    stored = json.loads(FILE.read_text())
    assert recorded["operations"].keys() == stored["operations"].keys()
    for name, example in recorded["operations"].items():
        assert example == stored["operations"][name], name
    assert recorded["errors"] == stored["errors"]


# --- the document ----------------------------------------------------------------------------------------------------
OPERATIONS = [(path, method) for path, item in document()["paths"].items() for method in item]
NO_BODY = {"204", "304"}
NOT_ANSWERED = {"/api/ws/sse"}
"""A stream of events: the ASGI server alone answers it."""


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_request_and_every_answer_has_an_example(path: str, method: str):
    operation = document()["paths"][path][method]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        assert "example" in content, kind
    for status, answer in operation["responses"].items():
        for kind, content in answer.get("content", {}).items():
            assert "example" in content or path in NOT_ANSWERED, f"{status} {kind}"
        assert answer.get("content") or status in NO_BODY


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_examples_have_the_shapes_that_are_promised(path: str, method: str):
    operation = document()["paths"][path][method]
    shapes = {"schemas": {name: strict(part) for name, part in document()["components"]["schemas"].items()}}
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for content in [content for body in bodies for content in body.get("content", {}).values()]:
        if "example" in content:
            Draft202012Validator({**strict(content["schema"]), "components": shapes}).validate(content["example"])


def test_every_field_says_what_it_means():
    shapes = document()["components"]["schemas"]
    fields = [
        f"{name}.{field}"
        for name, shape in shapes.items()
        for field, part in shape.get("properties", {}).items()
        if not part.get("description")
    ]
    assert fields == [], "describe them by help_text, or in intraday/rest/openapi/fields.toml"


def test_every_description_is_of_a_field_that_there_is():
    shapes = document()["components"]["schemas"]
    named = {field for shape in shapes.values() for field in shape.get("properties", {})}
    texts = openapi._fields()
    assert sorted(texts["fields"].keys() - named) == []
    bare = {name.removesuffix("Request").removeprefix("Aged"): shape for name, shape in shapes.items()}
    unknown = [
        f"{section}.{field}"
        for section, fields in texts.items()
        if section != "fields"
        for field in fields
        if field not in bare.get(section, {}).get("properties", {})
    ]
    assert unknown == []


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_operation_has_an_area_a_name_credentials_and_described_parameters(path: str, method: str):
    operation = document()["paths"][path][method]
    [area] = operation["tags"]
    assert area in {each["name"] for each in document()["tags"]}
    assert operation["operationId"].replace("_", "").isalnum()
    assert operation["security"]
    assert {} not in operation["security"]
    assert all(each.get("description") for each in operation.get("parameters", []))
    assert all("X-Request-ID" in answer["headers"] for answer in operation["responses"].values())


def test_headers_are_named_where_they_come():
    paths = document()["paths"]

    def headers(path: str, status: str, method: str = "get") -> set[str]:
        return set(paths[path][method]["responses"][status]["headers"])

    assert {"ETag", "RateLimit"} <= headers("/api/intraday/kpi/current", "200")
    assert "Link" in headers("/api/intraday/kpi/history", "200")
    assert "Retry-After" in headers("/api/intraday/kpi/history", "429")
    assert "Idempotency-Replayed" in headers("/api/walls", "201", "post")
    assert "WWW-Authenticate" in headers("/api/walls", "401", "post")


def test_cursors_are_text_and_tables_are_documented():
    for path, method in OPERATIONS:
        operation = document()["paths"][path][method]
        cursors = [each for each in operation.get("parameters", []) if each["name"] == "cursor"]
        assert all(each["schema"] == {"type": "string"} for each in cursors)
        takes_csv = any("csv" in each["schema"].get("enum", ()) for each in operation.get("parameters", []))
        assert takes_csv == ("text/csv" in operation["responses"].get("200", {}).get("content", {}))


def test_names_of_operations_are_their_own():
    names = [document()["paths"][path][method]["operationId"] for path, method in OPERATIONS]
    assert len(set(names)) == len(names)
