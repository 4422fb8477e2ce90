"""Rows about single posts, what a feed does most: CPU and pace beside stock Django, many queues, many connections."""

import http.client
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any

from bench.ingest import PATH, snapshot
from bench.machine import cores, cpu_seconds
from bench.processes import free_port, running, wait_for_port
from bench.report import Report, Row
from bench.scopes import of_size, queues
from bench.services import NO_LIMITS, inside
from bench.statement_log import logged

FEW, MANY = 10, 5_000
CONNECTIONS = 8
SETTLE_S = 1.0  # what follows an answer (totals above the queue, bookkeeping) is part of a post's cost
MAX_STATEMENTS, MAX_OVER_STOCK, MAX_OVER_FLOOR = 8, 1.2, 1.8
LEAST_PACE, LEAST_MANY, MAX_SPREAD = 0.8, 1 / 1.2, 3.0
PYTHON = sys.executable
PEER = [PYTHON, "-m", "bench.peers.posting"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A server process and one organization in it. Every post is a second of its feed's time after the one before."""

    port: int
    pid: int
    key: str
    size: int = FEW
    path: str = f"{PATH}/ingest"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def post(self, connection: http.client.HTTPConnection, path: str, content: dict[str, Any]) -> float:
        """Return the seconds until the whole answer was read."""
        headers = {"Authorization": f"Api-Key {self.key}", "Content-Type": "application/json"}
        body = json.dumps(content)
        started = time.perf_counter()
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        text = response.read()
        took = time.perf_counter() - started
        if response.status != 201:
            raise RuntimeError(f"POST {path} answered {response.status}: {text[:500]!r}")
        return took

    def row(self, place: tuple[str, str], when: datetime) -> dict[str, Any]:
        return {**snapshot(*place, when), "organization_id": of_size(self.size)}

    def fill(self, when: datetime) -> None:
        """Give every queue a figure, so that the totals above have something to add up."""
        rows = [self.row(place, when) for place in queues(self.size)]
        self.post(self.connect(), f"{PATH}/batch-ingest", {"items": rows})


@dataclass(frozen=True)
class Measured:
    took: list[float]
    elapsed_s: float
    cpu_s: float

    @property
    def cpu_ms(self) -> float:
        return self.cpu_s * 1e3 / len(self.took)

    @property
    def per_second(self) -> float:
        return len(self.took) / self.elapsed_s

    @property
    def p50_ms(self) -> float:
        return median(self.took) * 1e3

    @property
    def p99_ms(self) -> float:
        return quantiles(self.took, n=100)[98] * 1e3


class Times:
    """Instants for snapshots, each later than those before; they end before the present."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)

    def step(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


def one_after_another(target: Target, times: Times, count: int) -> Measured:
    """Posts over one kept-alive connection, to ten queues in turn."""
    connection, places = target.connect(), queues(FEW)
    rows = [target.row(places[number % FEW], times.step()) for number in range(count)]
    target.post(connection, target.path, target.row(places[0], times.step()))  # connects
    cpu, started = cpu_seconds(target.pid), time.perf_counter()
    took = [target.post(connection, target.path, row) for row in rows]
    elapsed = time.perf_counter() - started
    time.sleep(SETTLE_S)
    return Measured(took, elapsed, cpu_seconds(target.pid) - cpu)


def _warm_up(target: Target, times: Times) -> None:
    """The first write of a queue is not what a feed does all day."""
    connection = target.connect()
    for place in queues(FEW) * 2:
        target.post(connection, target.path, target.row(place, times.step()))


def side_by_side(target: Target, times: Times, count: int) -> Measured:
    """Posts over eight kept-alive connections at once, each to a queue of its own."""
    instants = [times.step() for _ in range(count // CONNECTIONS + 1)]

    def feed(place: tuple[str, str]) -> list[float]:
        connection = target.connect()
        took = [target.post(connection, target.path, target.row(place, when)) for when in instants]
        return took[1:]

    cpu, started = cpu_seconds(target.pid), time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        took = [each for feed_took in pool.map(feed, queues(CONNECTIONS)) for each in feed_took]
    return Measured(took, time.perf_counter() - started, cpu_seconds(target.pid) - cpu)


def measure(report: Report, env: dict[str, str], *, rounds: int, posts: int, many: int = MANY) -> None:
    """Each round measures all targets in turn, `posts` posts each."""
    keys = inside("bench.posts_seed", env, str(FEW), str(many))
    inside("bench.peers.posting", env, "migrate")
    counted = inside("bench.statements", env, "single", keys[str(FEW)], str(FEW))[str(FEW)]
    times = Times()
    with ExitStack() as stack:
        targets = _targets(stack, env, keys, many)
        for size in ("few", "many"):
            targets[size].fill(times.step())
        for target in targets.values():
            _warm_up(target, times)
        found: dict[str, list[Measured]] = {name: [] for name in targets}
        for _ in range(rounds):
            for name, target in targets.items():
                found[name].append(one_after_another(target, times, posts))
        served = _served_statements(targets["few"], env["DATABASE_URL"], times, posts)
        spread = side_by_side(targets["few"], times, posts * 2)
    _rows(report, found, many)
    report.rows.append(_statements(counted, served))
    report.rows.append(_spread("PostgreSQL", spread))
    report.rows.append(_spread("SQLite, the embedded server", _embedded(posts * 2)))
    report.notes.append(
        f"single posts: a server process each, alone on its core; {rounds} x {posts} posts by each in turn. CPU: the "
        f"server process, user and system, what it does within {SETTLE_S:.0f} s after the last answer included. Stock: "
        "DRF serializer, save(), async_to_sync(group_send) to three groups after the commit; floor: the same view with "
        "one INSERT; both look up the API key and run on uvicorn (bench/peers/posting.py)."
    )


def _targets(stack: ExitStack, env: dict[str, str], keys: dict[str, str], many: int) -> dict[str, Target]:
    ours = stack.enter_context(_server("ours", env, _serve))
    peer = stack.enter_context(_server("posting", env, lambda port: [*PEER, str(port)]))
    few, large = keys[str(FEW)], keys[str(many)]
    return {
        "few": Target(**ours, key=few),
        "stock": Target(**peer, key=few, path="/stock"),
        "many": Target(**ours, key=large, size=many),
        "floor": Target(**peer, key=few, path="/floor"),
    }


def _serve(port: int) -> list[str]:
    return [PYTHON, "manage.py", "serve", "--host", "127.0.0.1", "--port", str(port)]


@contextmanager
def _server(name: str, env: dict[str, str], argv: Callable[[int], list[str]]) -> Iterator[dict[str, int]]:
    port, name = free_port(), f"{name}-server"
    with running(argv(port), core=cores()[0], name=name, env=env) as server:
        wait_for_port(port, server, name=name)
        yield {"port": port, "pid": server.pid}


def _served_statements(target: Target, url: str, times: Times, posts: int) -> float:
    """Return how many statements PostgreSQL saw per post, what follows the answers included."""
    statements: list[str] = []
    with logged(url, statements):
        one_after_another(target, times, posts)
    return sum(not any(word in each for word in (": BEGIN", ": COMMIT")) for each in statements) / (posts + 1)


def _embedded(posts: int) -> Measured:
    """Posts to `manage.py up` on an SQLite file of its own, jobs in the same process."""
    with tempfile.TemporaryDirectory(prefix="intraday-bench-") as folder:
        plain = {"INTRADAY_VAR": folder, "INTRADAY_DEMO": "0", "INTRADAY_LOG_LEVEL": "WARNING", **NO_LIMITS}
        key = inside("bench.posts_seed", plain, str(FEW))[str(FEW)]
        with _server("embedded", plain, _up) as server:
            target, times = Target(**server, key=key), Times()
            _warm_up(target, times)
            return side_by_side(target, times, posts)


def _up(port: int) -> list[str]:
    return [PYTHON, "manage.py", "up", "--no-simulate", "--host", "127.0.0.1", "--port", str(port)]


def _rows(report: Report, found: dict[str, list[Measured]], many: int) -> None:
    cpu, pace = _shown(found, "cpu_ms", "{:.1f}"), _shown(found, "per_second", "{:.0f}")
    stock = f"{cpu['stock']}; one INSERT: {cpu['floor']}"
    what = f"single post, {FEW} queues, one connection: CPU ms of the server"
    over = _ratio(found, "few", "stock", lambda each: each.cpu_ms)
    bar = f"<= {MAX_OVER_STOCK}"
    report.rows.append(
        Row(what=what, ours=cpu["few"], stock=stock, ratio=f"{over:.2f} x stock", bar=bar, met=over <= MAX_OVER_STOCK)
    )
    over = _ratio(found, "few", "floor", lambda each: each.cpu_ms)
    bar = f"<= {MAX_OVER_FLOOR}"
    report.rows.append(
        Row(what="… beside one INSERT", ratio=f"{over:.2f} x floor", bar=bar, met=over <= MAX_OVER_FLOOR)
    )
    over = _ratio(found, "few", "stock", lambda each: each.per_second)
    stock = f"{pace['stock']}; one INSERT: {pace['floor']}"
    bar = f">= {LEAST_PACE}"
    report.rows.append(
        Row(
            what="… posts a second", ours=pace["few"], stock=stock, ratio=f"{over:.2f}", bar=bar, met=over >= LEAST_PACE
        )
    )
    delays = {name: _latency(each) for name, each in found.items()}
    stock = f"{delays['stock']}; one INSERT: {delays['floor']}"
    report.rows.append(Row(what="… answer p50 / p99, ms", ours=delays["few"], stock=stock))
    over = _ratio(found, "many", "few", lambda each: each.per_second)
    said = f"{pace['many']} ({FEW} queues: {pace['few']}); CPU ms {cpu['many']}, p50 / p99 {delays['many']} ms"
    what, bar = f"single post, {many:,} queues: posts a second", ">= 1/1.2"
    report.rows.append(Row(what=what, ours=said, ratio=f"1/{1 / over:.2f}", bar=bar, met=over >= LEAST_MANY))


def _shown(found: dict[str, list[Measured]], figure: str, pattern: str) -> dict[str, str]:
    return {name: pattern.format(median(getattr(each, figure) for each in all_)) for name, all_ in found.items()}


def _ratio(found: dict[str, list[Measured]], name: str, over: str, figure: Callable[[Measured], float]) -> float:
    """The median of the rounds' ratios."""
    return median(figure(a) / figure(b) for a, b in zip(found[name], found[over], strict=True))


def _latency(rounds: Sequence[Measured]) -> str:
    return f"{median(each.p50_ms for each in rounds):.1f} / {median(each.p99_ms for each in rounds):.1f}"


def _statements(counted: int, served: float) -> Row:
    said = f"{counted} (served, with what follows the answers: {served:.1f} per post)"
    met = counted <= MAX_STATEMENTS
    return Row(what="… SQL statements, BEGIN and COMMIT aside", ours=said, bar=f"<= {MAX_STATEMENTS}", met=met)


def _spread(database: str, found: Measured) -> Row:
    over = found.p99_ms / found.p50_ms
    return Row(
        what=f"{CONNECTIONS} connections, single posts, {database}: answer p50 / p99, ms",
        ours=f"{found.p50_ms:.0f} / {found.p99_ms:.0f}; {found.per_second:.0f} a second",
        ratio=f"p99 {over:.1f} x p50",
        bar=f"<= {MAX_SPREAD:.0f}",
        met=over <= MAX_SPREAD,
    )
