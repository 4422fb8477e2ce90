"""Callers whose every answer is held against the API's document, and what was published in a block."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from backlog.models import CurrentBacklog, Snapshot
from intraday.org.models import Department, Organization, Queue, Scope
from realtime.log import Appended
from realtime.models import Segment, Stream
from tests.backlog.posting import scope_of
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


class Heard(list[dict[str, Any]]):
    """The events published in a block, in order, as they go over the wire."""

    commits = 0

    @property
    def scopes(self) -> list[str]:
        return [scope_of(event) for event in self]

    def of(self, scope: str) -> dict[str, Any]:
        """The payload of the newest event of this scope."""
        [*_, newest] = [event["data"] for event, name in zip(self, self.scopes, strict=True) if name == scope]
        return newest  # type: ignore[no-any-return]


Hear = Callable[..., AbstractContextManager[Heard]]


@pytest.fixture
def heard(db: None) -> Hear:
    """`with heard() as events: …` collects what was logged in the block; every event has a gapless seq."""

    @contextmanager
    def listen(stream: str = "backlog:org:org_123") -> Iterator[Heard]:
        found = Heard()
        head = before = Stream.objects.filter(name=stream).values_list("head", flat=True).first() or 0
        yield found
        for segment in Segment.objects.filter(stream=stream, last_seq__gt=before).order_by("last_seq"):
            assert segment.first_seq == head + 1
            head = segment.last_seq
            found.commits += 1
            logged = Appended(stream, "", segment.first_seq, head, bytes(segment.index), bytes(segment.body)).records()
            found.extend(json.loads(record.full) for record in logged)

    return listen


@pytest.fixture
def rows_stored(db: None) -> Callable[[], dict[str, int]]:
    """How many rows each table has that a post could touch."""

    def count() -> dict[str, int]:
        tables = (Snapshot, CurrentBacklog, Scope, Department, Queue, Segment, Stream)
        return {table.__name__: table.objects.count() for table in tables}

    return count
