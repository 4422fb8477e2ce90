"""A client of `/ws` with nothing between it and the kernel."""

import json
import socket as sockets
from typing import Any

from tests.live import LiveServer, Message


class RawSocket:
    """A client that decides when it reads: no library between it and the kernel's buffers."""

    def __init__(self, server: LiveServer) -> None:
        self._socket = sockets.socket()
        self._socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 8 * 1024)
        self._socket.connect(("127.0.0.1", server.port))
        self._buffer = b""
        key = "dGhlIHNhbXBsZSBub25jZQ=="
        lines = ["GET /ws HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
        self._socket.sendall("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._socket.recv(4096)
        self._buffer = self._buffer.split(b"\r\n\r\n", 1)[1]

    def say(self, message: Message) -> None:
        text = json.dumps(message).encode()
        assert len(text) < 65_536
        size = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0x80 | 126]) + len(text).to_bytes(2, "big")
        self._socket.sendall(b"\x81" + size + b"\0\0\0\0" + text)  # masked with zeros

    def begin(self, token: str, *rooms: str, **options: Any) -> None:
        """Sign in and subscribe."""
        self.say({"event": "authenticate", "data": {"token": token}})
        self.say({"event": "subscribe", "data": {"rooms": rooms, **options}})
        while self.hear()["event"] != "subscribed":
            pass

    def hear(self) -> Message:
        while True:
            opcode, text = self._frame()
            if opcode == 1:
                message: Message = json.loads(text)
                if message["event"] != "heartbeat":
                    return message
                continue
            assert opcode in (9, 10), f"closed: {text!r}"

    def _frame(self) -> tuple[int, bytes]:
        head = self._take(2)
        size = head[1]
        if size >= 126:
            size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
        return head[0] & 15, self._take(size)

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            more = self._socket.recv(1 << 20)
            assert more, "cut off"
            self._buffer += more
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def close(self) -> None:
        self._socket.close()
