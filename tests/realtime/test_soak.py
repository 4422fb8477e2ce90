"""The short form of tests.realtime.soak, on one server: cuts, restarts, claims, refusals and bursts."""

import asyncio

from intraday.org.models import Organization
from tests.conftest import key_of
from tests.live import LiveServer
from tests.realtime.notes import in_thread
from tests.realtime.soak import Soak

SECONDS, SEED = 4.0, 20260131


async def test_under_random_faults_nobody_loses_doubles_or_waits_for_ever(
    server: LiveServer, organization: Organization
):
    key = await in_thread(key_of, organization, "ingest", "read", "publish")
    soak = Soak([server], key, seed=SEED, clients=8, queues=60)

    async def restart() -> None:
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)

    soak.faults["server restarted"] = restart
    verdict = await soak.run(SECONDS)
    assert verdict.sound, str(verdict)
    assert verdict.published > 3
    assert verdict.delivered > verdict.published
    assert verdict.connections > len(soak.clients)
