"""Callers whose every answer is held against the API's document, and the rows that a request could touch."""

from collections.abc import Callable

import pytest

from intraday.jobs.models import DirtyScope
from intraday.org.models import Department, Organization, Queue, Scope
from kpi.models import CurrentKPI, ForecastInterval, IntervalFeed, IntervalStats, KPISnapshot
from realtime.models import Segment
from tests.rest.contract import ContractClient, contract_client


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
    tables = (
        IntervalStats,
        ForecastInterval,
        IntervalFeed,
        KPISnapshot,
        CurrentKPI,
        DirtyScope,
        Scope,
        Department,
        Queue,
        Segment,
    )
    return lambda: {table.__name__: table.objects.count() for table in tables}
