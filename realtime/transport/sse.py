"""`GET /api/ws/sse`: the events of `/ws` as an event stream, for programs that have HTTP alone.

Django decides who may listen, as for every request: credentials, limits, origins, errors. The view leaves an `Opening`
in the scope; then the stream runs without Django, which would hold a thread for each of them.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog
from django.db import DatabaseError
from structlog.contextvars import bound_contextvars

from intraday.clock.database import clock
from intraday.logs.access import access_log
from intraday.org.access import Principal
from intraday.rest.errors import error_body
from realtime.hub.fanout.connections import Connection
from realtime.hub.hub import Hub, get_hub
from realtime.hub.rights import Grant, RefusedError
from realtime.hub.subscribing import SubscribeRequest
from realtime.protocol import messages
from realtime.protocol.channel_spec import ChannelSpec
from realtime.protocol.messages import SNAPSHOT, Position
from realtime.protocol.rooms import CHANNELS, stream_name
from realtime.transport.writers import ABORT_EXTENSION, AsgiWriter

log = structlog.get_logger(__name__)

OPENING = "intraday.opening"
"""Key in the scope of a request: a function that takes the Opening which the view has checked."""
PATH = "/api/ws/sse"
FAIL_SECONDS = 2.0  # between the end of a stream and cutting it off, where the client does not read
FULL_SECONDS = 30  # after which a stream that was one too many may try again
RETRY_MS = (1_000, 5_000)  # a time of its own for each client: after a restart they shall not come all at once
PASSING = {429, 500, 502, 503, 504}  # statuses after which a browser never tries again, though it should
HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),  # nginx would collect events before it passes them on
]
_OWN_HEADERS = {name for name, _ in HEADERS} | {b"content-length"}

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Opening:
    """A checked request for a stream."""

    principal: Principal
    grant: Grant
    since: dict[str, Position]
    snapshot: bool


# --- positions as ids ------------------------------------------------------------------------------------------------
class BadIdError(ValueError):
    """The text is not an event id of ours."""


def spelled(positions: Mapping[str, Position]) -> str:
    """Return the `id` of an event: the client's position in every stream, `backlog:0a1b2c3d:17,kpi:…`."""
    return ",".join(
        f"{stream.partition(':')[0]}:{position.epoch}:{position.seq}" for stream, position in sorted(positions.items())
    )


def positions(text: str, organization_id: str) -> dict[str, Position]:
    """Return the positions in an `id`. Raises BadIdError."""
    found = {}
    for part in filter(None, text.split(",")):
        channel, _, place = part.partition(":")
        epoch, _, seq = place.partition(":")
        if channel not in CHANNELS or not epoch or not (seq.isascii() and seq.isdigit()) or len(seq) > 18:
            raise BadIdError(f"'{part[:40]}' is not a position such as 'backlog:0a1b2c3d:17'.")
        found[stream_name(channel, organization_id)] = Position(epoch, int(seq))
    return found


class _Envelope(msgspec.Struct):
    """The parts of a message that its block needs."""

    event: str
    data: msgspec.Raw = msgspec.Raw(b"{}")
    stream: str = ""
    epoch: str = ""
    seq: int | None = None
    redelivered: int = 0


class _Data(msgspec.Struct):
    position: dict[str, Position] = {}
    retry_after_ms: int | None = None
    complete: bool = True


def _tells_more(event: str) -> bool:
    """Return whether the block of this event needs what its data says."""
    return event in ("subscribed", "heartbeat", "reconnect") or event.endswith(f":{SNAPSHOT}")


_envelope = msgspec.json.Decoder(_Envelope)
_data = msgspec.json.Decoder(_Data)


