"""Data that an older version of the software stored: memos count as absent, figures of the history are read."""

import csv
import io
import json
import uuid
from datetime import timedelta

import pytest

from intraday.org.models import Scope
from kpi.computing import latest
from kpi.models import CurrentKPI, KPISnapshot
from tests.backlog.posting import TEN, at, post
from tests.kpi.posting import (
    CURRENT,
    HISTORY,
    INGEST,
    INTERVALS,
    SUPPORT,
    clock,
    compute,
    figure,
    forecast,
    interval,
    post_all,
    post_forecast,
    round_of,
)

POINTS = [["2026-01-31T10:00:00Z", 72.86, 0, 20.02, 89.99]]
MEMOS = {
    "before versions": json.dumps([POINTS, [[100, 100, 0], "ok", None, None, None, {}]]).encode(),
    "an older version": json.dumps([1, POINTS, None, None, None]).encode(),
    "a newer version": json.dumps([latest.VERSION + 1, {"all": "different"}]).encode(),
    "none yet": b"",
}
OLD_FIGURE = {
    "organization_id": "org_123",
    "department_id": "dept_456",
    "queue_name": "support",
    "utilization": {
        "current_utilization": 93.19,
        "occupancy": 97.51,
        "target_min": 75.0,
        "target_max": 88.0,
        "status": "critical",
        "productive_seconds": 6710.0,
        "paid_seconds": 7200.0,
        "handle_seconds": 6650.0,
        "ready_seconds": 6820.0,
        "agents_on_shift": 12,
        "window_seconds": 585.0,
    },
    "headcount_gap": {
        "required": 29,
        "scheduled": 13,
        "available": 11,
        "available_source": "acd",
        "gap": -18,
        "shortfall": 18,
        "gap_percent": -62.07,
        "status": "critical_understaffed",
        "method": "erlang_c",
        "interval_start": "2026-01-31T10:00:00Z",
    },
    "sla_risk": {
        "risk_score": 100.0,
        "risk_level": "critical",
        "projected_service_level": 0.0,
        "target_service_level": 80.0,
        "target_seconds": 20.0,
        "projected_asa_seconds": None,
        "unstable": True,
        "projected_queue_end": 163.95,
        "day_service_level": 78.65,
        "day_required_rest": 80.13,
        "day_recoverable": True,
        "method": "fluid",
    },
    "health_score": 40.0,
    "changes": {
        "utilization_change": 0.0,
        "headcount_gap_change": 0.0,
        "sla_risk_change": 0.0,
        "health_score_change": 0.0,
        "baseline_timestamp": None,
    },
    "service": {
        "offered": 92,
        "forecast": 100.0,
        "volume_variance_percent": 183.08,
        "answered": 76,
        "abandoned": 7,
        "abandon_rate": 7.61,
        "service_level": 50.0,
        "day_service_level": 78.65,
        "asa_seconds": 28.03,
        "aht_seconds": 87.5,
        "waiting_now": 9,
        "longest_wait_seconds": 74.0,
    },
    "health": {"sla": 0.0, "staffing": 0.0, "utilization": 20.77, "cap_reason": "risk_critical"},
    "quality": "ok",
    "as_of": "2026-01-31T09:55:00Z",
    "computed_at": "2026-01-31T09:55:00Z",
    "data_age_seconds": 15.0,
    "latest": True,
    "reasons": {"sla_risk.projected_asa_seconds": "the queue grows without end"},
}
"""A queue's figure as version 0.1 stored it: without state, suspect volume, outlook and the day's comparison."""


def scope(name="support"):
    return Scope.objects.get(organization="org_123", queue_name=name)


def remember(minutes):
    """Store the old figure for an instant, as history and as the newest."""
    time, key = TEN + timedelta(minutes=minutes), uuid.uuid4()
    text = json.dumps(OLD_FIGURE | {"snapshot_id": str(key), "timestamp": at(minutes)}).encode()
    KPISnapshot.objects.create(
        id=key, scope=scope(), time=time, saved_at=time, expires_at=time + timedelta(days=2), figure=text
    )
    CurrentKPI.objects.create(
        scope=scope(),
        time=time,
        as_of=time,
        fresh_until=time + timedelta(minutes=45),
        snapshot_id=key,
        figure=text,
        saved_at=time,
        memo=MEMOS["before versions"],  # its own column, which this version neither reads nor writes
    )


