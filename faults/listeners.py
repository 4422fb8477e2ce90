"""Listeners of whole tenants that come back with their cursor, and note every row they heard of."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from ssl import SSLContext
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from faults.feeds import BACKLOG, Key
from intraday.api_client.listen import LARGEST_MESSAGE, Request
from intraday.api_client.sequence_check import SequenceCheck

CHANNELS = ["backlog", "kpi", "attendance", "alerts"]
FIRST_WAIT, LONGEST_WAIT = 0.3, 5.0  # seconds between attempts
PING = 5.0  # seconds: a silent path is noticed within two of them


@dataclass
class Listener:
    request: Request
    addresses: Sequence[str]
    random: Random
    certificates: SSLContext | None = None
    sequences: SequenceCheck = field(default_factory=SequenceCheck)
    heard: Counter[Key] = field(default_factory=Counter)
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)
    sessions: int = 0
    unrecovered: int = 0
    _address: int = 0
    _attempt: int = 0

    async def run(self) -> None:
        while True:
            try:
                await self._session()
            except (ConnectionClosed, InvalidHandshake, OSError):
                self._address += 1
            pause = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._attempt, 10))
            self._attempt += 1
            await asyncio.sleep(self.random.uniform(0, pause))

    async def _session(self) -> None:
        address = self.addresses[self._address % len(self.addresses)].replace("http", "ws", 1)
        limits = {"max_size": LARGEST_MESSAGE, "open_timeout": 10, "close_timeout": 2, "proxy": None}
        alive = {"ping_interval": PING, "ping_timeout": PING}
        async with connect(f"{address}/ws", ssl=self.certificates, **limits, **alive) as socket:
            await socket.send(json.dumps(self.request.authenticate()))
            async for text in socket:
                await self._take(socket, json.loads(text))

    async def _take(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        resuming = bool(self.sequences.positions)
        self.sequences.saw(message)
        match message["event"]:
            case "authenticated":
                await socket.send(json.dumps(self.request.subscribe(self.sequences.since())))
            case "subscribed":
                self._attempt, self.sessions = 0, self.sessions + 1
                self.unrecovered += resuming and not message["data"].get("recovered")
                self.subscribed.set()
            case "error":  # such as `unavailable` while the database is away: this session would never hear anything
                raise ConnectionResetError(message["data"].get("code", "error"))
            case "backlog:update":
                self._note(message["data"])

    def _note(self, data: dict[str, Any]) -> None:
        if not data["derived"]:
            self.heard[BACKLOG, data["queue_name"], datetime.fromisoformat(data["timestamp"])] += 1
