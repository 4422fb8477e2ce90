"""The clients of the starving bench: feeds, sockets and sign-ins of neighbours, and the tenant at its limits."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from itertools import count
from threading import Event, Thread
from typing import Any
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from bench.ingest import PATH
from bench.load import client
from bench.scopes import queues
from bench.starving_scenario import (
    BATCH_ROWS,
    BIG,
    BIG_FEEDS,
    BIG_QUEUES,
    BIG_SOCKETS,
    BREACHING,
    NEIGHBOUR_QUEUES,
    NEIGHBOURS,
    PASSWORD,
    POSTS_PER_SECOND,
    neighbour,
)

KINDS = ("ingest", "alerts", "sign-in")
SIGN_IN_EVERY = 1.0


@dataclass
class Heard:
    """Seconds that each kind of thing took, and what the big tenant got through."""

    took: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    rows: int = 0
    refused: int = 0
    unanswered: int = 0
    failures: list[str] = field(default_factory=list)


def _snapshot(department: str, queue: str, total: int) -> dict[str, Any]:
    return {
        "department_id": department,
        "queue_name": queue,
        "snapshot_time": datetime.now(UTC).isoformat(),
        "total_items": total,
        "average_wait_time_minutes": 2.5,
        "items_over_sla": 0,
    }


class Poster:
    """A feed over one kept-alive connection."""

    def __init__(self, port: int, key: str) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": f"Api-Key {key}", "Content-Type": "application/json"}

    def post(self, path: str, content: dict[str, Any]) -> tuple[int, float]:
        """Return the status, and after how many seconds it may be tried again."""
        self._http.request("POST", PATH + path, json.dumps(content), self._headers)
        answer = self._http.getresponse()
        answer.read()
        return answer.status, float(answer.headers.get("Retry-After", 1))

    def run(self, heard: Heard, ear: "Ear", numbers: Iterator[int], over: Event, counted_from: float) -> None:
        names = queues(NEIGHBOUR_QUEUES)
        begun = time.monotonic()
        for number in count():
            if over.wait(max(0.0, begun + number / POSTS_PER_SECOND - time.monotonic())) or ear.stopped:
                return
            department, queue = names[next(numbers) % NEIGHBOUR_QUEUES]
            row = _snapshot(department, queue, BREACHING if number % 2 else 1)
            started = time.monotonic()
            if number % 2 and started > counted_from:
                ear.awaited[queue] = started
            status, _ = self.post("/ingest", row)
            if status != http.client.CREATED:
                heard.failures.append(f"a neighbour's post was answered {status}")
            if started > counted_from:
                heard.took["ingest"].append(time.monotonic() - started)


class Ear:
    """A neighbour's socket, which hears its alerts."""

    def __init__(self, socket: Any, heard: Heard) -> None:
        self._socket, self._heard = socket, heard
        self.awaited: dict[str, float] = {}
        self.stopped = False

    def stop_posting(self) -> None:
        self.stopped = True

    def listen(self) -> None:
        try:
            for text in self._socket:
                message = json.loads(text)
                queue = message["data"].get("queue_name")
                if message["event"] == "alert:triggered" and (since := self.awaited.pop(queue, None)) is not None:
                    self._heard.took["alerts"].append(time.monotonic() - since)
        except ConnectionClosed:
            return


@contextmanager
def listening(port: int, key: str, heard: Heard) -> Iterator[Ear]:
    with connect(f"ws://127.0.0.1:{port}/ws", max_size=None) as socket:
        socket.send(json.dumps({"event": "authenticate", "data": {"token": key}}))
        while (message := json.loads(socket.recv(60)))["event"] != "authenticated":
            pass
        rooms = {"channels": ["alerts"], "organization_id": message["data"]["organization_id"], "snapshot": False}
        socket.send(json.dumps({"event": "subscribe", "data": rooms}))
        while json.loads(socket.recv(60))["event"] != "subscribed":
            pass
        ear = Ear(socket, heard)
        thread = Thread(target=ear.listen, daemon=True)
        thread.start()
        yield ear
    thread.join(10)


def sign_in(port: int, heard: Heard, over: Event, counted_from: float) -> None:
    """Sign in as one person after another; browsers bring the token of the form and its cookie."""
    for number in count():
        if over.wait(SIGN_IN_EVERY):
            return
        page = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        page.request("GET", "/signin")
        shown = page.getresponse()
        shown.read()
        cookie = SimpleCookie(shown.headers["Set-Cookie"])["csrftoken"].value
        form = {"username": f"{neighbour(number % NEIGHBOURS)}.person", "password": PASSWORD}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={cookie}"}
        started = time.monotonic()
        page.request("POST", "/signin", urlencode({**form, "csrfmiddlewaretoken": cookie}), headers)
        status = page.getresponse().status
        if status != http.client.FOUND:
            heard.failures.append(f"a sign-in was answered {status}")
        if started > counted_from:
            heard.took["sign-in"].append(time.monotonic() - started)
        page.close()


# --- the tenant at its limits ----------------------------------------------------------------------------------------
@contextmanager
def big_tenant(port: int, key: str, heard: Heard, over: Event) -> Iterator[None]:
    steps = (
        (json.dumps({"event": "authenticate", "data": {"token": key}}), '"event":"authenticated"'),
        (
            json.dumps(
                {
                    "event": "subscribe",
                    "data": {"channels": ["backlog"], "organization_id": BIG, "snapshot": False},
                }
            ),
            '"event":"subscribed"',
        ),
    )
    options = {"deadline": 600, "count": 10_000_000}
    with client(port=port, path="/ws", steps=steps, conns=BIG_SOCKETS, core=None, options=options) as ear:
        ear.wait_ready()
        feeds = [Thread(target=_feed, args=(Poster(port, key), number, heard, over)) for number in range(BIG_FEEDS)]
        for each in feeds:
            each.start()
        try:
            yield
        finally:
            over.set()
            for each in feeds:
                each.join()


def _feed(poster: Poster, first: int, heard: Heard, over: Event) -> None:
    """Post batch after batch of its queues, as many as its limit lets through."""
    names = queues(BIG_QUEUES)
    for number in count(first, BIG_FEEDS):
        begin = number * BATCH_ROWS % BIG_QUEUES
        rows = [_snapshot(*name, number % 90) for name in names[begin : begin + BATCH_ROWS]]
        status, retry_after = poster.post("/batch-ingest", {"items": rows})
        if status == http.client.TOO_MANY_REQUESTS:
            heard.refused += 1
        else:
            heard.rows += len(rows)
        if over.wait(retry_after if status == http.client.TOO_MANY_REQUESTS else 0):
            return
