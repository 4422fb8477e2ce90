"""Posting to the server that a page shows, and waiting until one answers."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx2 as httpx

from tests.live import Caller, ProcessServer


async def post(server: ProcessServer, queue: str, total: int, **fields: Any) -> None:
    row = {
        "organization_id": "org_123",
        "queue_name": queue,
        "snapshot_time": datetime.now(UTC).isoformat(),
        "total_items": total,
        "average_wait_time_minutes": 3.5,
    }
    async with Caller(server) as caller:
        answer = await caller.post("/api/schedulesbacklog/ingest", row | fields)
    assert answer.status_code == 201, answer.text


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            httpx.get(url)
            return
        time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")
