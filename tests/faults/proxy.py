"""A TCP proxy in front of a server, whose path may go silent as a firewall's does when it forgets a connection.

    with Proxy(postgres.port) as path:
        path.swallow()  # nothing arrives any more, and nobody is told: no FIN, no RST, no ACK
        path.resume()  # what was held back arrives, late
        path.cut()  # every connection is reset; new ones are taken

A socket filter drops the packets before TCP sees them, so that keepalives and tcp_user_timeout work as on a real wire.
"""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27  # of Linux; the socket module does not name them
RETURN = 0x06  # BPF_RET | BPF_K
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: close with RST


class Proxy:
    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.target = host, port
        self.opened = 0
        """Connections ever taken: what a client's pool does is counted here."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._passes = threading.Event()
        self._passes.set()
        self._closed = False
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()

    def __enter__(self) -> Self:
        _run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self.resume()
        with contextlib.suppress(OSError):  # closing alone would not wake `accept`
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    @property
    def connections(self) -> int:
        """Return the number of open connections."""
        return len(self._pairs)

    def swallow(self) -> None:
        with self._lock:
            self._passes.clear()
            for side in (self._listener, *(client for client, _ in self._pairs)):
                _drop_packets(side)

    def resume(self) -> None:
        with self._lock:
            for side in (self._listener, *(client for client, _ in self._pairs)):
                _let_packets_in(side)
            self._passes.set()

    def cut(self) -> None:
        for pair in list(self._pairs):
            self._end(pair)

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:  # the proxy was closed
                return
            self.opened += 1
            self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self.target, timeout=5)
        except OSError:  # the server is down: refuse as it would
            client.close()
            return
        server.settimeout(None)
        pair = client, server
        with self._lock:
            self._pairs.add(pair)
            if not self._passes.is_set():
                _drop_packets(client)
        for source, target in (pair, pair[::-1]):
            _run(lambda source=source, target=target: self._pump(source, target, pair))

    def _pump(self, source: socket.socket, target: socket.socket, pair: tuple[socket.socket, socket.socket]) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._passes.wait()
                target.sendall(data)
        self._passes.wait()  # that one side left is a message too
        self._end(pair)

    def _end(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with self._lock:
            if pair not in self._pairs:
                return
            self._pairs.remove(pair)
        for side in pair:
            with contextlib.suppress(OSError):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            with contextlib.suppress(OSError):  # wakes the other pump, which close alone would leave in `recv`
                side.shutdown(socket.SHUT_RD)
            side.close()


def _run(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def _drop_packets(side: socket.socket) -> None:
    program = ctypes.create_string_buffer(struct.pack("HBBI", RETURN, 0, 0, 0))  # one instruction: keep 0 bytes
    side.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program)))


def _let_packets_in(side: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it had no filter
        side.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
