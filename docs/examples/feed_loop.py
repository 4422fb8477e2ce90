"""A feed in forty lines: take the figures of your system once a minute, post them, try again until they are taken.

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
        except httpx.TransportError as error:
            print("no answer:", error)
            answer = None
        if answer is not None and answer.status_code < 500 and answer.status_code not in (408, 429):
            report(answer)
            return
        wait = retry_after(answer) if answer is not None else 0.0
        time.sleep(max(wait, random.uniform(0, min(30, 0.5 * 2**attempt))))
    print("given up: these rows are lost, the next ones may come through")


def retry_after(answer: httpx.Response) -> float:
    """Return the seconds to wait; proxies also say it as a date, which the backoff serves as well."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0


def report(answer: httpx.Response) -> None:
    """Print what was refused. Another try of a 4xx would be refused again: the rows or the key are wrong."""
    if answer.is_error:
        print("refused:", answer.status_code, answer.text[:500])
        return
    for refused in answer.json().get("rejected", []):
        print("refused:", refused["index"], refused["errors"])


if __name__ == "__main__":
    headers = {"Authorization": f"Api-Key {os.environ['INTRADAY_API_KEY']}"} if "INTRADAY_API_KEY" in os.environ else {}
    with httpx.Client(base_url=os.environ.get("INTRADAY_URL", "http://localhost:5000"), headers=headers) as client:
        while True:
            post(client, figures())
            time.sleep(float(os.environ.get("FEED_SECONDS", "60")))
