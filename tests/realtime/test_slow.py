"""Fifty clients that stop reading: nobody waits for them, nothing is kept for them, and they end with the truth."""

import asyncio
import os
import socket as sockets
from collections.abc import Iterator

import pytest
from django.db import transaction

from intraday.channels import CHANNELS
from intraday.org.models import Organization, Scope
from realtime import hub
from realtime.channels import Channel, Keyed
from realtime.publish import publish
from realtime.rendering import MAX_BATCH_BYTES
from tests.live import LiveServer, socket
from tests.realtime.notes import in_thread, note, scope_of, urgent
from tests.realtime.test_options import Gauge
from tests.realtime.test_sockets import RawSocket

CUSTOM, ALERTS = "custom:org:org_123", "alerts:org:org_123"
QUEUES = ("support", "billing", "sales")
SLOW, COMMITS, LEVELS = 50, 60, 4  # of 2 KB, for each queue
HIGH_WATER = 64 * 1024  # of the transport: above it, it says that it is not writable


@pytest.fixture
def slow(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[RawSocket]]:
    monkeypatch.setitem(CHANNELS, "custom", Channel(events={Gauge: Keyed.BY_SCOPE}, grant="read"))
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


def begin(client: RawSocket, token: str) -> None:
    client.say({"event": "authenticate", "data": {"token": token}})
    client.say({"event": "subscribe", "data": {"rooms": [CUSTOM, ALERTS], "snapshot": False}})
    while client.hear()["event"] != "subscribed":
        pass


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
    server: LiveServer, token: str, organization: Organization, slow: list[RawSocket]
):
    scopes = [await in_thread(scope_of, organization, "dept_456", queue) for queue in QUEUES]
    for each in slow:
        await asyncio.to_thread(begin, each, token)
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

        counts = await asyncio.gather(*(asyncio.to_thread(end, each, COMMITS * LEVELS, COMMITS // 6) for each in slow))
        for heard, left_out in counts:
            assert heard + left_out == total
            assert left_out > total // 4
        assert await reading.quiet(0.1) == []


async def test_who_takes_nothing_for_long_is_told_4008_and_goes_on_from_its_cursor(
    server: LiveServer, token: str, support: Scope, slow: list[RawSocket], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hub, "STUCK_SECONDS", 1.0)
    stuck, *others = slow
    for each in others:
        each.close()
    await asyncio.to_thread(begin, stuck, token)
    await in_thread(urgent, support, 0)
    first = await asyncio.to_thread(stuck.hear)
    await in_thread(urgent, support, *range(1, 30))
    await in_thread(note, support, 1, text="x" * 8_000_000)
    parked = server.on_loop(
        lambda: next(each for each in server.hub.connections.values() if each.followers)
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
