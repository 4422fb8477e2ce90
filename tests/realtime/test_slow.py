"""Clients that stop reading: nobody waits for them, nothing is kept for them, and they end with the truth."""

import asyncio
import os
import socket as sockets
from collections.abc import Iterator

import pytest
from django.db import transaction

from intraday.channels import CHANNELS
from intraday.org.models import Organization, Scope
from realtime.hub.fanout import liveness
from realtime.hub.fanout.rendering import MAX_BATCH_BYTES
from realtime.hub.fanout.ring import MAX_BYTES, MAX_EVENTS
from realtime.protocol.channel_spec import ChannelSpec, Conflation
from realtime.publish import publish
from tests.live import LiveServer, socket
from tests.realtime.notes import in_thread, note, scope_of, urgent
from tests.realtime.raw import RawSocket
from tests.realtime.streams import Gauge, forgotten

CUSTOM, ALERTS = "custom:org:org_123", "alerts:org:org_123"
QUEUES = ("support", "billing", "sales")
SLOW, COMMITS, LEVELS = 50, 60, 4  # of 2 KB, for each queue
HIGH_WATER = 64 * 1024  # of the transport: above it, it says that it is not writable


@pytest.fixture
def fifty(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[RawSocket]]:
    monkeypatch.setitem(CHANNELS, "custom", ChannelSpec(events={Gauge: Conflation.LATEST_PER_SCOPE}, grant="read"))
    clients = [RawSocket(server) for _ in range(SLOW)]
    yield clients
    for client in clients:
        client.close()


def narrow(server: LiveServer) -> None:
    """The kernel shall hold little for them, or a short test would fit into its buffers."""
    for connection in server.hub.connections.values():
        descriptor = connection.writer._transport.transport.get_extra_info("socket").fileno()  # type: ignore[attr-defined]
        with sockets.socket(fileno=os.dup(descriptor)) as own:
            own.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 8 * 1024)


@transaction.atomic
def measure(scopes: list[Scope], first: int) -> None:
    def gauge(scope: Scope, level: int) -> Gauge:
        return Gauge(organization_id="org_123", queue_name=scope.queue_name, level=level, trend=None, text="x" * 1_800)

    publish(
        "custom",
        [
            (scope, lambda scope=scope, level=level: gauge(scope, level))
            for level in range(first, first + LEVELS)
            for scope in scopes
        ],
    )


def end(client: RawSocket, levels: int, alerts: int) -> tuple[int, int]:
    """Read on until the newest is there; (events heard, events said to be left out)."""
    known: dict[str, int] = {}
    numbers: list[int] = []
    seqs: dict[str, list[int]] = {CUSTOM: [0], ALERTS: [0]}
    heard, left_out = 0, 0
    while known != dict.fromkeys(QUEUES, levels - 1) or len(numbers) < alerts:
        message = client.hear()
        if message["event"] == "conflated":
            assert message["data"]["stream"] == CUSTOM
            left_out += message["data"]["count"]
            continue
        assert message["seq"] > seqs[message["stream"]][-1] or "redelivered" in message
        seqs[message["stream"]].append(message["seq"])
        if message["event"] == "custom:gauge":
            heard += 1
            known[message["data"]["queue_name"]] = message["data"]["level"]
        elif "redelivered" not in message:
            numbers.append(message["data"]["number"])
    assert numbers == list(range(alerts)), "alerts are never left out"
    return heard, left_out


