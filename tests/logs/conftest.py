"""The lines of the log, as the JSON of production."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.services import wait_until

Line = dict[str, Any]


class Lines:
    """The lines of the log so far, in the form that `intraday.logs.setup` gave the root handler."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def all(self) -> list[Line]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]

    def of(self, event: str) -> list[Line]:
        return [line for line in self.all() if line["event"] == event]


@pytest.fixture
def lines() -> Iterator[Lines]:
    [handler] = [each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler]
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield Lines(stream)
    handler.setStream(before)


@pytest.fixture
def wait() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds."""

    def until(condition: Callable[[], object]) -> None:
        assert wait_until(lambda: bool(condition())), "it did not come"

    return until
