"""A position stands for what came before it: cuts, parts, replays and claims."""

import asyncio
import json
from typing import Any

import msgspec
import pytest
from django.db import transaction
from websockets.asyncio.client import connect

from backlog.services import levels_above
from intraday.api_client.sequence_check import SequenceCheck, Verdict
from intraday.org import services
from intraday.org.models import Organization, Scope
from realtime.eventlog import store
from realtime.eventlog.records import Draft
from realtime.hub.snapshots import MAX_PART_BYTES, in_parts
from realtime.models import Stream
from tests.conftest import client_of
from tests.live import LiveServer, socket
from tests.realtime.event_streams import stream
from tests.realtime.notes import in_thread, note
from tests.realtime.streams import epoch_of, rewind

BACKLOG, CUSTOM = "backlog:org:org_123", "custom:org:org_123"
MAX_MESSAGE = 256 * 1024


# --- parts -----------------------------------------------------------------------------------------------------------
QUEUES = 2_477


@pytest.fixture
def large(transactional_db: None, organization: Organization) -> None:
    """Make enough queues for a message of 1.8 MB with all of them."""
    items = [
        {
            "department_id": "dept_456",
            "queue_name": f"queue {number}",
            "snapshot_time": "2026-01-31T10:00:00Z",
            "total_items": number,
            "average_wait_time_minutes": 1,
        }
        for number in range(QUEUES)
    ]
    answer = client_of(organization).post("/api/schedulesbacklog/batch-ingest", {"items": items}, format="json")
    assert answer.status_code == 201
    assert levels_above.drain(30)


@pytest.mark.usefixtures("large")
async def test_a_large_snapshot_comes_in_parts_that_clients_with_default_limits_take(server: LiveServer, token: str):
    check = SequenceCheck()
    parts = []
    async with connect(server.ws) as client:  # closes with 1009 above a megabyte
        await client.send(json.dumps({"event": "authenticate", "data": {"token": token}}))
        await client.send(json.dumps({"event": "subscribe", "data": {"rooms": [BACKLOG]}}))
        while not parts or not parts[-1]["data"]["complete"]:
            text = await client.recv()
            assert len(text) < MAX_MESSAGE
            message = json.loads(text)
            if message["event"] == "subscribed":
                assert message["data"]["position"] == {}
            check.saw(message)
            if message["event"] == "backlog:snapshot":
                parts.append(message)
                assert bool(check.positions) == message["data"]["complete"]
    _check_parts(parts)
    async with stream(server, token, channels="backlog") as events:
        parts = []
        while not parts or not parts[-1]["data"]["complete"]:
            assert events.id == "", "no place before the whole was there"
            parts.append(await events.until("backlog:snapshot"))
        assert events.id == f"backlog:{parts[-1]['epoch']}:{parts[-1]['seq']}"
    _check_parts(parts)


def _check_parts(parts: list[dict[str, Any]]) -> None:
    assert len(parts) > 2
    assert [part["data"]["rooms"] for part in parts] == [[BACKLOG]] + [[]] * (len(parts) - 1)
    assert [part["data"]["complete"] for part in parts] == [False] * (len(parts) - 1) + [True]
    assert {part["seq"] for part in parts[:-1]} == {0}
    assert parts[-1]["seq"] == QUEUES + 2  # and the levels above them
    names = [item.get("queue_name") for part in parts for item in part["data"]["items"]]
    assert sorted(name for name in names if name) == sorted(f"queue {number}" for number in range(QUEUES))


def test_long_lists_of_rooms_are_divided_too_and_come_before_the_items():
    rooms = [f"{BACKLOG}:queue:{number:01500}" for number in range(1_000)]
    items = [json.dumps({"text": "x" * 700, "n": number}).encode() for number in range(1_000)]
    parts = in_parts(rooms, [msgspec.Raw(item) for item in items])
    assert [room for part in parts for room in part.rooms] == rooms
    assert [bytes(item) for part in parts for item in part.items] == items
    assert max(len(msgspec.json.encode(part)) for part in parts) < MAX_PART_BYTES + 200
    named = [index for index, part in enumerate(parts) if part.rooms]
    filled = [index for index, part in enumerate(parts) if part.items]
    assert named[-1] <= filled[0]
    assert [part.complete for part in parts] == [False] * (len(parts) - 1) + [True]
    assert in_parts([], []) == in_parts(rooms[:0], []) != []


