"""The log has one line for each fault, which an operator can understand."""

import logging
from typing import Any, Never

import pytest
from celery.signals import setup_logging
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from intraday.org.models import Organization
from tests.conftest import client_of
from tests.logs.conftest import Lines


@pytest.fixture
def client(db: None, organization: Organization) -> APIClient:
    return client_of(organization)


def away(*_: Any) -> Never:
    raise OperationalError("the server closed the connection")


def test_a_database_that_is_away_is_one_line_for_each_refusal(client: APIClient, caplog: pytest.LogCaptureFixture):
    with connection.execute_wrapper(away):
        answer = client.get("/api/alerts")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    [record] = [record for record in caplog.records if record.name != "intraday.access"]
    assert "database_unavailable" in record.getMessage()
    assert record.exc_info is None


def test_attempts_of_the_pool_to_connect_are_not_told_one_by_one():
    assert not logging.getLogger("psycopg.pool").isEnabledFor(logging.WARNING)


def test_a_foreign_host_is_one_line_without_a_traceback_that_names_the_setting(db: None, lines: Lines):
    answer = APIClient().get("/api/alerts", headers={"Host": "evil.example"})
    [refusal] = [line for line in lines.all() if line["event"] != "request_handled"]
    assert (refusal["event"], refusal["level"]) == ("request_refused", "warning")
    assert refusal["request_id"] == answer["X-Request-ID"]
    assert refusal["setting"] == "INTRADAY_ALLOWED_HOSTS"
    assert "evil.example" in refusal["error"]
    assert "exception" not in refusal


def test_beat_without_its_broker_is_one_short_line_for_each_job(lines: Lines):
    try:
        raise ConnectionError("refused")
    except ConnectionError as error:
        logging.getLogger("celery.beat").error("Message Error: %s\n%s", error, ["a", "stack"], exc_info=True)
    [line] = lines.all()
    assert line["event"] == "Message Error: refused"
    assert "exception" not in line


def test_celery_leaves_the_log_as_it_is():
    assert setup_logging.receivers, "without a receiver Celery configures the root logger by itself"