class StreamWriter(AsgiWriter):
    """A writer over an HTTP response. Headers go out with the first message."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]], abort: Callable[[], None]) -> None:
        super().__init__(send)
        self._headers = headers
        self._abort = abort
        self.positions: dict[str, Position] = {}
        self.started = False
        self.over = asyncio.Event()

    async def _pass_on(self) -> None:
        """Send all waiting messages in one piece."""
        texts = list(self._waiting)
        self._waiting.clear()
        body = b"".join(map(self._block, texts))
        if not self.started:
            await self._send({"type": "http.response.start", "status": 200, "headers": self._headers})
            self.started = True
            body = b"retry: %d\n%b" % (random.randint(*RETRY_MS), body)
        if body:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})

    def _block(self, text: bytes) -> bytes:
        message = _envelope.decode(text)
        if message.redelivered:
            return b""  # asks again for an acknowledgement, which takes a socket
        data = _data.decode(message.data) if _tells_more(message.event) else _Data()
        self.positions.update(data.position)
        if message.seq is not None and data.complete:
            self.positions[message.stream] = Position(message.epoch, message.seq)
        if message.event == "heartbeat":
            return b": heartbeat\n"  # no block: some clients take an empty one for an event
        head = b"" if data.retry_after_ms is None else b"retry: %d\n" % data.retry_after_ms
        if self.positions:  # an empty id would make the client forget the one it has
            head += b"id: %b\n" % spelled(self.positions).encode()
        return b"%bdata: %b\n\n" % (head, text)

    async def _close(self, code: int, reason: str) -> None:
        """End the response; cut off a client that does not read."""
        try:
            async with asyncio.timeout(FAIL_SECONDS):
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        except Exception:  # servers raise different errors for a client that is gone
            self._abort()
        finally:
            self.over.set()

    async def end(self) -> None:
        if self.started and not self.over.is_set():
            self.fail(0, "")
            await self.over.wait()


# --- the application -------------------------------------------------------------------------------------------------
@dataclass
class _Answer:
    """Django's answer."""

    messages: list[Message] = field(default_factory=list)

    async def take(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that every caller gets: about origins and caches."""
        headers = self.messages[0]["headers"] if self.messages else []
        return [(name, value) for name, value in headers if name.lower() not in _OWN_HEADERS]

    @property
    def request_id(self) -> str:
        """The id that the log lines of the request have (intraday.logs.requests)."""
        return next((value.decode() for name, value in self.headers if name.lower() == b"x-request-id"), "")

    async def send(self, send: Send, scope: Mapping[str, Any]) -> None:
        """Pass it on; as a stream that ends where a browser must not take it for the last word."""
        passing = self.messages[0]["status"] in PASSING and _accepts_streams_alone(scope)
        for message in self._as_stream() if passing else self.messages:
            await send(message)

    def _as_stream(self) -> list[Message]:
        headers = dict(self.messages[0]["headers"])
        wait = headers.get(b"retry-after", headers.get(b"Retry-After", b"0"))
        retry = random.randint(*RETRY_MS) + (1000 * int(wait) if wait.isdigit() else 0)
        reason = {"code": "unavailable", "message": "The server cannot answer now; try again."}
        with suppress(msgspec.MsgspecError):
            found = msgspec.json.decode(b"".join(each.get("body", b"") for each in self.messages), type=_Reason)
            reason = {"code": found.code, "message": found.message}
        body = b"retry: %d\ndata: %b\n\n" % (retry, messages.message("error", reason))
        return [
            {"type": "http.response.start", "status": 200, "headers": [*self.headers, *HEADERS]},
            {"type": "http.response.body", "body": body, "more_body": False},
        ]


class _Reason(msgspec.Struct):
    code: str
    message: str


def _accepts_streams_alone(scope: Mapping[str, Any]) -> bool:
    """Return whether this is an EventSource, which the standard lets ask for nothing but an event stream."""
    accept = [value for name, value in scope["headers"] if name == b"accept"]
    return accept == [b"text/event-stream"]


class EventStreams:
    """Application in front of Django that takes the requests for streams and passes on all others."""

    def __init__(self, channels: Mapping[str, ChannelSpec], django: Application) -> None:
        self._channels, self._django = channels, django

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["path"] != PATH or scope["method"] != "GET":
            await self._django(scope, receive, send)
            return
        openings: list[Opening] = []
        answer = _Answer()
        await self._django({**scope, OPENING: openings.append}, _no_body(), answer.take)
        if not openings:
            await answer.send(send, scope)
            return
        abort = (scope.get("extensions") or {}).get(ABORT_EXTENSION, lambda: None)
        writer = StreamWriter(send, [*answer.headers, *HEADERS], abort)
        writer.positions.update(openings[0].since)
        with bound_contextvars(request_id=answer.request_id):
            refusal = await _run(get_hub(self._channels), writer, openings[0], receive)
            if not writer.started:
                await _not_opened(answer.headers, refusal).send(send, scope)


def _no_body() -> Receive:
    """Return a `receive` without a body, which never disconnects: the stream itself listens for the disconnect."""
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    return receive


async def _run(hub: Hub, writer: StreamWriter, opening: Opening, receive: Receive) -> RefusedError | None:
    """Run the stream to its end; return why it was not begun where a limit is reached."""
    connection = Connection(writer)
    hub.connect(connection)
    try:
        hub.attach_new(connection, opening.principal)
        await hub.subscribe(connection, SubscribeRequest(opening.grant, opening.since, opening.snapshot))
        await _first(_left(receive), writer.over.wait())
    except DatabaseError as error:
        log.error("stream_not_opened", error=str(error).strip())
    except RefusedError as refusal:
        if refusal.close is not None:
            return refusal
        connection.send("error", refusal.data)
        await writer.drained()
    finally:
        hub.disconnect(connection)
        await writer.end()
        _log_end(connection, opening.principal)
    return None


def _log_end(connection: Connection, caller: Principal) -> None:
    access_log.info(
        "stream_closed",
        connection_id=connection.id,
        duration_s=round((clock.now() - connection.connected_at).total_seconds(), 1),
        user=caller.user_id,
        organization_id=caller.organization.id,
    )


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _first(*waits: Awaitable[Any]) -> None:
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _not_opened(headers: list[tuple[bytes, bytes]], refusal: RefusedError | None) -> _Answer:
    if refusal is None:
        return _error(headers, 503, "unavailable", "The database does not answer; try again.", retry_after=2)
    return _error(headers, 429, refusal.code, refusal.message, retry_after=FULL_SECONDS)


def _error(headers: list[tuple[bytes, bytes]], status: int, code: str, message: str, *, retry_after: int) -> _Answer:
    body = msgspec.json.encode(error_body(code, message))
    own = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"%d" % retry_after),
    ]
    return _Answer(
        [
            {"type": "http.response.start", "status": status, "headers": [*headers, *own]},
            {"type": "http.response.body", "body": body, "more_body": False},
        ]
    )
