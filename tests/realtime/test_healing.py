"""The layer may lose, delay and reorder; the log decides what is true."""

import asyncio
import time
from typing import Any

import pytest
from django.db import connection, transaction

from intraday.org.models import Organization, Scope
from realtime.eventlog import sender
from realtime.eventlog.records import Appended
from realtime.eventlog.sender import layer_message
from realtime.hub.rights import Grant
from realtime.hub.subscribing import SubscribeRequest
from realtime.models import Segment, Stream
from realtime.protocol.rooms import Room
from tests.live import LiveServer, socket
from tests.realtime.notes import in_thread, lose, note, scope_of
from tests.realtime.streams import BACKLOG, CUSTOM, cursor, listeners, numbers


def hand_over(server: LiveServer, *appended: Appended) -> None:
    """Hand messages to the hub as if the layer had brought them now, in this order."""
    server.on_loop(lambda: [server.hub.receiver.take(layer_message(each)) for each in appended] and None)


# --- what the layer lost ---------------------------------------------------------------------------------------------
async def test_what_the_layer_lost_comes_from_the_log_in_one_read_for_all(
    any_server: LiveServer, token: str, support: Scope
):
    @transaction.atomic
    def lose_some() -> None:
        for number in range(50):
            lose(support, number)

    async with listeners(any_server, token, *[CUSTOM] * 20) as clients:
        healed = any_server.hub.healing.healed
        await in_thread(lose_some)
        for client in clients:
            await client.up_to(50)
            assert numbers(client) == list(range(50))
        assert any_server.hub.healing.healed - healed == 1


async def test_an_event_that_shows_a_gap_waits_for_what_is_before_it(server: LiveServer, token: str, support: Scope):
    async with socket(server, token) as client:
        await client.subscribe(CUSTOM)
        expected = 0
        for round_ in range(10):
            await in_thread(note, support, expected)
            for _ in range(round_ % 3):
                expected += 1
                await in_thread(lose, support, expected)
            expected += 1
            await in_thread(note, support, expected)
            expected += 1
        await client.up_to(expected)
        assert numbers(client) == list(range(expected))
        assert client.seqs() == list(range(1, expected + 1))


async def test_messages_that_overtook_each_other_are_put_in_order_without_reading_the_log(
    any_server: LiveServer, token: str, support: Scope
):
    async with socket(any_server, token) as client:
        await client.subscribe(CUSTOM)
        stream = any_server.hub.streams[CUSTOM]

        @transaction.atomic
        def commit() -> tuple[list[Appended], int]:
            appended = [lose(support, number, number) for number in range(6)]
            for index in (3, 1, 5, 1, 2, 4, 0, 3):  # some of them twice
                hand_over(any_server, appended[index])
            return appended, any_server.on_loop(lambda: stream.ring.last or 0)

        appended, last = await in_thread(commit)
        assert last == 12, "before anybody could have read it in the log"
        await client.up_to(12)
        assert client.seqs() == list(range(1, 13))
        hand_over(any_server, *appended)  # once more, all of them
        await in_thread(note, support, 99)
        await client.up_to(13)
        assert client.seqs() == list(range(1, 14))


async def test_an_event_that_was_published_while_nobody_was_in_the_group_is_heard(
    server: LiveServer, token: str, support: Scope
):
    """Between the snapshot and the group: what is published there reaches no layer channel of ours."""
    async with asyncio.TaskGroup() as group, socket(server, token) as client:
        publishing = group.create_task(in_thread(lambda: [note(support, number) for number in range(60)]))
        answer = await client.subscribe(CUSTOM)
        await publishing
        await client.up_to(60)
        start = answer["data"]["position"][CUSTOM]["seq"]
        assert client.seqs() == list(range(start + 1, 61))


