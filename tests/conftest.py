"""Fixtures for all tests: an organization, callers of its API, and the real server with real sockets."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import randrange
from typing import Any

import pytest
from django.db import connections
from rest_framework.test import APIClient

from intraday.background import work as background
from intraday.clock.database import clock
from intraday.connections.probe import probe
from intraday.database import recent
from intraday.feed_health.services import deliveries
from intraday.org.models import Organization, Role
from intraday.org.services import add_queues, create_api_key, create_organization
from tests.heard import heard
from tests.live import LiveServer

__all__ = ["heard"]

TABLE = "table"
SERVERS = {"server", "any_server", "transactional_db"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A server sees only what is committed, and reads through both aliases."""
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Drop what a test left to the background, and what it looked up, before the database is emptied."""
    for work in background.every:
        work.forget()
    for found in recent.every:
        found.clear()
    deliveries.forget()


@pytest.fixture
def show_table(record_property: Callable[[str, object], None]) -> Callable[[str, list[str]], None]:
    """Show a table at the end of the run, also when the test ran in another process."""
    return lambda title, lines: record_property(TABLE, "\n".join([title, *lines]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for name in ("passed", "failed") for report in terminalreporter.getreports(name)]
    for text in [text for report in reports for name, text in report.user_properties if name == TABLE]:
        title, *lines = text.split("\n")
        terminalreporter.section(title)
        terminalreporter.write_line("\n".join(lines))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    yield
    probe.close()
    for connection in connections.all():
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()  # else the test database cannot be dropped


@pytest.fixture
def organization(db: None) -> Organization:
    """org_123 with queue support in dept_456."""
    organization = create_organization(id="org_123", name="Owner")
    add_queues(organization, [("dept_456", "support"), ("dept_456", "billing"), ("dept_456", "sales")])
    return organization


@pytest.fixture
def stranger(db: None) -> Organization:
    """Another tenant, with a queue of the same name."""
    organization = create_organization(id="org_999", name="Stranger")
    add_queues(organization, [("dept_456", "support")])
    return organization


def client_of(organization: Organization, *scopes: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {key_of(organization, *scopes)}")
    return client


def key_of(organization: Organization, *scopes: str) -> str:
    """Return the secret of a new key. Its tokens may have any role."""
    _, secret = create_api_key(
        organization=organization, name="test", scopes=scopes or ("ingest", "read"), token_role=Role.ADMIN
    )
    return secret


def said(answer: Any) -> dict[str, Any]:
    """Return the body of an error without the id of its request, which no two of them share, and without its link."""
    body: dict[str, Any] = dict(answer.json())
    assert body.pop("request_id") == answer["X-Request-ID"]
    assert body.pop("docs_url").endswith(f"/docs/errors#{body['code']}")
    return body


@pytest.fixture
def own_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """All happens in one minute of the last weeks, 48 s before the next, in which nobody else has counted anything."""
    at = datetime.now(UTC).replace(second=12, microsecond=0) - timedelta(minutes=randrange(20_000))
    monkeypatch.setattr(clock, "now", lambda: at)


@pytest.fixture
def api(organization: Organization) -> APIClient:
    """A caller of org_123 that may post and read."""
    return client_of(organization)


@pytest.fixture(params=["frames", "asgi"])
def any_server(transactional_db: None, request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    """The real server, with synchronous frames and with plain ASGI `send`."""
    with LiveServer(request.param) as server:
        yield server


@pytest.fixture
def server(transactional_db: None) -> Iterator[LiveServer]:
    """The real server, in a thread, on the test database."""
    with LiveServer("frames") as server:
        yield server
