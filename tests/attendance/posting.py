"""Posting attendance in tests. Everybody's day begins at nine; minutes are counted from there."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from rest_framework.test import APIClient

import attendance.services
from attendance.microseconds import to_microseconds
from attendance.presence import headcounts
from attendance.presence.headcounts import Headcount
from intraday.clock.database import clock
from intraday.org.models import Organization
from tests.backlog.posting import post, results

__all__ = ["post", "results"]

INGEST = "/api/intraday/attendance/ingest"
BATCH = "/api/intraday/attendance/batch-ingest"
SHIFTS = "/api/intraday/attendance/shifts/batch-ingest"
STATES = "/api/intraday/attendance/states/batch-ingest"
CURRENT = "/api/intraday/attendance/current"
HISTORY = "/api/intraday/attendance/history"
PEOPLE = "/api/intraday/attendance/people"
STREAM = "attendance:org:org_123"
NINE = datetime(2026, 1, 30, 9, tzinfo=UTC)
DAY = 8 * 60

Row = dict[str, Any]


def moment(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def at(minutes: float) -> str:
    """Return the time that many minutes after nine, as the wire spells it."""
    return moment(minutes).isoformat().replace("+00:00", "Z")


def record(employee: str = "ada", minutes: float = 0, status: str = "present", **fields: Any) -> Row:
    return {
        "department_id": "dept_456",
        "employee_id": employee,
        "employee_name": employee.title(),
        "snapshot_time": at(minutes),
        "status": status,
        **fields,
    }


def shift(employee: str = "ada", start: float = 0, end: float = DAY, kind: str = "work", **fields: Any) -> Row:
    return {
        "shift_id": f"{employee} {kind} {start}",
        "department_id": "dept_456",
        "employee_id": employee,
        "start": at(start),
        "end": at(end),
        "kind": kind,
        **fields,
    }


def state(employee: str = "ada", minutes: float = 0, name: str = "available", **fields: Any) -> Row:
    return {"department_id": "dept_456", "employee_id": employee, "state": name, "since": at(minutes), **fields}


def recount() -> int:
    """Let all figures follow now, as the background does soon after a commit; how many have news."""
    found = Organization.objects.values_list("pk", flat=True)
    return sum(attendance.services.recount(organization_id=pk, now=clock.now()) for pk in found)


def post_up(api: APIClient, body: Any, path: str = INGEST, **query: Any) -> Any:
    """Post, and let the figures follow."""
    answer = post(api, body, path, **query)
    recount()
    return answer


def say(api: APIClient, *rows: Row, **query: Any) -> Any:
    """Post records, and let the figures follow."""
    return post_up(api, {"items": list(rows)}, BATCH, **query)


def plan(api: APIClient, *rows: Row, **query: Any) -> Any:
    """Post shifts, and let the figures follow."""
    return post_up(api, {"items": list(rows)}, SHIFTS, **query)


def tell(api: APIClient, *rows: Row, **query: Any) -> Any:
    """Post states, and let the figures follow."""
    return post_up(api, {"items": list(rows)}, STATES, **query)


def counts(figure: Row) -> Row:
    """The counts that are not 0, by their short names."""
    return {name.removesuffix("_count"): value for name, value in figure.items() if name.endswith("_count") and value}


def headcounts_at(at: datetime, there: Iterable[int] = ()) -> dict[str, Headcount]:
    """The headcounts of an instant by department; '' is the organization. `there`: people in a state."""
    return headcounts.count("org_123", at=to_microseconds(at), there=set(there))
