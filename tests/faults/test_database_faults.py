"""A server process whose PostgreSQL is silent, locked, read-only, failed over: 503s meanwhile, and then as before."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

import httpx2 as httpx
import psycopg
import pytest

from tests.faults.prepared import prepared
from tests.faults.proxy import Proxy
from tests.faults.site import BEGIN, INGEST
from tests.faults.standby import Standby
from tests.live import Caller, ProcessServer, socket
from tests.services import Postgres, wait_until

BACKLOG = "backlog:org:org_123"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'intraday%'"
SNAPSHOTS = "SELECT count(*) FROM backlog_snapshot"
SETTINGS = {
    "REDIS_URL": "",
    "DATABASE_POOL": "2",
    "DATABASE_POOL_TIMEOUT": "1",
    "DATABASE_LOCK_TIMEOUT": "1",
    "INTRADAY_LOG_LEVEL": "ERROR",
}
IMPATIENT = "tcp_user_timeout=1500&keepalives_idle=1&keepalives_interval=1&keepalives_count=1&connect_timeout=2"


@dataclass
class Served:
    """A server process that knows both databases, and reaches the primary by a path that may go silent."""

    server: ProcessServer
    path: Proxy
    primary: Postgres
    standby: Standby
    key: str
    posted: int = 0

    async def post(self, caller: Caller) -> httpx.Response:
        self.posted += 1
        time = BEGIN + timedelta(seconds=self.posted)
        row = {"queue_name": "support", "snapshot_time": time.isoformat(), "total_items": self.posted}
        return await caller.post(INGEST, row | {"average_wait_time_minutes": 1})


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with ExitStack() as stack:
        primary = stack.enter_context(Postgres())
        key, environment = prepared(primary.url, SETTINGS)
        standby, path = stack.enter_context(Standby(primary)), stack.enter_context(Proxy(primary.port))
        hosts = f"127.0.0.1:{standby.port},127.0.0.1:{path.port}"  # the standby is asked first, and refused
        environment["DATABASE_URL"] = f"postgresql://postgres@{hosts}/postgres?{IMPATIENT}"
        server = ProcessServer("manage.py", "serve", "--port", "{port}", environment=environment)
        yield Served(stack.enter_context(server), path, primary, standby, key)


def count(database: Postgres, query: str) -> int:
    with psycopg.connect(database.url) as connection:
        [(number,)] = connection.execute(query).fetchall()
    return int(number)


def assert_try_again(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "unavailable"
    assert int(answer.headers["Retry-After"]) > 0


async def until_ready(caller: Caller) -> None:
    for _ in range(400):
        if (await caller.get("/readyz")).status_code == 200:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not ready again")


async def test_a_silent_path_is_answered_by_503_and_recovers(served: Served):
    async with Caller(served.server, served.key) as caller:
        assert (await served.post(caller)).status_code == 201
        await until_ready(caller)
        served.path.swallow()
        try:
            posts = [asyncio.create_task(served.post(caller)) for _ in range(6)]
            readiness = await caller.get("/readyz")
            assert not any(post.done() for post in posts)  # it waited for none of them
            assert (readiness.status_code, readiness.json()["status"]) == (503, "database unavailable")
            for answer in await asyncio.gather(*posts):
                assert_try_again(answer)
            assert_try_again(await served.post(caller))
        finally:
            served.path.resume()
        await until_ready(caller)
        while (answer := await served.post(caller)).status_code != 201:
            assert_try_again(answer)


async def test_statements_that_wait_for_a_lock_are_answered_by_503_and_hold_up_no_probe(served: Served):
    async with Caller(served.server, served.key) as caller:
        with psycopg.connect(served.primary.url) as other:
            other.execute("LOCK TABLE realtime_stream IN ACCESS EXCLUSIVE MODE")
            posts = [asyncio.create_task(served.post(caller)) for _ in range(6)]
            await asyncio.sleep(0)
            await until_ready(caller)  # at once, unless the machine is too busy to answer a probe within its second
            assert not any(post.done() for post in posts)
            for answer in await asyncio.gather(*posts):
                assert_try_again(answer)
        assert (await served.post(caller)).status_code == 201


async def test_a_read_only_database_is_said_to_be_so_and_recovers(served: Served):
    async with Caller(served.server, served.key) as caller:
        assert (await served.post(caller)).status_code == 201
        turn_read_only(served.primary, "on")
        while (answer := await served.post(caller)).status_code == 201:  # the reload takes a moment
            pass
        assert_try_again(answer)
        readiness = await caller.get("/readyz")
        assert readiness.status_code == 503
        assert "read-only" in readiness.json()["message"]
        assert_try_again(await served.post(caller))
        turn_read_only(served.primary, "off")
        await until_ready(caller)
        while (answer := await served.post(caller)).status_code != 201:
            assert_try_again(answer)


async def test_connections_that_are_reset_are_replaced(served: Served):
    async with Caller(served.server, served.key) as caller:
        assert (await served.post(caller)).status_code == 201
        served.path.cut()
        await until_ready(caller)
        while (answer := await served.post(caller)).status_code != 201:
            assert_try_again(answer)


async def test_the_new_primary_is_found_by_requests_sockets_and_readiness(served: Served):
    async with Caller(served.server, served.key) as caller, socket(served.server, served.key) as client:
        await client.subscribe(BACKLOG)
        for _ in range(4):
            assert (await served.post(caller)).status_code == 201
        assert count(served.primary, SESSIONS) > 0
        assert count(served.standby, SESSIONS) == 0

        await asyncio.to_thread(served.standby.take_over)
        stored = count(served.standby, SNAPSHOTS)
        while (answer := await served.post(caller)).status_code != 201:
            assert_try_again(answer)
        assert count(served.standby, SNAPSHOTS) > stored
        await client.up_to(answer.json()["event"]["seq"])
        assert (await caller.get("/readyz")).status_code == 200
        assert await asyncio.to_thread(wait_until, lambda: count(served.primary, SESSIONS) == 0)


def turn_read_only(postgres: Postgres, value: str) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as database:
        database.execute("SET default_transaction_read_only = off")
        database.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        database.execute("SELECT pg_reload_conf()")


def test_each_refusal_was_logged_once_with_its_reason(served: Served):
    lines = [line for line in served.server.stop().splitlines() if "database_unavailable" in line]
    assert any('"sqlstate": "55P03"' in line for line in lines)
    assert all('"view"' in line for line in lines)
