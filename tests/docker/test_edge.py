"""The proxies that docker/ has settings for, before two real processes that are restarted one after the other."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import httpx2 as httpx
import pytest
from axes.models import AccessAttempt

from intraday.org.models import Organization
from tests.conftest import key_of
from tests.docker.edge import DOCKER, Client, HAProxy, Nginx, Proxy, crowd, program, reached, replaced
from tests.live import Caller, LiveServer, ProcessServer, test_database
from tests.realtime.notes import in_thread
from tests.services import wait_until

CLIENTS_EACH = 50
MOST_ATTEMPTS = 5  # of a client to come back
BEGIN = datetime(2026, 1, 31, tzinfo=UTC)
INGEST = "/api/schedulesbacklog/ingest"

pytestmark = pytest.mark.debian("nginx", "haproxy")


@pytest.fixture
def servers(transactional_db: None) -> Iterator[list[ProcessServer]]:
    quiet = {"INTRADAY_TRUSTED_PROXIES": "1", "INTRADAY_LOG_LEVEL": "CRITICAL"}
    servers = [
        ProcessServer("manage.py", "serve", "--port", "{port}", environment=test_database() | quiet) for _ in "ab"
    ]
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.wait()
        yield servers
    finally:
        for server in servers:
            if server.process is not None:
                server.kill()


@pytest.fixture
def proxies(servers: list[ProcessServer]) -> Iterator[list[Proxy]]:
    with Nginx(*servers, cut=1) as nginx, HAProxy(*servers, cut=1) as haproxy:
        yield [nginx, haproxy]


class Site:
    """Clients and a feed at each proxy."""

    def __init__(self, callers: list[Caller], clients: list[Client]) -> None:
        self.callers, self.clients = callers, clients
        self.posted, self.last = 0, 0

    async def feed(self, count: int = 4) -> None:
        """Post snapshots through both proxies in turn, again until each is taken."""
        for _ in range(count):
            self.posted += 1
            time = (BEGIN + timedelta(seconds=self.posted)).isoformat()
            row = {"queue_name": "support", "snapshot_time": time, "total_items": self.posted}
            answer = await self._post(row | {"average_wait_time_minutes": 1})
            self.last = int(answer.json()["event"]["seq"]) + 2

    async def _post(self, row: dict[str, Any]) -> httpx.Response:
        for attempt in range(MOST_ATTEMPTS):
            answer = await self.callers[(self.posted + attempt) % 2].post(INGEST, row)
            if answer.status_code == 201:
                return answer
        raise AssertionError(answer.text)

    async def all_back(self) -> None:
        await reached(lambda: all(client.listening for client in self.clients))

    async def all_heard(self) -> None:
        await reached(lambda: all((client.seqs or [0])[-1] >= self.last for client in self.clients))
        assert [client.seqs for client in self.clients if client.missed_or_doubled(self.last)] == []
        assert max(client.most_attempts for client in self.clients) <= MOST_ATTEMPTS


@asynccontextmanager
async def site(proxies: list[Proxy], key: str) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(Caller(proxy, key)) for proxy in proxies]  # type: ignore[arg-type]
        crowds = [await stack.enter_async_context(crowd(proxy.ws, key, CLIENTS_EACH)) for proxy in proxies]
        yield Site(callers, [client for crowd in crowds for client in crowd])


async def test_after_a_rolling_restart_and_a_reload_everybody_is_back_and_missed_nothing(
    servers: list[ProcessServer], proxies: list[Proxy], organization: Organization
):
    key = await in_thread(key_of, organization)
    await check_what_is_passed_on(proxies, key)
    async with site(proxies, key) as here:
        await here.feed()
        for server in servers:
            await in_thread(server.stop)
            await here.feed()
            await here.all_back()  # while its port answers nobody
            await in_thread(server.start)
            await here.feed()
        await here.all_back()
        cut = [len(client.codes) for client in here.clients]
        for proxy in proxies:
            proxy.reload()
        await here.feed()
        await reached(lambda: all(len(client.codes) > count for client, count in zip(here.clients, cut, strict=True)))
        await here.all_back()
        await here.feed()
        await here.all_heard()


class Unwell(BaseHTTPRequestHandler):
    """A process that answers and is not well: its database is away, say."""

    checks = 0

    def do_GET(self) -> None:
        type(self).checks += self.path == "/readyz"
        self.send_error(503 if self.path == "/readyz" else 500)

    def log_message(self, *_: Any) -> None:
        pass


async def test_haproxy_sends_nobody_to_a_process_that_answers_and_is_not_well(
    server: LiveServer, organization: Organization, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Unwell, "checks", 0)
    with ThreadingHTTPServer(("127.0.0.1", 0), Unwell) as unwell:
        Thread(target=unwell.serve_forever, daemon=True).start()
        with HAProxy(server, SimpleNamespace(port=unwell.server_port)) as haproxy:
            assert await in_thread(wait_until, lambda: Unwell.checks >= 3)
            async with crowd(haproxy.ws, await in_thread(key_of, organization), 10) as clients:
                assert max(client.most_attempts for client in clients) == 1
        unwell.shutdown()


async def check_what_is_passed_on(proxies: list[Proxy], key: str) -> None:
    """Check that the proxy hides /metrics, passes streams at once, and adds the address of the client."""
    for proxy in proxies:
        async with httpx.AsyncClient(base_url=proxy.http, headers={"Authorization": f"Api-Key {key}"}) as caller:
            assert (await caller.get("/metrics")).status_code == 404
            query = {"channels": "backlog", "organization_id": "org_123"}
            async with caller.stream("GET", "/api/ws/sse", params=query) as stream, asyncio.timeout(10):
                assert await anext(stream.aiter_text())  # before its end: nothing is collected on the way
            await sign_in_wrongly(proxy, "203.0.113.9")
    addresses = await in_thread(lambda: list(AccessAttempt.objects.values_list("ip_address", flat=True)))
    assert set(addresses) == {"127.0.0.1"}


async def sign_in_wrongly(proxy: Proxy, made_up: str) -> None:
    headers = {"Cookie": f"csrftoken={'t' * 32}", "X-Forwarded-For": made_up}
    form = {"username": "dana", "password": "wrong", "csrfmiddlewaretoken": "t" * 32}
    async with httpx.AsyncClient(base_url=proxy.http, headers=headers) as browser:
        assert (await browser.post("/signin", data=form)).status_code == 200


# --- the files as they are shipped -----------------------------------------------------------------------------------
@pytest.mark.parametrize("upstreams", ["upstreams.conf", "upstreams-static.conf"])
def test_nginx_accepts_its_settings(tmp_path: Path, upstreams: str):
    """Also those for a newer one with a resolver, but for that word and the names, which only Docker can look up."""
    text = (DOCKER / upstreams).read_text()
    if upstreams == "upstreams.conf":
        text = replaced(text, (r" resolve ", " "), (r"server \w+:", "server 127.0.0.1:"))
    (tmp_path / "upstreams.conf").write_text(text)
    settings = replaced((DOCKER / "nginx.conf").read_text(), (r"^pid .*;", f"pid {tmp_path}/pid;"))
    (tmp_path / "nginx.conf").write_text(settings)
    assert_accepted(program("nginx"), "-t", "-c", str(tmp_path / "nginx.conf"))


def test_haproxy_accepts_its_settings():
    assert_accepted(program("haproxy"), "-c", "-f", str(DOCKER / "haproxy.cfg"))


def assert_accepted(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr.lower().replace("warn;", "")
