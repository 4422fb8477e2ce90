"""Sends inputs to the application in this process and counts its answers.

Each input meets the same database: what it changes is checked and rolled back. So the number of an input and the seed
say all that is needed to send it again.
"""

import gc
import re
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psutil
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception, request_finished, request_started
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.http import HttpRequest
from django.test import RequestFactory
from psycopg.pq import TransactionStatus

from tests.fuzz.inputs import Input
from tests.fuzz.page_forms import Form, PageForms, served_forms
from tests.fuzz.rest_requests import RestRequests
from tests.fuzz.world import World

REST_SHARE = 0.7
SLOWEST = 5
OURS = str(Path(__file__).resolve().parents[2]) + "/"


@dataclass(frozen=True)
class Failure:
    number: int
    sent: Input
    status: int
    trace: str

    @property
    def fault(self) -> str:
        """The last line of the traceback without what differs from input to input."""
        lines = self.trace.strip().splitlines() or ["no exception"]
        at = next(
            (
                line.strip()
                for line in reversed(lines)
                if OURS in line and "tests/fuzz" not in line and "site-packages" not in line
            ),
            "",
        )
        return re.sub("[0-9]+", "N", f"{lines[-1][:160]} {at}")

    def __str__(self) -> str:
        return f"\ninput {self.number}, {self.status}: {self.sent}\n{self.trace[-3_000:]}"


@dataclass
class Tally:
    """Counts of the answers."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    slowest: list[tuple[float, int, str]] = field(default_factory=list)  # seconds of this process, number, address

    def took(self, seconds: float, number: int, sent: Input) -> None:
        self.slowest.append((seconds, number, f"{sent.method} {sent.path}"))
        self.slowest.sort(reverse=True)
        del self.slowest[SLOWEST:]


class Environments(RequestFactory):
    """Makes environments of WSGI requests. (Django's test client leaves receivers of signals behind at each one.)"""

    def request(self, **request: Any) -> dict[str, Any]:
        return self._base_environ(**request)


class Sender:
    """A server of the application that sees its exceptions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._environments = Environments()
        self._application = WSGIHandler()
        self._trace = ""

    def _note(self, request: HttpRequest | None = None, **_: object) -> None:
        self._trace = traceback.format_exc()

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note exceptions that views raise, and keep the connection of the transaction that is rolled back."""
        got_request_exception.connect(self._note)
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        try:
            yield
        finally:
            for signal in (request_started, request_finished):
                signal.connect(close_old_connections)
            got_request_exception.disconnect(self._note)

    def send(self, sent: Input) -> tuple[int, str]:
        """Return the status and, for an exception, its traceback."""
        self._trace = ""
        with transaction.atomic():
            status = self._answer(sent)
            self._check()
            transaction.set_rollback(True)
        return (599 if self._trace and status < 500 else status), self._trace

    def _answer(self, sent: Input) -> int:
        headers = {"QUERY_STRING": sent.query, **self._world.callers[sent.caller].headers, **sent.headers}
        environ = self._environments.generic(sent.method, sent.path, sent.body, sent.content_type, **headers)
        answer = self._application(environ, lambda *_: None)
        try:
            for _ in answer:
                pass
        finally:
            answer.close()
        return int(answer.status_code)

    def _check(self) -> None:
        """Let the database check what it would check at commit, unless the application has met an error of it."""
        if connection.connection.info.transaction_status != TransactionStatus.INTRANS:
            return
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except DatabaseError:
            self._trace = traceback.format_exc()


def inputs(world: World, seed: int, forms: Sequence[Form] | None = None) -> Iterator[Input]:
    """Return the endless row of inputs of this seed; reads the forms of all pages first, unless they are given."""
    random = Random(seed)
    rest = RestRequests(random, world.known, world.now)
    pages = PageForms(random, world.rows, forms or served_forms(world.browser(), world.rows))
    return iter(lambda: rest.make() if random.random() < REST_SHARE else pages.make(), None)


def run(
    world: World, numbers: range, *, seed: int, tell: Callable[[int, Tally], None] = lambda number, tally: None
) -> Tally:
    """Send the inputs of the seed that have these numbers."""
    tally, sender, made = Tally(), Sender(world), inputs(world, seed)
    with sender.noting():
        for number, sent in zip(range(1, numbers.stop), made, strict=False):
            if number not in numbers:
                continue
            begun = time.process_time()
            status, trace = sender.send(sent)
            tally.took(time.process_time() - begun, number, sent)
            tally.statuses[status] += 1
            if status >= 500:
                tally.failures.append(Failure(number, sent, status, trace))
            tell(number, tally)
    return tally


def resident_megabytes() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1024 / 1024
