"""The real page with a scripted server behind it: sockets and REST answer from what the test put on the stage."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.async_api import Page, Route, WebSocketRoute

from tests.browser.storm import ORGANIZATION, spell

CHANNELS = ("kpi", "backlog", "attendance", "alerts")


@dataclass
class Stage:
    """`snapshots` by channel, `answers` by the path of the REST call."""

    snapshots: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in CHANNELS})
    answers: dict[str, Any] = field(default_factory=dict)
    seqs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHANNELS, 0))
    sockets: list[WebSocketRoute] = field(default_factory=list)
    held: bool = False
    """Whether subscriptions wait for `release`."""
    _waiting: list[Callable[[], None]] = field(default_factory=list)

    async def open_on(self, page: Page) -> None:
        await page.route_web_socket("**/ws*", self._connected)
        await page.route("**/api/**", self._answer)

    def publish(self, event: str, data: dict[str, Any]) -> None:
        channel = {"alert": "alerts", "action": "alerts"}.get(event.split(":")[0], event.split(":")[0])
        self.seqs[channel] += 1
        message = {"event": event, "data": data, **self._position(channel), "ts": spell(datetime.now(UTC))}
        self.sockets[-1].send(json.dumps(message))

    def release(self) -> None:
        self.held = False
        for subscribe in self._waiting:
            subscribe()

    # --- the socket --------------------------------------------------------------------------------------------------
    def _connected(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda text: self._heard(socket, json.loads(text)))
        self._say(socket, "welcome", connection_id="c1", heartbeat_seconds=20, protocol="intraday", version=1)

    def _heard(self, socket: WebSocketRoute, message: dict[str, Any]) -> None:
        event, id_ = message["event"], message.get("id")
        if event == "authenticate":
            who = {"user_id": "ada", "organization_id": ORGANIZATION, "role": "admin", "expires_at": None}
            self._say(socket, "authenticated", id_, **who)
        elif event == "subscribe" and self.held:
            self._waiting.append(lambda: self._subscribe(socket, message["data"]["rooms"], id_))
        elif event == "subscribe":
            self._subscribe(socket, message["data"]["rooms"], id_)
        elif event == "ping":
            self._say(socket, "pong", id_, server_time=spell(datetime.now(UTC)))

    def _subscribe(self, socket: WebSocketRoute, rooms: list[str], id_: str | None) -> None:
        channels = {room.split(":")[0] for room in rooms}
        position = {f"{name}:org:{ORGANIZATION}": {"epoch": "e1", "seq": self.seqs[name]} for name in channels}
        self._say(socket, "subscribed", id_, rooms=rooms, position=position, recovered=False)
        for name in sorted(channels):
            heard = [room for room in rooms if room.startswith(f"{name}:")]
            items = [item for item in self.snapshots[name] if any(_hears(room, item) for room in heard)]
            message = {"event": f"{name}:snapshot", "data": {"rooms": heard, "items": items}, **self._position(name)}
            socket.send(json.dumps(message | {"ts": spell(datetime.now(UTC))}))

    def _position(self, channel: str) -> dict[str, Any]:
        return {"stream": f"{channel}:org:{ORGANIZATION}", "epoch": "e1", "seq": self.seqs[channel]}

    @staticmethod
    def _say(socket: WebSocketRoute, event: str, id_: str | None = None, /, **data: Any) -> None:
        socket.send(json.dumps({"event": event, "data": data} | ({"id": id_} if id_ else {})))

    # --- REST --------------------------------------------------------------------------------------------------------
    async def _answer(self, route: Route) -> None:
        answer = self.answers.get(urlsplit(route.request.url).path, {"items": [], "next": None})
        if callable(answer):
            answer = answer(route.request)
        status = answer.pop("status_code", 200) if isinstance(answer, dict) else 200
        await route.fulfill(status=status, json=answer)


def _hears(room: str, item: dict[str, Any]) -> bool:
    names = room.split(":")
    asked = dict(zip(names[1::2], map(unquote, names[2::2]), strict=True))
    return all(
        item.get(field) == asked[short]
        for short, field in (("dept", "department_id"), ("queue", "queue_name"))
        if short in asked
    )