# --- memos -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("memo", MEMOS)
def test_a_queue_with_a_memo_of_another_version_is_worked_out_anew(api, organization, heard, memo):
    """Fourteen in support and ten in billing; then two more in support alone, the software having been renewed."""
    with clock(0):
        post_all(api, interval(), interval("billing", agents=10))
        round_of(organization, 0)
        CurrentKPI.objects.filter(scope=scope("billing")).update(run_memo=MEMOS[memo])
        post(api, interval(agents=16, as_of=at(0)), INGEST)
    with clock(1), heard("kpi:org:org_123") as events:
        round_of(organization, 1)
        assert figure(api)["headcount_gap"]["available"] == 26
        assert figure(api, queue_name="billing")["timestamp"] == at(1)
    assert events.scopes == ["support", "billing", "dept_456", "organization"]


def test_a_memo_from_before_the_figure_of_another_version_keeps_its_state_alone(api, organization):
    """During an upgrade a process of the release before stores figures and its own memo beside ours."""
    with clock(0):
        post_all(api, interval())
        before = compute(api, 0, **SUPPORT)
        theirs = {"time": TEN + timedelta(minutes=1), "memo": MEMOS["before versions"]}
        CurrentKPI.objects.filter(scope=scope()).update(**theirs)
    with clock(2):
        found = compute(api, 2, **SUPPORT)
    assert found["changes"]["baseline_timestamp"] is None
    assert found["state"]["level"] == before["state"]["level"]
    assert found["state"]["since"] == before["state"]["since"] == at(0)
    assert bytes(CurrentKPI.objects.get(scope=scope()).memo) == theirs["memo"]


def test_queues_whose_newest_figure_is_of_another_version_are_worked_out_anew(api, organization, heard):
    with clock(0):
        post_all(api, interval(), interval("billing", agents=10))
        round_of(organization, 0)
        CurrentKPI.objects.filter(scope=scope("billing")).update(time=TEN + timedelta(seconds=30))
        post(api, interval(agents=16, as_of=at(0)), INGEST)
    with clock(1), heard("kpi:org:org_123") as events:
        round_of(organization, 1)
        assert figure(api)["headcount_gap"]["available"] == 26
    assert events.scopes == ["support", "billing", "dept_456", "organization"]


def test_a_memo_of_this_version_stands(api, organization):
    with clock(0):
        post_all(api, interval(), interval("billing", agents=10))
        round_of(organization, 0)
        post(api, interval(agents=16, as_of=at(0)), INGEST)
    with clock(1):
        round_of(organization, 1)
        assert figure(api)["headcount_gap"]["available"] == 26
        assert figure(api, queue_name="billing")["timestamp"] == at(0)


@pytest.mark.parametrize("memo", MEMOS)
def test_the_first_figure_after_the_change_begins_its_state_and_has_no_baseline(api, organization, memo):
    with clock(0):
        post_all(api, interval())
        round_of(organization, 0)
        CurrentKPI.objects.update(run_memo=MEMOS[memo])
    with clock(1):
        found = compute(api, 1, **SUPPORT)
    assert found["changes"]["baseline_timestamp"] is None
    assert found["state"]["since"] == at(1)


# --- figures ---------------------------------------------------------------------------------------------------------
def test_history_and_table_read_old_figures(api):
    with clock(0):
        remember(-5)
        compute(api, 0, **SUPPORT)
        [old, new] = api.get(HISTORY, SUPPORT).json()["items"]
        rows = list(csv.DictReader(io.StringIO(api.get(HISTORY, {**SUPPORT, "format": "csv"}).getvalue().decode())))
    assert (old["timestamp"], old["service"]["service_level"], "state" in old) == (at(-5), 50.0, False)
    assert old["headcount_gap"]["short_percent"] is old["sla_risk"]["outlook_risk"] is None
    assert new["state"]["level"] == rows[1]["state.level"]
    assert (rows[0]["timestamp"], rows[0]["service.service_level"], rows[0]["state.level"]) == (at(-5), "50.0", "")


def test_an_old_figure_is_current_until_the_next_one(api):
    with clock(0):
        remember(-5)
        post_forecast(api, forecast())
        assert api.get(CURRENT, SUPPORT).json()["current"]["headcount_gap"]["required"] == 29
        [row] = [each for each in api.get(INTERVALS, SUPPORT).json()["intervals"] if each["state"] == "now"]
        assert (row["required"], row["available"], row["reforecast"]) == (29, 11, 100.0)
        compute(api, 0, **SUPPORT)
        assert figure(api, **SUPPORT)["timestamp"] == at(0)


def test_a_late_figure_is_compared_with_an_old_one(api):
    with clock(0):
        remember(-5)
        post_all(api, interval())
        compute(api, 0, **SUPPORT)
        late = compute(api, -2, **SUPPORT)
    assert (late["latest"], late["changes"]["baseline_timestamp"]) == (False, at(-5))
    assert late["changes"]["headcount_gap_change"] == late["headcount_gap"]["gap"] + 18
