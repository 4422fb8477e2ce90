"""Delivery from commit to client: everything, once, in order, to the clients that may hear it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from intraday.channels import CHANNELS
from intraday.org.models import Organization, Scope
from realtime.eventlog import store
from realtime.models import Stream
from realtime.protocol.channel_spec import ChannelSpec
from realtime.publish import publish
from tests.backlog.posting import scope_of as scope_name
from tests.live import Caller, LiveServer, ProcessServer, socket
from tests.realtime.notes import Note, Personal, in_thread, note, scope_of
from tests.realtime.streams import BACKLOG, CUSTOM, cursor, forgotten, listeners, numbers, server_forgets, settled

INGEST = "/api/schedulesbacklog/ingest"


def row(queue: str = "support", **fields: object) -> dict[str, object]:
    return {
        "queue_name": queue,
        "snapshot_time": "2026-01-31T10:00:00Z",
        "total_items": 10,
        "average_wait_time_minutes": 2.5,
        **fields,
    }


def at(second: int, queue: str = "support") -> dict[str, object]:
    return row(queue, snapshot_time=f"2026-01-31T10:{second // 60:02}:{second % 60:02}Z", total_items=second)


@asynccontextmanager
async def meanwhile(do: Callable[[int], Awaitable[object]]) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """`do` again and again, as fast as it goes; yields a function that ends it and says how often it was done."""
    over, done = False, 0

    async def run() -> None:
        nonlocal done
        while not over:
            await do(done)
            done += 1

    async def end() -> int:
        nonlocal over
        over = True
        await task
        return done

    task = asyncio.create_task(run())
    try:
        yield end
    finally:
        await end()


# --- live ------------------------------------------------------------------------------------------------------------
async def test_a_posted_snapshot_reaches_a_subscriber_with_the_fields_of_the_mission(
    any_server: LiveServer, token: str
):
    async with socket(any_server, token) as client, Caller(any_server, token) as api:
        await client.subscribe("backlog:org:org_123:queue:support")
        answer = await api.post(INGEST, row())
        assert answer.status_code == 201
        event = await client.until("backlog:update")
        assert event.keys() >= {"event", "data", "stream", "epoch", "seq", "ts"}
        assert event["data"].keys() >= {
            "snapshot_id",
            "organization_id",
            "department_id",
            "queue_name",
            "timestamp",
            "total_items",
            "avg_wait_time_minutes",
            "items_over_sla",
            "sla_compliance_percentage",
            "backlog_trend",
            "items_added_this_interval",
            "items_completed_this_interval",
        }
        assert event["data"]["total_items"] == 10
        assert (event["stream"], event["seq"]) == tuple(answer.json()["event"].values())
        assert await client.quiet() == []


async def test_a_connection_in_org_department_and_queue_hears_each_event_once(server: LiveServer, token: str):
    async with socket(server, token) as client, Caller(server, token) as api:
        await client.subscribe(BACKLOG, f"{BACKLOG}:dept:dept_456", f"{BACKLOG}:dept:dept_456:queue:support")
        await client.subscribe(f"{BACKLOG}:queue:support")
        for second in range(5):
            await api.post(INGEST, at(second))
        head = await settled()
        await client.up_to(head)
        assert client.seqs() == list(range(1, head + 1))
        heard = Counter(scope_name(event) for event in client.events())
        assert heard["support"] == 5
        assert heard["dept_456"] == heard["organization"] > 0


async def test_each_room_hears_its_own_and_what_it_encloses(
    server: LiveServer, token: str, organization: Organization, support: Scope, billing: Scope
):
    rooms = {
        CUSTOM: [0, 1, 2, 3],
        f"{CUSTOM}:dept:dept_456": [1, 2, 3],
        f"{CUSTOM}:dept:dept_456:queue:support": [2],
        f"{CUSTOM}:queue:billing": [3],
        f"{CUSTOM}:dept:dept_789": [],
    }
    scopes = [await in_thread(scope_of, organization), await in_thread(scope_of, organization, "dept_456")]
    async with listeners(server, token, *rooms) as clients:
        for number, scope in enumerate([*scopes, support, billing]):
            await in_thread(note, scope, number)
        await clients[0].up_to(4)
        for client, expected in zip(clients, rooms.values(), strict=True):
            await client.quiet()
            assert numbers(client) == expected


async def test_another_organization_hears_nothing(
    server: LiveServer, token: str, foreign_token: str, stranger: Organization
):
    async with socket(server, token) as client, socket(server, foreign_token) as foreigner:
        await client.subscribe(BACKLOG)
        await foreigner.subscribe("backlog:org:org_999")
        async with Caller(server, token) as api, Caller(server, foreign_token) as foreign_api:
            for second in range(5):
                await api.post(INGEST, at(second))
            await foreign_api.post(INGEST, at(99))
        await client.up_to(await settled())
        await foreigner.up_to(await settled("backlog:org:org_999"))
        await client.quiet()
        await foreigner.quiet()
        assert {event["data"]["organization_id"] for event in client.events()} == {"org_123"}
        assert [event["data"]["organization_id"] for event in foreigner.events()] == ["org_999"] * 3


async def test_names_are_not_sent_to_who_may_not_see_them(server: LiveServer, token: str, support: Scope):
    """Live, replayed from the ring, and replayed from the log."""

    @transaction.atomic
    def commit() -> None:
        publish("custom", [(support, partial(Note, number=1)), (support, partial(Personal, name="Zoë"))])

    async with socket(server, token) as client:
        await client.subscribe(CUSTOM)
        await in_thread(commit)
        await client.up_to(2)
        epoch = client.events()[0]["epoch"]
        async with socket(server, token) as later:
            await later.subscribe(CUSTOM, since={CUSTOM: {"epoch": epoch, "seq": 0}})
            await later.up_to(2)
        server.on_loop(lambda: server.hub.streams[CUSTOM].ring.restart(epoch, 2))
        async with socket(server, token) as latest:
            await latest.subscribe(CUSTOM, since={CUSTOM: {"epoch": epoch, "seq": 0}})
            await latest.up_to(2)
    for who in (client, later, latest):
        assert who.events()[1]["data"] == {"name": None}


# --- where it begins -------------------------------------------------------------------------------------------------
async def test_a_subscription_begins_with_the_current_state_and_its_seq(any_server: LiveServer, token: str):
    async with Caller(any_server, token) as api:
        await api.post(INGEST, row("support", total_items=10))
        await api.post(INGEST, row("billing", total_items=20))
        head = await settled()
        async with socket(any_server, token) as client:
            answer = await client.subscribe(f"{BACKLOG}:queue:support")
            snapshot = await client.hear()
            assert snapshot["event"] == "backlog:snapshot"
            assert (answer["data"]["position"], snapshot["seq"]) == ({}, head)
            assert [item["total_items"] for item in snapshot["data"]["items"]] == [10]
            assert snapshot["data"]["rooms"] == [f"{BACKLOG}:queue:support"]
            await api.post(INGEST, at(1))
            assert (await client.hear())["seq"] == head + 1
            head = await settled()
            bare = await client.subscribe(BACKLOG, snapshot=False)
            assert bare["data"]["position"][BACKLOG]["seq"] == head
            assert await client.quiet() == []


async def test_while_events_flow_a_snapshot_and_the_events_after_it_leave_no_gap(any_server: LiveServer, token: str):
    async with Caller(any_server, token) as api, meanwhile(lambda n: api.post(INGEST, at(n))) as end:
        clients = []
        async with socket(any_server, token) as a, socket(any_server, token) as b, socket(any_server, token) as c:
            for client in (a, b, c):
                await client.subscribe(BACKLOG)
                await client.until("backlog:snapshot")
                clients.append(client)
            await end()
            head = await settled()
            for client in clients:
                await client.up_to(head)
                (first,) = [each["seq"] for each in client.heard if each["event"] == "backlog:snapshot"]
                assert client.seqs() == list(range(first + 1, head + 1))


async def test_rooms_added_to_a_live_stream_lose_nothing_and_seq_never_goes_back(
    any_server: LiveServer, token: str, support: Scope, billing: Scope
):
    """Events of the first room arrive whole, whatever is added later; those of a later room from its position on."""

    async def both(number: int) -> None:
        await in_thread(note, support, number)
        await in_thread(note, billing, number)

    async with socket(any_server, token) as client:
        await client.subscribe(f"{CUSTOM}:queue:support")
        async with meanwhile(both) as end:
            await client.up_to(11)
            added = await client.subscribe(f"{CUSTOM}:queue:billing")
            await client.up_to(added["data"]["position"][CUSTOM]["seq"] + 10)
            await client.subscribe(CUSTOM, f"{CUSTOM}:dept:dept_456")
            await client.up_to(client.seqs()[-1] + 10)
            head = 2 * await end()
        await client.up_to(head)
        seqs, start = client.seqs(), added["data"]["position"][CUSTOM]["seq"]
        assert seqs == sorted(set(seqs))
        assert [seq for seq in seqs if seq % 2] == list(range(1, head, 2))  # support's are the odd ones
        assert [seq for seq in seqs if not seq % 2] == list(range(start + 2 - start % 2, head + 1, 2))


async def test_unsubscribe_stops_a_room_and_leaves_the_others(
    server: LiveServer, token: str, support: Scope, billing: Scope
):
    async with socket(server, token) as client:
        await client.subscribe(f"{CUSTOM}:queue:support", f"{CUSTOM}:queue:billing")
        await in_thread(note, support, 1)
        await client.up_to(1)
        await client.say("unsubscribe", rooms=[f"{CUSTOM}:queue:support"])
        assert (await client.until("unsubscribed"))["data"]["rooms"] == [f"{CUSTOM}:queue:support"]
        await in_thread(note, support, 2)
        await in_thread(note, billing, 3)
        await client.up_to(3)
        await client.say("unsubscribe", channels=["custom"], organization_id="org_123", queue_name="billing")
        await client.until("unsubscribed")
        await in_thread(note, billing, 4)
        assert await client.quiet() == []
        assert numbers(client) == [1, 3]
        assert server.hub.streams[CUSTOM].subscriber_count == 0


# --- replay ----------------------------------------------------------------------------------------------------------
async def test_who_comes_back_with_a_cursor_gets_exactly_what_was_missed_before_anything_new(
    any_server: LiveServer, token: str, support: Scope, billing: Scope
):
    room = f"{CUSTOM}:queue:support"
    async with socket(any_server, token) as client:
        await client.subscribe(room)
        await in_thread(note, support, 1, 2)
        await client.up_to(2)
    await in_thread(note, support, 3)
    await in_thread(note, billing, 4)
    await in_thread(note, support, 5)
    while any_server.hub.streams[CUSTOM].ring.last != 5:  # else 5 may come as news, just after the subscription
        await asyncio.sleep(0.01)
    async with meanwhile(lambda n: in_thread(note, support, 6 + n)) as end, socket(any_server, token) as back:
        answer = await back.subscribe(room, since=cursor(client, CUSTOM))
        assert answer["data"]["recovered"] is True
        assert answer["data"]["position"][CUSTOM]["seq"] == 2
        await back.up_to(20)
        head = 5 + await end()
        await back.up_to(head)
    assert numbers(back) == [3, *range(5, head + 1)]
    replayed = [event.get("replayed", False) for event in back.events()]
    assert replayed[:2] == [True, True]
    assert replayed == sorted(replayed, reverse=True)
    assert all("snapshot" not in message["event"] for message in back.heard)


async def test_a_server_that_never_heard_of_a_stream_replays_it_from_the_log(
    server: LiveServer, token: str, support: Scope
):
    await in_thread(note, support, *range(1, 1001))
    epoch = await in_thread(lambda: Stream.objects.get().epoch)
    async with socket(server, token) as client:
        answer = await client.subscribe(CUSTOM, since={CUSTOM: {"epoch": epoch, "seq": 0}})
        assert answer["data"]["recovered"] is True
        await client.up_to(1000)
        await in_thread(note, support, 1001)
        await client.up_to(1001)
        assert client.seqs() == list(range(1, 1002))


async def test_what_cannot_be_replayed_whole_is_not_replayed_but_shown_anew(
    any_server: LiveServer, token: str, organization: Organization
):
    """Another epoch, more than 1,000 events, more than 1 MB, a log that was purged."""
    scope = await in_thread(scope_of, organization)
    await in_thread(note, scope, *range(1001), channel="backlog")
    await in_thread(note, scope, *range(50), text="x" * 25_000, channel="backlog")
    await in_thread(note, scope, 1, channel="backlog")
    epoch = await in_thread(lambda: Stream.objects.get().epoch)

    async def refused(seq: int, epoch: str = epoch) -> None:
        async with socket(any_server, token) as client:
            answer = await client.subscribe(BACKLOG, since={BACKLOG: {"epoch": epoch, "seq": seq}})
            assert (answer["data"]["recovered"], answer["data"]["position"]) == (False, {})
            snapshot = await client.hear()
            assert (snapshot["event"], snapshot["seq"]) == ("backlog:snapshot", 1052)

    for _ in range(2):  # from the log, and with the ring begun
        await refused(0)
        await refused(50)  # 1,002 events
        await refused(1000)  # 1.25 MB
        await refused(1051, epoch="another")
    async with socket(any_server, token) as client:
        answer = await client.subscribe(BACKLOG, since={BACKLOG: {"epoch": epoch, "seq": 1051}})
        assert answer["data"]["recovered"] is True
        assert (await client.hear())["seq"] == 1052
    await in_thread(store.purge, now=timezone.now() + timedelta(days=2))
    server_forgets(any_server, BACKLOG)
    await refused(1051)


async def test_one_stream_may_be_recovered_and_another_begun(server: LiveServer, token: str, support: Scope):
    await in_thread(note, support, 1, 2)
    epoch = await in_thread(lambda: Stream.objects.get().epoch)
    async with socket(server, token) as client:
        answer = await client.subscribe(CUSTOM, BACKLOG, since={CUSTOM: {"epoch": epoch, "seq": 1}})
        assert answer["data"]["recovered"] is False  # not of all
        await in_thread(note, support, 3, channel="backlog")
        await client.until("backlog:snapshot")
        await client.until("custom:note")
        await client.until("custom:note")
        assert [(event["stream"], event["seq"]) for event in client.events()] == [(CUSTOM, 2), (BACKLOG, 1)]


# --- heartbeat, the end ----------------------------------------------------------------------------------------------
async def test_heartbeats_move_the_cursors_of_quiet_rooms(
    server: LiveServer, token: str, support: Scope, billing: Scope
):
    def next_tick(connection_id: str) -> None:
        server.hub.heartbeats.beat = hash(connection_id) % 20 - 1  # nobody waits 20 s here

    async with socket(server, token) as client:
        await client.subscribe(f"{CUSTOM}:queue:support")
        await in_thread(note, support, 1)
        await in_thread(note, billing, 2, 3)
        await client.up_to(1)
        identity = client.heard[0]["data"]["connection_id"]
        for _ in range(3):  # the first may have been on its way before the others were here
            server.on_loop(lambda: next_tick(identity))
            position = (await client.until("heartbeat"))["data"]["position"]
            if position[CUSTOM]["seq"] == 3:
                break
        assert position == {CUSTOM: {"epoch": client.events()[0]["epoch"], "seq": 3}}
    async with socket(server, token) as back:
        answer = await back.subscribe(f"{CUSTOM}:queue:support", since=position)
        assert answer["data"]["recovered"] is True
        assert await back.quiet() == []


async def test_a_server_that_stops_says_that_it_will_be_back(any_server: LiveServer, token: str):
    async with socket(any_server, token) as client:
        await client.subscribe(BACKLOG)
        await asyncio.to_thread(any_server.stop)
        assert await client.closed() == 1012
        await asyncio.to_thread(any_server.start)
        async with socket(any_server, token) as again:
            await again.subscribe(BACKLOG)


async def test_a_bug_in_a_snapshot_ends_that_connection_and_leaves_nothing_of_it_behind(
    server: LiveServer, token: str, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setitem(CHANNELS, "custom", ChannelSpec(events={}, grant="read", snapshot=broken))
    async with socket(server, token) as healthy:
        await healthy.subscribe(BACKLOG)
        async with socket(server, token) as client:
            await client.say("subscribe", rooms=[CUSTOM])
            await client.connection.wait_closed()
            await forgotten(server, but=1)
        assert (await healthy.subscribe(BACKLOG))["data"]["rooms"] == [BACKLOG]
        assert server.hub.streams[CUSTOM].subscriber_count == 0


async def test_a_connection_that_left_while_the_database_was_away_is_not_counted_any_more(
    server: LiveServer, token: str
):
    def rename(old: str, new: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")

    async def counted(api: Caller, count: int) -> None:
        for _ in range(300):
            if (await api.get("/api/ws/stats")).json()["active_connections"] == count:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("stats do not follow")

    reports = server.hub.loops["reports"]
    async with Caller(server, token) as api, socket(server, token):
        async with socket(server, token):
            await counted(api, 2)
            await in_thread(rename, "realtime_process", "away")
            rounds = reports.rounds
        await forgotten(server, but=1)
        while reports.rounds < rounds + 2:
            await asyncio.sleep(0.05)
        await in_thread(rename, "away", "realtime_process")
        await counted(api, 1)


# --- how much it costs -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("recipients", [2, 40])
async def test_one_build_and_one_render_per_audience_whatever_the_number_of_recipients(
    server: LiveServer, token: str, support: Scope, recipients: int
):
    built = 0

    def build() -> Note:
        nonlocal built
        built += 1
        return Note(number=built)

    @transaction.atomic
    def commit() -> None:
        publish("custom", [(support, build)])

    rooms = [CUSTOM] * recipients + [f"{CUSTOM}:queue:support"] * recipients
    async with listeners(server, token, *rooms) as clients:
        stream = server.hub.streams[CUSTOM]
        rendered = stream.renders
        for seq in (1, 2, 3):
            await in_thread(commit)
            for client in clients:
                await client.up_to(seq)
        assert built == 3
        assert stream.renders - rendered == 3 * 2  # two audiences
        assert len(stream._audiences) == 2
        assert stream.deliveries == {"custom": 3 * len(clients)}


async def test_the_figures_of_stats_are_true(server: LiveServer, token: str, foreign_token: str):
    async def told(api: Caller, **expected: object) -> None:
        for _ in range(300):
            stats = (await api.get("/api/ws/stats")).json()
            if {name: stats[name] for name in expected} == expected:
                return
            await asyncio.sleep(0.05)
        assert stats | expected == stats

    async with Caller(server, token) as api, Caller(server, foreign_token) as foreign:
        async with socket(server, token) as one, socket(server, token) as two, socket(server, foreign_token):
            await one.subscribe(BACKLOG)
            await two.subscribe(f"{BACKLOG}:queue:support")
            await api.post(INGEST, row())
            await one.up_to(3)
            await two.up_to(1)
            await told(
                api,
                active_connections=2,
                connections_by_org={"org_123": 2},
                total_messages=4,
                messages_by_event={"backlog:update": 4},
                degraded=False,
                processes=1,
            )
            await told(foreign, active_connections=1, total_messages=0, connections_by_org={"org_999": 1})
            rooms = (await api.get("/api/ws/rooms")).json()["rooms"]
            assert {room["room"]: room["connections"] for room in rooms} == {
                BACKLOG: 1,
                f"{BACKLOG}:queue:support": 1,
            }
        await told(api, active_connections=0, connections_by_org={}, total_messages=4)


# --- other servers ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("make", [ProcessServer.daphne, ProcessServer.serve])
async def test_it_works_under_daphne_and_as_a_process_of_production(
    make: Callable[[], ProcessServer], token: str, support: Scope
):
    running = make()
    await asyncio.to_thread(running.start)
    try:
        async with socket(running, token) as client, Caller(running, token) as api:
            await client.subscribe(BACKLOG, f"{BACKLOG}:queue:support", CUSTOM)
            for second in range(5):
                assert (await api.post(INGEST, at(second))).status_code == 201
            while (last := await client.until("backlog:update"))["data"]["total_items"] < 4 or scope_name(
                last
            ) != "organization":
                pass  # the last figure of the last level
            head = last["seq"]
            await in_thread(note, support, 1)  # by another process
            await client.until("custom:note")
            assert [event["seq"] for event in client.events() if event["stream"] == BACKLOG] == list(range(1, head + 1))
        async with socket(running, token) as back:
            since = cursor(client, BACKLOG)
            since[BACKLOG]["seq"] = head - 5
            assert (await back.subscribe(BACKLOG, since=since))["data"]["recovered"] is True
            await back.up_to(head)
            assert back.seqs() == list(range(head - 4, head + 1))
            await back.say("authenticate", token="wrong")
            assert await back.closed() == 4401
    finally:
        printed = await asyncio.to_thread(running.stop)
    assert "Traceback" not in printed, printed
