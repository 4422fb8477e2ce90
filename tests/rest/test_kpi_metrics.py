"""`/metrics/kpi`: the business figures of one organization, in OpenMetrics, and the dashboard over them."""

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from intraday.database import recent
from intraday.org.models import Organization, Role
from intraday.org.services import add_queues
from intraday.pages.kpi_metrics import page
from intraday.pages.kpi_metrics.families import ALERTS_OPEN, FAMILIES, OMITTED
from tests.access.people import browser_of, person
from tests.alerts.world import World
from tests.attendance.posting import recount
from tests.backlog.posting import roll_up, row
from tests.conftest import client_of
from tests.documents import ROOT, section

PATH = "/metrics/kpi"
BOARD = json.loads((ROOT / "docker/grafana/business.json").read_text())
METRIC = re.compile(r"\bintraday_[a-z0-9_]+\b")
Samples = dict[tuple[str, str, str], float]


@pytest.fixture
def api(organization: Organization) -> APIClient:
    client = client_of(organization, "ingest", "read")
    now = timezone.now()
    body = row() | {"snapshot_time": now.isoformat(), "oldest_item_age_minutes": 30}
    assert client.post("/api/intraday/backlog/ingest", body, format="json").status_code == 201
    roll_up()
    start = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    shift = {"shift_id": "1", "department_id": "dept_456", "employee_id": "e", "kind": "work"}
    hours = {"start": start.isoformat(), "end": (now + timezone.timedelta(hours=4)).isoformat()}
    shifts = "/api/intraday/attendance/shifts/batch-ingest"
    assert client.post(shifts, {"items": [shift | hours]}, format="json").status_code == 201
    record = {"employee_id": "e", "department_id": "dept_456", "status": "present", "snapshot_time": now.isoformat()}
    assert client.post("/api/intraday/attendance/ingest", record, format="json").status_code == 201
    recount()
    counts = {"offered": 20, "answered": 18, "answered_in_target": 15, "abandoned": 1, "agents": 6}
    live = {"waiting_now": 2, "longest_wait_seconds": 41, "agents_available": 1, "agents_on_contact": 5}
    interval = {"queue_name": "support", "interval_start": start.isoformat(), "interval_minutes": 30}
    seconds = {"handle_seconds": 4_000, "available_seconds": 900, "wait_seconds": 300, "paid_seconds": 6_000}
    stated = interval | counts | live | seconds | {"as_of": now.isoformat()}
    assert client.post("/api/intraday/kpi/ingest", stated, format="json").status_code == 201
    assert client.post("/api/intraday/kpi/compute", {}, format="json").status_code == 201
    return client


def scrape(client: Any, **query: str) -> dict[str, Samples]:
    answer = client.get(PATH, query, headers={"Accept": "application/openmetrics-text;version=1.0.0,*/*;q=0.1"})
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    found: dict[str, Samples] = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        assert family.documentation
        found[family.name] = {
            tuple(sample.labels.get(name, "") for name in ("department", "queue", "severity")): sample.value
            for sample in family.samples
        }
    return found


def test_it_says_what_current_says(api: APIClient, organization: Organization):
    found = scrape(api)
    support = ("dept_456", "support", "")
    query = {"department_id": "dept_456", "queue_name": "support"}
    figure = api.get("/api/intraday/kpi/current", query).json()["current"]
    assert found["intraday_kpi_occupancy_percent"][support] == figure["utilization"]["occupancy"]
    assert found["intraday_kpi_agents_available"][support] == figure["headcount_gap"]["available"]
    assert found["intraday_kpi_interval_offered"][support] == 20
    assert found["intraday_kpi_waiting"][support] == 2
    assert found["intraday_backlog_items"] == {support: 10, ("dept_456", "", ""): 10, ("", "", ""): 10}
    assert found["intraday_attendance_present"] == {("dept_456", "", ""): 1, ("", "", ""): 1}
    assert found[OMITTED] == {("", "", ""): 0}


