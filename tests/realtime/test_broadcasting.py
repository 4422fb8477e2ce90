"""The eight methods of the customer's document, with its payloads: from a Python caller to a real socket."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from websockets.exceptions import ConnectionClosed

from intraday.channels import CHANNELS
from intraday.org.models import Organization
from realtime import WebSocketService, web_socket_service
from realtime.models import Segment
from tests.live import Caller, LiveServer, socket, stats_say
from tests.realtime.notes import in_thread

Fields = dict[str, Any]
AT = "2026-01-31T10:00:00Z"
SCOPE = {"organization_id": "org_123", "department_id": "dept_456", "queue_name": "support"}
KPI: Fields = SCOPE | {
    "timestamp": AT,
    "utilization": {"current_utilization": 81.5},
    "headcount_gap": {"gap": -2},
    "sla_risk": {"risk_score": 40.0},
    "health_score": 72.0,
    "changes": {
        "utilization_change": 1.5,
        "headcount_gap_change": -1,
        "sla_risk_change": 5.0,
        "health_score_change": -3.0,
    },
}
BACKLOG: Fields = SCOPE | {
    "snapshot_id": "snapshot_1",
    "timestamp": AT,
    "total_items": 40,
    "avg_wait_time_minutes": 12.5,
    "items_over_sla": 3,
    "sla_compliance_percentage": 92.5,
    "backlog_trend": "stable",
    "items_added_this_interval": 0,
    "items_completed_this_interval": 0,
}
ATTENDANCE: Fields = {
    "snapshot_id": "snapshot_2",
    "organization_id": "org_123",
    "department_id": "dept_456",
    "timestamp": AT,
    "scheduled_count": 10,
    "present_count": 8,
    "absent_count": 2,
    "late_count": 1,
    "attendance_rate": 80.0,
    "recent_checkins": [
        {"employee_id": "e1", "employee_name": "Ann", "checked_in_at": "2026-01-31T09:55:00Z", "status": "late"}
    ],
}
ALERT: Fields = SCOPE | {
    "alert_id": "alert_1",
    "rule_id": "rule_1",
    "rule_name": "Backlog high",
    "alert_type": "backlog_high",
    "severity": "medium",
    "source": "backlog",
    "message": "40 items wait",
    "current_value": 40,
    "threshold_value": 30,
    "status": "pending",
    "triggered_at": AT,
}
ACKNOWLEDGED: Fields = ALERT | {"status": "acknowledged", "acknowledged_at": AT, "acknowledged_by": "ann"}
RESOLVED: Fields = ACKNOWLEDGED | {"status": "resolved", "resolved_at": AT, "resolved_by": "ann"}

BROADCASTS = [
    (web_socket_service.broadcast_kpi_update, KPI, "kpi:update"),
    (web_socket_service.broadcast_backlog_update, BACKLOG, "backlog:update"),
    (web_socket_service.broadcast_attendance_update, ATTENDANCE, "attendance:update"),
    (web_socket_service.broadcast_alert, ALERT, "alert:triggered"),
    (web_socket_service.broadcast_alert, ACKNOWLEDGED, "alert:acknowledged"),
    (web_socket_service.broadcast_alert, RESOLVED, "alert:resolved"),
]


@pytest.fixture
def again() -> Iterator[None]:
    """Begin again after a shutdown."""
    yield
    web_socket_service.initialize(CHANNELS)


def says(sent: Any, stated: Any) -> bool:
    """Return whether all that was stated was sent, whatever else was."""
    if isinstance(stated, dict):
        return all(says(sent[name], value) for name, value in stated.items())
    return bool(sent == stated)


def without_names(payload: Fields) -> Fields:
    """Return what a caller hears that may not see names, such as a key."""
    nameless = [each | {"employee_name": None} for each in payload.get("recent_checkins", [])]
    seen = {name: value for name, value in payload.items() if name not in ("acknowledged_by", "resolved_by")}
    return seen | ({"recent_checkins": nameless} if nameless else {})


def lines(caplog: pytest.LogCaptureFixture, name: str) -> list[Fields]:
    found = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [line for line in found if line["event"] == name]


async def test_the_eight_methods_take_the_payloads_of_the_document(
    server: LiveServer, token: str, again: None, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG", "realtime.eventlog.publishing")
    rooms = [f"{channel}:org:org_123" for channel in ("kpi", "backlog", "attendance", "alerts")]
    web_socket_service.initialize(CHANNELS)
    assert web_socket_service.is_initialized()
    async with socket(server, token) as client, Caller(server, token) as api:
        await client.subscribe(*rooms)
        for broadcast, payload, event in BROADCASTS:
            place = await in_thread(broadcast, payload)
            heard = await client.until(event)
            assert (place.stream, place.seq) == (heard["stream"], heard["seq"])
            assert says(heard["data"], without_names(payload))
        told = [
            (line["event_name"], line["organization_id"], line["queue_name"]) for line in lines(caplog, "broadcast")
        ]
        assert told == [(event, "org_123", payload.get("queue_name", "")) for _, payload, event in BROADCASTS]
        assert {line["department_id"] for line in lines(caplog, "broadcast")} == {"dept_456"}
        await stats_say(api, degraded=False)
        for _ in range(100):
            stats = await in_thread(web_socket_service.get_stats)
            if stats["messages_by_event"].keys() >= {event for *_, event in BROADCASTS}:
                break
            await asyncio.sleep(0.1)
        own = await in_thread(web_socket_service.get_stats, "org_123")
        assert own == (await api.get("/api/ws/stats")).json() | {"messages_per_second": own["messages_per_second"]}
        assert stats["connections_by_org"] == {"org_123": 1}
        web_socket_service.shutdown()
        assert not web_socket_service.is_initialized()
        with pytest.raises(ConnectionClosed) as closed:
            await client.until("reconnect")
            await client.until("never")
        assert closed.value.rcvd.code == 1012


def test_nulls_of_ours_have_their_reason(heard, organization: Organization):
    with heard("kpi:org:org_123") as events:
        assert web_socket_service.broadcast_kpi_update(KPI)
    [data] = [event["data"] for event in events]
    assert data["service"]["offered"] is None
    assert data["reasons"]["service.offered"] == "not stated by the caller"
    assert "utilization.current_utilization" not in data["reasons"]


def test_a_queue_may_be_named_without_its_department(heard, organization: Organization):
    with heard() as events:
        assert web_socket_service.broadcast_backlog_update(BACKLOG | {"department_id": None})
    assert events[0]["data"]["department_id"] == "dept_456"


@pytest.mark.parametrize(
    ("broadcast", "payload", "event", "told"),
    [
        (web_socket_service.broadcast_kpi_update, KPI | {"health_score": "good"}, "kpi:update", "health_score"),
        (web_socket_service.broadcast_kpi_update, KPI | {"timestamp": None}, "kpi:update", "timestamp"),
        (web_socket_service.broadcast_backlog_update, BACKLOG | {"queue_name": "nowhere"}, "backlog:update", "Unknown"),
        (
            web_socket_service.broadcast_backlog_update,
            BACKLOG | {"organization_id": "x"},
            "backlog:update",
            "not exist",
        ),
        (web_socket_service.broadcast_alert, ALERT | {"status": "lost"}, "alert:lost", "alert:triggered"),
        (WebSocketService().broadcast_kpi_update, KPI, "kpi:update", "not initialized"),
    ],
)
def test_a_failure_is_one_line_and_leaves_the_callers_transaction_alone(
    organization: Organization,
    caplog: pytest.LogCaptureFixture,
    broadcast: Callable[[Fields], object],
    payload: Fields,
    event: str,
    told: str,
):
    with transaction.atomic():
        assert broadcast(payload) is None
        Organization.objects.filter(pk="org_123").update(name="Saved")
    [line] = lines(caplog, "broadcast_failed")
    assert told in line["error"]
    names = {name: payload[name] for name in SCOPE}
    assert {name: line[name] for name in ("event_name", *SCOPE)} == {"event_name": event, **names}
    assert Organization.objects.get(pk="org_123").name == "Saved"
    assert not Segment.objects.exists()
