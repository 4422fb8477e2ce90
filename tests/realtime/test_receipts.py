"""Events that ask for a receipt, and cursors that outlive their connection."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from intraday.org.models import Organization, Scope
from intraday.retention.tasks import purge
from realtime.eventlog import store
from realtime.hub import cursors, hub, snapshots
from realtime.hub.cursors import CursorClaim, CursorMove
from realtime.hub.fanout import subscriptions
from realtime.hub.receipts import MAX_RESENDS
from realtime.models import Cursor
from realtime.protocol.messages import Position
from tests.live import LiveServer, Message, Socket, socket
from tests.realtime.notes import in_thread, note, urgent

ALERTS, CUSTOM = "alerts:org:org_123", "custom:org:org_123"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ticks come quickly, and each of them sends again what has no receipt."""
    monkeypatch.setattr(hub, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(subscriptions, "RESEND_SECONDS", 0.0)


async def ticks(server: LiveServer, count: int) -> None:
    """Wait for so many whole rounds of the loops that send again and that look for lost cursors."""
    for name in ("receipts", "cursors"):
        loop = server.hub.loops[name]
        rounds = loop.rounds
        while loop.rounds <= rounds + count:  # one more: the first may have begun before
            await asyncio.sleep(0.01)


async def ack(client: Socket, seq: int, stream: str = ALERTS) -> Message | None:
    """The error that it was answered with, if it was."""
    await client.say("ack", stream=stream, seq=seq)
    await client.say("ping")
    error = None
    while (message := await client.hear())["event"] != "pong":
        error = message if message["event"] == "error" else error
    return error


def told(client: Socket) -> list[tuple[int, int]]:
    """(number, how often sent again) of each urgent event."""
    return [
        (message["data"]["number"], message.get("redelivered", 0))
        for message in client.heard
        if message["event"] == "custom:urgent"
    ]


# --- receipts --------------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("impatient")
async def test_what_has_no_receipt_is_sent_again_five_times_and_then_no_more(
    any_server: LiveServer, token: str, support: Scope
):
    async with socket(any_server, token) as client:
        await client.subscribe(ALERTS)
        await in_thread(urgent, support, 1)
        await in_thread(note, support, 2, channel="alerts")
        while len(told(client)) <= MAX_RESENDS:
            await client.hear()
        await ticks(any_server, 3)
        assert await client.quiet() == []
        assert told(client) == [(1, resent) for resent in range(MAX_RESENDS + 1)]
        first, *again = [message for message in client.heard if message["event"] == "custom:urgent"]
        assert first["requires_ack"] is True
        assert "redelivered" not in first
        assert {message["seq"] for message in again} == {1}
        (plain,) = [message for message in client.heard if message["event"] == "custom:note"]
        assert "requires_ack" not in plain


@pytest.mark.usefixtures("impatient")
async def test_a_receipt_counts_for_everything_up_to_it_and_for_nothing_after(
    server: LiveServer, token: str, support: Scope
):
    async with socket(server, token) as client:
        await client.subscribe(ALERTS)
        await in_thread(urgent, support, 1, 2, 3)
        await client.up_to(3)
        assert await ack(client, 2) is None
        client.heard.clear()
        while (3, 2) not in told(client):
            await client.hear()
        assert {number for number, _ in told(client)} == {3}
        assert await ack(client, 3) is None
        client.heard.clear()
        await ticks(server, 3)
        assert await client.quiet() == []
        assert server.on_loop(lambda: server.hub.streams[ALERTS].awaiting) == {}


async def test_a_receipt_for_what_was_not_sent_is_an_error(server: LiveServer, token: str, support: Scope):
    async with socket(server, token) as client:
        refused = await ack(client, 0)
        assert refused is not None
        assert refused["data"]["code"] == "not_subscribed"
        await client.subscribe(ALERTS)
        await in_thread(urgent, support, 1)
        await client.up_to(1)
        refused = await ack(client, 2)
        assert refused is not None
        assert refused["data"]["code"] == "not_sent"
        refused = await ack(client, 0, "alerts:org:org_999")
        assert refused is not None
        assert refused["data"]["code"] == "not_subscribed"


@pytest.mark.usefixtures("impatient")
async def test_what_fell_out_of_the_ring_is_sent_again_from_the_log(server: LiveServer, token: str, support: Scope):
    async with socket(server, token) as client:
        await client.subscribe(ALERTS)
        await in_thread(urgent, support, 1)
        await client.up_to(1)
        ring = server.hub.streams[ALERTS].ring
        server.on_loop(lambda: ring.restart(ring.epoch, 1))
        client.heard.clear()
        await client.until("custom:urgent")
        assert told(client)[0][0] == 1


@pytest.mark.usefixtures("impatient")
async def test_rooms_that_were_left_are_not_sent_again(server: LiveServer, token: str, support: Scope, billing: Scope):
    async with socket(server, token) as client:
        await client.subscribe(f"{ALERTS}:queue:support", f"{ALERTS}:queue:billing")
        await in_thread(urgent, support, 1)
        await in_thread(urgent, billing, 2)
        await client.up_to(2)
        await client.say("unsubscribe", rooms=[f"{ALERTS}:queue:support"])
        await client.until("unsubscribed")
        client.heard.clear()
        await ticks(server, 3)
        while (2, 3) not in told(client):
            await client.hear()
        assert {number for number, _ in told(client)} == {2}


# --- durable ---------------------------------------------------------------------------------------------------------
async def test_who_comes_back_under_a_durable_name_goes_on_after_the_last_receipt(
    any_server: LiveServer, token: str, support: Scope
):
    async with socket(any_server, token) as client:
        first = await client.subscribe(ALERTS, durable="wall")
        assert first["data"]["recovered"] is False
        await in_thread(urgent, support, 1, 2, 3)
        await client.up_to(3)
        assert await ack(client, 2) is None
    await in_thread(urgent, support, 4)
    async with socket(any_server, token) as back:
        answer = await back.subscribe(ALERTS, durable="wall")
        assert answer["data"]["recovered"] is True
        assert answer["data"]["position"][ALERTS]["seq"] == 2
        await back.up_to(4)
        assert [(event["data"]["number"], event.get("replayed")) for event in back.events()] == [(3, True), (4, True)]
    async with socket(any_server, token) as other:
        assert (await other.subscribe(ALERTS, durable="desk"))["data"]["recovered"] is False


async def test_a_durable_name_of_which_nothing_was_acknowledged_gets_the_state_as_well(
    server: LiveServer, token: str, support: Scope, monkeypatch: pytest.MonkeyPatch
):
    """The connection may have broken before its snapshot: only an acknowledgement proves what the client has."""
    monkeypatch.setattr(snapshots, "SHARED_SECONDS", -1.0)
    async with socket(server, token) as client:
        await client.subscribe(ALERTS, CUSTOM, durable="wall")
    await in_thread(note, support, 1, channel="alerts")
    await in_thread(note, support, 2)
    for _ in range(2):
        async with socket(server, token) as back:
            answer = await back.subscribe(ALERTS, CUSTOM, durable="wall")
            assert answer["data"]["recovered"] is False
            assert {name: at["seq"] for name, at in answer["data"]["position"].items()} == {CUSTOM: 0}
            came = [await back.hear() for _ in range(3)]
            assert [(each["event"], each["seq"], each.get("replayed")) for each in came] == [
                ("custom:note", 1, True),
                ("alerts:snapshot", 1, None),
                ("custom:note", 1, True),
            ]
    async with socket(server, token) as back:
        await back.subscribe(ALERTS, durable="wall")
        await back.until("alerts:snapshot")
        assert await ack(back, 1) is None
    async with socket(server, token) as last:
        answer = await last.subscribe(ALERTS, durable="wall")
        assert (answer["data"]["recovered"], answer["data"]["position"][ALERTS]["seq"]) == (True, 1)
        assert await last.quiet() == []


async def test_without_a_durable_name_a_receipt_ends_with_the_connection(
    server: LiveServer, token: str, support: Scope
):
    async with socket(server, token) as client:
        await client.subscribe(ALERTS)
        await in_thread(urgent, support, 1)
        await client.up_to(1)
        await ack(client, 1)
    assert await in_thread(Cursor.objects.count) == 0


async def test_what_the_client_says_it_has_goes_before_what_the_server_remembers(
    server: LiveServer, token: str, support: Scope
):
    async with socket(server, token) as client:
        await client.subscribe(ALERTS, durable="wall")
        epoch = (await client.until("alerts:snapshot"))["epoch"]
        await in_thread(urgent, support, 1, 2, 3)
        await client.up_to(3)
        await ack(client, 1)
    async with socket(server, token) as back:
        await back.subscribe(ALERTS, durable="wall", since={ALERTS: {"epoch": epoch, "seq": 2}})
        await back.up_to(3)
        assert back.seqs() == [3]


@pytest.mark.usefixtures("impatient")
async def test_of_two_tabs_under_one_name_the_second_goes_on_and_the_first_is_told(
    server: LiveServer, token: str, support: Scope
):
    async with socket(server, token) as first, socket(server, token) as second:
        await first.subscribe(ALERTS, durable="wall")
        await in_thread(urgent, support, 1, 2)
        await first.up_to(2)
        await ack(first, 1)
        answer = await second.subscribe(ALERTS, durable="wall")
        assert answer["data"]["position"][ALERTS]["seq"] == 1
        await second.up_to(2)
        assert (await first.until("error"))["data"]["code"] == "taken_over"
        await ack(first, 2)  # counts for its own connection, and moves nothing
        await ticks(server, 2)
        assert await in_thread(lambda: Cursor.objects.get().seq) == 1
        await ack(second, 2)
        while await in_thread(lambda: Cursor.objects.get().seq) != 2:
            await asyncio.sleep(0.01)
        await in_thread(note, support, 3, channel="alerts")
        await first.up_to(3)  # it goes on hearing
        assert [message["event"] for message in first.heard].count("error") == 1


async def test_a_user_has_a_limited_number_of_cursors(
    server: LiveServer, token: str, organization: Organization, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cursors, "MAX_CURSORS", 2)
    async with socket(server, token) as client:
        await client.subscribe(ALERTS, CUSTOM, durable="wall")
        await client.say("subscribe", rooms=["system:org:org_123"], durable="wall")
        assert (await client.until("error"))["data"]["code"] == "too_many_cursors"
        await client.subscribe("system:org:org_123")
        await client.subscribe(f"{ALERTS}:queue:support", durable="wall")


def test_a_cursor_moves_forward_only_and_only_for_its_holder(organization: Organization):
    claim = CursorClaim("org_123", "dana", "wall", ALERTS, "tab-1")
    (held,) = cursors.take([claim]).values()
    assert held is not None
    assert held.position is None
    steps = [
        (CursorMove("tab-1", "one", 5), Position("one", 5)),
        (CursorMove("tab-1", "one", 4), Position("one", 5)),
        (CursorMove("tab-2", "one", 9), Position("one", 5)),
        (CursorMove("tab-1", "one", 6), Position("one", 6)),
        (CursorMove("tab-1", "two", 1), Position("two", 1)),  # of another epoch
    ]
    for move, expected in steps:
        cursors.store({held.row: move})
        (now,) = cursors.take([claim]).values()
        assert now == (held.row, expected, None)
    other = CursorClaim("org_123", "dana", "wall", ALERTS, "tab-2")
    assert cursors.take([other])[other] == (held.row, Position("two", 1), None)
    assert cursors.holders([held.row]) == {held.row: "tab-2"}


def test_many_claims_and_many_moves_cost_a_fixed_number_of_statements(
    organization: Organization, django_assert_num_queries: object
):
    claims = [CursorClaim("org_123", f"user {n}", "wall", ALERTS, f"tab-{n}") for n in range(200)]
    with django_assert_num_queries(4 + 2):  # type: ignore[operator]  # and the savepoint
        held = cursors.take(claims)
    moves = {each.row: CursorMove(claim.holder, "one", 7) for claim, each in held.items() if each is not None}
    assert len(moves) == 200
    with django_assert_num_queries(2 + 2):  # type: ignore[operator]
        cursors.store(moves)
    assert set(Cursor.objects.values_list("seq", flat=True)) == {7}


def test_cursors_that_nobody_used_for_a_month_are_forgotten(organization: Organization):
    cursors.take([CursorClaim("org_123", "dana", name, ALERTS, "tab") for name in ("old", "new")])
    Cursor.objects.filter(name="old").update(moved_at=timezone.now() - timedelta(days=31))
    assert purge() == 1
    assert Cursor.objects.get().name == "new"


async def test_a_cursor_that_the_log_no_longer_reaches_gets_a_snapshot(server: LiveServer, token: str, support: Scope):
    room = "backlog:org:org_123"
    async with socket(server, token) as client:
        await client.subscribe(room, durable="wall")
        await in_thread(note, support, 1, channel="backlog")
        await client.up_to(1)
    await in_thread(store.purge, now=timezone.now() + timedelta(days=2))
    server.on_loop(lambda: server.hub.streams[room].ring.restart(server.hub.streams[room].ring.epoch, 1))
    async with socket(server, token) as back:
        answer = await back.subscribe(room, durable="wall")
        assert answer["data"]["recovered"] is False
        assert (await back.until("backlog:snapshot"))["seq"] == 1


@pytest.mark.usefixtures("transactional_db")
def test_claims_and_moves_of_the_same_cursors_at_once_never_deadlock(organization: Organization):
    """Rows were made in another order than their names have: locking some by name and some by row would deadlock."""
    names = [f"wall-{number}" for number in range(40)]
    for name in reversed(names):
        cursors.take([CursorClaim("org_123", "dana", name, ALERTS, "tab")])
    rows = list(Cursor.objects.values_list("pk", flat=True))
    barrier = threading.Barrier(4)

    def work(number: int) -> None:
        try:
            for seq in range(12):
                barrier.wait(30)
                if number % 2:
                    cursors.store({row: CursorMove("tab", "one", seq) for row in rows})
                elif number:
                    cursors.forget(now=timezone.now() + timedelta(days=29))
                    cursors.take([CursorClaim("org_123", "dana", name, ALERTS, "tab") for name in names])
                else:
                    cursors.take([CursorClaim("org_123", "dana", name, ALERTS, "tab") for name in names])
        except Exception:
            barrier.abort()
            raise
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, number) for number in range(4)]:
            done.result(120)
    assert Cursor.objects.filter(seq=11).count() == 40