def test_every_metric_can_have_a_value(api: APIClient):
    """A path that no figure has would be a metric that never is."""
    names = {family.name for family in FAMILIES}
    assert names <= scrape(api).keys()
    for family in FAMILIES:
        channel = api.get(f"/api/intraday/{family.channel}/current").json()["current"]
        block, _, name = family.path.partition(".")
        assert block in channel, family
        assert not name or name in channel[block], family


def test_it_counts_open_alerts(api: APIClient, organization: Organization):
    world = World(organization)
    world.rule(severity="high")
    world.judge(95, 0)
    world.judge(95, 0, queue="billing")
    assert sum(scrape(api)[ALERTS_OPEN].values()) == 2
    assert scrape(api, department_id="dept_456", queue_name="billing")[ALERTS_OPEN] == {
        ("dept_456", "billing", "high"): 1
    }


def test_a_tenant_sees_its_own_figures_alone(api: APIClient, stranger: Organization):
    text = client_of(stranger, "read").get(PATH).content.decode()
    assert "org_123" not in text
    assert "support" not in text


@pytest.mark.parametrize(("scopes", "status"), [(("read",), 200), (("ingest",), 403), (("publish",), 403)])
def test_a_key_needs_the_scope_read(organization: Organization, scopes: tuple[str, ...], status: int):
    assert client_of(organization, *scopes).get(PATH).status_code == status


def test_people_see_the_departments_that_they_are_limited_to(api: APIClient, organization: Organization):
    assert scrape(browser_of(person("vic", organization, Role.VIEWER)))["intraday_backlog_items"]
    limited = browser_of(person("lim", organization, Role.VIEWER, "dept_789"))
    assert limited.get(PATH).status_code == 403
    assert limited.get(PATH, {"department_id": "dept_456"}).status_code == 404


def test_of_too_many_scopes_queues_are_left_out(api: APIClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page, "MOST_SCOPES", 2)
    found = scrape(api)
    assert {labels[1] for samples in found.values() for labels in samples} == {""}
    assert found[OMITTED] == {("", "", ""): 3}  # support, and two without data, which have figures of their KPIs too
    assert found["intraday_backlog_items"].keys() == {("dept_456", "", ""), ("", "", "")}


@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
def test_its_statements_do_not_grow_with_the_queues(api: APIClient, organization: Organization):
    def cost() -> int:
        recent.forget([organization.pk])
        with CaptureQueriesContext(connection) as captured:
            scrape(api)
        return len(captured)

    cost()
    before = cost()
    add_queues(organization, [("dept_456", f"queue {each}") for each in range(10)])
    now = timezone.now().isoformat()
    items = [row(queue=f"queue {each}") | {"snapshot_time": now} for each in range(10)]
    assert api.post("/api/intraday/backlog/batch-ingest", {"items": items}, format="json").status_code == 201
    assert cost() == before


def test_errors_are_json(organization: Organization):
    answer = client_of(organization, "read").get(PATH, {"queue": "x"}, headers={"Accept": "*/*"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")


# --- the dashboard ---------------------------------------------------------------------------------------------------
def test_the_dashboard_asks_for_metrics_that_there_are_and_for_all_of_them():
    texts = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
    texts += [variable["query"] for variable in BOARD["templating"]["list"]]
    asked = {name for text in texts for name in METRIC.findall(text)}
    assert asked == {*(family.name for family in FAMILIES), ALERTS_OPEN, OMITTED}


def test_the_table_of_the_documentation_lists_every_metric():
    table = section((ROOT / "docs/operations.md").read_text(), "Business figures")
    listed = [name for line in table.splitlines() if line.startswith("|") for name in METRIC.findall(line)]
    assert sorted(listed) == sorted([*(family.name for family in FAMILIES), ALERTS_OPEN, OMITTED])
