"""Notifications and customers' own events: from a POST to the screens of the scope, under names that are not ours."""

import asyncio
import json
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from intraday.channels import CHANNELS
from intraday.org.models import Organization, Scope
from realtime.hub.fanout.stream import LiveStream
from realtime.hub.reporter import MAX_KEPT, Reporter
from realtime.hub.tenants.occupancy import Occupancy
from realtime.models import Process, Segment
from realtime.protocol.events import OUR_NAMESPACES, RESERVED_NAMES, CustomEvent
from realtime.publish import publish
from tests.conftest import key_of
from tests.golden import assert_golden
from tests.live import Caller, LiveServer, socket
from tests.realtime.notes import in_thread
from tests.rest.contract import ContractClient, contract_client

NOTIFICATIONS, EVENTS = "/api/ws/notifications", "/api/ws/events"
OUTAGE = {
    "department_id": "dept_456",
    "severity": "critical",
    "title": "Telephony is down",
    "message": "Calls arrive at the fallback number.",
    "until": "2026-01-31T12:00:00Z",
}
LUNCH = {"department_id": "dept_456", "queue_name": "support", "event": "acme:lunch.started"}
LUNCH["payload"] = {"team": "blue", "menu": [{"dish": "soup", "price": 4.5}], "closed": None}


@pytest.fixture
def publisher(organization: Organization) -> ContractClient:
    return contract_client(organization, "publish")


def test_a_notification_looks_like_its_example(publisher, heard):
    with heard("system:org:org_123") as events:
        answer = publisher.post(NOTIFICATIONS, OUTAGE, format="json")
    assert answer.status_code == 201
    assert answer.json()["event"] == {"stream": "system:org:org_123", "seq": 1}
    assert events[0]["data"]["notification_id"] == answer.json()["notification_id"]
    assert_golden(events[0], notification_id="n-1", published_at="2026-01-31T10:00:00.250000Z")


def test_a_custom_event_looks_like_its_example(publisher, heard):
    with heard("custom:org:org_123") as events:
        answer = publisher.post(EVENTS, LUNCH, format="json")
    assert answer.status_code == 201
    assert answer.json() == {"event": {"stream": "custom:org:org_123", "seq": 1}}
    assert events[0]["data"]["payload"] == LUNCH["payload"]
    assert_golden(events[0], published_at="2026-01-31T10:00:00.250000Z")


async def test_they_are_heard_in_their_scope_and_above_and_nowhere_else(server: LiveServer, organization: Organization):
    token, key = await in_thread(key_of, organization), await in_thread(key_of, organization, "publish")
    rooms = ("system:org:org_123", "custom:org:org_123:dept:dept_456", "custom:org:org_123:queue:support")
    async with socket(server, token) as wall, socket(server, token) as billing, Caller(server, key) as api:
        await wall.subscribe(*rooms)
        await billing.subscribe(*(f"{channel}:org:org_123:queue:billing" for channel in ("system", "custom")))
        assert (await api.post(NOTIFICATIONS, OUTAGE)).status_code == 201
        assert (await api.post(EVENTS, LUNCH)).status_code == 201
        assert (await wall.until("system:notification"))["data"]["title"] == "Telephony is down"
        assert (await wall.until("acme:lunch.started"))["data"]["payload"] == LUNCH["payload"]
        assert await wall.quiet() == []
        assert await billing.quiet() == []


