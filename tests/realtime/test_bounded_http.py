"""Our own server before the open internet: what a request may be in bytes and in time, with real connections."""

import asyncio
import gc
import json
import re
import socket as sockets
from collections.abc import Iterator
from typing import Any

import pytest

from intraday.org.models import Organization
from realtime.transport import bounded_http
from realtime.transport import server as transport
from realtime.transport.bounded_http import (
    HEAD_BYTES,
    IDLE_SECONDS,
    MAX_HEADERS,
    SECONDS,
    TARGET_BYTES,
    BoundedProtocol,
    Part,
)
from tests.conftest import key_of
from tests.live import ROOT, LiveServer
from tests.services import wait_until

INGEST = "/api/schedulesbacklog/ingest"
MEGABYTE = 1024 * 1024
DOCKER = ROOT / "docker"
CROWD = 200


class Peer:
    """A connection of which every byte is ours."""

    def __init__(self, server: LiveServer) -> None:
        self._socket = sockets.create_connection(("127.0.0.1", server.port), timeout=20)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def rest(self, within: float = 20.0) -> bytes:
        """Return everything until the server closes. Raises TimeoutError."""
        found = b""
        self._socket.settimeout(within)
        while more := self._socket.recv(1 << 16):
            found += more
        return found

    def answer(self) -> tuple[int, Any]:
        """Return the status and the body of the only answer, after which the server must have closed."""
        head, _, body = self.rest().partition(b"\r\n\r\n")
        assert b"content-type: application/json" in head.lower()
        assert b"connection: close" in head.lower()
        return int(head.split()[1]), json.loads(body)

    def first(self) -> int:
        """Return the status of the next answer; the connection stays."""
        return int(self._socket.recv(1 << 16).split()[1])

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def peers(server: LiveServer) -> Iterator[Any]:
    opened: list[Peer] = []

    def connect() -> Peer:
        opened.append(Peer(server))
        return opened[-1]

    yield connect
    for peer in opened:
        peer.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set bounds of time that a test can wait for."""
    monkeypatch.setattr(bounded_http, "SECONDS", {Part.HEAD: 0.3, Part.BODY: 0.3})
    monkeypatch.setattr(bounded_http, "LINGER_SECONDS", 0.1)
    monkeypatch.setattr(transport, "IDLE_SECONDS", 0.3)


def request(*lines: str, body: bytes = b"", method: str = "POST", path: str = INGEST) -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *lines, "", ""]
    return "\r\n".join(head).encode("latin-1") + body


GET = request(method="GET", path="/healthz")


# --- bytes -----------------------------------------------------------------------------------------------------------
REFUSED = {
    "a stated length": (413, request(f"Content-Length: {10 * MEGABYTE + 1}")),
    "a stated length that no memory holds": (413, request(f"Content-Length: {10**15}")),
    "a target": (414, request(path="/" + "a" * TARGET_BYTES, method="GET")),
    "a target that does not end": (414, b"GET /" + b"a" * (4 * TARGET_BYTES)),
    "one header": (431, request("X-Long: " + "a" * HEAD_BYTES)),
    "a header that does not end": (431, b"GET / HTTP/1.1\r\nX-Long: " + b"a" * (2 * HEAD_BYTES)),
    "the name of a header": (431, b"GET / HTTP/1.1\r\n" + b"a" * (2 * HEAD_BYTES)),
    "many headers": (431, request(*(f"X-{number}: 1" for number in range(MAX_HEADERS)))),
    "a trailer": (431, request("Transfer-Encoding: chunked") + b"0\r\nX-Long: " + b"a" * (2 * HEAD_BYTES)),
    "the head of a chunk": (431, request("Transfer-Encoding: chunked") + b"5;" + b"a" * (2 * HEAD_BYTES)),
    "two lengths": (400, request("Content-Length: 1", "Content-Length: 2", body=b"{}")),
    "a length and chunks": (400, request("Content-Length: 2", "Transfer-Encoding: chunked", body=b"{}")),
    "a length that is no number": (400, request("Content-Length: 2x", body=b"{}")),
    "another protocol": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 5),
    "no protocol": (400, b"hello\r\n\r\n"),
}


def test_a_request_beyond_its_bounds_is_answered_and_cut(peers: Any):
    for name, (status, sent) in REFUSED.items():
        peer = peers()
        peer.send(sent)
        found, body = peer.answer()
        assert (found, body.keys()) == (status, {"code", "message", "docs_url"}), name


def test_a_large_body_is_cut_while_it_arrives(peers: Any, organization: Organization):
    peer = peers()
    peer.send(request("Transfer-Encoding: chunked", f"Authorization: Api-Key {key_of(organization)}"))
    chunk = b"%x\r\n%b\r\n" % (MEGABYTE, b" " * MEGABYTE)
    for _ in range(11):
        peer.send(chunk)
    status, body = peer.answer()
    assert (status, body["code"]) == (413, "too_large")
    assert "10 MB" in body["message"]
    # One that sends everything before it reads: without a pause the kernel would throw our answer away.
    peer = peers()
    peer.send(request(f"Content-Length: {12 * MEGABYTE}"))
    peer.send(b" " * 12 * MEGABYTE)
    assert peer.answer()[0] == 413


def test_what_is_within_the_bounds_is_taken(peers: Any, organization: Organization):
    text = b'{"x":"' + b"a" * (9 * MEGABYTE) + b'"}'
    peer = peers()
    key = f"Authorization: Api-Key {key_of(organization)}"
    peer.send(request(f"Content-Length: {len(text)}", key, body=text))
    assert peer.first() == 400  # no snapshot, and read by the view that says so
    peer.send(
        request("Transfer-Encoding: chunked", key) + b"".join(b"1\r\n%c\r\n" % byte for byte in b"[1]") + b"0\r\n\r\n"
    )
    assert peer.first() == 400
    peer = peers()
    peer.send(
        request(*(f"X-{n}: {'a' * 250}" for n in range(MAX_HEADERS - 2)), method="GET", path="/healthz?" + "a" * 7_000)
    )
    assert peer.first() == 200


def test_trailers_become_no_headers(peers: Any):
    peer = peers()
    peer.send(request("Transfer-Encoding: chunked", path="/healthz") + b"2\r\n{}\r\n0\r\nHost: evil.example\r\n\r\n")
    assert peer.first() == 405
    peer.send(GET)
    assert peer.first() == 200


def test_an_upgrade_to_something_else_is_answered_once_and_closed(peers: Any):
    peer = peers()
    peer.send(request("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", method="GET", path="/healthz"))
    assert peer.rest().startswith(b"HTTP/1.1 200 ")


def test_requests_one_after_another_and_at_once_are_answered_in_order(peers: Any):
    peer = peers()
    peer.send(GET + GET + request(method="GET", path="/nothing"))
    found = b""
    while b"Not found." not in found:
        found += peer._socket.recv(1 << 16)
    assert [int(part.split()[0]) for part in found.split(b"HTTP/1.1 ")[1:]] == [200, 200, 404]


# --- time ------------------------------------------------------------------------------------------------------------
SLOW = {
    "a head": (b"GET / HT", b"T"),
    "a header": (b"GET / HTTP/1.1\r\nX: ", b"a"),
    "a body": (request("Content-Length: 1000"), b" "),
    "a body in chunks": (request("Transfer-Encoding: chunked"), b"1\r\n \r\n"),
}


def test_a_request_that_drips_is_answered_and_cut(hasty: None, peers: Any):
    for name, (begin, drop) in SLOW.items():
        peer = peers()
        peer.send(begin)
        peer.send(drop)
        status, body = peer.answer()
        assert (status, body["code"]) == (408, "timeout"), name


def test_a_connection_that_asks_nothing_is_closed_without_a_word(hasty: None, peers: Any):
    for sent in (b"", b"\r\n" * 100):
        peer = peers()
        peer.send(sent)
        assert peer.rest() == b""


def test_a_connection_that_asks_nothing_more_is_closed(hasty: None, peers: Any):
    """Blank lines before a request are allowed, and would keep an idle connection."""
    for sent in (b"", b"\r\n"):
        peer = peers()
        peer.send(GET)
        assert peer.first() == 200
        peer.send(sent)
        assert peer.rest() == b""


def test_an_answer_may_take_longer_than_a_request(hasty: None, peers: Any, organization: Organization):
    """The bound is on what the client sends; a view takes the time that it takes."""
    peer = peers()
    key = f"Authorization: Api-Key {key_of(organization)}"
    peer.send(request(key, "Accept: text/event-stream", method="GET", path="/api/ws/sse?channels=kpi"))
    assert peer.first() == 200
    with pytest.raises(TimeoutError):
        peer.rest(within=1.0)


def test_the_proxies_that_we_describe_leave_the_answer_to_us(settings: Any):
    """They take a little more, wait as long, and give up idle connections to us before we do."""
    nginx, upstreams, haproxy = (
        (DOCKER / name).read_text() for name in ("nginx.conf", "upstreams.conf", "haproxy.cfg")
    )
    assert number(nginx, r"client_max_body_size (\d+)m") * MEGABYTE > settings.MAX_REQUEST_BYTES
    assert number(nginx, r"large_client_header_buffers \d+ (\d+)k") * 1024 > TARGET_BYTES
    assert number(nginx, r"client_header_timeout (\d+)s") == SECONDS[Part.HEAD]
    assert number(nginx, r"client_body_timeout (\d+)s") == SECONDS[Part.BODY]
    assert number(haproxy, r"timeout http-request (\d+)s") == SECONDS[Part.HEAD]
    assert number(haproxy, r"tune.bufsize (\d+)") - number(haproxy, r"tune.maxrewrite (\d+)") >= HEAD_BYTES
    assert upstreams.count("keepalive 32") == upstreams.count("keepalive_timeout")
    assert number(upstreams, r"keepalive_timeout (\d+)s") < IDLE_SECONDS


def number(text: str, pattern: str) -> int:
    [found] = re.findall(pattern, text)
    return int(found)


# --- many ------------------------------------------------------------------------------------------------------------
def held(server: LiveServer) -> dict[str, int]:
    """Return what half-open requests could leave behind, by kind."""

    def count() -> dict[str, int]:
        gc.collect()
        objects = [type(each).__name__ for each in gc.get_objects()]
        names = (
            BoundedProtocol.__name__,
            "StreamProtocol",
            "RequestResponseCycle",
            "SpooledTemporaryFile",
            "ASGIRequest",
        )
        return {"tasks": len(asyncio.all_tasks()), **{name: objects.count(name) for name in names}}

    return server.on_loop(count)


def test_two_hundred_half_open_requests_leave_nothing_behind(hasty: None, server: LiveServer, peers: Any):
    warm = peers()
    warm.send(GET)
    assert warm.first() == 200
    assert warm.rest() == b""  # idle, and closed
    before = held(server)
    begins = [begin for begin, _ in SLOW.values()] + [b"", request("Content-Length: 9000000", body=b" " * 300_000)]
    crowd = [peers() for _ in range(CROWD)]
    for number, peer in enumerate(crowd):
        peer.send(begins[number % len(begins)])
    ends = [peer.rest()[:12] for peer in crowd]
    assert set(ends) == {b"", b"HTTP/1.1 408"}
    assert wait_until(lambda: held(server) == before), (before, held(server))
    late = peers()
    late.send(GET)
    assert late.first() == 200
