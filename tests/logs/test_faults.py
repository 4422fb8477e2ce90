"""The log has one line for each fault."""

import logging
from typing import Any, Never

import pytest
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from intraday.org.models import Organization
from tests.conftest import client_of


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
