"""Row about writing while many listen: the answer to a POST ingest with 1000 subscribers, beside one with none."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from bench.contenders import Contender, listening_to
from bench.ingest import Feed
from bench.load import client
from bench.machine import cores
from bench.processes import free_port, running, wait_for_port
from bench.report import Report, Row

CONNECTIONS = 1000
PER_SECOND = 10  # a subscriber's server has written one event to all before the next comes
APART, TOGETHER = 1.10, 1.5


def measure(report: Report, contender: Contender, key: str, *, rounds: int, posts: int) -> None:
    for what, apart, limit in (("separate processes", True, APART), ("one process", False, TOGETHER)):
        pairs = [_round(contender, key, apart=apart, posts=posts) for _ in range(rounds)]
        over = median(beside / alone for alone, beside in pairs)
        alone, beside = (median(each) * 1e3 for each in zip(*pairs, strict=True))
        report.rows.append(
            Row(
                what=f"ingest beside {CONNECTIONS} connections, {what}: answer p50, ms",
                ours=f"{beside:.1f} (no connection: {alone:.1f})",
                ratio=f"{over:.2f}",
                bar=f"<= {limit}",
                met=over <= limit,
            )
        )
    report.notes.append(
        f"ingest beside connections: {PER_SECOND} posts a second, each an event for all. Separate processes share "
        "cores here: the one that answers has the core of PostgreSQL, Valkey and the clients."
    )


def _round(contender: Contender, key: str, *, apart: bool, posts: int) -> tuple[float, float]:
    """p50 of an answer, in seconds: without a connection, and with all of them."""
    ours, others = cores()
    with _server(contender, core=ours, name="ours-server") as sockets:
        if not apart:
            return _pair(contender, Feed(sockets, key), sockets, posts)
        with _server(contender, core=others, name="rest-server") as rest:
            return _pair(contender, Feed(rest, key), sockets, posts)


def _pair(contender: Contender, feed: Feed, sockets: int, posts: int) -> tuple[float, float]:
    answer_s(feed, posts)  # the first write of a scope is not what a feed does all day
    alone = answer_s(feed, posts)
    steps = listening_to(contender, "backlog")
    with client(
        port=sockets, path=contender.path, steps=steps, conns=CONNECTIONS, core=cores()[1], options={"deadline": 120}
    ) as ear:
        ear.wait_ready()
        return alone, answer_s(feed, posts)


def answer_s(feed: Feed, posts: int) -> float:
    took = []
    rows = feed.snapshots(posts)
    begun = time.perf_counter()
    for number, row in enumerate(rows):
        time.sleep(max(0.0, begun + number / PER_SECOND - time.perf_counter()))
        started = time.perf_counter()
        feed.post("/ingest", row)
        took.append(time.perf_counter() - started)
    return median(took)


@contextmanager
def _server(contender: Contender, *, core: int, name: str) -> Iterator[int]:
    port = free_port()
    with running(contender.server(port), core=core, name=name, env=contender.env) as server:
        wait_for_port(port, server, name=name)
        yield port
