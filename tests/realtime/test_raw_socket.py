"""Frames below the level of messages, valid and invalid, one by one, as the Autobahn suite sends them.

It is closed with the code of RFC 6455, or served; the process stays up, its memory bounded, and others
notice nothing.
"""

import base64
import json
import os
import socket as sockets
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil
import pytest

from intraday.org.models import Scope
from tests.live import LiveServer, socket
from tests.realtime.notes import in_thread, note

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
ASK = b'{"event":"ping","id":"asked"}'
EURO = "€".encode()
CUSTOM = "custom:org:org_123"


def frame(
    opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = True, size: int = -1
) -> bytes:
    """A frame as a client sends it; `size` lies about the length of its data."""
    size = len(data) if size < 0 else size
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 65_536:
        head += struct.pack("!BH", bit | 126, size)
    else:
        head += struct.pack("!BQ", bit | 127, size)
    if not mask:
        return head + data
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(data[:300])) + _masked(data[300:], key)


def _masked(data: bytes, key: bytes) -> bytes:
    """Mask in one operation: masking a megabyte byte by byte takes a second."""
    long = int.from_bytes(data, "big") ^ int.from_bytes((key * (len(data) // 4 + 1))[: len(data)], "big")
    return long.to_bytes(len(data), "big")


def fragments(opcode: int, *parts: bytes) -> bytes:
    last = len(parts) - 1
    return b"".join(frame(CONT if i else opcode, part, fin=i == last) for i, part in enumerate(parts))


def close(code: int | None = None, reason: bytes = b"") -> bytes:
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


class Raw:
    """A connection to `/ws` of which every byte is ours."""

    def __init__(self, server: LiveServer) -> None:
        self._socket = sockets.create_connection(("127.0.0.1", server.port), timeout=15)
        self._buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.send(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        answer, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        assert b" 101 " in answer, answer
        assert self.message()["event"] == "welcome"

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _more(self) -> None:
        data = self._socket.recv(1 << 16)
        if not data:
            raise EOFError
        self._buffer += data

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._more()
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def frame(self) -> tuple[int, bytes]:
        first, size = self._take(2)
        assert not size & 0x80, "servers do not mask"
        if size == 126:
            (size,) = struct.unpack("!H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._take(8))
        assert first & 0x80, "nothing of ours is fragmented"
        return first & 0x0F, self._take(size)

    def message(self) -> Any:
        opcode, data = self.frame()
        assert opcode == TEXT, (opcode, data)
        return json.loads(data)

    def closed(self) -> int | None:
        """The code it is closed with; None for an empty close frame. Raises EOFError where there is none."""
        while True:
            opcode, data = self.frame()
            if opcode == CLOSE:
                return struct.unpack("!H", data[:2])[0] if data else None

    def end(self) -> None:
        self._socket.close()


@contextmanager
def raw(server: LiveServer) -> Iterator[Raw]:
    client = Raw(server)
    try:
        yield client
    finally:
        client.end()


CLOSED: dict[str, tuple[bytes, int | None]] = {
    "not masked": (frame(TEXT, ASK, mask=False), 1002),
    "reserved bit 1 without an extension": (frame(TEXT, ASK, rsv=4), 1002),
    "reserved bit 2": (frame(TEXT, ASK, rsv=2), 1002),
    "reserved bit 3": (frame(PING, rsv=1), 1002),
    "reserved data opcode": (frame(3, ASK), 1002),
    "reserved control opcode": (frame(11), 1002),
    "control frame too long": (frame(PING, b"x" * 126), 1002),
    "control frame in fragments": (frame(PING, b"x", fin=False) + frame(CONT, b"y"), 1002),
    "close frame in fragments": (frame(CLOSE, struct.pack("!H", 1000), fin=False), 1002),
    "continuation of nothing": (frame(CONT, ASK), 1002),
    "a message within a message": (frame(TEXT, b"{", fin=False) + frame(TEXT, ASK), 1002),
    "no UTF-8": (frame(TEXT, b"\xff\xfe"), 1007),
    "UTF-8 cut off": (frame(TEXT, EURO[:2]), 1007),
    "UTF-8 too long for its letter": (frame(TEXT, b"\xc0\xaf"), 1007),
    "half of a pair": (frame(TEXT, b"\xed\xa0\x80"), 1007),
    "no UTF-8, in fragments": (fragments(TEXT, b'"', b"\xff", b'"'), 1007),
    "close code of one byte": (frame(CLOSE, b"\x03"), 1002),
    "close code 0": (close(0), 1002),
    "close code 999": (close(999), 1002),
    "close code 1005": (close(1005), 1002),
    "close code 1006": (close(1006), 1002),
    "close code 1015": (close(1015), 1002),
    "close code 5000": (close(5000), 1002),
    "close with a reason that is no UTF-8": (close(1000, b"\xff"), 1007),
    "close": (close(1000, b"bye"), 1000),
    "close without a code": (close(), None),
    "close code of an application": (close(4999), 4999),
    "close in the middle of a message": (frame(TEXT, b"{", fin=False) + close(1000), 1002),
    "messages after the close": (close(1000) + frame(TEXT, ASK) * 3, 1000),
    "longer than we read": (frame(TEXT, b"x" * (1 << 20) + b"x"), 1009),
    "says it is longer than we read": (frame(TEXT, b"x", size=1 << 40), 1009),
    "longer than we read, in fragments": (fragments(TEXT, *[b"x" * (1 << 18)] * 4, b"x"), 1009),
    "longer than messages may be": (frame(TEXT, b'"' + b"x" * 65_536 + b'"'), 4413),
    "a megabyte": (frame(TEXT, b"x" * (1 << 20)), 4413),
    "a megabyte in fragments": (fragments(TEXT, *[b"x" * (1 << 18)] * 4), 4413),
    "a message in endless fragments": (frame(TEXT, b"{", fin=False) + frame(CONT, fin=False) * 5_000, 4429),
}
SERVED: dict[str, bytes] = {
    "whole": frame(TEXT, ASK),
    "in two": fragments(TEXT, ASK[:5], ASK[5:]),
    "letter by letter": fragments(TEXT, *(ASK[i : i + 1] for i in range(len(ASK)))),
    "with empty fragments": fragments(TEXT, b"", ASK, b"", b""),
    "a letter cut in two": fragments(TEXT, b'{"event":"ping","id":"asked","x":"' + EURO[:1], EURO[1:] + b'"}'),
    "after pongs nobody asked for": frame(PONG) + frame(PONG, b"x" * 125) + frame(TEXT, ASK),
    "after a binary message": frame(BINARY, b"\x00\xff") + frame(TEXT, ASK),
    "after an empty message": frame(TEXT) + frame(TEXT, ASK),
    "after what is no JSON": frame(TEXT, b"\x00") + frame(TEXT, b"[" * 60_000) + frame(TEXT, ASK),
}


async def test_frames_are_judged_by_the_standard_and_nobody_else_notices(
    server: LiveServer, token: str, support: Scope, caplog: pytest.LogCaptureFixture
):
    async with socket(server, token) as bystander:
        await bystander.subscribe(CUSTOM)
        for number, (what, (sent, code)) in enumerate(CLOSED.items(), 1):
            assert await in_thread(_closed, server, sent) == code, what
            await in_thread(note, support, number)
        for what, sent in SERVED.items():
            assert await in_thread(_served, server, sent) == "asked", what
        await bystander.up_to(len(CLOSED))
        assert bystander.seqs() == list(range(1, len(CLOSED) + 1))
        await hub_is_left_with(server, 1)
    assert not [record for record in caplog.records if record.exc_info]  # no traceback for a client's mistake


def _closed(server: LiveServer, sent: bytes) -> int | None:
    with raw(server) as client:
        with suppress(ConnectionError):  # it may have closed before all was sent
            client.send(sent)
        return client.closed()


def _served(server: LiveServer, sent: bytes) -> Any:
    with raw(server) as client:
        client.send(sent)
        return _pong(client)


def _pong(client: Raw) -> Any:
    while (message := client.message())["event"] != "pong":
        assert message["event"] == "error"
    return message["id"]


async def hub_is_left_with(server: LiveServer, count: int) -> None:
    while await in_thread(server.on_loop, lambda: len(server.hub.connections)) != count:
        pass


async def test_no_event_follows_a_close_frame_to_a_client_that_does_not_answer_it(
    server: LiveServer, token: str, support: Scope
):
    async with socket(server, token) as bystander:
        await bystander.subscribe(CUSTOM)
        with raw(server) as client:
            client.send(frame(TEXT, json.dumps({"event": "authenticate", "data": {"token": token}}).encode()))
            client.send(frame(TEXT, json.dumps({"event": "subscribe", "data": {"rooms": [CUSTOM]}}).encode()))
            while client.message()["event"] != "subscribed":
                pass
            writers = [each.writer for each in server.hub.connections.values()]
            await in_thread(server.on_loop, lambda: writers[-1].fail(1008, "enough"))
            await in_thread(note, support, 1)
            await bystander.up_to(1)
            assert client.frame() == (CLOSE, struct.pack("!H", 1008) + b"enough")
            with pytest.raises((EOFError, ConnectionError)):
                client.frame()


def test_pings_are_answered_also_within_a_message(server: LiveServer):
    with raw(server) as client:
        client.send(frame(TEXT, ASK[:7], fin=False) + frame(PING, b"x" * 125) + frame(PING) + frame(CONT, ASK[7:]))
        assert client.frame() == (PONG, b"x" * 125)
        assert client.frame() == (PONG, b"")
        assert _pong(client) == "asked"


def test_bytes_that_come_one_by_one_and_messages_that_come_together(server: LiveServer):
    with raw(server) as client:
        for byte in frame(TEXT, ASK):
            client.send(bytes([byte]))
        assert _pong(client) == "asked"
        client.send(frame(TEXT, ASK) * 20)
        assert [_pong(client) for _ in range(20)] == ["asked"] * 20


def test_who_sends_too_many_messages_is_warned_then_closed(server: LiveServer):
    with raw(server) as client:
        with suppress(ConnectionError):
            client.send(frame(TEXT, ASK) * 2_000)
        codes = []
        while (found := client.frame())[0] == TEXT:
            message = json.loads(found[1])
            codes.append(message["data"].get("code", message["event"]))
        assert struct.unpack("!H", found[1][:2]) == (4429,)
        assert codes.count("pong") >= 100
        assert codes.count("rate_limited") == 21


FLOODS = {
    "pings": frame(PING, b"x" * 125),
    "messages": frame(TEXT, b'{"event":"nothing"}'),
    "empty fragments": frame(CONT, fin=False),
}


@pytest.mark.parametrize("kind", FLOODS)
async def test_floods_of_who_does_not_read_cost_no_memory_and_nobody_else(
    server: LiveServer, token: str, support: Scope, kind: str
):
    what = FLOODS[kind]
    resident = psutil.Process().memory_info().rss
    over = threading.Event()

    def flood() -> None:
        with raw(server) as client, suppress(ConnectionError, TimeoutError):
            if kind == "empty fragments":
                client.send(frame(TEXT, b"{", fin=False))
            client._socket.settimeout(2)
            for _ in range(12):  # 6 MB if all is taken
                client.send(what * (500_000 // len(what)))
                if over.is_set():
                    return

    threads = [threading.Thread(target=flood) for _ in range(3)]
    async with socket(server, token) as bystander:
        await bystander.subscribe(CUSTOM)
        for thread in threads:
            thread.start()
        for number in range(1, 21):
            await in_thread(note, support, number)
            await bystander.up_to(number)
        while any(thread.is_alive() for thread in threads):
            await in_thread(threads[0].join, 0.1)
            assert psutil.Process().memory_info().rss - resident < 60 << 20
        assert bystander.seqs() == list(range(1, 21))


UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
GARBAGE = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no version": UPGRADE + b"Sec-WebSocket-Key: a\r\n\r\n",
    "no key": UPGRADE + b"Sec-WebSocket-Version: 13\r\n\r\n",
    "another method": UPGRADE.replace(b"GET", b"POST") + b"Content-Length: 5\r\n\r\nhello",
    "a line too long": UPGRADE + b"X: " + b"x" * 20_000 + b"\r\n\r\n",
    "no upgrade": b"GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


def test_handshakes_that_are_none_are_refused(server: LiveServer):
    for what, sent in GARBAGE.items():
        with sockets.create_connection(("127.0.0.1", server.port), timeout=15) as client:
            client.sendall(sent)
            assert client.recv(12).startswith(b"HTTP/1.1 4"), what
    assert _served(server, frame(TEXT, ASK)) == "asked"
