"""Shut down: tell each client when to reconnect, and close the connections one by one.

The other processes then see their return as a trickle: the more there are, the longer both take, within bounds.
"""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog

from intraday.rest.errors import error_body
from realtime.hub.fanout.connections import Connection
from realtime.hub.hub import Hub
from realtime.protocol.messages import Close

log = structlog.get_logger(__name__)

RETURN_SECONDS_EACH, MAX_RETURN_SECONDS = 0.01, 10.0  # clients come back within this, counted from their close
CLOSE_SECONDS_EACH, MAX_CLOSE_SECONDS = 0.005, 4.0  # between the first close and the last
LAST_MESSAGE_SECONDS = 1.0  # for a client that is slow to take what was written
REASON = "this process stops; reconnect"

begun = threading.Event()
"""Set while this process shuts down: it is not ready for new clients."""

Send = Callable[[dict[str, Any]], Awaitable[None]]


async def refuse(send: Send) -> None:
    """Answer a new socket with 503: a proxy then asks another process, and the client notices nothing.

    Streams of events are let in and closed with the others: a browser's EventSource would give up for good.
    """
    body = msgspec.json.encode(error_body("unavailable", "This process is about to stop; try again."))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), (b"retry-after", b"1")]
    await send({"type": "websocket.http.response.start", "status": 503, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


async def close_all(hub: Hub) -> None:
    begun.set()
    leaving = list(hub.connections.values())
    random.shuffle(leaving)
    log.info("shutdown_begun", connections=len(leaving))
    within = min(MAX_RETURN_SECONDS, len(leaving) * RETURN_SECONDS_EACH)
    for connection in leaving:
        say_reconnect(connection, within)
    pause = min(MAX_CLOSE_SECONDS, len(leaving) * CLOSE_SECONDS_EACH) / max(1, len(leaving))
    known, closing = set(leaving), []
    for connection in leaving:
        closing.append(asyncio.create_task(_close(connection)))
        await asyncio.sleep(pause)
    late = [connection for connection in hub.connections.values() if connection not in known]  # over plain HTTP
    await asyncio.gather(*closing, *map(_close, late))


async def _close(connection: Connection) -> None:
    await connection.close(Close.RESTART, REASON, within=LAST_MESSAGE_SECONDS)


def say_reconnect(connection: Connection, within: float) -> None:
    """Send `reconnect` with a random delay."""
    connection.send("reconnect", {"retry_after_ms": round(random.uniform(0, within) * 1000)})
