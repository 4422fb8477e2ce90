"""Rows about neighbours: one tenant at its limits, and what the others feel of it.

Each pair of phases has the same neighbours on the same machine: without the big tenant, and beside it. The
application runs as in production (web, worker, beat), is started anew for each phase, and nothing is pinned to a core.
"""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from itertools import count
from statistics import median, quantiles
from threading import Event, Thread
from typing import Any
from urllib.parse import urlencode

import psycopg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from bench.ingest import PATH
from bench.load import client
from bench.machine import cores
from bench.report import Report, Row
from bench.scopes import queues
from bench.services import NO_LIMITS, inside
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
from faults.processes import Beat, Serve, Worker

BAR = 1.5
SIGN_IN_EVERY = 1.0
LAST_ALERTS_SECONDS = 15.0
CHECKED_BEFORE = 3.0  # seconds of a phase that are not counted: first writes, first look-ups
KINDS = ("ingest", "alerts", "sign-in")


@dataclass
class Heard:
    """Seconds that each kind of thing took, and what the big tenant got through."""

    took: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    rows: int = 0
    refused: int = 0
    unanswered: int = 0
    failures: list[str] = field(default_factory=list)


def measure(report: Report, env: dict[str, str], *, rounds: int, seconds: float) -> None:
    """`rounds` pairs of phases of so many seconds each."""
    without, beside = _database(env, "starving_alone", 1), _database(env, "starving_beside", 2)
    keys = {
        "alone": inside("bench.starving_seed", without, str(NEIGHBOURS), "0"),
        "beside": inside("bench.starving_seed", beside, str(NEIGHBOURS), str(BIG_QUEUES)),
    }
    queue_numbers = {"alone": count(), "beside": count()}
    pairs = []
    for number in range(rounds):
        order = ("alone", "beside") if number % 2 == 0 else ("beside", "alone")
        phases = {
            name: _phase(without if name == "alone" else beside, keys[name], queue_numbers[name], seconds)
            for name in order
        }
        pairs.append((phases["alone"], phases["beside"]))
    for kind in KINDS:
        report.rows.append(_row(kind, pairs))
    report.notes.append(_note(pairs))


def _row(kind: str, pairs: list[tuple[Heard, Heard]]) -> Row:
    ratio = median(median(beside.took[kind]) / median(alone.took[kind]) for alone, beside in pairs)
    alone, beside = ([each for pair in pairs for each in pair[place].took[kind]] for place in (0, 1))
    what = {"ingest": "answer to a post", "alerts": "post to alert:triggered", "sign-in": "answer to a sign-in"}[kind]
    return Row(
        what=f"neighbours of a tenant at its limits: {what}, p50 / p95, ms",
        ours=f"{_spread(beside)} (without it: {_spread(alone)}; {len(beside)} and {len(alone)} counted)",
        ratio=f"{ratio:.2f}",
        bar=f"<= {BAR}",
        met=ratio <= BAR,
    )


def _spread(took: list[float]) -> str:
    return f"{median(took) * 1e3:,.0f} / {quantiles(took, n=20)[-1] * 1e3:,.0f}"


def _note(pairs: list[tuple[Heard, Heard]]) -> str:
    rows, refused = (sum(getattr(beside, name) for _, beside in pairs) for name in ("rows", "refused"))
    lost = sum(phase.unanswered for pair in pairs for phase in pair)
    return (
        f"neighbours: {NEIGHBOURS} with {NEIGHBOUR_QUEUES} queues, {POSTS_PER_SECOND} posts a second each, half of "
        f"them a breach of a queue that was well; alerts that did not come within {LAST_ALERTS_SECONDS:.0f} s of the "
        f"end of a phase: {lost}. The tenant at its limits has {BIG_QUEUES:,} queues and {BIG_SOCKETS} sockets on all "
        f"of them; {BIG_FEEDS} feeds got {rows:,} rows through in batches of {BATCH_ROWS:,}, with {refused} batches "
        "refused (429). Ratios are the median of the pairs' ratios of medians."
    )


