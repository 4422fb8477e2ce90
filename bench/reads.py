"""Rows about wide reads: a week of many queues, a snapshot of 2,500 of them, a rule's preview over a month."""

import asyncio
import http.client
import json
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from bench.contenders import Contender
from bench.ingest import PATH, snapshot
from bench.listeners import listen
from bench.machine import cores, peak_bytes, reset_peak, resident_bytes
from bench.processes import free_port, running, wait_for_port
from bench.report import Report, Row
from bench.scopes import HISTORY, SNAPSHOT, queues
from bench.services import inside

SNAPSHOT_QUEUES, DAYS = 2_500, 31
FIRST = 5  # queues that are read before memory is watched: what the first requests load is no row's
MAX_GROWN_MB = 8  # of a server that answers in pages, whatever the number of rows
PAGE = 1_000  # the most that one request may ask for


def measure(report: Report, contender: Contender, *, history: int) -> None:
    keys = inside(
        "bench.reads_seed", {**contender.env, "INTRADAY_ROLE": "command"}, str(history), str(SNAPSHOT_QUEUES), str(DAYS)
    )
    port = free_port()
    with ExitStack() as stack:
        argv, core = contender.server(port), cores()[0]
        server = stack.enter_context(running(argv, core=core, name="ours-server", env=contender.env))
        wait_for_port(port, server, name="ours-server")
        for kind in ("json", "csv"):
            _history(report, Reader(port, server.pid, keys[HISTORY]), kind, history)
        _snapshot(report, Reader(port, server.pid, keys[SNAPSHOT]))
    _preview(report, contender.env)


class Reader:
    """Requests over one kept-alive connection."""

    def __init__(self, port: int, pid: int, key: str) -> None:
        self.port, self.pid, self.key = port, pid, key
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def request(self, method: str, path: str, content: object = None) -> http.client.HTTPResponse:
        headers = {"Authorization": f"Api-Key {self.key}", "Content-Type": "application/json"}
        self._http.request(method, path, None if content is None else json.dumps(content), headers)
        response = self._http.getresponse()
        if response.status not in (200, 201):
            raise RuntimeError(f"{method} {path} answered {response.status}: {response.read()[:500]!r}")
        return response

    def week(self, place: tuple[str, str], kind: str) -> tuple[int, int]:
        """Return rows and bytes of a queue's week, page by page."""
        department, queue = place
        asked = {"organization_id": HISTORY, "department_id": department, "queue_name": queue, "limit": PAGE}
        body = self.request("GET", f"/api/intraday/backlog/history?{urlencode({**asked, 'format': kind})}").read()
        rows = body.count(b'"snapshot_id"') if kind == "json" else body.count(b"\n") - 1
        return rows, len(body)


def _history(report: Report, reader: Reader, kind: str, count: int) -> None:
    places = queues(count)
    for place in places[:FIRST]:
        reader.week(place, kind)
    before, started = resident_bytes(reader.pid), time.perf_counter()
    reset_peak(reader.pid)
    rows, size = map(sum, zip(*(reader.week(place, kind) for place in places), strict=True))
    seconds = time.perf_counter() - started
    grown = (peak_bytes(reader.pid) - before) / 2**20
    report.rows.append(
        Row(
            what=f"a week of history of {count:,} queues as {kind.upper()}, in pages: memory at its peak, MB more",
            ours=f"{grown:.1f}; {rows:,} rows, {size / 2**20:.0f} MB in {seconds:.0f} s",
            bar=f"<= {MAX_GROWN_MB}",
            met=grown <= MAX_GROWN_MB,
        )
    )


def _snapshot(report: Report, reader: Reader) -> None:
    reader.request("POST", f"{PATH}/batch-ingest", {"items": list(_figures())}).read()
    before = resident_bytes(reader.pid)
    reset_peak(reader.pid)
    seconds, size = asyncio.run(_take_snapshot(reader))
    grown = (peak_bytes(reader.pid) - before) / 2**20
    what = f"snapshot of {SNAPSHOT_QUEUES:,} queues to one socket: subscribe to last byte, ms"
    said = f"{seconds * 1e3:.0f}; {size / 1024:.0f} KB, memory at its peak {grown:.0f} MB more"
    report.rows.append(Row(what=what, ours=said))


def _figures() -> Iterator[dict[str, object]]:
    now = datetime.now(UTC) - timedelta(minutes=1)
    for department, queue in queues(SNAPSHOT_QUEUES):
        yield {**snapshot(department, queue, now), "organization_id": SNAPSHOT}


async def _take_snapshot(reader: Reader) -> tuple[float, int]:
    """Return seconds from opening the socket until the snapshot is complete, and its size."""
    started = time.perf_counter()
    async with AsyncExitStack() as stack:
        ear = await listen(stack, reader.port, SNAPSHOT, reader.key, channel="backlog", snapshot=True)
        size, complete = 0, False
        while not complete:
            message = await ear.until("backlog:snapshot")
            complete = message["data"]["complete"]
            size += len(json.dumps(message))
        return time.perf_counter() - started, size


def _preview(report: Report, env: dict[str, str]) -> None:
    found = inside("bench.reads_seed", env, "preview", str(DAYS))
    what = f"preview of a rule over {DAYS} days of a queue by the minute, s"
    report.rows.append(Row(what=what, ours=f"{found['seconds']:.2f} ({found['figures']:,} figures)"))
