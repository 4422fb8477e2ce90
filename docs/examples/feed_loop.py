"""A feed in thirty lines: take the figures of your system once a minute, post them, try again until they are taken.

INTRADAY_URL=http://localhost:5000 INTRADAY_API_KEY=ik_… python feed_loop.py
"""

import os
import random
import time
from datetime import UTC, datetime

import httpx2 as httpx


def figures() -> list[dict]:
    """Replace this with a query of your ticket system: one row for each queue, all true at the same instant."""
    now = datetime.now(UTC).isoformat()
    waiting = random.randint(10, 60)
    row = {"queue_name": "support", "department_id": "dept_456", "snapshot_time": now, "total_items": waiting}
    return [{**row, "average_wait_time_minutes": 4.0, "items_over_sla": waiting // 10}]


def post(client: httpx.Client, rows: list[dict]) -> None:
    """Posting a batch twice is harmless: rows that are there already are answered `duplicate`."""
    for attempt in range(10):
        try:
            answer = client.post("/api/schedulesbacklog/batch-ingest", json={"items": rows})
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code not in (429, 502, 503, 504):
            for refused in answer.json().get("rejected", []):
                print("refused:", refused["index"], refused["errors"])
            return
        wait = float(answer.headers.get("Retry-After", 0)) if answer is not None else 0.0
        time.sleep(max(wait, random.uniform(0, min(30, 0.5 * 2**attempt))))
    print("given up: these rows are lost, the next ones may come through")


if __name__ == "__main__":
    headers = {"Authorization": f"Api-Key {os.environ['INTRADAY_API_KEY']}"} if "INTRADAY_API_KEY" in os.environ else {}
    with httpx.Client(base_url=os.environ.get("INTRADAY_URL", "http://localhost:5000"), headers=headers) as client:
        while True:
            post(client, figures())
            time.sleep(float(os.environ.get("FEED_SECONDS", "60")))