async def test_a_slow_read_of_the_log_that_the_layer_overtook_starts_nothing_anew(
    server: LiveServer, token: str, support: Scope
):
    """The read sees a head below what was delivered meanwhile. That is no restored backup: nobody needs a snapshot."""
    async with socket(server, token) as client:
        await client.subscribe(BACKLOG)
        await client.until("backlog:snapshot")
        hub = server.hub

        def overtake() -> None:
            first = lose(support, 1, channel="backlog")
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("LOCK TABLE realtime_segment IN ACCESS EXCLUSIVE MODE")
                for _ in range(2_000):  # until a read that began before our commit waits for the table
                    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                    if cursor.fetchone()[0]:
                        break
                second = lose(support, 2, channel="backlog")
                hand_over(server, first, second)
            hand_over(server, second)

        async def heal() -> None:
            asyncio.run_coroutine_threadsafe(hub.healing.heal(hub.streams[BACKLOG]), server.loop)

        overtaking = asyncio.create_task(in_thread(overtake))
        while not overtaking.done():
            await heal()
            await asyncio.sleep(0.01)
        await overtaking
        await in_thread(note, support, 3, channel="backlog")
        await client.up_to(3)
        await client.quiet()
        assert client.seqs() == [1, 2, 3]
        assert [message["event"] for message in client.heard].count("backlog:snapshot") == 1


# --- another epoch ---------------------------------------------------------------------------------------------------
def restore(stream: str, epoch: str, head: int = 0) -> None:
    """Go back to an older state under a new epoch, as restoring a backup does."""
    with transaction.atomic():
        Segment.objects.filter(stream=stream, last_seq__gt=head).delete()
        Stream.objects.filter(name=stream).update(epoch=epoch, head=head)


@pytest.mark.parametrize("told", [True, False], ids=["by a message", "by the heads alone"])
async def test_a_new_epoch_gives_everybody_a_snapshot_and_then_its_own_events(
    any_server: LiveServer, token: str, support: Scope, told: bool
):
    room = f"{BACKLOG}:queue:support"
    async with socket(any_server, token) as one, socket(any_server, token) as other:
        for client, name in ((one, BACKLOG), (other, room)):
            await client.subscribe(name)
            await client.until("backlog:snapshot")
        await in_thread(note, support, *range(5), channel="backlog")
        await one.up_to(5)
        await other.up_to(5)
        await in_thread(restore, BACKLOG, "restored", head=2)
        if told:
            await in_thread(note, support, 77, channel="backlog")
        for client in (one, other):
            snapshot = await client.until("backlog:snapshot")
            assert snapshot["epoch"] == "restored"
        head = 2 + told
        await in_thread(note, support, 88, channel="backlog")
        for client in (one, other):
            event = await client.until("custom:note")
            while event["data"]["number"] != 88:
                event = await client.until("custom:note")
            assert (event["epoch"], event["seq"]) == ("restored", head + 1)
    async with socket(any_server, token) as back:
        answer = await back.subscribe(room, since=cursor(one, BACKLOG))
        assert answer["data"]["recovered"] is True


async def test_where_a_channel_has_no_snapshot_a_new_epoch_says_resync(server: LiveServer, token: str, support: Scope):
    async with socket(server, token) as client:
        await client.subscribe(CUSTOM)
        await in_thread(note, support, 1)
        await client.up_to(1)
        await in_thread(restore, CUSTOM, "restored")
        told = await client.until("custom:resync")
        assert (told["epoch"], told["seq"]) == ("restored", 0)
        assert told["data"]["organization_id"] == "org_123"
        await in_thread(note, support, 2)
        assert (await client.until("custom:note"))["seq"] == 1


def leave_one(server: LiveServer, connection_id: str, room: str) -> None:
    server.hub.unsubscribe(server.hub.connections[connection_id], frozenset({Room.parse(room)}))


async def test_rooms_left_while_everything_begins_anew_do_not_silence_the_others(
    server: LiveServer, token: str, support: Scope, billing: Scope
):
    """The epoch changed, a snapshot is being read, and the client unsubscribes one of its rooms just then."""
    mine, left = f"{BACKLOG}:queue:support", f"{BACKLOG}:queue:billing"
    async with socket(server, token) as client:
        await client.subscribe(mine, left)
        await in_thread(note, support, *range(20), channel="backlog")
        await client.up_to(20)
        hub, stream = server.hub, server.hub.streams[BACKLOG]

        def change() -> None:
            stream.restart("restored", 0)
            hub.registry.resync_all(BACKLOG)
            leave_one(server, client.heard[0]["data"]["connection_id"], left)

        await in_thread(restore, BACKLOG, "restored")
        server.on_loop(change)
        snapshot = await client.until("backlog:snapshot")
        while snapshot["epoch"] != "restored":
            snapshot = await client.until("backlog:snapshot")
        await in_thread(note, billing, 1, channel="backlog")
        await in_thread(note, support, 2, channel="backlog")
        event = await client.until("custom:note")
        assert (event["epoch"], event["seq"]) == ("restored", 2)


