"""Answers of every kind from real servers: what they tell of the server, and what browsers may keep and do."""

import socket
from dataclasses import dataclass
from typing import Any

import pytest

from intraday.org.models import Organization
from tests.conftest import key_of
from tests.live import LiveServer, ProcessServer

UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
SOCKET = (*UPGRADE, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")


@dataclass(frozen=True)
class Kind:
    status: int
    request: str
    headers: tuple[str, ...] = ()
    host: str = "127.0.0.1:{port}"
    stored: bool = False
    """Whether caches may keep it."""
    ours: bool = True
    """Whether it is an answer of the application, which knows of browsers; else of the server before it."""
    refused: bool = False
    """Whether the server before the application refuses it in words, in JSON (realtime.transport.bounded_http)."""


KINDS = {
    "page": Kind(200, "GET /signin"),
    "page for people": Kind(302, "GET /password"),
    "no page": Kind(404, "GET /nothing"),
    "document": Kind(200, "GET /asyncapi.json"),
    "schema": Kind(200, "GET /api/schema"),
    "API": Kind(200, "GET /api/intraday/backlog/current", ("Authorization: Api-Key {key}",)),
    "CSV": Kind(200, "GET /api/intraday/backlog/history?format=csv", ("Authorization: Api-Key {key}",)),
    "unknown key": Kind(401, "GET /api/intraday/backlog/current", ("Authorization: Api-Key x",)),
    "no such endpoint": Kind(404, "GET /api/nothing"),
    "wrong method": Kind(405, "PUT /api/audit", ("Authorization: Api-Key {key}", "Content-Length: 0")),
    "preflight": Kind(200, "OPTIONS /api/audit", ("Access-Control-Request-Method: GET", "Origin: https://x.example")),
    "stream": Kind(200, "GET /api/ws/sse?channels=backlog", ("Authorization: Api-Key {key}",)),
    "refused stream": Kind(401, "GET /api/ws/sse?channels=backlog", ("Authorization: Api-Key x",)),
    "admin": Kind(302, "GET /admin/"),
    "probe": Kind(200, "GET /healthz"),
    "readiness": Kind(200, "GET /readyz"),
    "metrics": Kind(200, "GET /metrics"),
    "static file": Kind(200, "GET /static/intraday/plain.css", stored=True),
    "no static file": Kind(404, "GET /static/nothing.css", stored=True),
    "foreign host": Kind(400, "GET /signin", host="evil.example"),
    "no HTTP": Kind(400, "GET / / /", ours=False, refused=True),
    "socket": Kind(101, "GET /ws", SOCKET, ours=False),
    "socket elsewhere": Kind(403, "GET /nothing", SOCKET, ours=False),
    "socket for another page": Kind(403, "GET /ws", (*SOCKET, "Origin: https://evil.example"), ours=False),
    "half a handshake": Kind(400, "GET /ws", UPGRADE, ours=False),
}


def ask(port: int, kind: Kind, key: str, *more: str) -> tuple[int, dict[str, str]]:
    """Send the request; return the status and the headers of the answer."""
    version = "" if kind.request.count(" ") > 1 else " HTTP/1.1"
    lines = [kind.request + version, f"Host: {kind.host}", *kind.headers, *more, "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).replace("{port}", str(port)).replace("{key}", key).encode())
        answer = b""
        while b"\r\n\r\n" not in answer and (data := connection.recv(65_536)):
            answer += data
    first, *headers = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    pairs = (line.partition(": ")[::2] for line in headers)
    return int(first.split()[1]), {name.lower(): value for name, value in pairs}


def check(name: str, kind: Kind, headers: dict[str, str]) -> None:
    assert not {"server", "x-powered-by", "via"} & headers.keys(), name
    assert ("no-store" in headers.get("cache-control", "")) is ((kind.ours or kind.refused) and not kind.stored), (
        name,
        headers,
    )
    assert ("camera=()" in headers.get("permissions-policy", "")) is kind.ours, name


@pytest.fixture
def key(house: Organization) -> str:
    return key_of(house)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with ProcessServer.embedded(tmp_path_factory.mktemp("var")) as running:
        yield running


@pytest.fixture
def house(organization: Organization) -> Organization:
    return organization


def test_no_kind_of_answer_names_the_server_or_is_kept_in_production(server: LiveServer, key: str, settings: Any):
    settings.ROOT_URLCONF = "tests.rest.broken_urls"
    for name, kind in {**KINDS, "failure": Kind(500, "GET /api/broken")}.items():
        status, headers = ask(server.port, kind, key)
        assert status == kind.status, name
        check(name, kind, headers)
        assert "strict-transport-security" not in headers, name


def test_behind_tls_every_answer_that_passes_django_asks_for_a_year_of_tls(server: LiveServer, key: str, settings: Any):
    settings.TRUSTED_PROXIES = 1
    for name, kind in KINDS.items():
        _, headers = ask(server.port, kind, key, "X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.7")
        passes = kind.ours and name not in ("probe", "readiness")  # asked by orchestrators, which keep nothing
        assert headers.get("strict-transport-security") == ("max-age=31536000" if passes else None), name
        check(name, kind, headers)


KEY = """
from intraday.org.models import Organization
from intraday.org.services import create_api_key
print(create_api_key(organization=Organization.objects.get(id="org_123"), name="table", scopes=["read"])[1])
"""


def test_no_kind_of_answer_names_the_server_or_is_kept_in_the_embedded_run(embedded: ProcessServer):
    key = embedded.shell(KEY).split()[-1]
    for name, kind in KINDS.items():
        status, headers = ask(embedded.port, kind, key)
        assert status == kind.status, name
        check(name, kind, headers)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/", "/api/alerts"])
def test_the_embedded_server_answers_nothing_under_a_foreign_name(embedded: ProcessServer, path: str):
    """As a page would ask whose host name was made to resolve to this machine."""
    assert ask(embedded.port, Kind(400, f"GET {path}", host="evil.example"), "")[0] == 400


def test_probes_in_production_are_answered_under_any_name(server: LiveServer):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert ask(server.port, Kind(200, f"GET {path}", host="10.1.2.3:5000"), "")[0] == 200
