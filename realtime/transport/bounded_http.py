"""HTTP/1.1 whose requests are bounded in bytes and in time, so that the server is safe without a proxy before it.

uvicorn bounds neither: it reads a body, however long, for an application that spools it, and waits for the end of a
request for ever. Here a request that leaves its bounds gets its answer while it arrives, in the error shape of the API,
and its connection ends. WebSockets and streams of events are requests too until their head is complete, and no longer.
"""

import asyncio
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

import httptools
import msgspec
import structlog
from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from intraday.rest.errors import TooLarge, error_body

log = structlog.get_logger(__name__)

TARGET_BYTES = 8 * 1024  # of the request line
HEAD_BYTES = 32 * 1024  # of all headers; also of what frames a piece of a chunked body
MAX_HEADERS = 100
IDLE_SECONDS = 15  # between two requests; longer than docker/upstreams.conf keeps a connection to us
LINGER_SECONDS = 2.0  # for a client that reads its refusal only when it has sent everything
SLICE_BYTES = 8 * 1024  # of what came in, at one go: a bound is noticed before the whole of it was taken apart


class Part(Enum):
    """The parts of a request that are waited for."""

    HEAD = "head"
    BODY = "body"


SECONDS = {Part.HEAD: 10.0, Part.BODY: 60.0}
"""The time from a part's first byte (a head: from the connection) until it must be complete."""


@dataclass(frozen=True)
class Refusal:
    status: HTTPStatus
    code: str
    message: str

    def answer(self) -> bytes:
        body = msgspec.json.encode(error_body(self.code, self.message))
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            "cache-control: no-store",
            "connection: close",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body


NOT_HTTP = Refusal(HTTPStatus.BAD_REQUEST, "bad_request", "The request is not HTTP/1.1.")
LONG_TARGET = Refusal(
    HTTPStatus.REQUEST_URI_TOO_LONG,
    "uri_too_long",
    f"The address is longer than {TARGET_BYTES // 1024} KB: shorten it.",
)
LARGE_HEAD = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "headers_too_large",
    f"More than {HEAD_BYTES // 1024} KB or {MAX_HEADERS} headers: send fewer.",
)
LARGE_BODY = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", TooLarge.default_detail)
SLOW = Refusal(
    HTTPStatus.REQUEST_TIMEOUT,
    "timeout",
    f"The request took too long to arrive: send its head within {SECONDS[Part.HEAD]:g} s and its body within "
    f"{SECONDS[Part.BODY]:g} s.",
)


class RefusedError(Exception):
    """Ends the parsing of a request from within its callbacks."""


class BoundedProtocol(HttpToolsProtocol):
    """Counts what arrives and keeps the time of the part that is waited for."""

    _part: Part | None = None  # of the request that is arriving
    _refusal: Refusal | None = None
    _over = False  # nothing more is read: it was refused, or is no HTTP any more
    _requests = 0
    _head_bytes = _body_bytes = 0
    _framing = 0  # bytes since the request or the last piece of its body began
    _clock: asyncio.TimerHandle | None = None
    _clocked: tuple[int, Part] | None = None

    # --- what arrives ------------------------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._keep_time()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        for start in range(0, len(data), SLICE_BYTES):
            if self._over or self.transport.is_closing():
                break
            self._parse(data[start : start + SLICE_BYTES])
        self._keep_time()

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserError:
            self._refuse(self._refusal or NOT_HTTP)
        else:
            self._framing += len(data)
            if self._framing > HEAD_BYTES + SLICE_BYTES:  # a header or a chunk's head that does not end
                self._refuse(LARGE_HEAD)

    def _upgrade(self) -> None:
        """Hand sockets on. A request for anything else is answered as HTTP; what follows it cannot be parsed."""
        self._over = True
        if self._should_upgrade():
            self.handle_websocket_upgrade()
        else:
            self.cycle.keep_alive = False

    # --- callbacks of the parser -------------------------------------------------------------------------------------
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._part, self._requests = Part.HEAD, self._requests + 1
        self._head_bytes = self._body_bytes = self._framing = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > TARGET_BYTES:
            self._stop(LONG_TARGET)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._part is Part.BODY:
            return  # a trailer: nobody reads it, and it must not become a header of a request that runs
        self._head_bytes += len(name) + len(value) + len(": \r\n")
        if self._head_bytes > HEAD_BYTES or len(self.headers) == MAX_HEADERS:
            self._stop(LARGE_HEAD)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if any(int(value) > settings.MAX_REQUEST_BYTES for name, value in self.headers if name == b"content-length"):
            self._stop(LARGE_BODY)
        super().on_headers_complete()
        self._part, self._framing = Part.BODY, 0

    def on_body(self, body: bytes) -> None:
        self._framing = 0
        self._body_bytes += len(body)
        if self._body_bytes > settings.MAX_REQUEST_BYTES:
            self._stop(LARGE_BODY)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._part = None
        super().on_message_complete()

    def _stop(self, refusal: Refusal) -> None:
        self._refusal = refusal
        raise RefusedError(refusal.code)

    # --- time --------------------------------------------------------------------------------------------------------
    def _keep_time(self) -> None:
        """Time the part that is waited for: from its beginning on, not from its last byte on."""
        waiting = None if self._over or self._is_answering() else (self._requests, self._part or Part.HEAD)
        if waiting == self._clocked:
            return
        self._stop_clock()
        if waiting is not None:
            self._clocked = waiting
            self._clock = self.loop.call_later(SECONDS[waiting[1]], self._out_of_time)

    def _is_answering(self) -> bool:
        return self._part is None and self.cycle is not None and not self.cycle.response_complete

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
        self._clock = self._clocked = None

    def _out_of_time(self) -> None:
        self._stop_clock()
        if self._part is Part.BODY and self.pipeline:  # it waits for the answers before it, and for nobody else
            self._keep_time()
        elif self._part is None:  # nothing was asked, so there is nothing to answer
            self.transport.close()
        else:
            self._refuse(SLOW)

    # --- ends --------------------------------------------------------------------------------------------------------
    def _refuse(self, refusal: Refusal) -> None:
        """Answer where no other answer has begun, and close the connection."""
        self._over = True
        self._stop_clock()
        host = self.client[0] if self.client else ""
        log.info("request_refused", status=refusal.status.value, code=refusal.code, peer=host)
        if self._may_not_answer():
            self.transport.close()
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(refusal.answer())
        self._linger()

    def _may_not_answer(self) -> bool:
        """Return whether an answer has begun, or is due to a request before this one."""
        if self._part is Part.BODY:  # the cycle is this request's
            return self.cycle.response_started or bool(self.pipeline)
        return self.cycle is not None and not self.cycle.response_complete

    def _linger(self) -> None:
        """End our side and read on for a moment: bytes left unread would make the kernel throw our answer away."""
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._over = True
        self._stop_clock()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._stop_clock()
        super().handle_websocket_upgrade()