@pytest.mark.parametrize("name", sorted(OUR_NAMESPACES))
def test_names_that_are_ours_are_refused(publisher, name: str):
    answer = publisher.post(EVENTS, LUNCH | {"event": f"{name}:update"}, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {"event"}


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_names_that_clients_take_for_ours_are_refused_in_every_namespace(publisher, name: str):
    answer = publisher.post(EVENTS, LUNCH | {"event": f"acme:{name}"}, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {"event"}
    assert publisher.post(EVENTS, LUNCH | {"event": f"acme:{name}s"}, format="json").status_code == 201


def test_every_namespace_of_the_product_is_taken():
    ours = {payload.event.partition(":")[0] for channel in CHANNELS.values() for payload in channel.events}
    assert ours | CHANNELS.keys() <= OUR_NAMESPACES
    assert CustomEvent.event.partition(":")[0] in OUR_NAMESPACES


@pytest.mark.parametrize(
    ("path", "wrong", "field"),
    [
        (EVENTS, {"event": "lunch"}, "event"),
        (EVENTS, {"event": "acme:"}, "event"),
        (EVENTS, {"event": ":lunch"}, "event"),
        (EVENTS, {"event": 'acme:x","data":{}'}, "event"),
        (EVENTS, {"event": "Acme:lunch"}, "event"),
        (EVENTS, {"payload": [1]}, "payload"),
        (EVENTS, {"payload": {"text": "x" * 17_000}}, "payload"),
        (EVENTS, {"payload": None}, "payload"),
        (NOTIFICATIONS, {"severity": "fatal"}, "severity"),
        (NOTIFICATIONS, {"title": ""}, "title"),
        (NOTIFICATIONS, {"title": "x" * 201}, "title"),
        (NOTIFICATIONS, {"message": "x" * 4_001}, "message"),
        (NOTIFICATIONS, {"until": "2026-01-31T12:00:00"}, "until"),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_logged(publisher, path: str, wrong: dict[str, Any], field: str):
    good = LUNCH if path == EVENTS else OUTAGE
    answer = publisher.post(path, good | wrong, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {field}
    assert not Segment.objects.exists()


def test_an_unknown_scope_is_not_found_and_a_key_without_the_scope_may_not(publisher, organization):
    assert publisher.post(EVENTS, LUNCH | {"queue_name": "unknown"}, format="json").status_code == 404
    assert publisher.post(EVENTS, LUNCH | {"organization_id": "org_777"}, format="json").status_code == 404
    reader = contract_client(organization, "read", "ingest", "token")
    assert reader.post(EVENTS, LUNCH, format="json").status_code == 403
    assert reader.post(NOTIFICATIONS, OUTAGE, format="json").status_code == 403
    assert not Segment.objects.exists()


# --- names without end -----------------------------------------------------------------------------------------------
@transaction.atomic
def invent(scope: Scope, count: int) -> None:
    """Publish so many events, each under a name of its own."""
    fields = [{"event": f"acme:n{number}", "payload": {}} for number in range(count)]
    built = [CustomEvent.of(each, scope, published_at=timezone.now()) for each in fields]
    publish("custom", [(scope, lambda event=event: event) for event in built])


async def test_fifteen_hundred_names_count_together(server: LiveServer, token: str, support: Scope):
    async with socket(server, token) as client, Caller(server, token) as api:
        await client.subscribe("custom:org:org_123")
        await in_thread(invent, support, 1_500)
        await client.up_to(1_500)
        assert len({message["event"] for message in client.events()}) == 1_500
        for _ in range(300):
            found = (await api.get("/api/ws/stats")).json()["messages_by_event"]
            if found == {"custom": 1_500}:
                break
            await asyncio.sleep(0.05)
        assert found == {"custom": 1_500}
        metrics = (await api.get("/metrics")).text
        assert 'intraday_deliveries_total{event="custom"} 1500.0' in metrics
        assert "acme:" not in metrics
        assert len(json.dumps(await in_thread(lambda: Process.objects.get().counters))) < 200


def test_organizations_that_left_are_counted_together_in_the_end(db: None):
    reporter = Reporter({}, {}, Occupancy())
    for number in range(3 * MAX_KEPT):
        stream = LiveStream(f"backlog:org:org_{number}", lambda _: None)
        stream.count({"backlog:update": 2})
        reporter.keep(stream)
    report = reporter.collect(degraded=False)
    assert len(report.counters) == MAX_KEPT + 1
    assert sum(each["messages"]["backlog:update"] for each in report.counters.values()) == 6 * MAX_KEPT
    assert all(each["per_second"] >= 0 for each in report.counters.values())
    assert f"org_{3 * MAX_KEPT - 1}" in report.counters
