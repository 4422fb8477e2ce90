"""Heartbeats to all connections, and the end of those whose client does not read."""

import asyncio
from collections.abc import Mapping

import structlog

from realtime.hub.fanout.connections import Connection
from realtime.protocol import messages
from realtime.protocol.messages import Close

log = structlog.get_logger(__name__)

STUCK_SECONDS = 15.0  # a client that accepts no byte for this long is closed


class Heartbeats:
    """Sends one heartbeat to each connection in HEARTBEAT_SECONDS, spread over the seconds."""

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        self._connections = connections
        self.beat = 0

    async def send_next(self) -> None:
        """Send the heartbeats of the next second; their positions advance the cursors of quiet rooms."""
        self.beat += 1
        self.send(self.beat)

    def send(self, beat: int) -> None:
        slot = beat % messages.HEARTBEAT_SECONDS
        for connection in list(self._connections.values()):
            if hash(connection.id) % messages.HEARTBEAT_SECONDS == slot and connection.writer.ready:
                connection.send("heartbeat", {"position": connection.positions()})


def close_stuck(connections: Mapping[str, Connection]) -> None:
    """Close connections whose client has accepted no byte for STUCK_SECONDS."""
    now = asyncio.get_running_loop().time()
    for connection in list(connections.values()):
        if connection.writer.ready and connection.stuck_at is None:
            continue  # nearly all
        stuck_at = connection.writer.stuck()
        if stuck_at is None or stuck_at != connection.stuck_at:
            connection.stuck_at, connection.stuck_since = stuck_at, now
        elif now - connection.stuck_since > STUCK_SECONDS:
            log.info("slow_client_closed", connection=connection.id, code=Close.TOO_SLOW)
            connection.writer.fail(Close.TOO_SLOW, "the client does not read; reconnect and replay")
