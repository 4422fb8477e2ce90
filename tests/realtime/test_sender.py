import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from channels.layers import channel_layers, get_channel_layer
from django.db import transaction

from intraday.org.models import Organization
from realtime.eventlog import sender
from realtime.eventlog.records import Appended
from realtime.eventlog.sender import MAX_BODY_BYTES, MAX_WAITING, Sender
from realtime.protocol.rooms import group_name
from realtime.publish import publish
from tests.conftest import key_of
from tests.live import Caller, LiveServer, Message, Socket, socket, stats_say
from tests.realtime.notes import Note, in_thread, lose, note, scope_of
from tests.realtime.streams import settled
from tests.services import Valkey

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])

CUSTOM, BACKLOG = "custom:org:org_123", "backlog:org:org_123"
POST = "/api/schedulesbacklog/batch-ingest"


def rows(minute: int, *queues: str) -> dict[str, object]:
    time = f"2026-01-31T{minute // 60:02}:{minute % 60:02}:00Z"
    each = {"snapshot_time": time, "total_items": minute, "average_wait_time_minutes": 1}
    return {"items": [{**each, "queue_name": queue} for queue in queues]}


@asynccontextmanager
async def listening(*streams: str) -> AsyncIterator[Callable[[int], Any]]:
    """Stock Channels: a channel in the groups of these streams. Yields `heard(count)`: so many messages, no more."""
    layer = get_channel_layer()
    channel = await layer.new_channel()
    for stream in streams:
        await layer.group_add(group_name(stream), channel)
    messages: asyncio.Queue[Message] = asyncio.Queue()

    async def receive() -> None:
        while True:
            messages.put_nowait(await layer.receive(channel))

    async def heard(count: int) -> list[Message]:
        found = [await asyncio.wait_for(messages.get(), 10) for _ in range(count)]
        await layer.group_send(group_name(streams[0]), {"type": "end"})  # comes after whatever was sent before
        assert (await asyncio.wait_for(messages.get(), 10))["type"] == "end", "more messages than expected"
        return found

    task = asyncio.create_task(receive())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait([task])
        await layer.flush()


async def test_one_layer_message_per_commit_and_stream(organization: Organization):
    scope = await in_thread(scope_of, organization)

    @transaction.atomic
    def commit() -> None:
        for channel, count in (("backlog", 5), ("custom", 300)):
            publish(channel, [(scope, partial(Note, number=number)) for number in range(count)])

    async with listening(CUSTOM, BACKLOG) as heard:
        await in_thread(commit)
        await in_thread(commit)
        messages = await heard(4)
    places = sorted((message["stream"], message["first"], message["last"]) for message in messages)
    assert places == [(BACKLOG, 1, 5), (BACKLOG, 6, 10), (CUSTOM, 1, 300), (CUSTOM, 301, 600)]
    assert {message["type"] for message in messages} == {"realtime.events"}


async def test_a_batch_of_many_queues_is_one_layer_message(server: LiveServer, organization: Organization):
    token = await in_thread(key_of, organization)
    async with listening(BACKLOG) as heard, Caller(server, token) as api:
        answer = await api.post(POST, rows(1, "support", "billing", "sales"))
        assert answer.json()["accepted"] == 3
        queues, levels = await heard(2)
    assert (queues["first"], queues["last"]) == (1, 3)
    assert (levels["first"], levels["last"]) == (4, 5)  # their department, the organization


async def test_a_rolled_back_commit_sends_nothing(organization: Organization):
    scope = await in_thread(scope_of, organization)

    def undone() -> None:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            note(scope, 1)
            raise ZeroDivisionError

    async with listening(CUSTOM) as heard:
        await in_thread(undone)
        await in_thread(note, scope, 2)
        (message,) = await heard(1)
    assert message["first"] == 1
    assert b'"number":2' in message["body"]


async def test_a_big_commit_travels_as_its_head_alone_and_is_heard_from_the_log(
    server: LiveServer, organization: Organization
):
    scope, token = await in_thread(scope_of, organization), await in_thread(key_of, organization)
    async with listening(CUSTOM) as heard, socket(server, token) as client:
        await client.subscribe(CUSTOM)
        await in_thread(note, scope, 1, text="x" * (MAX_BODY_BYTES + 1))
        await in_thread(note, scope, 2, text="small")
        big, small = await heard(2)
        assert "body" not in big
        assert (big["first"], big["last"]) == (1, 1)
        assert "body" in small
        await client.until("custom:note")
        await client.until("custom:note")
        assert client.seqs() == [1, 2]
        assert len(client.events()[0]["data"]["text"]) == MAX_BODY_BYTES + 1


