"""`/metrics`: what Prometheus reads, true, and for nobody else."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Task
from django.contrib.auth.models import User
from django.test import Client
from django.urls import get_resolver

from intraday.celery import app
from intraday.jobs.models import JobRun
from intraday.org.models import Organization
from tests.access.url_table import routes
from tests.conftest import key_of
from tests.live import Caller, LiveServer, socket
from tests.rest.samples import read, scrape, value

INGEST = "/api/schedulesbacklog/ingest"
ROW = {"queue_name": "support", "snapshot_time": "2026-01-31T10:00:00Z", "total_items": 10}
PLACES = ("admin/", "api/alerts", "api/intraday", "api/ws/")
ROW["average_wait_time_minutes"] = 2.5


async def test_a_server_tells_its_connections_deliveries_and_requests(
    server: LiveServer, organization: Organization, token: str
):
    async with socket(server, token) as client, socket(server, token), Caller(server, token) as api:
        await client.subscribe("backlog:org:org_123")
        before = read((await api.get("/metrics")).text)
        posted = {"method": "POST", "route": INGEST, "status": "201"}
        assert (await api.post(INGEST, ROW)).status_code == 201
        assert (await api.get("/api/ws/stats")).status_code == 200
        for _ in range(3):
            await client.until("backlog:update")
        after = read((await api.get("/metrics")).text)
    assert value(after, "intraday_connections") == 2
    assert value(after, "intraday_streams") == 1
    assert value(after, "intraday_degraded") == 0
    assert value(after, "intraday_database_up") == 1
    assert value(after, "intraday_deliveries_total", event="backlog:update") == 3
    assert value(after, "intraday_log_events_total", channel="backlog") == 3
    assert value(after, "intraday_layer_dropped_total", to="hubs") == 0
    name = "intraday_request_seconds_count"
    assert value(after, name, **posted) == value(before, name, **posted) + 1
    assert value(after, "process_resident_memory_bytes") > 1_000_000


@pytest.fixture
def token(transactional_db: None, organization: Organization) -> str:
    return key_of(organization)


def test_what_callers_make_up_becomes_no_label(db: None, client: Client):
    for path in ("/nothing/here", "/api/nothing"):
        assert client.get(path).status_code == 404
    assert client.generic("BREW", "/healthz").status_code == 405
    labels = {name: given for (metric, pairs) in scrape(client) if "request" in metric for name, given in pairs}
    text = str([pairs for _, pairs in scrape(client)])
    assert labels
    assert "nothing" not in text
    assert "BREW" not in text


def test_a_stranger_who_tries_every_method_everywhere_adds_no_series_for_each(db: None, client: Client):
    paths = [f"/{route}" for route, _ in routes(get_resolver()) if route.startswith(PLACES) and "<" not in route]
    before, stranger = series(client), Client(enforce_csrf_checks=True)
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "POST"):
            stranger.generic(method, path)
    assert len(paths) > 50
    assert len(series(client) - before) < 10


def series(client: Client) -> set[tuple[str, ...]]:
    """Return the labels of each series of requests."""
    found = scrape(client)
    return {tuple(sorted(pairs)) for metric, pairs in found if metric == "intraday_request_seconds_count"}


# --- who may ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("caller", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "10.0.0.7"}, 403),
        ({"REMOTE_ADDR": ""}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.0.7"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=10.0.0.7"}, 403),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": "Bearer s3cret"}, 200),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": "Bearer s3cre"}, 403),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": "Bearer "}, 403),
    ],
)
def test_it_is_for_the_machine_and_for_who_knows_the_token(
    client: Client, db: None, settings: Any, caller: dict[str, str], status: int
):
    settings.METRICS_TOKEN = "s3cret"
    assert client.get("/metrics", **caller).status_code == status


def test_without_a_token_none_is_right(client: Client, db: None):
    answer = client.get("/metrics", REMOTE_ADDR="10.0.0.7", HTTP_AUTHORIZATION="Bearer ")
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"


def test_it_is_for_superusers_and_not_for_tenants(client: Client, organization: Organization):
    key = key_of(organization, "read", "ingest", "publish", "token")
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.7", HTTP_AUTHORIZATION=f"Api-Key {key}").status_code == 403
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 403
    client.force_login(User.objects.create_superuser("operator"))
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_ask_by_address(client: Client, db: None, path: str):
    """Kubernetes and Prometheus say the address of the pod as Host."""
    assert client.get(path, HTTP_HOST="10.1.2.3:5000").status_code == 200
    assert client.get("/api/schema", HTTP_HOST="10.1.2.3:5000").status_code == 400
    assert client.get("/metrics", HTTP_HOST="10.1.2.3:5000", REMOTE_ADDR="10.0.0.7").status_code == 400


# --- jobs ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def jobs() -> Iterator[dict[str, Task]]:
    """Tasks run as a worker runs them, in this process."""

    def good() -> int:
        return 1

    def bad() -> None:
        raise ZeroDivisionError

    found = {function.__name__: app.task(name=f"tests.{function.__name__}")(function) for function in (good, bad)}
    yield found
    for task in found.values():
        app.tasks.pop(task.name)


def test_a_worker_records_what_it_ran(db: None, jobs: dict[str, Task]):
    jobs["good"].apply()
    jobs["good"].apply()
    jobs["bad"].apply()
    good, bad = JobRun.objects.get(job="tests.good"), JobRun.objects.get(job="tests.bad")
    assert (good.runs, good.failures, bad.runs, bad.failures) == (2, 0, 1, 1)
    assert good.last_succeeded_at == good.last_begun_at
    assert bad.last_succeeded_at is None
