"""A real receiver of webhooks on this machine: it answers, fails, redirects or hangs, and remembers what came."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    url: str
    status: int = 200
    location: str = ""
    hangs: bool = False
    drips: bool = False
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def receiver(**answers: Any) -> Iterator[Receiver]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook", **answers)
    server.receiver = found  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        to: Receiver = self.server.receiver  # type: ignore[attr-defined]
        to.paths.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        to.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
        if to.hangs:
            to.over.wait()
            return
        if to.drips:
            self._drip(to)
            return
        self.send_response(to.status)
        if to.location:
            self.send_header("Location", to.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _drip(self, to: Receiver) -> None:
        """A byte now and then, so that no single wait is long."""
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not to.over.wait(0.05):
                self.wfile.write(b"x")
        except OSError:
            to.over.set()  # the other side has had enough

    def log_message(self, *_: Any) -> None:
        pass