def _database(env: dict[str, str], name: str, number: int) -> dict[str, str]:
    """Make a database beside the one of the other benches; the broker's and the cache's is apart, too."""
    with psycopg.connect(env["DATABASE_URL"], autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    base = env["DATABASE_URL"].rpartition("/")[0]
    own = {"DATABASE_URL": f"{base}/{name}", "INTRADAY_LAYER_PREFIX": name, "EMAIL_URL": "dummymail://"}
    limited = {variable: value for variable, value in env.items() if variable not in NO_LIMITS}
    return {**limited, **own, "REDIS_URL": f"{env['REDIS_URL'].rstrip('/').removesuffix('/0')}/{number}"}


# --- a phase ---------------------------------------------------------------------------------------------------------
def _phase(env: dict[str, str], keys: dict[str, str], numbers: Iterator[int], seconds: float) -> Heard:
    heard, over = Heard(), Event()
    with ExitStack() as stack:
        web = stack.enter_context(Serve(env))
        stack.enter_context(Worker(env))
        stack.enter_context(Beat(env))
        if BIG in keys:
            stack.enter_context(_big(web.port, keys[BIG], heard, over))
        ears = [stack.enter_context(_listening(web.port, keys[neighbour(n)], heard)) for n in range(NEIGHBOURS)]
        counted_from = time.monotonic() + CHECKED_BEFORE
        work = [Thread(target=_sign_in, args=(web.port, heard, over, counted_from))]
        for number, ear in enumerate(ears):
            poster = _Poster(web.port, keys[neighbour(number)])
            work.append(Thread(target=poster.run, args=(heard, ear, numbers, over, counted_from)))
        for each in work:
            each.start()
        over.wait(seconds + CHECKED_BEFORE)
        ends = time.monotonic() + LAST_ALERTS_SECONDS
        for each in ears:
            each.stop_posting()
        while any(each.awaited for each in ears) and time.monotonic() < ends:
            time.sleep(0.05)
        over.set()
        for each in work:
            each.join()
        heard.unanswered = sum(len(each.awaited) for each in ears)
    if heard.failures:
        raise RuntimeError(f"{len(heard.failures)} failures, the first: {heard.failures[0]}")
    return heard


def _snapshot(department: str, queue: str, total: int) -> dict[str, Any]:
    return {
        "department_id": department,
        "queue_name": queue,
        "snapshot_time": datetime.now(UTC).isoformat(),
        "total_items": total,
        "average_wait_time_minutes": 2.5,
        "items_over_sla": 0,
    }


class _Poster:
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

    def run(self, heard: Heard, ear: "_Ear", numbers: Iterator[int], over: Event, counted_from: float) -> None:
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


class _Ear:
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
def _listening(port: int, key: str, heard: Heard) -> Iterator[_Ear]:
    with connect(f"ws://127.0.0.1:{port}/ws", max_size=None) as socket:
        socket.send(json.dumps({"event": "authenticate", "data": {"token": key}}))
        while (message := json.loads(socket.recv(60)))["event"] != "authenticated":
            pass
        rooms = {"channels": ["alerts"], "organization_id": message["data"]["organization_id"], "snapshot": False}
        socket.send(json.dumps({"event": "subscribe", "data": rooms}))
        while json.loads(socket.recv(60))["event"] != "subscribed":
            pass
        ear = _Ear(socket, heard)
        thread = Thread(target=ear.listen, daemon=True)
        thread.start()
        yield ear
    thread.join(10)


def _sign_in(port: int, heard: Heard, over: Event, counted_from: float) -> None:
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
def _big(port: int, key: str, heard: Heard, over: Event) -> Iterator[None]:
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
    with client(port=port, path="/ws", steps=steps, conns=BIG_SOCKETS, core=cores()[1], options=options) as ear:
        ear.wait_ready()
        feeds = [Thread(target=_feed, args=(_Poster(port, key), number, heard, over)) for number in range(BIG_FEEDS)]
        for each in feeds:
            each.start()
        try:
            yield
        finally:
            over.set()
            for each in feeds:
                each.join()


def _feed(poster: _Poster, first: int, heard: Heard, over: Event) -> None:
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
