"""The demo's hour: what the walk-through computes is always the same, and made of numbers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

import attendance.services
import kpi.services
from alerts.models import Rule
from attendance.models import AttendanceRecord, Shift
from backlog.models import Snapshot
from intraday.embedded import demo_data
from intraday.org.models import Organization, Scope
from intraday.simulator.profiles import LASTS
from kpi.models import ForecastInterval, IntervalStats, QueueSettings
from tests.conftest import client_of

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ASKED = {"organization_id": "org_123", "queue_name": "support", "as_of_time": "2026-01-31T10:00:00Z"}
TABLES = (IntervalStats, ForecastInterval, Snapshot, AttendanceRecord, Shift, QueueSettings, Rule)


@pytest.fixture
def loaded(db: None) -> Organization:
    return demo_data.load(now=NOW)


@pytest.fixture
def client(loaded: Organization) -> APIClient:
    return client_of(loaded)


def computed(client: APIClient) -> dict[str, Any]:
    answer = client.post("/api/intraday/kpi/compute", ASKED, format="json")
    assert answer.status_code == 201
    return answer.json()


def test_the_walk_through_is_made_of_numbers(client: APIClient) -> None:
    figure = computed(client)

    assert figure["quality"] == "ok"
    assert figure["utilization"]["current_utilization"] == 81.07
    assert figure["utilization"]["occupancy"] == 81.64
    gap = figure["headcount_gap"]
    assert (gap["required"], gap["scheduled"], gap["available"], gap["gap"], gap["status"]) == (
        25,
        28,
        25,
        0,
        "balanced",
    )
    assert figure["sla_risk"]["risk_score"] == 31.61
    assert figure["sla_risk"]["risk_level"] == "low"
    assert figure["sla_risk"]["day_recoverable"] is True
    assert figure["health_score"] == 84.19
    assert figure["service"]["offered"] == 209


def test_loading_again_changes_nothing(client: APIClient) -> None:
    before = computed(client)
    counts = [model.objects.count() for model in TABLES]

    demo_data.load(now=NOW + timedelta(days=1))

    assert [model.objects.count() for model in TABLES] == counts
    assert computed(client)["health_score"] == before["health_score"]


def test_what_somebody_set_for_a_queue_stays(loaded: Organization) -> None:
    settings = QueueSettings.objects.get(scope__queue_name="support")
    settings.target_service_level = 90
    kpi.services.save_queue_settings(settings, now=NOW)

    demo_data.load(now=NOW)

    settings.refresh_from_db()
    assert settings.target_service_level == 90


def test_every_queue_of_the_demo_is_run_by_settings_of_its_own(loaded: Organization) -> None:
    queues = Scope.objects.filter(organization=loaded).exclude(queue_name="")
    kinds = dict(QueueSettings.objects.values_list("scope__queue_name", "kind"))

    assert set(kinds) == set(queues.values_list("queue_name", flat=True))
    assert {queue for queue, kind in kinds.items() if kind == "deferred"} == {"email", "claims", "returns"}


def test_purging_spares_it(client: APIClient) -> None:
    before = computed(client)

    kpi.services.purge(now=NOW + timedelta(days=900))
    attendance.services.purge(now=NOW + timedelta(days=900))

    after = computed(client)
    assert after["health_score"] == before["health_score"]
    assert after["sla_risk"] == before["sla_risk"]


def test_a_simulated_incident_lasts_long_enough_to_raise_a_critical_alert(loaded: Organization) -> None:
    rules = Rule.objects.filter(organization=loaded, severity="critical")
    assert min(rule.for_seconds for rule in rules) < LASTS / 2
