"""Processes whose clocks are an hour ahead and an hour behind, beside a database that is right: figures stay current,
alerts fire, no task expires, events carry the right times and reach every socket."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connections

from alerts.models import Alert
from intraday.jobs.models import JobRun, Lease
from intraday.org.models import Organization
from kpi.models import CurrentKPI
from tests.alerts.world import World
from tests.kpi.posting import INGEST, STREAM
from tests.kpi.test_jobs import celery, key, now_running, until_told
from tests.live import Caller, Message, ProcessServer, socket, test_database
from tests.services import Valkey, wait_until

__all__ = ["key"]
pytestmark = [pytest.mark.debian("faketime"), pytest.mark.django_db(transaction=True)]
LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
Site = dict[str, ProcessServer]
SOON = timedelta(minutes=3)  # far less than the hour, and enough for a busy machine


def off_by(hours: int) -> dict[str, str]:
    return {"LD_PRELOAD": str(LIBRARY), "FAKETIME": f"{hours:+d}h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def is_now(time: datetime | str) -> bool:
    moment = datetime.fromisoformat(time) if isinstance(time, str) else time
    return abs(datetime.now(UTC) - moment) < SOON


async def within_a_minute(awaited: Awaitable[Message]) -> Message:
    async with asyncio.timeout(60):
        return await awaited


@pytest.fixture
def site(transactional_db: None, organization: Organization, tmp_path: Path) -> Iterator[Site]:
    """A web process and a worker with clocks that are ahead and behind, and a beat that is behind."""
    World(organization).rule(metric="utilization.occupancy", threshold=1, clear_threshold=0, for_seconds=0)
    with ExitStack() as stack:
        valkey = stack.enter_context(Valkey())
        webs = {"ahead": ProcessServer.serve(), "behind": ProcessServer.serve()}
        shared = {"REDIS_URL": valkey.url, "INTRADAY_LOG_LEVEL": "WARNING"}
        for name, hours in (("ahead", 1), ("behind", -1)):
            webs[name]._environment |= shared | off_by(hours)
            webs[name].launch()
            stack.callback(webs[name].kill)
            environment = webs[name]._environment | test_database()
            worker = ("worker", "--concurrency=1", "--without-gossip", "--without-mingle", "--hostname", f"{name}@here")
            stack.enter_context(celery(*worker, environment=environment))
        beat = ("beat", "--schedule", str(tmp_path / "schedule"), "--pidfile=")
        stack.enter_context(celery(*beat, environment=environment))
        for web in webs.values():
            web.wait()
        yield webs


async def test_with_clocks_an_hour_off_everything_is_as_with_right_ones(key: str, site: Site):
    ahead, behind = site["ahead"], site["behind"]
    async with (
        Caller(behind, key) as late_api,
        Caller(ahead, key) as early_api,
        socket(ahead, key) as early,
        socket(behind, key) as late,
    ):
        for client in (early, late):
            await client.subscribe(STREAM, "alerts:org:org_123")
        for api in (late_api, early_api):  # neither takes it for data of the future or of the past
            assert (await api.post(INGEST, now_running())).status_code == 201
        for client in (early, late):
            assert is_now((await until_told(client, "support", 60))["timestamp"])
            fired = await within_a_minute(client.until("alert:triggered", 60))
            assert is_now(fired["ts"])
            assert is_now(fired["data"]["triggered_at"])
            await client.say("ping")
            assert is_now((await client.until("pong"))["data"]["server_time"])
        for api in (late_api, early_api):
            found = (await api.get("/api/intraday/kpi/current", organization_id="org_123")).json()["current"]
            assert found["quality"] in ("ok", "partial")
            assert 0 <= found["data_age_seconds"] < SOON.total_seconds()
            stats = (await api.get("/api/ws/stats")).json()
            assert stats["processes"] == 2
    await asyncio.to_thread(check_what_was_stored)


def check_what_was_stored() -> None:
    assert is_now(Alert.objects.latest("triggered_at").triggered_at)
    assert all(map(is_now, CurrentKPI.objects.filter(time__isnull=False).values_list("time", flat=True)))
    done = JobRun.objects.filter(job="intraday.tasks.judge_dirty", last_succeeded_at__isnull=False)
    assert wait_until(done.exists)
    assert is_now(done.get().last_succeeded_at)
    assert not JobRun.objects.filter(expired__gt=0).exists()
    assert all(map(is_now, Lease.objects.filter(begun_at__isnull=False).values_list("begun_at", flat=True)))
    connections.close_all()
