"""A client of the socket that stays: it signs in, subscribes, and resumes after every break where it stopped."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from threading import Event
from typing import Any, Literal

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect

from intraday.api_client.client import loopback
from intraday.api_client.sequence_check import Message, Position, SequenceCheck

TERMINAL = {
    4401: "sign in again",
    4403: "forbidden",
    4413: "too large a message",
    4429: "too many messages or connections",
}
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds
POLL = 0.25  # how soon a stop is noticed
LARGEST_MESSAGE = 64 * 1024 * 1024  # a snapshot of a large organization
SUBSCRIBE_ID = "subscribe"


class ReaderGoneError(Exception):
    """Nobody reads the output any more. (Not an OSError: that would look like a lost connection.)"""


class EndedError(Exception):
    """The server refuses this client; the text says why."""


def _spelled(positions: dict[str, Position]) -> str:
    return ", ".join(f"{stream} {position}" for stream, position in positions.items())


@dataclass(frozen=True)
class Request:
    """A subscription, and the credentials for it."""

    channels: list[str]
    organization: str
    department: str = ""
    queue: str = ""
    user: str = "listener"
    token: str = ""

    def authenticate(self) -> Message:
        who = {"user_id": self.user, "organization_id": self.organization}
        return {"event": "authenticate", "data": {"token": self.token} if self.token else who}

    def subscribe(self, since: dict[str, Any]) -> Message:
        data: dict[str, Any] = {"channels": self.channels, "organization_id": self.organization}
        data |= {"department_id": self.department} if self.department else {}
        data |= {"queue_name": self.queue} if self.queue else {}
        return {"event": "subscribe", "id": SUBSCRIBE_ID, "data": data | ({"since": since} if since else {})}

    def whole(self) -> bool:
        return not self.department and not self.queue


@dataclass
class Listener:
    """`heard` gets every message and its text as it came; `note` gets what a person should know of the connection."""

    url: str
    request: Request
    heard: Callable[[str, Message], None]
    note: Callable[[str], None]
    stop: Event = field(default_factory=Event)
    seconds: float = float("inf")
    count: int | None = None
    random: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        self.sequences = SequenceCheck(whole=self.request.whole())
        self._deadline = time.monotonic() + self.seconds
        self._attempt, self._told_to_wait, self._down = 0, 0.0, False

    def run(self) -> None:
        """Listen until stopped, or to a limit of count or time. Raises EndedError when the server closes for good."""
        while not self._over():
            try:
                self._session()
            except (ConnectionClosed, InvalidHandshake, OSError) as error:
                self._broken(error)
            except InvalidURI as error:
                raise EndedError(str(error)) from error

    def _session(self) -> None:
        proxy: Literal[True] | None = None if loopback(self.url) else True
        with connect(self.url, proxy=proxy, max_size=LARGEST_MESSAGE, open_timeout=10, close_timeout=2) as socket:
            self._send(socket, self.request.authenticate())
            while not self._over():
                try:
                    text = socket.recv(timeout=POLL, decode=True)
                except TimeoutError:
                    continue
                self._take(socket, text)

    def _take(self, socket: ClientConnection, text: str) -> None:
        message = json.loads(text)
        resuming = bool(self.sequences.positions)
        self.sequences.saw(message)
        self.heard(text, message)
        data = message.get("data") or {}
        match message.get("event"):
            case "authenticated":
                self._send(socket, self.request.subscribe(self.sequences.since()))
            case "subscribed":
                self._subscribed(data, resuming=resuming)
            case "reconnect":
                self._told_to_wait = float(data.get("retry_after_ms") or 0) / 1000
            case "error":
                self._error(message, data)

    def _subscribed(self, data: Message, *, resuming: bool) -> None:
        self._attempt, self._down = 0, False
        for room, problem in (data.get("refused") or {}).items():
            self.note(f"not heard: {room} ({problem.get('code')}: {problem.get('message')})")
        if not resuming:
            return
        known = self.sequences.positions
        if data.get("recovered"):
            self.note(f"recovered: going on after {_spelled(known)}")
        else:
            begun = {stream: known[stream] for stream in data.get("position") or {}}
            self.note(f"not recovered: from {_spelled(begun) or 'the snapshot'} on")

    def _error(self, message: Message, data: Message) -> None:
        words = f"{data.get('code', 'error')}: {data.get('message', '')}"
        if SUBSCRIBE_ID in (message.get("id"), data.get("id")):
            raise EndedError(f"subscription refused: {words}")
        self.note(words)

    def _broken(self, error: ConnectionClosed | InvalidHandshake | OSError) -> None:
        reason = self._reason(error)
        if not self._down:
            self.note(f"disconnected ({reason}); connecting again")
        self._down = True
        pause = self.random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._attempt, 10)))
        pause, self._told_to_wait = max(pause, self._told_to_wait), 0.0
        self._attempt += 1
        self.stop.wait(max(0.0, min(pause, self._deadline - time.monotonic())))

    @staticmethod
    def _reason(error: ConnectionClosed | InvalidHandshake | OSError) -> str:
        """Raises EndedError where trying again cannot help."""
        if isinstance(error, InvalidStatus) and 400 <= error.response.status_code < 500:
            raise EndedError(f"the server refused the connection: HTTP {error.response.status_code}") from error
        if not isinstance(error, ConnectionClosed):
            return str(error) or type(error).__name__
        code, reason = (error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, "connection lost")
        if code in TERMINAL:
            raise EndedError(f"{TERMINAL[code]} ({code}{': ' if reason else ''}{reason})") from error
        return f"{code} {reason}".strip()

    @staticmethod
    def _send(socket: ClientConnection, message: Message) -> None:
        socket.send(json.dumps(message))

    def _over(self) -> bool:
        counted = self.count is not None and self.sequences.events.total() >= self.count
        return counted or self.stop.is_set() or time.monotonic() >= self._deadline
