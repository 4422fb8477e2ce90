"""Callers whose every answer is held against the API's document."""

from collections.abc import Callable

import pytest

from attendance.models import (
    AttendanceRecord,
    CurrentAttendance,
    Person,
    ScheduledPeriod,
    Shift,
    Snapshot,
    StatusPeriod,
)
from intraday.org.models import Department, Organization, Scope
from realtime.models import Segment, Stream
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
        AttendanceRecord,
        CurrentAttendance,
        ScheduledPeriod,
        Person,
        Shift,
        Snapshot,
        StatusPeriod,
        Department,
        Scope,
        Segment,
        Stream,
    )
    return lambda: {table.__name__: table.objects.count() for table in tables}
