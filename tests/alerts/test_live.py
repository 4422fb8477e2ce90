"""Follow a posted figure to a screen: the real server, a real socket, and the jobs that beat starts."""

from typing import Any

import httpx2 as httpx
import pytest
from django.utils import timezone

from alerts import rule_services
from intraday import tasks
from intraday.org.models import Organization, Role
from tests.access.people import person, token_of
from tests.alerts.world import OWNER, TEN
from tests.backlog.posting import INGEST
from tests.conftest import key_of
from tests.live import LiveServer, socket
from tests.realtime.notes import in_thread

ROOM = "alerts:org:org_123:dept:dept_456:queue:support"
RULE = {"source": "backlog", "metric": "items_over_sla", "operator": ">", "threshold": 5, "severity": "critical"}


@pytest.fixture
def house(transactional_db: None, organization: Organization) -> Organization:
    fields = {**RULE, "name": "too late", "recover_for_seconds": 0}
    rule_services.create_rule(organization=organization, fields=fields, actor=OWNER, now=TEN)
    return organization


def snapshot(over: int) -> dict[str, Any]:
    """Post a snapshot of this moment: an old figure would be stale."""
    return {
        "queue_name": "support",
        "snapshot_time": timezone.now().isoformat(),
        "total_items": 20,
        "average_wait_time_minutes": 1,
        "items_over_sla": over,
    }


def judge() -> None:
    tasks.judge_dirty("org_123")


async def test_a_posted_figure_is_judged_and_heard_and_answered(server: LiveServer, house: Organization):
    feed = {"Authorization": f"Api-Key {await in_thread(lambda: key_of(house))}"}
    dana = await in_thread(lambda: token_of(person("dana", house, Role.ANALYST), house))
    omar = await in_thread(lambda: token_of(person("omar", house, Role.ANALYST), house))
    async with httpx.AsyncClient(base_url=server.http) as http, socket(server, dana) as client:
        await client.subscribe(ROOM)
        await http.post(INGEST, json=snapshot(over=6), headers=feed)
        await in_thread(judge)
        triggered = (await client.until("alert:triggered"))["data"]
        assert (triggered["queue_name"], triggered["current_value"], triggered["status"]) == ("support", 6, "pending")

        path = f"/api/alerts/{triggered['alert_id']}"
        taken = await http.post(f"{path}/acknowledge", json={}, headers=bearer(dana))
        assert taken.status_code == 200
        assert (await client.until("alert:acknowledged"))["data"]["acknowledged_by"] == "dana"
        refused = await http.post(f"{path}/acknowledge", json={}, headers=bearer(omar))
        assert (refused.status_code, refused.json()["current"]["acknowledged_by"]) == (409, "dana")

        async with socket(server, omar) as late:
            await late.subscribe("alerts:org:org_123:dept:dept_456")  # of the other room's, a second old is good enough
            [item] = (await late.until("alerts:snapshot"))["data"]["items"]
            assert (item["alert_id"], item["status"]) == (triggered["alert_id"], "acknowledged")
            await late.subscribe("alerts:org:org_123:queue:billing")
            assert (await late.until("alerts:snapshot"))["data"]["items"] == []

        await http.post(f"{path}/resolve", json={"note": "done"}, headers=bearer(omar))
        assert (await client.until("alert:resolved"))["data"]["resolved_by"] == "omar"
        still = await http.get("/api/alerts", params={"status": ["pending", "acknowledged"]}, headers=bearer(omar))
        assert still.json()["items"] == []


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
