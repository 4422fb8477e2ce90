"""One subscription over any number of connections, without any input or output of its own.

A connection feeds it what comes and sends what it says. Nothing is missed and nothing handed out twice: a position
moves when its event is handed out, the next connection asks for what lies after it, and what lies at or before it is
dropped. Receipts are sent once the program has come back for the next event: then it has dealt with the last one.
"""

import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from intraday_client.errors import ListenError
from intraday_client.protocol import EVENTS, AnyEvent, CustomEventEvent, Position, Problem, ResyncEvent, SnapshotEvent
from intraday_client.retries import full_jitter

Message = dict[str, Any]
Positions = dict[str, Position]
Credentials = str | Callable[[], str]

log = logging.getLogger("intraday_client")
FINAL = {4401: "sign in again", 4403: "forbidden", 4413: "a message was too large"}
SIGN_IN, TOO_FAST = 4401, 4429
PASSING = {"unavailable", "access_changed", "rate_limited"}
FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0  # seconds
WAIT_WHEN_TOO_FAST = 15.0  # before the pause that jitter adds
SETTLED_AFTER = 5.0  # seconds; a connection that lasted less does not make the next pause short again
RECEIPTS_EVERY = 0.1  # seconds: they are cumulative, and the server takes 100 messages a second
REMEMBERED = 1_000  # events with a receipt, to know them when they come again
SUBSCRIBE = "subscribe"


class ConnectAgainError(Exception):
    """Used by this connection no more, though the server keeps it open."""


@dataclass(frozen=True)
class Listening:
    """A selection of rooms, and the options of hearing them."""

    channels: Sequence[str] = ()
    organization: str = ""
    department: str = ""
    queue: str = ""
    rooms: Sequence[str] = ()
    snapshot: bool = True
    batch_ms: int = 0
    durable: str = ""
    user: str = "intraday-client"  # in demo mode, where no token is needed

    def request(self, since: Positions) -> Message:
        """After a break, whatever was asked at first, a snapshot says what could not be replayed."""
        place = {"organization_id": self.organization, "department_id": self.department, "queue_name": self.queue}
        selected: Message = {"rooms": list(self.rooms)} if self.rooms else {"channels": list(self.channels)} | place
        wishes = {"since": since, "batch_ms": self.batch_ms, "durable": self.durable}
        data = {name: value for name, value in (selected | wishes).items() if value}
        return {"event": SUBSCRIBE, "id": SUBSCRIBE, "data": data | {"snapshot": self.snapshot or bool(since)}}


