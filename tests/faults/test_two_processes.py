"""Two server processes and a worker, while what they stand on is stopped, frozen, flushed and restarted.

Ingestion goes on, clients of both processes hear every event once and in order, and all recovers by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest
import redis

from tests.faults.site import Site, metric, running
from tests.live import Caller, Socket, socket, stats_say
from tests.services import Valkey

BACKLOG, CUSTOM = "backlog:org:org_123", "custom:org:org_123"
POOLS = 10 + 4  # connections of one process at most: settings.DATABASES


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("site")) as site:
        yield site


@dataclass
class Audience:
    """A client and a caller of each process; the clients listen to the backlog and to what the worker publishes."""

    clients: list[Socket]
    callers: list[Caller]
    first: int
    """Seq of the first event of the backlog that they shall hear."""

    async def heard(self, upto: int) -> None:
        """Each hears every event of the backlog up to this one, once, in order."""
        for client in self.clients:
            while (self.seqs(client) or [0])[-1] < upto:
                await client.hear(15)
            assert self.seqs(client) == list(range(self.first, upto + 1))

    @staticmethod
    def seqs(client: Socket) -> list[int]:
        return [message["seq"] for message in client.events() if message["stream"] == BACKLOG]


@asynccontextmanager
async def audience(site: Site) -> AsyncIterator[Audience]:
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(Caller(server, site.key)) for server in site.servers]
        clients = [await stack.enter_async_context(socket(server, site.key)) for server in site.servers]
        for client in clients:
            await client.subscribe(BACKLOG, CUSTOM)
            snapshot = await client.until("backlog:snapshot")
        yield Audience(clients, callers, snapshot["seq"] + 1)


async def test_everybody_hears_everything_whichever_process_took_it(site: Site):
    async with audience(site) as here:
        for caller in here.callers:
            await stats_say(caller, degraded=False)

        async def publish() -> None:
            await here.heard(await site.load(6, *here.callers))
            site.run_job("tests.publish", 1)
            for client in here.clients:
                assert (await client.until("custom:note"))["data"]["number"] == 1

        await layer_carries(here, publish, rounds=3)


async def test_stats_are_those_of_all_processes_whichever_is_asked(site: Site):
    async with audience(site) as here:
        for caller in here.callers:
            for _ in range(200):
                stats = (await caller.get("/api/ws/stats")).json()
                if (stats["active_connections"], stats["processes"]) == (2, 2):  # each process reports by itself
                    break
                await asyncio.sleep(0.05)
            assert (stats["active_connections"], stats["processes"]) == (2, 2)
            assert stats["connections_by_org"] == {"org_123": 2}
            listed = (await caller.get("/api/ws/connections")).json()["connections"]
            assert len({connection["process"] for connection in listed}) == 2


def break_it(valkey: Valkey, how: str) -> None:
    valkey.kill() if how == "stopped" else valkey.pause()


def repair(valkey: Valkey, how: str) -> None:
    valkey.restart() if how == "stopped" else valkey.resume()


@pytest.mark.parametrize("how", ["stopped", "frozen"])
async def test_without_redis_events_come_from_the_log_and_all_recovers_by_itself(site: Site, how: str):
    async with audience(site) as here:
        await here.heard(await site.load(4, *here.callers))
        break_it(site.valkey, how)
        try:
            await here.heard(await site.load(20, *here.callers))
            for caller in here.callers:
                await stats_say(caller, degraded=True)
            async with socket(site.servers[0], site.key) as late:
                await late.subscribe(BACKLOG)
                await here.heard(last := await site.load(1, here.callers[1]))
                await late.up_to(last)
        finally:
            repair(site.valkey, how)
        for caller in here.callers:
            await stats_say(caller, degraded=False)
        await layer_carries_again(site, here)
        site.run_job("tests.publish", 2)  # the worker has found its broker again
        for client in here.clients:
            assert (await client.until("custom:note"))["data"]["number"] == 2


async def layer_carries_again(site: Site, here: Audience) -> None:
    async def publish() -> None:
        await here.heard(await site.load(2, *here.callers))

    await layer_carries(here, publish, rounds=100)


async def layer_carries(here: Audience, publish: Callable[[], Awaitable[None]], *, rounds: int) -> None:
    """Publish until both processes take a whole round from the layer, and nothing of it from the log.

    A process joins a group a moment after its client subscribed, and its check of heads may overtake the layer: both
    read the log once, and are no fault.
    """
    for _ in range(rounds):
        healed = [await metric(caller, "intraday_log_heals_total") for caller in here.callers]
        await publish()
        if healed == [await metric(caller, "intraday_log_heals_total") for caller in here.callers]:
            return
    raise AssertionError(f"in each of {rounds} rounds events came from the log")


async def test_flushed_under_load_nothing_is_missed(site: Site):
    async with audience(site) as here:
        with redis.Redis.from_url(site.valkey.url) as client:
            for _ in range(5):
                await here.heard(await site.load(3, *here.callers))
                client.flushall()
                client.client_kill_filter(_type="pubsub")
        await here.heard(await site.load(3, *here.callers))
        for caller in here.callers:
            await stats_say(caller, degraded=False)
        await layer_carries_again(site, here)


async def test_postgres_restarted_costs_bounded_503s_and_no_connection(site: Site):
    async with audience(site) as here:
        await here.heard(last := await site.load(2, *here.callers))
        site.answers.clear()
        for _ in range(2):
            restarting = asyncio.create_task(asyncio.to_thread(site.postgres.restart))
            while not restarting.done():
                await asyncio.gather(*(try_to_post(site, here) for _ in range(4)))
            await restarting
            while (answer := await try_to_post(site, here)) is None:
                pass
            last = answer
        assert last < await four_in_a_row(site, here)
        assert site.answers.keys() <= {201, 503}
        await here.heard(await site.load(1, *here.callers))
        # No process holds more than its pools, and none that died is still counted.
        assert site.connections() <= (len(site.servers) + 1) * POOLS
        for caller in here.callers:
            assert (await caller.get("/readyz")).status_code == 200


async def four_in_a_row(site: Site, here: Audience) -> int:
    """Post until four in a row were taken; return the seq of the last event.

    Each connection of a pool may be dead once.
    """
    taken = 0
    for _ in range(4 * (1 + len(here.callers) * POOLS)):
        seq = await try_to_post(site, here)
        taken = 0 if seq is None else taken + 1
        if seq is not None and taken == 4:
            return seq
    raise AssertionError("no four posts in a row were taken")


async def try_to_post(site: Site, here: Audience) -> int | None:
    """The seq of the last event if the snapshot was taken as news; a refusal says when to try again."""
    answer = await site.post(*here.callers)
    if answer.status_code == 201:  # of several at once, one that was overtaken is no news
        event = answer.json()["event"]
        return None if event is None else int(event["seq"]) + 2
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["code"] == "unavailable"
    return None
