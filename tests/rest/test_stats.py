"""`/api/ws/stats`, `/connections`, `/rooms`: the mission's keys, true numbers, the caller's own tenant."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from intraday.org.models import Organization
from realtime.models import Connection, Process
from tests.conftest import key_of
from tests.live import Caller, LiveServer, socket
from tests.rest.contract import ContractClient, check

MISSION_KEYS = {
    "active_connections",
    "connections_by_org",
    "total_messages",
    "messages_per_second",
    "messages_by_event",
}
ROW = {"queue_name": "support", "snapshot_time": "2026-01-31T10:00:00Z", "total_items": 10}
ROW["average_wait_time_minutes"] = 2


async def eventually(api: Caller, path: str, right: Callable[[Any], bool]) -> Any:
    """The answer, as soon as it is right: hubs report once a second."""
    answer = None
    for _ in range(200):
        response = await api.get(path)
        answer = response.json()
        if right(answer):
            check("GET", path, response)
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError(f"{path} stayed {answer}")


@pytest.fixture
def keys(transactional_db: None, organization: Organization, stranger: Organization) -> tuple[str, str]:
    return key_of(organization), key_of(stranger)


async def test_sockets_of_two_organizations_are_counted_each_for_its_own(server: LiveServer, keys: tuple[str, str]):
    mine, theirs = keys
    async with (
        socket(server, mine) as first,
        socket(server, mine) as second,
        socket(server, theirs) as third,
        Caller(server, mine) as api,
        Caller(server, theirs) as their_api,
    ):
        await first.subscribe("backlog:org:org_123", "backlog:org:org_123:dept:dept_456")
        await second.subscribe("backlog:org:org_123")
        await third.subscribe("backlog:org:org_999:dept:dept_456:queue:support")
        assert (await api.post("/api/schedulesbacklog/ingest", ROW)).status_code == 201
        for client in (first, second):
            for _ in range(3):  # the queue, its department, the organization
                await client.until("backlog:update")
        await third.quiet()
        assert third.events() == []

        stats = await eventually(api, "/api/ws/stats", lambda stats: stats["total_messages"] == 6)
        assert stats.keys() >= MISSION_KEYS
        assert stats["active_connections"] == 2
        assert stats["connections_by_org"] == {"org_123": 2}
        assert stats["messages_by_event"] == {"backlog:update": 6}
        assert stats["processes"] == 1
        assert stats["messages_per_second"] >= 0

        others = await eventually(their_api, "/api/ws/stats", lambda stats: stats["active_connections"] == 1)
        assert (others["connections_by_org"], others["total_messages"]) == ({"org_999": 1}, 0)

        rooms = await eventually(api, "/api/ws/rooms", lambda found: len(found["rooms"]) == 2)
        assert rooms["rooms"] == [
            {"room": "backlog:org:org_123", "connections": 2},
            {"room": "backlog:org:org_123:dept:dept_456", "connections": 1},
        ]
        listed = await eventually(
            api, "/api/ws/connections", lambda found: sum(len(c["rooms"]) for c in found["connections"]) == 3
        )
        assert {connection["organization_id"] for connection in listed["connections"]} == {"org_123"}
        assert len({connection["connection_id"] for connection in listed["connections"]}) == 2
        [theirs_listed] = (await their_api.get("/api/ws/connections")).json()["connections"]
        assert theirs_listed["rooms"] == ["backlog:org:org_999:dept:dept_456:queue:support"]

        await second.connection.close()
        await eventually(api, "/api/ws/stats", lambda stats: stats["active_connections"] == 1)


# --- who sees what, from rows as processes report them ---------------------------------------------------------------
@pytest.fixture
def reported(organization: Organization, stranger: Organization) -> None:
    now = timezone.now()
    counters = {
        "org_123": {"messages": {"backlog:update": 5}, "per_second": 0.5},
        "org_999": {"messages": {"backlog:update": 7, "backlog:resync": 1}, "per_second": 0.75},
    }
    for host in ("a", "b"):
        process = Process.objects.create(id=host, host=host, pid=1, started_at=now, seen_at=now, counters=counters)
        for name in ("org_123", "org_999", ""):
            room = [f"backlog:org:{name}"] if name else []
            Connection.objects.create(
                id=f"{host}{name}", process=process, organization_id=name, connected_at=now, rooms=room
            )
    long_ago = now - timedelta(seconds=30)
    dead = Process.objects.create(
        id="dead", host="c", pid=1, started_at=long_ago, seen_at=long_ago, counters=counters, degraded=True
    )
    Connection.objects.create(id="ghost", process=dead, organization_id="org_123", connected_at=long_ago)


@pytest.fixture
def staff(organization: Organization) -> ContractClient:
    client = ContractClient()
    client.force_login(get_user_model().objects.create_superuser("operator"))
    return client


def test_superusers_see_all_processes_and_all_tenants(staff: ContractClient, reported: None):
    stats = staff.get("/api/ws/stats").json()
    assert stats["active_connections"] == 6  # two of them not signed in yet
    assert stats["connections_by_org"] == {"org_123": 2, "org_999": 2}
    assert stats["total_messages"] == 26
    assert stats["messages_by_event"] == {"backlog:update": 24, "backlog:resync": 2}
    assert stats["messages_per_second"] == 2.5
    assert (stats["processes"], stats["degraded"]) == (2, False)
    assert len(staff.get("/api/ws/connections").json()["connections"]) == 6
    assert len(staff.get("/api/ws/rooms").json()["rooms"]) == 2


def test_a_tenant_sees_its_own(organization: Organization, reported: None):
    client = ContractClient(headers={"Authorization": f"Api-Key {key_of(organization, 'read')}"})
    stats = client.get("/api/ws/stats").json()
    assert (stats["active_connections"], stats["connections_by_org"]) == (2, {"org_123": 2})
    assert (stats["total_messages"], stats["messages_per_second"]) == (10, 1.0)
    rooms = client.get("/api/ws/rooms").json()["rooms"]
    assert rooms == [{"room": "backlog:org:org_123", "connections": 2}]
    connections = client.get("/api/ws/connections").json()["connections"]
    assert {connection["organization_id"] for connection in connections} == {"org_123"}
    assert "ghost" not in {connection["connection_id"] for connection in connections}


@pytest.mark.parametrize("path", ["/api/ws/stats", "/api/ws/connections", "/api/ws/rooms"])
def test_staff_without_membership_cannot_enter_one_organization(staff: ContractClient, reported: None, path: str):
    """They see the sum of all; an organization's own view takes a membership."""
    assert staff.get(path, {"organization_id": "org_123"}).status_code == 404
    assert staff.get(path, {"organization_id": "org_000"}).status_code == 404
