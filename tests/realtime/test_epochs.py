"""Positions and the log: what is still true after a restore, a purge, a long silence."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from intraday.org.models import Scope
from realtime.eventlog import store
from realtime.models import Segment, Stream
from tests.live import LiveServer, Message, socket
from tests.realtime.notes import in_thread, note
from tests.realtime.streams import BACKLOG, CUSTOM, cursor, epoch_of, numbers, rewind, server_forgets


# --- new epochs ------------------------------------------------------------------------------------------------------
async def test_a_head_below_what_was_delivered_begins_a_new_epoch_and_everybody_is_shown_the_state(
    any_server: LiveServer, token: str, support: Scope
):
    async with socket(any_server, token) as one, socket(any_server, token) as other:
        for client in (one, other):
            await client.subscribe(BACKLOG)
            await client.until("backlog:snapshot")
        await in_thread(note, support, *range(5), channel="backlog")
        for client in (one, other):
            await client.up_to(5)
        before = await in_thread(epoch_of)
        await in_thread(rewind, BACKLOG, 2)
        for client in (one, other):
            snapshot = await client.until("backlog:snapshot")
            assert snapshot["epoch"] != before
            assert snapshot["seq"] == 2
        await in_thread(note, support, 77, channel="backlog")
        for client in (one, other):
            event = await client.until("custom:note")
            assert (event["seq"], event["data"]["number"]) == (3, 77)
        assert await in_thread(epoch_of) == snapshot["epoch"] == event["epoch"]


async def test_the_command_for_restored_backups_gives_everybody_a_snapshot(
    server: LiveServer, token: str, support: Scope, capsys: pytest.CaptureFixture[str]
):
    async with socket(server, token) as client:
        await client.subscribe(BACKLOG)
        await in_thread(note, support, 1, 2, channel="backlog")
        await client.up_to(2)
        since = cursor(client, BACKLOG)
        await in_thread(call_command, "new_epoch")
        assert "1 streams" in capsys.readouterr().out
        while (snapshot := await client.until("backlog:snapshot"))["epoch"] == since[BACKLOG]["epoch"]:
            pass
        assert snapshot["seq"] == 2
    async with socket(server, token) as back:
        answer = await back.subscribe(BACKLOG, since=since)
        assert answer["data"]["recovered"] is False
    async with socket(server, token) as last:
        since[BACKLOG] = {"epoch": snapshot["epoch"], "seq": 1}  # what lies below says another epoch
        assert (await last.subscribe(BACKLOG, since=since))["data"]["recovered"] is False


# --- purged logs -----------------------------------------------------------------------------------------------------
def purge_all() -> None:
    """Both halves: the tail moves, and after the grace the rows go."""
    store.purge(now=timezone.now() + timedelta(days=2))
    Stream.objects.update(tail_moved_at=F("tail_moved_at") - timedelta(days=4))
    store.purge(now=timezone.now() + timedelta(days=2))


async def test_a_purge_in_the_middle_of_a_replay_tears_nothing(server: LiveServer, token: str, support: Scope):
    """The replay has begun to read, the purge commits, the replay reads on: it is whole."""
    for number in range(1, 41):
        await in_thread(note, support, number)
    epoch = await in_thread(epoch_of, CUSTOM)
    reading, purged = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def purge_while_it_waits() -> None:
        with transaction.atomic(), connection.cursor() as sql:
            sql.execute("LOCK TABLE realtime_segment IN ACCESS EXCLUSIVE MODE")
            loop.call_soon_threadsafe(reading.set)
            for _ in range(2_000):  # until the replay, which has read the stream's row, waits for its segments
                sql.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if sql.fetchone()[0]:
                    break
            purge_all()
        loop.call_soon_threadsafe(purged.set)

    async def replay() -> tuple[Message, list[int]]:
        await reading.wait()
        async with socket(server, token) as client:
            answer = await client.subscribe(CUSTOM, since={CUSTOM: {"epoch": epoch, "seq": 0}})
            assert purged.is_set()
            await client.up_to(40)
            return answer, numbers(client)

    purging = asyncio.create_task(in_thread(purge_while_it_waits))
    answer, heard = await replay()
    await purging
    assert answer["data"]["recovered"] is True
    assert heard == list(range(1, 41))
    assert await in_thread(Segment.objects.count) == 0
    server_forgets(server, CUSTOM)
    async with socket(server, token) as late:
        answer = await late.subscribe(CUSTOM, since={CUSTOM: {"epoch": epoch, "seq": 0}})
        assert answer["data"]["recovered"] is False


async def test_a_quiet_room_that_heard_heartbeats_outlives_the_log(
    server: LiveServer, token: str, support: Scope, billing: Scope
):
    """Nothing happened in it for longer than the log is kept, but much beside it: its cursor went along."""
    room = f"{CUSTOM}:queue:support"
    async with socket(server, token) as client:
        first = await client.subscribe(room)
        await in_thread(note, billing, *range(30))
        position: dict[str, Any] = {CUSTOM: {"seq": 0}}
        while position[CUSTOM]["seq"] < 30:
            await asyncio.sleep(0.01)
            server.on_loop(lambda: [server.hub.heartbeats.send(beat) for beat in range(20)] and None)
            position = (await client.until("heartbeat"))["data"]["position"]
    await in_thread(purge_all)
    server_forgets(server, CUSTOM)
    async with socket(server, token) as back:
        answer = await back.subscribe(room, since=position)
        assert answer["data"]["recovered"] is True
        assert await back.quiet() == []
    async with socket(server, token) as deaf:
        answer = await deaf.subscribe(room, since=first["data"]["position"])
        assert answer["data"]["recovered"] is False


# --- many rooms ------------------------------------------------------------------------------------------------------
async def test_five_hundred_rooms_are_one_replay(server: LiveServer, token: str, support: Scope, billing: Scope):
    rooms = [f"{CUSTOM}:queue:q{number}" for number in range(497)]
    rooms += [f"{CUSTOM}:queue:support", f"{CUSTOM}:queue:billing", f"{CUSTOM}:dept:dept_456"]
    for number in range(1, 21):
        await in_thread(note, support if number % 2 else billing, number)
    epoch = await in_thread(epoch_of, CUSTOM)
    async with socket(server, token) as client:
        answer = await client.subscribe(*rooms, since={CUSTOM: {"epoch": epoch, "seq": 4}})
        assert answer["data"]["recovered"] is True
        assert len(answer["data"]["rooms"]) == 500
        assert answer["data"]["position"].keys() == {CUSTOM}
        await client.up_to(20)
        await in_thread(note, support, 21)
        await client.up_to(21)
        assert client.seqs() == list(range(5, 22))
        assert server.on_loop(lambda: server.hub.streams[CUSTOM].subscriber_count) == 1