@dataclass
class Conversation:
    listening: Listening
    credentials: Credentials = ""
    positions: Positions = field(default_factory=dict)
    random: Random = field(default_factory=Random)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.refused: dict[str, Problem] = {}
        self._attempt = 0
        self._asked_to_wait: float | None = None
        self._seen: OrderedDict[tuple[str, str, int], None] = OrderedDict()
        self._begin()

    def _begin(self) -> None:
        self._outgoing: list[Message] = []
        self._parts: dict[str, list[Any]] = {}
        self._receipts: dict[str, int] = {}
        self._receipts_sent_at = float("-inf")
        self._live_since: float | None = None

    # --- a connection -------------------------------------------------------------------------------------------------
    def opened(self) -> None:
        """Begin with a new connection: what was half said on the last one is void."""
        self._begin()
        token = self.credentials() if callable(self.credentials) else self.credentials
        who = {"user_id": self.listening.user, "organization_id": self.listening.organization}
        self._outgoing.append({"event": "authenticate", "data": {"token": token} if token else who})

    def outgoing(self) -> list[str]:
        """Return what is to be sent now, as texts."""
        said, self._outgoing = self._outgoing, []
        if self._receipts and self.clock() >= self._receipts_sent_at + RECEIPTS_EVERY:
            said += [{"event": "ack", "data": {"stream": each, "seq": seq}} for each, seq in self._receipts.items()]
            self._receipts.clear()
            self._receipts_sent_at = self.clock()
        return [json.dumps(message) for message in said]

    @property
    def patience(self) -> float | None:
        """Seconds to wait for a message before asking for `outgoing` again; None: as long as it takes."""
        return RECEIPTS_EVERY if self._receipts else None

    def closed(self, code: int, reason: str) -> float:
        """Return the seconds until the next connection. Raises ListenError where none would help."""
        lived = self._live_since is not None
        if code in FINAL and not (code == SIGN_IN and callable(self.credentials) and lived):
            raise ListenError(f"{FINAL[code]} ({code}{': ' if reason else ''}{reason})", code=code)
        if self._live_since is not None and self.clock() >= self._live_since + SETTLED_AFTER:
            self._attempt = 0
        pause = full_jitter(self.random, self._attempt, FIRST_WAIT, LONGEST_WAIT)
        asked = WAIT_WHEN_TOO_FAST if code == TOO_FAST else self._asked_to_wait or 0.0
        self._attempt, self._asked_to_wait = self._attempt + 1, None
        log.info("disconnected (%s %s): connecting again in %.1f s", code, reason, max(pause, asked))
        return asked + pause if code == TOO_FAST else max(pause, asked)

    # --- what comes ---------------------------------------------------------------------------------------------------
    def receive(self, text: str | bytes) -> Iterator[AnyEvent]:
        """Yield the events of a message. Raises ListenError, and ConnectAgainError."""
        message: Message = json.loads(text)
        if "seq" in message and "stream" in message:
            yield from self._take(message)
        elif message.get("event") == "batch":
            for each in message["data"]["events"]:
                yield from self._take(each)
        else:
            self._control(message, message.get("data") or {})

    def _control(self, message: Message, data: Message) -> None:
        match message.get("event"):
            case "authenticated":
                self._live_since = self.clock()
                self._outgoing.append(self.listening.request(self.positions))
            case "subscribed":
                self._subscribed(data)
            case "heartbeat":
                self._advance(data.get("position") or {})
            case "reconnect":
                self._asked_to_wait = float(data.get("retry_after_ms") or 0) / 1000
            case "unsubscribed" if "id" not in message:
                self._lost(data)
            case "error":
                self._error(data, message.get("id", data.get("id")))

    def _subscribed(self, data: Message) -> None:
        """Streams that are known go on from where they stand: what was missed, or a snapshot, follows."""
        self._refuse(data.get("refused") or {})
        for stream, position in (data.get("position") or {}).items():
            self.positions.setdefault(stream, position)

    def _advance(self, position: Positions) -> None:
        for stream, at in position.items():
            known = self.positions.get(stream)
            if known and known["epoch"] == at["epoch"] and at["seq"] > known["seq"]:
                self.positions[stream] = at

    def _lost(self, data: Message) -> None:
        """Some rooms may not be heard any more: the next connection hears the part that is left, if there is any."""
        problem: Problem = {"code": data.get("code", "forbidden"), "message": data.get("message", "access has changed")}
        if problem["code"] != "refused":
            self._refuse(dict.fromkeys(data.get("rooms", []), problem))
            raise ConnectAgainError(problem["message"])

    def _refuse(self, refused: dict[str, Problem]) -> None:
        for room, problem in refused.items():
            log.warning("not heard: %s (%s: %s)", room, problem["code"], problem["message"])
        self.refused = {**self.refused, **refused}

    def _error(self, data: Message, about: Any) -> None:
        code, words = str(data.get("code", "")), str(data.get("message", ""))
        if code in PASSING:
            raise ConnectAgainError(f"{code}: {words}")
        if about == SUBSCRIBE:
            self._refuse(data.get("refused") or {})
            raise ListenError(f"the subscription was refused: {code}: {words}", code=code)
        log.warning("the server says %s: %s", code, words)

    # --- events of the log --------------------------------------------------------------------------------------------
    def _take(self, message: Message) -> Iterator[AnyEvent]:
        name = str(message["event"])
        if name.endswith(":snapshot"):
            whole = self._assemble(message)
            if whole is None:
                return
            message = whole
        elif not name.endswith(":resync") and self._is_known(message):
            self._owe_receipt(message)
            return
        if not message.get("redelivered"):
            self.positions[message["stream"]] = {"epoch": message["epoch"], "seq": message["seq"]}
        yield event_of(message)
        self._owe_receipt(message)

    def _assemble(self, message: Message) -> Message | None:
        """Return a snapshot with the items of all its parts, once the last one is there."""
        data = message["data"]
        begun = self._parts.pop(message["stream"], [])
        rooms = [*(begun[0] if begun else []), *data["rooms"]]
        items = [*(begun[1] if begun else []), *data["items"]]
        if not data.get("complete", True):
            self._parts[message["stream"]] = [rooms, items]
            return None
        return {**message, "data": {"rooms": rooms, "items": items, "complete": True}}

    def _is_known(self, message: Message) -> bool:
        if message.get("redelivered"):
            return _identity(message) in self._seen
        known = self.positions.get(message["stream"])
        return known is not None and known["epoch"] == message["epoch"] and message["seq"] <= known["seq"]

    def _owe_receipt(self, message: Message) -> None:
        """Durable cursors move with receipts, so that everything has one there."""
        if message.get("requires_ack"):
            self._seen[_identity(message)] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        if message.get("requires_ack") or self.listening.durable:
            stream = message["stream"]
            self._receipts[stream] = max(self._receipts.get(stream, 0), message["seq"])


def event_of(message: Message) -> AnyEvent:
    """Return a message of the log as its event. Names that are not the product's own are custom events."""
    name = message["event"]
    ending = name.rpartition(":")[2]
    kind: Any = {"snapshot": SnapshotEvent, "resync": ResyncEvent}.get(ending) or EVENTS.get(name, CustomEventEvent)
    return kind(  # type: ignore[no-any-return]
        event=name,
        data=message["data"],
        stream=message["stream"],
        epoch=message["epoch"],
        seq=message["seq"],
        ts=message.get("ts", ""),
        requires_ack=bool(message.get("requires_ack")),
        replayed=bool(message.get("replayed")),
        redelivered=int(message.get("redelivered") or 0),
    )


def _identity(message: Message) -> tuple[str, str, int]:
    return message["stream"], message["epoch"], message["seq"]
