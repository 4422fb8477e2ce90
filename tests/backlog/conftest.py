"""Callers whose every answer is held against the API's document, and what was published in a block."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from backlog.models import CurrentBacklog, Snapshot
from intraday.org.models import Department, Organization, Queue, Scope
from realtime.models import Segment, Stream
from tests.rest.contract import ContractClient, contract_client

# Examples share the database of their test and undo what they did themselves.
settings.register_profile("database", max_examples=25, deadline=None, derandomize=True)
with_database = settings(
    settings.get_profile("database"), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def api(organization: Organization) -> ContractClient:
    return contract_client(organization)


@pytest.fixture
def outsider(stranger: Organization) -> ContractClient:
    """The same rights, in another organization."""
    return contract_client(stranger)


@pytest.fixture
def rows_stored(db: None) -> Callable[[], dict[str, int]]:
    """Count the rows of each table that a post could touch."""

    def count() -> dict[str, int]:
        tables = (Snapshot, CurrentBacklog, Scope, Department, Queue, Segment, Stream)
        return {table.__name__: table.objects.count() for table in tables}

    return count
