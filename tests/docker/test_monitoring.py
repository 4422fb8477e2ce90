"""Dashboards, rules and documents name the metrics that there are; Prometheus itself reads the rules."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from intraday.org.models import Organization
from intraday.pages.kpi_metrics.families import ALERTS_OPEN, FAMILIES, OMITTED
from tests.conftest import key_of
from tests.documents import ROOT, section
from tests.live import Caller, LiveServer, socket

PROMETHEUS = ROOT / "docker" / "prometheus"
BOARDS = sorted((ROOT / "docker" / "grafana").glob("*.json"))
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
METRIC = re.compile(r"\b(?:intraday|process)_[a-z0-9_]+\b")
NO_METRICS = {"process_metrics", "intraday_metrics_token"}


def names_in(text: str) -> set[str]:
    return set(METRIC.findall(text)) - NO_METRICS


def rules() -> list[dict[str, str]]:
    """Return the alert, expression and runbook of each rule; the file is plain enough to be read line by line."""
    blocks = (PROMETHEUS / "rules.yml").read_text().split("- alert: ")[1:]
    return [
        {
            "alert": block.split("\n")[0],
            "expr": block.partition("expr:")[2].partition("labels:")[0],
            "runbook": block.partition("runbook: ")[2].split("\n")[0],
        }
        for block in blocks
    ]


def expressions(board: Path) -> list[str]:
    return [target["expr"] for panel in json.loads(board.read_text())["panels"] for target in panel["targets"]]


@pytest.fixture
def token(transactional_db: None, organization: Organization) -> str:
    return key_of(organization)


async def exposed(server: LiveServer, token: str) -> set[str]:
    """Return the names of all samples that a scrape of a server with a client may hold."""
    async with socket(server, token), Caller(server, token) as api:
        text = (await api.get("/metrics")).text
    found = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE):
        found |= {name + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return {name for name in found if not name.endswith("_created")}  # the library's own notes on histograms


def business_metrics() -> set[str]:
    return {*(family.name for family in FAMILIES), ALERTS_OPEN, OMITTED}


async def test_every_metric_is_listed_once_and_what_is_listed_exists(server: LiveServer, token: str):
    there = {name for name in await exposed(server, token) if name.startswith("intraday_")}
    there = {re.sub("_(bucket|sum|count)$", "", name) for name in there}
    table = section(OPERATIONS, "Metrics")
    listed = [
        name for line in table.splitlines() if line.startswith("|") for name in METRIC.findall(line.split("|")[1])
    ]
    own = [name for name in listed if name.startswith("intraday_")]
    assert sorted(own) == sorted(there)


async def test_dashboards_and_rules_ask_for_metrics_that_there_are(server: LiveServer, token: str):
    there = await exposed(server, token) | business_metrics()
    asked = {name for board in BOARDS for expr in expressions(board) for name in names_in(expr)}
    asked |= {name for rule in rules() for name in names_in(rule["expr"])}
    assert len(asked) > 30
    assert sorted(asked - there) == []


def test_each_rule_asks_for_something_and_says_what_to_do():
    found = rules()
    assert len(found) >= 15
    alarms = section(OPERATIONS, "Alarms")
    headings = {heading.lower(): heading for heading in re.findall(r"^### (\w+)$", alarms, re.MULTILINE)}
    for rule in found:
        page, _, anchor = rule["runbook"].partition("#")
        assert (page, headings.get(anchor)) == ("docs/operations.md", rule["alert"]), rule
        assert names_in(rule["expr"]) or "up{" in rule["expr"]
    assert len(headings) == len(found)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.stem)
def test_a_dashboard_has_panels_with_titles_and_one_source(board: Path):
    document: dict[str, Any] = json.loads(board.read_text())
    panels = document["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels) >= 10
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places)


def test_the_label_job_survives_the_scrape():
    """Prometheus has a label `job` of its own and renames ours, unless told not to: the rules would never fire."""
    assert "honor_labels: true" in (PROMETHEUS / "prometheus.yml").read_text()


@pytest.mark.debian("promtool")
@pytest.mark.parametrize(
    "command",
    [
        "check rules --lint-fatal rules.yml",
        "check config --syntax-only prometheus.yml",
        "test rules rules.test.yml",
    ],
)
def test_prometheus_reads_it(command: str):
    done = subprocess.run(["promtool", *command.split()], cwd=PROMETHEUS, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_main_rules_are_tested_by_example():
    tested = set(re.findall(r"alertname: (\w+)", (PROMETHEUS / "rules.test.yml").read_text()))
    assert len(tested) >= 10
    assert tested <= {rule["alert"] for rule in rules()}
