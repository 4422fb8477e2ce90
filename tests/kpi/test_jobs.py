"""Rounds of beat: from a posted interval to every screen, without anybody asking."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from intraday import tasks
from intraday.celery import app
from intraday.feed_health import services as feed_health
from intraday.jobs import leases
from intraday.jobs.models import DirtyScope
from tests.backlog.posting import TEN, post
from tests.conftest import key_of
from tests.kpi.posting import INGEST, STREAM, clock, interval
from tests.live import ROOT, Caller, ProcessServer, socket, test_database
from tests.services import Valkey


@pytest.fixture
def eager() -> Iterator[None]:
    """Tasks run where they are sent."""
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False


def test_beat_knows_every_task_that_it_starts():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)
    rounds = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    assert rounds["intraday.tasks.round_dirty"] == tasks.DIRTY_SECONDS == 5
    assert rounds["intraday.tasks.round_all"] == tasks.ALL_SECONDS == 5
    assert tasks.FULL_SECONDS + tasks.ALL_SECONDS < 60  # the rest is for the wait for a worker


def test_a_round_works_out_the_organizations_with_new_facts(api, outsider, heard, eager):
    with clock(0):
        post(api, interval(), INGEST)
        with heard(STREAM) as events, heard("kpi:org:org_999") as others:
            tasks.round_dirty()
        assert (events.scopes, others) == (["support", "dept_456", "organization"], [])
        post(outsider, interval(), INGEST)
        with heard("kpi:org:org_999") as others:
            tasks.round_dirty()
        assert others.scopes == ["support", "dept_456", "organization"]


def test_the_round_over_everything_asks_no_marks(api, outsider, heard, eager):
    with clock(0):
        for caller in (api, outsider):
            post(caller, interval(), INGEST)
        feed_health.store()
        DirtyScope.objects.all().delete()
        with heard(STREAM) as events, heard("kpi:org:org_999") as others:
            tasks.round_all()
    assert len(events) == len(others) == 3


def test_the_round_over_everything_judges_new_facts_too(api, outsider, eager):
    """A run over them would follow in seconds, for what is known by then."""
    with clock(0):
        for caller in (api, outsider):
            post(caller, interval(), INGEST)
        assert DirtyScope.objects.exists()
        tasks.round_all()
    assert not DirtyScope.objects.exists()


def test_while_an_organization_is_worked_on_another_run_leaves_it_alone(api, heard):
    with clock(0):
        post(api, interval(), INGEST)
        with heard(STREAM) as events, leases.lease("judge_dirty", "org_123"):
            tasks.judge_dirty("org_123")
        assert (len(events), DirtyScope.objects.count()) == (0, 1)
        with heard(STREAM) as events:
            tasks.judge_dirty("org_123")
        assert (len(events), DirtyScope.objects.count()) == (3, 0)


def now_running(**fields):
    """The half hour that the real clock is in."""
    now = timezone.now()
    start = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    return interval(**fields) | {"interval_start": start.isoformat(), "as_of": now.isoformat()}


async def until_told(client, queue, seconds):
    deadline = timezone.now() + timedelta(seconds=seconds)
    while True:
        told = await client.until("kpi:update", (deadline - timezone.now()).total_seconds())
        if told["data"].get("queue_name") == queue:
            return told["data"]


async def test_a_posted_interval_reaches_a_socket_of_the_embedded_run(tmp_path: Path):
    demo = {"user_id": "ada", "organization_id": "org_123"}
    with ProcessServer.embedded(tmp_path, INTRADAY_LOG_LEVEL="WARNING") as server:
        async with Caller(server) as api, socket(server) as client:
            await client.say("authenticate", **demo)
            await client.subscribe("kpi:org:org_123")
            posted = await api.post(INGEST, now_running() | {"organization_id": "org_123"})
            assert posted.status_code == 201
            told = await until_told(client, "support", 60)
    assert told["service"]["offered"] == 100
    assert datetime.fromisoformat(told["timestamp"]) > TEN


@contextmanager
def celery(*words: str, environment: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "intraday.celery", *words, "--loglevel=WARNING"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield
        assert process.poll() is None, (process.stdout or sys.stdin).read()
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def key(transactional_db, organization) -> str:
    return key_of(organization)


async def test_worker_beat_and_web_are_processes_of_their_own(key, tmp_path):
    """The figure that a forked worker works out reaches a socket of the web process through Valkey."""
    with ExitStack() as stack:
        valkey = stack.enter_context(Valkey())
        web = ProcessServer.serve()
        web._environment |= {"REDIS_URL": valkey.url, "INTRADAY_LOG_LEVEL": "WARNING"}
        stack.enter_context(web)
        environment = web._environment | test_database()
        worker = ("worker", "--concurrency=1", "--without-gossip", "--without-mingle")
        stack.enter_context(celery(*worker, environment=environment))
        schedule = str(tmp_path / "schedule")
        stack.enter_context(celery("beat", "--schedule", schedule, "--pidfile=", environment=environment))
        async with Caller(web, key) as api, socket(web, key) as client:
            await client.subscribe(STREAM)
            assert (await api.post(INGEST, now_running())).status_code == 201
            told = await until_told(client, "support", 60)
            stats = (await api.get("/api/ws/stats")).json()
    assert told["headcount_gap"]["available"] == 14
    assert stats["active_connections"] == 1
