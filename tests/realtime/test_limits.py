"""Tenants beside each other: connections have limits, and one whose reads hang holds nobody else up."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event

import httpx2 as httpx
import psycopg
from django.db import connection

from intraday.org import access
from intraday.org.models import Organization
from realtime.hub.tenants.occupancy import ALL, Occupancy
from realtime.hub.tenants.threads import PER_TENANT, THREADS, TenantThreads
from realtime.models import Process
from realtime.protocol.rooms import CHANNELS, stream_name
from tests.access.people import person, token_of
from tests.conftest import key_of
from tests.live import Caller, LiveServer, ProcessServer, socket
from tests.realtime.notes import in_thread

SSE = "/api/ws/sse"


def limit(organization: Organization, **allowed: int) -> None:
    for name, number in allowed.items():
        setattr(organization, f"limit_{name}", number)
    organization.save()


async def refused(server: LiveServer | ProcessServer, token: str) -> tuple[str, int]:
    """Return the code of the error and of the close."""
    async with socket(server) as client:
        await client.say("authenticate", token=token)
        return (await client.until("error"))["data"]["code"], await client.closed()


# --- connections -----------------------------------------------------------------------------------------------------
async def test_a_key_has_so_many_sockets_and_streams_and_the_next_is_told_to_slow_down(
    any_server: LiveServer, token: str, organization: Organization
):
    await in_thread(limit, organization, connections_per_credential=2)
    async with socket(any_server, token), socket(any_server, token):
        assert await refused(any_server, token) == ("limit_reached", 4429)
        async with httpx.AsyncClient(base_url=any_server.http) as client:
            answer = await client.get(
                SSE, params={"channels": "backlog"}, headers={"Authorization": f"Api-Key {token}"}
            )
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
        assert answer.json()["code"] == "limit_reached"
        assert "2 (connections_per_credential)" in answer.json()["message"]
        async with socket(any_server, await in_thread(key_of, organization)):
            pass  # another key has its own
    async with socket(any_server, token):
        pass  # those that closed make room


async def test_an_organization_has_so_many_sockets_over_its_keys_and_people(
    server: LiveServer, token: str, foreign_token: str, organization: Organization
):
    await in_thread(limit, organization, connections=2)
    dana = await in_thread(person, "dana", organization)
    async with socket(server, token), socket(server, await in_thread(token_of, dana, organization)):
        assert await refused(server, await in_thread(key_of, organization)) == ("limit_reached", 4429)
        async with socket(server, foreign_token):
            pass


async def test_stats_tell_the_organization_which_limit_it_reached(
    server: LiveServer, token: str, organization: Organization
):
    await in_thread(limit, organization, connections=1)
    async with socket(server, token), Caller(server, token) as api:
        assert (await refused(server, token))[1] == 4429
        for _ in range(200):
            found = (await api.get("/api/ws/stats")).json()["limits_reached"]
            if [each for each in found if each["limit"] == "connections"]:
                break
            await asyncio.sleep(0.05)
        [told] = [each for each in found if each["limit"] == "connections"]
    assert told["organization_id"] == "org_123"
    assert told["refused"] >= 1


async def test_connections_of_other_processes_count_from_their_reports(
    server: LiveServer, token: str, organization: Organization
):
    await in_thread(limit, organization, connections=2)
    with ProcessServer.serve() as other:
        async with socket(server, token), socket(server, token), Caller(other, token) as api:
            for _ in range(400):
                told = (await api.get("/api/ws/stats")).json()
                if told["processes"] == 2 and told["active_connections"] == 2:
                    break
                await asyncio.sleep(0.05)
            async with asyncio.timeout(20):
                while True:  # the other reads the reports with its own next one
                    async with socket(other) as late:
                        await late.say("authenticate", token=token)
                        if (await late.hear())["event"] == "error":
                            assert await late.closed() == 4429
                            break


def test_reports_hold_no_names_and_no_small_numbers_of_credentials(organization: Organization):
    caller = access.by_api_key(key_of(organization))
    assert caller is not None
    occupancy = Occupancy()
    for _ in range(9):
        occupancy.replace(None, caller)
    assert occupancy.report() == {"org_123": {ALL: 9}}
    occupancy.replace(None, caller)
    [told] = [who for who in occupancy.report()["org_123"] if who != ALL]
    assert caller.user_id not in told
    for _ in range(10):
        occupancy.replace(caller, None)
    assert occupancy.report() == {}


def test_rows_of_processes_of_the_release_before_count_as_nothing(db: None):
    Process.objects.create(id="old", host="h", pid=1, started_at="2026-01-31T10:00:00Z", seen_at="2026-01-31T10:00:00Z")
    assert Process.objects.get().occupancy == {}


# --- turns -----------------------------------------------------------------------------------------------------------
@contextmanager
def hanging_streams(organization: str) -> Iterator[None]:
    """Have all snapshots of an organization without events wait: an open transaction is making its streams."""
    settings = connection.settings_dict
    with psycopg.connect(
        dbname=settings["NAME"], host=settings["HOST"], port=settings["PORT"], user=settings["USER"]
    ) as rival:
        for channel in CHANNELS:
            rival.execute(
                "INSERT INTO realtime_stream (name, organization_id, channel, epoch, head, tail) "
                "VALUES (%s, %s, %s, 'e', 0, 0)",
                [stream_name(channel, organization), organization, channel],
            )
        yield
        rival.rollback()


async def test_a_tenant_whose_snapshots_hang_holds_nobody_elses_subscription_up(
    server: LiveServer, token: str, foreign_token: str, organization: Organization, stranger: Organization
):
    with hanging_streams(stranger.pk):
        async with socket(server, foreign_token) as stuck, socket(server, foreign_token) as stuck_too:
            for client in (stuck, stuck_too):
                await client.say("subscribe", channels=list(CHANNELS), organization_id="org_999")
            async with socket(server, token) as client:  # its credential is looked up, too
                for channel in CHANNELS:
                    answer = await client.subscribe(f"{channel}:org:org_123")
                    assert answer["data"]["rooms"]
            assert not [each for each in stuck.heard + stuck_too.heard if each["event"] == "subscribed"]


async def test_a_tenant_holds_some_of_the_threads_and_those_that_wait_take_turns():
    turns, order, gate = TenantThreads(), list[str](), Event()

    def wait(name: str) -> None:
        gate.wait(20)
        order.append(name)

    hungry = [asyncio.ensure_future(turns.run("big", lambda n=n: wait(f"big {n}"))) for n in range(10)]
    await asyncio.sleep(0.05)
    quick = [await asyncio.wait_for(turns.run(f"small {n}", partial(int, n)), 20) for n in range(20)]
    assert quick == list(range(20))
    assert not order
    gate.set()
    await asyncio.gather(*hungry)
    assert len(order) == 10
    assert PER_TENANT < THREADS


async def test_calls_are_answered_by_their_own_results_errors_and_cancellations():
    turns = TenantThreads(threads=1, per_tenant=1)

    def fails() -> None:
        raise KeyError("no")

    first = asyncio.ensure_future(turns.run("a", lambda: 1))
    second = asyncio.ensure_future(turns.run("a", fails))
    third = asyncio.ensure_future(turns.run("a", lambda: 3))
    await asyncio.sleep(0)
    third.cancel()
    fourth = asyncio.ensure_future(turns.run("b", lambda: 4))
    done = await asyncio.gather(first, second, third, fourth, return_exceptions=True)
    assert done[0] == 1
    assert isinstance(done[1], KeyError)
    assert isinstance(done[2], asyncio.CancelledError)
    assert done[3] == 4
