"""Posting backlog rows in tests, and what became of them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from rest_framework.test import APIClient

import backlog.services
from intraday.clock.database import clock

INGEST = "/api/schedulesbacklog/ingest"
BATCH = "/api/schedulesbacklog/batch-ingest"
CURRENT = "/api/intraday/backlog/current"
HISTORY = "/api/intraday/backlog/history"
TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)
ORG = "organization"

Row = dict[str, Any]


def at(minutes: float) -> str:
    """Return the time that many minutes after ten, as the wire spells it."""
    return (TEN + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def row(queue: str | None = "support", minutes: float = 0, total: int = 10, **fields: Any) -> Row:
    """A snapshot of a queue; with queue None of whatever scope the fields name, the organization if none."""
    scope = {} if queue is None else {"queue_name": queue}
    return {
        **scope,
        "snapshot_time": at(minutes),
        "total_items": total,
        "average_wait_time_minutes": 2.5,
        "items_over_sla": 0,
        **fields,
    }


def post(api: APIClient, body: Any, path: str = INGEST, **query: Any) -> Any:
    """Posts JSON; the answer's body, with its status as `status`."""
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    words = "&".join(f"{name}={value}" for name, value in query.items())
    response = api.generic("POST", f"{path}?{words}" if words else path, text, content_type="application/json")
    return {**response.json(), "status": response.status_code}


def post_batch(api: APIClient, *rows: Any, **query: Any) -> Any:
    return post(api, {"items": list(rows)}, BATCH, **query)


def roll_up(organization_id: str = "org_123") -> int:
    """Let the levels above queues follow now, as the background does soon after a commit; how many have news."""
    return backlog.services.roll_up(organization_id=organization_id, now=clock.now())


def post_up(api: APIClient, body: Any, path: str = INGEST, **query: Any) -> Any:
    """Post, and let the levels follow."""
    answer = post(api, body, path, **query)
    roll_up()
    return answer


def post_batch_up(api: APIClient, *rows: Any, **query: Any) -> Any:
    return post_up(api, {"items": list(rows)}, BATCH, **query)


def results(answer: Any) -> list[str]:
    return [each["result"] for each in answer["results"]]


def events(answer: Any) -> list[int | None]:
    """The seq of each row's event, None for those that were no news."""
    return [each["event"] and each["event"]["seq"] for each in answer["results"]]


def scope_of(event: Row) -> str:
    """Return the scope of a `backlog:update`: 'support', 'dept_456' or 'organization'."""
    data = event["data"]
    return data.get("queue_name") or data.get("department_id") or ORG
