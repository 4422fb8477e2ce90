"""PostgreSQL fails over: sessions on the demoted primary are given up, and the new one is found."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx2 as httpx
import psycopg
import pytest

from tests.faults.prepared import prepared
from tests.faults.site import BEGIN, INGEST
from tests.faults.standby import Standby
from tests.live import Caller, ProcessServer, socket
from tests.services import Postgres

BACKLOG = "backlog:org:org_123"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'intraday%'"
SNAPSHOTS = "SELECT count(*) FROM backlog_snapshot"


def servers(*databases: Postgres) -> str:
    hosts = ",".join(f"127.0.0.1:{database.port}" for database in databases)
    return f"postgresql://postgres@{hosts}/postgres"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Postgres, Standby, ProcessServer, str]]:
    with ExitStack() as stack:
        primary = stack.enter_context(Postgres())
        key, environment = prepared(primary.url, {"REDIS_URL": "", "INTRADAY_VAR": str(tmp_path)})
        standby = stack.enter_context(Standby(primary))
        environment["DATABASE_URL"] = servers(standby, primary)  # the standby is asked first, and refused
        server = ProcessServer("manage.py", "serve", "--port", "{port}", environment=environment)
        stack.enter_context(server)
        yield primary, standby, server, key


def count(database: Postgres, query: str) -> int:
    with psycopg.connect(database.url) as connection:
        [(number,)] = connection.execute(query).fetchall()
    return int(number)


async def post(caller: Caller, number: int) -> httpx.Response:
    time = BEGIN + timedelta(seconds=number)
    row = {"queue_name": "support", "snapshot_time": time.isoformat(), "total_items": number}
    return await caller.post(INGEST, row | {"average_wait_time_minutes": 1})


async def test_the_new_primary_is_found_by_requests_sockets_and_readiness(
    site: tuple[Postgres, Standby, ProcessServer, str],
):
    primary, standby, server, key = site
    async with Caller(server, key) as caller, socket(server, key) as client:
        await client.subscribe(BACKLOG)
        for number in range(4):
            assert (await post(caller, number)).status_code == 201
        assert (await caller.get("/readyz")).status_code == 200
        assert count(primary, SESSIONS) > 0
        assert count(standby, SESSIONS) == 0

        await asyncio.to_thread(standby.take_over)
        stored, number = count(standby, SNAPSHOTS), 4
        while (answer := await post(caller, number)).status_code != 201:
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert int(answer.headers["Retry-After"]) > 0
            number += 1
            assert number < 100
        assert count(standby, SNAPSHOTS) == stored + 1
        await client.up_to(answer.json()["event"]["seq"])
        assert (await caller.get("/readyz")).status_code == 200
        for _ in range(200):
            if count(primary, SESSIONS) == 0:
                break
            await asyncio.sleep(0.05)
        assert count(primary, SESSIONS) == 0, "sessions are left on the demoted primary"
