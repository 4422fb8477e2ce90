"""A real HTTP server of a few lines that answers like the ingest API."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from intraday.api_client.client import PATHS
from intraday.api_client.rows import TIMES, Row


@dataclass
class Reply:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False


@dataclass
class FakeApi:
    """Takes every row as the real API would; replies put into `script` are given first, one a request."""

    url: str = ""
    script: list[Reply] = field(default_factory=list)
    posts: list[tuple[str, list[Row]]] = field(default_factory=list)
    requests: int = 0
    keys: set[str] = field(default_factory=set)
    connections: set[int] = field(default_factory=set)
    refuse: Callable[[Row], str | None] = lambda _row: None
    stored: dict[tuple[str, ...], Row] = field(default_factory=dict)

    @property
    def batches(self) -> list[list[Row]]:
        return self.of("backlog")

    def of(self, kind: str) -> list[list[Row]]:
        return [rows for posted, rows in self.posts if posted == kind]

    def reply(self, kind: str, rows: list[Row]) -> Reply:
        self.requests += 1
        if self.script:
            return self.script.pop(0)
        self.posts.append((kind, rows))
        if kind == "compute":
            return Reply(201, {"health_score": 80.0, "event": {"stream": "kpi:org:org_123", "seq": len(self.posts)}})
        bad = {index: reason for index, row in enumerate(rows) if (reason := self.refuse(row))}
        results = [self._store(index, row) for index, row in enumerate(rows) if index not in bad]
        rejected = [{"index": index, "errors": {"total_items": [reason]}} for index, reason in bad.items()]
        status = 201 if not bad else 207 if results else 400
        return Reply(status, {"accepted": len(results), "results": results, "rejected": rejected})

    def _store(self, index: int, row: Row) -> dict[str, Any]:
        key = tuple(str(row.get(name)) for name in ("queue_name", "employee_id", "shift_id", *TIMES))
        known = self.stored.get(key)
        self.stored[key] = row
        result = "created" if known is None else "duplicate" if known == row else "corrected"
        event = None if result == "duplicate" else {"stream": "backlog:org:org_123", "seq": len(self.stored)}
        return {"index": index, "result": result, "event": event, "snapshot_id": str(index)}


def handler(api: FakeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._send(Reply(200, {"status": "ok"}))

        def do_POST(self) -> None:
            kind = next(kind for kind, path in PATHS.items() if path == self.path)
            api.keys.add(self.headers.get("Authorization", ""))
            api.connections.add(self.client_address[1])
            body = self.rfile.read(int(self.headers["Content-Length"]))
            said = json.loads(body)
            self._send(api.reply(kind, [said] if kind == "compute" else said["items"]))

        def _send(self, reply: Reply) -> None:
            if reply.hang_up:
                self.close_connection = True
                return
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            pass

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


def serve(api: FakeApi, port: int = 0) -> Server:
    server = Server(("127.0.0.1", port), handler(api))
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server
