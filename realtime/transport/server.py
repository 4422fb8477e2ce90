"""The uvicorn WebSocket protocol that lets the hub write ready frames synchronously.

Measured: 11-12 µs per recipient instead of 19-22 through `send`. Raw frames are legal beside the protocol's own:
it buffers nothing between events, and an uncompressed frame is valid whatever was negotiated.

Compression costs no memory per connection: neither side keeps a window between messages, and a message to many is
deflated once (realtime.protocol.frames). A client that wants a smaller window than ours gets its messages uncompressed.

Liveness: the protocol's ping every 20 s, closed after 20 s without its pong. That timer wins; the `heartbeat`
message of the wire protocol only carries positions and closes nobody.
"""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

import structlog
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request

from intraday.rest import client_address
from realtime.hub.hub import running_hub
from realtime.protocol.frames import WINDOW_BITS
from realtime.protocol.messages import Close
from realtime.transport import sse
from realtime.transport.bounded_http import IDLE_SECONDS, BoundedProtocol
from realtime.transport.shutdown import close_all
from realtime.transport.writers import ABORT_EXTENSION, FRAMES_EXTENSION

log = structlog.get_logger(__name__)

PING_SECONDS = 20
PEER_SECONDS = 30.0  # without an acknowledgement of what was sent, by the peer's kernel
FAIL_SECONDS = 2.0  # between the close frame and the end of a connection whose client does not read
DEFLATE = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True, client_no_context_takeover=True, server_max_window_bits=WINDOW_BITS
)


# A run walks the objects made since the one before: with 50,000 of them a post took 30 ms longer. Older objects, which
# are those of all connections, are walked a hundredth as often: by Python's numbers that was a sixth of the fan-out.
GARBAGE = (10_000, 100, 100)
# A request's thread asks for the interpreter after each answer of the database, some twenty times. With Python's own
# 5 ms it gets it as much later each time, while the event loop fans out to the many sockets of another tenant.
SWITCH_SECONDS = 0.001
SLICE_BYTES = 16 * 1024  # of what came in, at one go: a flood is noticed before the whole of it was taken apart
MAX_BY_FRAMES = 500  # pings, pongs and fragments a second
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class FrameProtocol(WebSocketsSansIOProtocol):
    """Offers itself to the consumer as realtime.transport.writers.FrameTransport."""

    on_writable: Callable[[bool], None] | None = None

    deflates = False
    _flooding = _close_sent = False
    _by_frames, _counted_from = 0, 0.0

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE_BYTES):
            if not self._flooding:
                super().data_received(data[start : start + SLICE_BYTES])
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self._refuse()

    def _refuse(self) -> None:
        """Refuse a request that is no handshake: uvicorn would wait for more of it for ever."""
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        self.transport.write(b"".join(self.conn.data_to_send()) or BAD_REQUEST)
        self.transport.close()

    def handle_ping(self) -> None:
        if self._is_flood():
            return
        if self.is_writable():
            super().handle_ping()
        else:  # no answers pile up for a client that pings and does not read
            self.conn.data_to_send()

    def handle_pong(self, event: Frame) -> None:
        if not self._is_flood():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        if not self._is_flood():
            super().handle_cont(event)

    def _is_flood(self) -> bool:
        """Count pings, pongs and fragments: they cost as much as messages, and the consumer does not see them."""
        now = self.loop.time()
        if now - self._counted_from >= 1.0:
            self._by_frames, self._counted_from = 0, now
        self._by_frames += 1
        if self._by_frames > MAX_BY_FRAMES and not self._flooding:
            self._flooding = True
            self.frames.clear()
            self.fail(Close.TOO_FAST, f"more than {MAX_BY_FRAMES} pings, pongs and fragments a second")
        return self._flooding

    def send_receive_event_to_app(self) -> None:
        """Close on text that is not UTF-8: uvicorn would log a traceback for each."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_utf8(b"".join(self.frames)):
            log.info("not_utf8", client=client_address.address(dict(self.scope)))
            self.frames.clear()
            self.fail(CloseCode.INVALID_DATA, "text that is no UTF-8")
        else:
            super().send_receive_event_to_app()

    def handle_connect(self, event: Request) -> None:
        self.conn.available_extensions = [DEFLATE]
        super().handle_connect(event)
        self.deflates = any(
            isinstance(each, PerMessageDeflate) and each.local_max_window_bits >= WINDOW_BITS
            for each in self.conn.extensions
        )
        if hasattr(self, "scope"):  # not where the handshake was refused
            self.scope["extensions"][FRAMES_EXTENSION] = self  # type: ignore

    def start_keepalive(self) -> None:
        """Let go of request and answer, now that it was sent: two kilobytes that nobody reads for hours."""
        del self.request, self.response
        super().start_keepalive()

    # --- writing: the hub writes to the transport itself as long as it was not told `on_writable(False)` -------------
    @property
    def put_frames(self) -> Callable[[bytes], None]:
        write: Callable[[bytes], None] = self.transport.write
        return write

    @property
    def close_sent(self) -> bool:
        return self._close_sent

    @close_sent.setter
    def close_sent(self, sent: bool) -> None:
        """Stop the hub where a close frame was sent, by uvicorn or by us: nothing may follow it."""
        self._close_sent = sent
        if sent:
            self._stop_hub()

    def _stop_hub(self) -> None:
        if self.on_writable is not None:
            self.on_writable(False)
            self.on_writable = None

    def handle_close(self, event: Frame) -> None:
        self._stop_hub()
        super().handle_close(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_hub()
        super().connection_lost(exc)

    def is_writable(self) -> bool:
        return self.writable.is_set()

    def write_frames(self, frames: bytes) -> None:
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frames)

    async def wait_writable(self) -> None:
        await self.writable.wait()

    def unsent_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    def fail(self, code: int, reason: str) -> None:
        """Send a close frame with the reason, and do not wait for a client that does not read."""
        if not self.close_sent and not self.transport.is_closing():
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
            self.close_timer = self.loop.call_later(FAIL_SECONDS, self.transport.abort)  # ends it when it answers

    def close_code(self) -> int:
        sent = self.conn.close_sent  # an echo has the code of the first frame
        return CloseCode.ABNORMAL_CLOSURE if sent is None else sent.code

    def shutdown(self) -> None:
        """Cut off clients that do not read: uvloop waits for written bytes, which would keep the process alive."""
        self._stop_hub()
        super().shutdown()
        self.loop.call_later(FAIL_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.on_writable is not None:
            self.on_writable(False)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.on_writable is not None:
            self.on_writable(True)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


class StreamProtocol(BoundedProtocol):
    """Lets a stream of events cut off a client that does not read: closing would wait for what was written."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Have the kernel end a connection whose peer is gone without a word: heartbeats would be sent for ever."""
        super().connection_made(transport)
        own = transport.get_extra_info("socket")
        if own is not None and own.family != getattr(socket, "AF_UNIX", None) and hasattr(socket, "TCP_USER_TIMEOUT"):
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(PEER_SECONDS * 1000))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT_EXTENSION: self.transport.abort}  # type: ignore[dict-item]

    def shutdown(self) -> None:
        """Close streams of events: uvicorn waits for complete responses, and a stream never is."""
        super().shutdown()
        if self.cycle is not None and not self.cycle.response_complete and self.scope["path"] == sse.PATH:
            self.transport.close()
            self.loop.call_later(FAIL_SECONDS, self.transport.abort)