async def test_rooms_added_while_everything_begins_anew_do_not_cost_the_others_their_snapshot(
    server: LiveServer, token: str, support: Scope
):
    mine, added = f"{BACKLOG}:queue:support", f"{BACKLOG}:queue:billing"
    async with socket(server, token) as client:
        await client.subscribe(mine)
        await in_thread(note, support, *range(20), channel="backlog")
        await client.up_to(20)
        hub, stream = server.hub, server.hub.streams[BACKLOG]
        holding = hub.connections[client.heard[0]["data"]["connection_id"]]

        def change() -> None:
            stream.restart("restored", 0)
            hub.registry.resync_all(BACKLOG)
            hub.spawn(hub.subscribe(holding, SubscribeRequest(Grant(frozenset({Room.parse(added)})))))

        await in_thread(restore, BACKLOG, "restored")
        server.on_loop(change)
        rooms: set[str] = set()
        while rooms != {mine, added}:  # the older room is shown anew as well
            snapshot = await client.until("backlog:snapshot")
            if snapshot["epoch"] == "restored":
                rooms |= set(snapshot["data"]["rooms"])
        await in_thread(note, support, 2, channel="backlog")
        event = await client.until("custom:note")
        assert (event["epoch"], event["seq"]) == ("restored", 1)


async def test_who_comes_with_a_seq_above_the_head_is_shown_the_state(server: LiveServer, token: str, support: Scope):
    """After a restore under the old epoch, that is all that can be seen of it."""
    await in_thread(note, support, 1, channel="backlog")
    epoch = await in_thread(lambda: Stream.objects.get().epoch)
    async with socket(server, token) as client:
        answer = await client.subscribe(BACKLOG, since={BACKLOG: {"epoch": epoch, "seq": 9}})
        assert answer["data"]["recovered"] is False
        assert (await client.until("backlog:snapshot"))["seq"] == 1


# --- the database away -----------------------------------------------------------------------------------------------
async def test_requests_while_the_database_is_away_are_refused_and_live_goes_on_when_it_is_back(
    server: LiveServer, token: str, organization: Organization, support: Scope
):
    def rename(old: str, new: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")

    async with socket(server, token) as client:
        await client.subscribe(CUSTOM)
        await in_thread(rename, "realtime_stream", "away")
        try:
            await client.say("subscribe", rooms=[BACKLOG])
            assert (await client.until("error"))["data"]["code"] == "unavailable"
            await client.say("subscribe", rooms=[f"{CUSTOM}:queue:support"])
            assert (await client.until("error"))["data"]["code"] == "unavailable"
            heads = server.hub.loops["heads"]
            rounds = heads.rounds
            while heads.rounds < rounds + 2:
                await asyncio.sleep(0.05)
        finally:
            await in_thread(rename, "away", "realtime_stream")
        await in_thread(lose, support, 1)
        await in_thread(note, support, 2)
        await client.up_to(2)
        assert numbers(client) == [1, 2]
        assert (await client.subscribe(BACKLOG))["data"]["rooms"] == [BACKLOG]


async def test_what_another_process_publishes_is_heard_through_the_layer(
    server: LiveServer, token: str, organization: Organization
):
    """Sent from a loop of its own, as a worker does; nothing has to be healed."""
    scope = await in_thread(scope_of, organization)
    async with socket(server, token) as client:
        await client.subscribe(CUSTOM)
        own, healed = sender.current(), server.hub.healing.healed
        sender._sender = None
        try:
            await in_thread(note, scope, 1)
            assert sender.current() is not own
            await client.up_to(1)
        finally:
            worker, sender._sender = sender._sender, own
        assert client.seqs() == [1]
        assert server.hub.healing.healed == healed
        await asyncio.to_thread(end, worker)


def end(worker: Any) -> None:
    from channels.layers import get_channel_layer

    asyncio.run_coroutine_threadsafe(get_channel_layer().flush(), worker.loop).result(10)
    worker.loop.call_soon_threadsafe(worker.loop.stop)
    while worker.loop.is_running():
        time.sleep(0.01)
    worker.loop.close()