def test_the_sender_is_bounded_in_messages_and_in_bytes(organization: Organization):
    loop = asyncio.new_event_loop()  # never runs: a layer that takes nothing
    stuck = Sender(loop)
    for number in range(MAX_WAITING + 200):
        stuck.hand_over(Appended(CUSTOM, "epoch", number, number, b"[]", b"x" * 200_000))
    assert stuck.dropped == 200
    assert len(stuck._waiting) == MAX_WAITING
    assert sum(len(str(waiting)) for waiting in stuck._waiting) < MAX_WAITING * 1_000, "big bodies are in the log"
    loop.close()


# --- the layer is down -----------------------------------------------------------------------------------------------
async def hear_up_to(client: Socket, seq: int) -> None:
    while (client.seqs() or [0])[-1] < seq:
        await client.hear(15)


def break_it(valkey: Valkey, how: str) -> None:
    valkey.pause() if how == "paused" else valkey.kill()


def repair(valkey: Valkey, how: str) -> None:
    valkey.resume() if how == "paused" else valkey.restart()


@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_without_valkey_requests_answer_screens_go_on_and_all_recovers_by_itself(
    how: str, transactional_db: None, organization: Organization, settings: Any
):
    token = await in_thread(key_of, organization)
    with Valkey() as valkey:
        config = {**settings.CHANNEL_LAYERS["default"]["CONFIG"], "hosts": [valkey.url]}
        settings.CHANNEL_LAYERS = {"default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": config}}
        with LiveServer() as server:
            async with socket(server, token) as one, socket(server, token) as other, Caller(server, token) as api:
                await one.subscribe(BACKLOG)
                await other.subscribe(BACKLOG)
                await api.post(POST, rows(1, "support"))
                await hear_up_to(one, await settled())

                break_it(valkey, how)
                for minute in range(2, 22):
                    assert (await api.post(POST, rows(minute, "support"))).status_code == 201
                head = await settled()
                await hear_up_to(one, head)
                await hear_up_to(other, head)
                await stats_say(api, degraded=True)
                async with socket(server, token) as late:  # who comes now is served as well
                    await late.subscribe(CUSTOM, BACKLOG)
                    scope = await in_thread(scope_of, organization)
                    await in_thread(note, scope, 1)
                    await late.until("custom:note")

                repair(valkey, how)
                await stats_say(api, degraded=False)
                minute = 22
                while True:  # until events come through the layer again, not from the log
                    healed = server.hub.healing.healed
                    await api.post(POST, rows(minute, "support"))
                    seq, minute = await settled(), minute + 1
                    await hear_up_to(one, seq)
                    if server.hub.healing.healed == healed:
                        break
                    assert minute < 100, "events still come from the log alone"
                await hear_up_to(other, seq)
                for client in (one, other):
                    assert client.seqs() == list(range(1, seq + 1))
                await stats_say(api, degraded=False)


async def test_a_group_that_could_not_be_left_does_not_leave_the_server_degraded(
    transactional_db: None, organization: Organization, settings: Any
):
    token = await in_thread(key_of, organization)
    with Valkey() as valkey:
        config = {**settings.CHANNEL_LAYERS["default"]["CONFIG"], "hosts": [valkey.url]}
        settings.CHANNEL_LAYERS = {"default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": config}}
        with LiveServer() as server:
            async with Caller(server, token) as api:
                async with socket(server, token) as client:
                    await client.subscribe(CUSTOM)
                valkey.kill()

                def let_go() -> bool:
                    for stream in server.hub.streams.values():
                        if stream.idle_since is not None:
                            stream.idle_since = -1e9  # as if it had lingered long enough
                    return not server.hub.streams

                while not server.on_loop(let_go):
                    await asyncio.sleep(0.05)
                valkey.restart()
                await stats_say(api, degraded=False)


async def test_a_loop_that_ended_gets_a_successor(organization: Organization):
    """A process without a server sends from a loop of its own."""
    scope = await in_thread(scope_of, organization)
    ended = asyncio.new_event_loop()
    sender.use_loop(ended)
    ended.close()
    channel_layers.backends.clear()
    async with listening(CUSTOM) as heard:
        await in_thread(note, scope, 1)
        (message,) = await heard(1)
        assert message["first"] == 1
        appended = await in_thread(lose, scope, 2)
        sender.hand_over(appended)
        (message,) = await heard(1)
        assert message["first"] == 2