def config(*, host: str = "127.0.0.1", port: int = 5000, **options: object) -> uvicorn.Config:
    """Return the uvicorn configuration of every server process."""
    return uvicorn.Config(
        "intraday.asgi:application",
        host=host,
        port=port,
        loop="uvloop",
        http=StreamProtocol,
        ws=FrameProtocol,
        # Larger than the protocol's own limit, so that the client is told why (4413) instead of being cut off.
        ws_max_size=1024 * 1024,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        proxy_headers=False,  # intraday.rest.client_address reads them, from trusted proxies alone
        timeout_graceful_shutdown=5,
        **options,  # type: ignore[arg-type]
    )


class Server(uvicorn.Server):
    """A server that sends `reconnect` on SIGTERM before it closes; Ctrl-C ends at once, because a person waits."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.freeze()  # what the program consists of stays
        gc.set_threshold(*GARBAGE)
        sys.setswitchinterval(SWITCH_SECONDS)
        if sockets is None and self.started:  # the embedded run, which brings its sockets, greets by itself
            log.info("server_started", host=self.config.host, port=self.config.port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if signal.SIGTERM in self._captured_signals and (hub := running_hub()) is not None:
            await close_all(hub)
        await super().shutdown(sockets)
        if sockets is None:
            log.info("server_stopped")


def run(settings: uvicorn.Config, listeners: list[socket.socket] | None = None) -> None:
    """Serve until SIGINT or SIGTERM. uvicorn raises the signal again when it has shut down; here that is the end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        Server(settings).run(sockets=listeners)
