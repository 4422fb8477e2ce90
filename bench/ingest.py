"""Rows about writing: a batch of backlog snapshots over HTTP, beside the same snapshots posted one by one."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from bench.contenders import ours
from bench.machine import cores
from bench.processes import free_port, running, wait_for_port
from bench.report import Report, Row
from bench.scopes import ORGANIZATION, queues
from bench.services import inside

PATH = "/api/schedulesbacklog"
SAMPLE = 100
MAX_STATEMENTS = 20


class Feed:
    """Posts snapshots over one kept-alive connection; every round is a minute of the feed's time."""

    def __init__(self, port: int, key: str) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": f"Api-Key {key}", "Content-Type": "application/json"}
        self._now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)

    def snapshots(self, count: int) -> list[dict[str, Any]]:
        self._now += timedelta(minutes=1)
        return [snapshot(department, queue, self._now) for department, queue in queues(count)]

    def post(self, path: str, content: dict[str, Any]) -> None:
        self._http.request("POST", PATH + path, json.dumps(content), self._headers)
        response = self._http.getresponse()
        text = response.read()
        if response.status != 201:
            raise RuntimeError(f"POST {PATH}{path} answered {response.status}: {text[:500]!r}")

    def batch_s(self, count: int) -> float:
        content = {"items": self.snapshots(count)}
        started = time.perf_counter()
        self.post("/batch-ingest", content)
        return time.perf_counter() - started

    def one_by_one_s(self, count: int) -> float:
        """Measured on a sample, scaled to `count`."""
        rows = self.snapshots(count)[:SAMPLE]
        started = time.perf_counter()
        for row in rows:
            self.post("/ingest", row)
        return (time.perf_counter() - started) * count / len(rows)


def snapshot(department: str, queue: str, when: datetime) -> dict[str, Any]:
    number = hash((queue, when.minute)) % 50
    return {
        "organization_id": ORGANIZATION,
        "department_id": department,
        "queue_name": queue,
        "snapshot_time": when.isoformat(),
        "total_items": 20 + number,
        "average_wait_time_minutes": 2.5 + number / 10,
        "items_over_sla": number // 5,
        "items_added": number,
        "items_completed": number // 2,
    }


@contextmanager
def serving(env: dict[str, str], key: str) -> Iterator[Feed]:
    port = free_port()
    contender = ours(env, key)
    with running(contender.server(port), core=cores()[0], name="ours-server", env=env) as server:
        wait_for_port(port, server, name="ours-server")
        yield Feed(port, key)


def batches(report: Report, env: dict[str, str], key: str, *, rounds: int, sizes: tuple[int, ...]) -> None:
    counted = inside("bench.statements", env, "batch", key, *map(str, sizes))
    with serving(env, key) as feed:
        feed.batch_s(max(sizes))  # the first write of a scope is not what a feed does all day
        feed.one_by_one_s(SAMPLE)
        for size in sizes:
            _batch(report, feed, size, rounds)
            count = counted[str(size)]
            report.rows.append(
                Row(what="… SQL statements", ours=str(count), bar=f"<= {MAX_STATEMENTS}", met=count <= MAX_STATEMENTS)
            )
    report.notes.append(
        f"batch ingest: over HTTP, PostgreSQL, events included; one by one: {SAMPLE} posts over one connection, "
        "scaled. PostgreSQL runs without fsync, which favours one by one."
    )


def _batch(report: Report, feed: Feed, size: int, rounds: int) -> None:
    pairs = [(feed.batch_s(size), feed.one_by_one_s(size)) for _ in range(rounds)]
    share = median(batch / single for batch, single in pairs)
    report.rows.append(
        Row(
            what=f"batch ingest, {size:,} snapshots of {size:,} queues, ms",
            ours=f"{median(batch for batch, _ in pairs) * 1e3:,.0f}",
            one_by_one=f"{median(single for _, single in pairs) * 1e3:,.0f}",
            ratio=f"1/{1 / share:.0f}",
            bar="<= 1/20",
            met=share <= 1 / 20,
        )
    )