# --- replays count what is heard -------------------------------------------------------------------------------------
@pytest.fixture
def beside(transactional_db: None, organization: Organization) -> Scope:
    services.add_queues(organization, [("dept_789", "claims")])
    return Scope.objects.get(department_id="dept_789", queue_name="claims")


@transaction.atomic
def publish_many(scope: Scope, count: int) -> None:
    drafts = [Draft("custom:note", scope.department_id, scope.queue_name, b'{"number":0,"text":""}')] * count
    store.append(organization_id=scope.organization_id, channel="custom", drafts=drafts)


@pytest.mark.parametrize("elsewhere", [1_001, 5_500])
async def test_one_missed_event_among_many_elsewhere_is_replayed(
    server: LiveServer, token: str, support: Scope, beside: Scope, elsewhere: int
):
    room = f"{CUSTOM}:dept:dept_456"
    await in_thread(note, support, 1)
    epoch = await in_thread(lambda: Stream.objects.get(name=CUSTOM).epoch)
    await in_thread(note, support, 2)
    await in_thread(publish_many, beside, elsewhere)
    since = {CUSTOM: {"epoch": epoch, "seq": 1}}
    async with socket(server, token) as client:
        assert (await client.subscribe(room, since=since))["data"]["recovered"] is True
        assert (await client.hear())["data"]["number"] == 2
        await in_thread(note, support, 3)
        assert (await client.hear())["data"]["number"] == 3
    async with stream(server, token, rooms=room, since=f"custom:{epoch}:1") as events:
        assert (await events.hear())["data"]["recovered"] is True
        assert (await events.hear())["data"]["number"] == 2


@pytest.mark.parametrize("why", ["too many", "another epoch", "above the head"])
async def test_what_cannot_be_replayed_of_a_channel_without_snapshot_is_a_resync(
    server: LiveServer, token: str, support: Scope, why: str
):
    await in_thread(note, support, 1)
    epoch = await in_thread(lambda: Stream.objects.get(name=CUSTOM).epoch)
    if why == "too many":
        await in_thread(publish_many, support, 1_001)
    since = {"epoch": "another" if why == "another epoch" else epoch, "seq": 10**9 if why == "above the head" else 1}
    head = await in_thread(lambda: Stream.objects.get(name=CUSTOM).head)
    check = SequenceCheck()
    check.saw({"event": "subscribed", "data": {"recovered": False, "position": {CUSTOM: since}}})
    async with socket(server, token) as client:
        answer = await client.subscribe(CUSTOM, since={CUSTOM: since})
        assert (answer["data"]["recovered"], answer["data"]["position"]) == (False, {})
        resync = await client.hear()
        assert (resync["event"], resync["epoch"], resync["seq"]) == ("custom:resync", epoch, head)
        await in_thread(note, support, 3)
        event = await client.hear()
        assert event["seq"] == head + 1
        assert [check.saw(each) for each in (answer, resync, event)] == [Verdict.NOT_COUNTED] * 2 + [Verdict.FINE]
    async with stream(server, token, channels="custom", since=f"custom:{since['epoch']}:{since['seq']}") as events:
        resync = await events.until("custom:resync")
        assert events.id == f"custom:{epoch}:{resync['seq']}"
        await in_thread(note, support, 4)
        while (await events.until("custom:note"))["data"]["number"] != 4:
            pass
        assert events.id == f"custom:{epoch}:{head + 2}"


async def test_rooms_that_are_heard_already_lack_nothing_and_new_ones_beside_them_may(
    server: LiveServer, token: str, support: Scope
):
    support_room, billing_room = f"{CUSTOM}:queue:support", f"{CUSTOM}:queue:billing"
    async with socket(server, token) as client:
        since = (await client.subscribe(support_room))["data"]["position"]
        await in_thread(note, support, 1)
        await client.up_to(1)
        await client.subscribe(support_room, since=since)
        assert await client.quiet() == []
        await client.subscribe(billing_room, since=since)
        assert (await client.hear())["event"] == "custom:resync"


