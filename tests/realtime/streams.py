"""The streams of org_123: what clients heard of them, and how a server or the log forgets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from django.db import transaction

from backlog.services import levels_above
from realtime.eventlog import store
from realtime.models import Segment, Stream
from realtime.protocol.messages import Payload
from tests.live import LiveServer, Socket, socket
from tests.realtime.notes import in_thread

BACKLOG, CUSTOM = "backlog:org:org_123", "custom:org:org_123"


def numbers(client: Socket) -> list[int]:
    return [message["data"]["number"] for message in client.events()]


def cursor(client: Socket, stream: str) -> dict[str, Any]:
    last = [message for message in client.heard if message.get("stream") == stream][-1]
    return {stream: {"epoch": last["epoch"], "seq": last["seq"]}}


async def settled(stream: str = BACKLOG) -> int:
    """Let the levels above queues follow what was posted so far; the head of the stream is then this."""
    assert await asyncio.to_thread(levels_above.drain, 30.0)
    return (await in_thread(store.heads, [stream]))[stream][1]


@asynccontextmanager
async def listeners(server: LiveServer, token: str, *rooms: str) -> AsyncIterator[list[Socket]]:
    """One connection per room."""
    async with asyncio.TaskGroup() as group:
        done = asyncio.Event()
        ready: list[asyncio.Future[Socket]] = []

        async def listen(room: str, opened: asyncio.Future[Socket]) -> None:
            async with socket(server, token) as client:
                await client.subscribe(room)
                opened.set_result(client)
                await done.wait()

        for room in rooms:
            ready.append(asyncio.get_running_loop().create_future())
            group.create_task(listen(room, ready[-1]))
        try:
            yield list(await asyncio.wait_for(asyncio.gather(*ready), 30))
        finally:
            done.set()


def server_forgets(server: LiveServer, stream: str) -> None:
    """The ring begins at the head, as if the server had just been started."""
    ring = server.hub.streams[stream].ring
    server.on_loop(lambda: ring.restart(ring.epoch, ring.last or 0))


async def forgotten(server: LiveServer, but: int = 0) -> None:
    for _ in range(1_000):
        if len(server.hub.connections) == but:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{len(server.hub.connections)} connections are still known")


def rewind(stream: str, head: int) -> None:
    """As a restored backup, or a failover that lost commits: an older state, under the same epoch."""
    with transaction.atomic():
        Segment.objects.filter(stream=stream, last_seq__gt=head).delete()
        Stream.objects.filter(name=stream).update(head=head)


def epoch_of(stream: str = BACKLOG) -> str:
    return Stream.objects.get(name=stream).epoch


class Gauge(Payload, frozen=True, kw_only=True):
    """One of which the newest per scope says it all."""

    event: ClassVar[str] = "custom:gauge"

    organization_id: str
    queue_name: str
    level: int
    trend: str | None
    text: str = "x" * 200
