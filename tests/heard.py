"""Collect the events that a block of code publishes."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from realtime.eventlog.records import Appended
from realtime.models import Segment, Stream
from tests.backlog.posting import scope_of


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
