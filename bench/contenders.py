"""The servers that are compared: how to start each, publish to it and subscribe at it."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench import payload
from bench.machine import PEERS
from bench.scopes import ORGANIZATION

PYTHON = sys.executable
OUR_ENVELOPE = (
    f'{{"event":"bench:event","data":,"stream":"custom:org:{ORGANIZATION}","epoch":"12345678","seq":100,'
    '"ts":"2026-01-31T10:00:00.000000Z"}'
)


@dataclass(frozen=True, kw_only=True)
class Contender:
    name: str
    server: Callable[[int], list[str]]
    publisher: tuple[str, ...]  # empty: the server publishes by itself
    path: str
    steps: tuple[tuple[str, str], ...]  # (what a client sends, what it then waits for)
    envelope_bytes: int  # of a message, around the event's data
    env: dict[str, str] = field(default_factory=dict)


def ours(env: dict[str, str], key: str) -> Contender:
    authenticate = f'{{"event":"authenticate","data":{{"token":"{key}"}}}}'
    return Contender(
        name="ours",
        server=lambda port: [PYTHON, "manage.py", "serve", "--host", "127.0.0.1", "--port", str(port)],
        publisher=(PYTHON, "-m", "bench.publisher"),
        path="/ws",
        steps=((authenticate, '"event":"authenticated"'), _subscribing("custom")),
        envelope_bytes=len(OUR_ENVELOPE),
        env=env,
    )


def _subscribing(channel: str, **options: Any) -> tuple[str, str]:
    data = {"channels": [channel], "organization_id": ORGANIZATION, **options}
    return json.dumps({"event": "subscribe", "data": data}), '"event":"subscribed"'


def listening_to(ours: Contender, channel: str, **options: Any) -> tuple[tuple[str, str], ...]:
    """Return the contender's steps for another channel or another position."""
    authenticating, _ = ours.steps
    return authenticating, _subscribing(channel, snapshot=False, **options)


def bare() -> Contender:
    return Contender(
        name="bare",
        server=lambda port: [PYTHON, "-m", "bench.peers.bare", str(port)],
        publisher=(),
        path="/",
        steps=(("hello", '"event":"subscribed"'),),
        envelope_bytes=len('{"event":"bench:event","data":}'),
    )


def stock(env: dict[str, str]) -> Contender:
    application = "bench.peers.stock:application"
    return Contender(
        name="stock",
        server=lambda port: [PYTHON, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port), application],
        publisher=(PYTHON, "-m", "bench.peers.stock"),
        path="/",
        steps=(('{"event":"subscribe","data":{}}', '"event": "subscribed"'),),
        envelope_bytes=len('{"event": "bench:event", "data": }') + payload.SPACES,
        env=env,
    )


def stock_uvicorn(env: dict[str, str]) -> Contender:
    application = "bench.peers.stock:application"
    base = stock(env)
    return Contender(
        name="stock-uvicorn",
        server=lambda port: [
            *(PYTHON, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "--loop", "uvloop"),
            *("--ws", "websockets-sansio", "--log-level", "warning", "--lifespan", "off", "--backlog", "2048"),
            *("--ws-per-message-deflate", "false", application),
        ],
        publisher=base.publisher,
        path=base.path,
        steps=base.steps,
        envelope_bytes=base.envelope_bytes,
        env=env,
    )


def socketio(env: dict[str, str], node: str) -> Contender:
    script = str(PEERS / "socketio.mjs")
    return Contender(
        name="socketio",
        server=lambda port: [node, script, "serve", str(port)],
        publisher=(node, script, "publish"),
        path="/socket.io/?EIO=4&transport=websocket",
        steps=(("40", '40{"sid"'), ('42["subscribe","custom"]', '42["subscribed"')),
        envelope_bytes=len('42["bench:event",]'),
        env=env,
    )