async def test_without_a_position_a_channel_without_snapshot_begins_in_silence(
    server: LiveServer, token: str, support: Scope
):
    await in_thread(note, support, 1)
    async with socket(server, token) as client:
        answer = await client.subscribe(CUSTOM)
        assert answer["data"]["position"][CUSTOM]["seq"] == 1
        assert await client.quiet() == []


# --- claims ----------------------------------------------------------------------------------------------------------
async def test_a_position_above_the_head_gets_a_snapshot_and_touches_nobody_else(
    server: LiveServer, token: str, support: Scope
):
    await in_thread(note, support, 1, 2, channel="backlog")
    epoch = await in_thread(epoch_of)
    async with socket(server, token) as other:
        await other.subscribe(BACKLOG)
        for _ in range(3):
            async with socket(server, token) as liar:
                answer = await liar.subscribe(BACKLOG, since={BACKLOG: {"epoch": epoch, "seq": 10**12}})
                assert (answer["data"]["recovered"], answer["data"]["position"]) == (False, {})
                snapshot = await liar.hear()
                assert (snapshot["event"], snapshot["epoch"], snapshot["seq"]) == ("backlog:snapshot", epoch, 2)
        await in_thread(note, support, 3, channel="backlog")
        await other.up_to(3)
        assert [each["event"] for each in other.heard].count("backlog:snapshot") == 1
    assert await in_thread(epoch_of) == epoch
    async with socket(server, token) as back:
        answer = await back.subscribe(BACKLOG, since={BACKLOG: {"epoch": epoch, "seq": 2}})
        assert answer["data"]["recovered"] is True


async def test_a_log_that_was_restored_is_told_from_its_own_head_or_by_the_operator(
    server: LiveServer, token: str, support: Scope
):
    await in_thread(note, support, *range(9), channel="backlog")
    old = await in_thread(epoch_of)
    await in_thread(rewind, BACKLOG, 4)
    async with socket(server, token) as first, socket(server, token) as second:
        answer = await first.subscribe(BACKLOG, since={BACKLOG: {"epoch": old, "seq": 9}})
        assert answer["data"]["recovered"] is False
        assert (await first.hear())["seq"] == 4
        assert await in_thread(epoch_of) == old
        assert await in_thread(store.begin_epochs) == 1
        snapshot = await first.until("backlog:snapshot")
        assert snapshot["epoch"] != old
        await in_thread(note, support, *range(9), channel="backlog")  # the head is above 9 again
        answer = await second.subscribe(BACKLOG, since={BACKLOG: {"epoch": old, "seq": 9}})
        assert answer["data"]["recovered"] is False, "it would have missed 5 to 9 as they are now"


# --- memory ----------------------------------------------------------------------------------------------------------
async def test_all_streams_keep_within_the_budget_and_who_returns_is_served_from_the_log(
    server: LiveServer, token: str, support: Scope, settings: Any
):
    settings.REALTIME_MEMORY = 200_000
    system = "system:org:org_123"
    async with socket(server, token) as client:
        start = (await client.subscribe(CUSTOM, system))["data"]["position"]
        for channel in ("custom", "system"):
            await in_thread(note, support, *range(40), text="x" * 10_000, channel=channel)
        await in_thread(note, support, 40)
        await client.up_to(41)
        streams = server.hub.streams

        def memory() -> int:
            return sum(streams[name].ring.memory for name in (CUSTOM, system))

        async with asyncio.timeout(20):
            while server.on_loop(memory) > settings.REALTIME_MEMORY:
                await asyncio.sleep(0.05)
        assert server.on_loop(memory) > settings.REALTIME_MEMORY / 2
    async with socket(server, token) as back:
        answer = await back.subscribe(CUSTOM, since=start)
        assert answer["data"]["recovered"] is True
        await back.up_to(41)
        assert back.seqs() == list(range(1, 42))
