"""Trying again: full jitter, never sooner than the server asks, until it answers or patience ends.

An exchange is a generator that yields what is to be done, so that one text serves the sync and the async client.
"""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from intraday_client.answers import Response
from intraday_client.errors import NoAnswerError
from intraday_client.shared.retry_after import retry_after

T = TypeVar("T")
TRY_AGAIN = {408, 425, 429, 502, 503, 504}
IN_PROGRESS = "idempotency_key_in_use"  # an earlier attempt of this very request is still at work
FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Send:
    """A request; answered with a Response, or with a Failure where there was none."""

    method: str
    path: str
    body: bytes | None = None
    key: str = ""
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """The connection failed: whether the request arrived is unknown."""

    reason: str


Step = Send | Wait
Steps = Generator[Step, Response | Failure | None, T]


@dataclass
class Retries:
    patience: float = 120.0  # seconds for one request, all its attempts together
    random: Random = field(default_factory=Random)
    clock: Callable[[], float] = time.monotonic

    def exchange(self, request: Send) -> Steps[Response]:
        """Return the first response that is an answer. Raises NoAnswerError."""
        deadline, attempt = self.clock() + self.patience, 0
        while True:
            reply = yield request
            if isinstance(reply, Response) and not passes(reply):
                return reply
            assert reply is not None
            pause = self.pause(reply, attempt)
            if self.clock() + pause > deadline:
                raise NoAnswerError(f"{request.path}: no answer within {self.patience:g} s ({_reason(reply)})")
            yield Wait(pause)
            attempt += 1

    def pause(self, reply: Response | Failure, attempt: int) -> float:
        pause = full_jitter(self.random, attempt, FIRST_WAIT, LONGEST_WAIT)
        asked = retry_after(reply.retry_after) if isinstance(reply, Response) else None
        return max(pause, asked or 0.0)


def full_jitter(random: Random, attempt: int, first: float, longest: float) -> float:
    """Return anything up to a bound that doubles, so that many clients do not come back at once."""
    return random.uniform(0, min(longest, first * 2.0 ** min(attempt, 30)))


def passes(response: Response) -> bool:
    """Return whether the trouble is one that passes."""
    if response.status == 409:
        body = response.json()
        return isinstance(body, dict) and body.get("code") == IN_PROGRESS
    return response.status in TRY_AGAIN


def _reason(reply: Response | Failure) -> str:
    return reply.reason if isinstance(reply, Failure) else f"HTTP {reply.status}"