async def test_fifty_that_stop_reading_hold_up_nobody_and_end_with_the_newest_and_every_alert(
    server: LiveServer, token: str, organization: Organization, fifty: list[RawSocket]
):
    scopes = [await in_thread(scope_of, organization, "dept_456", queue) for queue in QUEUES]
    for each in fifty:
        await asyncio.to_thread(each.begin, token, CUSTOM, ALERTS, snapshot=False)
    server.on_loop(lambda: narrow(server))
    async with socket(server, token) as reading:
        await reading.subscribe(CUSTOM, ALERTS)
        for number in range(COMMITS):
            await in_thread(measure, scopes, number * LEVELS)
            if not number % 6:
                await in_thread(urgent, scopes[0], number // 6)
        total = COMMITS * LEVELS * len(QUEUES)
        while len(reading.events()) < total + COMMITS // 6:
            await reading.hear()
        assert [each["seq"] for each in reading.events() if each["stream"] == CUSTOM] == list(range(1, total + 1))
        assert all(message["event"] != "conflated" for message in reading.heard)

        def unsent() -> list[int]:
            writers = [connection.writer for connection in server.hub.connections.values()]
            return [each._transport.unsent_bytes() for each in writers if not each.ready]  # type: ignore[attr-defined]

        waiting = server.on_loop(unsent)
        assert len(waiting) == SLOW
        assert max(waiting) <= HIGH_WATER + MAX_BATCH_BYTES, "what waits is one write, whatever is missing"

        counts = await asyncio.gather(*(asyncio.to_thread(end, each, COMMITS * LEVELS, COMMITS // 6) for each in fifty))
        for heard, left_out in counts:
            assert heard + left_out == total
            assert left_out > total // 4
        assert await reading.quiet(0.1) == []


async def test_who_takes_nothing_for_long_is_told_4008_and_goes_on_from_its_cursor(
    server: LiveServer, token: str, support: Scope, fifty: list[RawSocket], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(liveness, "STUCK_SECONDS", 1.0)
    stuck, *others = fifty
    for each in others:
        each.close()
    await asyncio.to_thread(stuck.begin, token, CUSTOM, ALERTS, snapshot=False)
    await in_thread(urgent, support, 0)
    first = await asyncio.to_thread(stuck.hear)
    await in_thread(urgent, support, *range(1, 30))
    await in_thread(note, support, 1, text="x" * 8_000_000)
    parked = server.on_loop(
        lambda: next(each for each in server.hub.connections.values() if each.subscriptions)
    ).writer._transport  # type: ignore[attr-defined]
    while not parked.close_sent:
        await asyncio.sleep(0.02)
    with pytest.raises(AssertionError, match=r"closed: .*reconnect and replay") as end:
        while True:
            await asyncio.to_thread(stuck.hear)
    assert repr((4008).to_bytes(2, "big"))[2:-1] in str(end.value)
    async with socket(server, token) as back:
        since = {ALERTS: {"epoch": first["epoch"], "seq": first["seq"]}}
        assert (await back.subscribe(ALERTS, since=since))["data"]["recovered"] is True
        await back.up_to(30)
        assert [event["data"]["number"] for event in back.events()] == list(range(1, 30))


# --- a few, under every server ---------------------------------------------------------------------------------------
@pytest.fixture
def three(any_server: LiveServer) -> Iterator[list[RawSocket]]:
    clients = [RawSocket(any_server) for _ in range(3)]
    yield clients
    for client in clients:
        client.close()


async def test_a_reader_that_stops_holds_up_nobody_costs_no_memory_and_ends_with_the_truth(
    any_server: LiveServer, token: str, support: Scope, three: list[RawSocket]
):
    channel = {"frames": "backlog", "asgi": "custom"}[any_server.kind]  # with a snapshot, and without
    room, per_commit, commits = f"{channel}:org:org_123", 30, 340  # 10,200 events, 20 MB

    def flow() -> None:
        for _ in range(20):
            note(support, *range(per_commit), text="x" * 1_850, channel=channel)

    for each in three:
        await asyncio.to_thread(each.begin, token, room)
    async with socket(any_server, token) as one, socket(any_server, token) as other:
        for client in (one, other):
            await client.subscribe(room)
        for head in range(20 * per_commit, (commits + 1) * per_commit, 20 * per_commit):
            await in_thread(flow)
            await asyncio.gather(one.up_to(head), other.up_to(head))  # in step: here all share one machine
        assert one.seqs() == other.seqs() == list(range(1, head + 1))

        def held() -> tuple[int, int, int]:
            """Return the sizes of the ring in bytes and events, and the number of rendered frames."""
            stream = any_server.hub.streams[room]
            rendered = [b.frames for audience in stream._audiences.values() for b in audience._batches.values()]
            return stream.ring._bytes, len(stream.ring._records), sum(map(len, rendered))

        ring_bytes, ring_events, rendered = any_server.on_loop(held)
        assert ring_bytes <= MAX_BYTES
        assert ring_events <= MAX_EVENTS
        assert rendered <= 2 * MAX_BYTES
        positions = any_server.on_loop(
            lambda: sorted(subscription.position or 0 for subscription in any_server.hub.streams[room].members())
        )
        assert positions[:3] < [head] * 3, "the slow ones are behind"
        assert positions[3:] == [head, head]

        for each in three:
            await asyncio.to_thread(ends_with_the_truth, each, head, channel)
        assert await one.quiet() == []
    await forgotten(any_server, but=3)


async def test_a_reader_that_stopped_does_not_keep_the_server_from_stopping(
    server: LiveServer, token: str, support: Scope
):
    slow = await asyncio.to_thread(RawSocket, server)
    await asyncio.to_thread(slow.begin, token, CUSTOM)
    await in_thread(note, support, 1, text="x" * 5_000_000)
    await in_thread(note, support, 2)
    for _ in range(1_000):
        if server.on_loop(lambda: not all(each.writer.ready for each in server.hub.connections.values())):
            break
        await asyncio.sleep(0.01)
    await asyncio.to_thread(server.stop)  # asserts that it ends
    slow.close()
    await asyncio.to_thread(server.start)


async def test_a_reader_that_takes_nothing_for_long_is_closed_and_forgotten(
    server: LiveServer, token: str, support: Scope, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(liveness, "STUCK_SECONDS", 1)
    slow = await asyncio.to_thread(RawSocket, server)
    await asyncio.to_thread(slow.begin, token, CUSTOM)
    async with socket(server, token) as reading:
        await reading.subscribe(CUSTOM)
        await in_thread(note, support, 1, text="x" * 5_000_000)
        await reading.up_to(1)
        await forgotten(server, but=1)
        await in_thread(note, support, 2)
        await reading.up_to(2)
    slow.close()


def ends_with_the_truth(client: RawSocket, head: int, channel: str) -> None:
    """Contiguous up to where it stopped; then a snapshot, or where there is none a resync, that stands for the rest."""
    seq = 0
    while seq < head:
        message = client.hear()
        if message["event"] == "custom:note":
            assert message["seq"] == seq + 1
        else:
            assert message["event"] == {"backlog": "backlog:snapshot", "custom": "custom:resync"}[channel]
            assert message["seq"] >= seq  # at first it is where the subscription began
        seq = message["seq"]
