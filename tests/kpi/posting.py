"""Posting intervals and forecasts in tests, and what was computed of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import time_machine
from rest_framework.test import APIClient

from intraday.jobs import dirty
from intraday.org.models import Organization, Scope
from kpi import services
from tests.backlog.posting import TEN, Row, at, post

KPI = "/api/intraday/kpi"
INGEST = f"{KPI}/ingest"
BATCH = f"{KPI}/batch-ingest"
FORECAST = f"{KPI}/forecast/batch-ingest"
COMPUTE = f"{KPI}/compute"
CURRENT = f"{KPI}/current"
HISTORY = f"{KPI}/history"
INTERVALS = f"{KPI}/intervals"
WHAT_IF = f"{KPI}/what-if"
STREAM = "kpi:org:org_123"
SUPPORT = {"queue_name": "support"}


def interval(queue: str = "support", minutes: float = -30, length: int = 30, **fields: Any) -> Row:
    """The half hour that begins so many minutes after ten, with 100 calls of 180 s and 14 agents: the textbook case."""
    return {
        "queue_name": queue,
        "interval_start": at(minutes),
        "interval_minutes": length,
        "offered": 100,
        "answered": 100,
        "answered_in_target": 90,
        "abandoned": 0,
        "wait_seconds": 800,
        "handle_seconds": 18_000,
        "available_seconds": 6_000,
        "other_productive_seconds": 360,
        "paid_seconds": 25_200,
        "agents": 14,
        **fields,
    }


def forecast(queue: str = "support", minutes: float = 0, length: int = 30, **fields: Any) -> Row:
    return {
        "queue_name": queue,
        "interval_start": at(minutes),
        "interval_minutes": length,
        "offered": 100,
        "aht_seconds": 180,
        **fields,
    }


def post_all(api: APIClient, *rows: Row, path: str = BATCH, **query: Any) -> Any:
    return post(api, {"items": list(rows)}, path, **query)


def post_forecast(api: APIClient, *rows: Row, **query: Any) -> Any:
    return post_all(api, *rows, path=FORECAST, **query)


def compute(api: APIClient, minutes: float | None = 0, **fields: Any) -> Any:
    """The figure of a scope, by hand."""
    instant = {} if minutes is None else {"as_of_time": at(minutes)}
    return post(api, {**instant, **fields}, COMPUTE)


def figure(api: APIClient, **scope: Any) -> Any:
    return api.get(CURRENT, scope).json()["current"]


@contextmanager
def clock(minutes: float) -> Iterator[datetime]:
    """Stop the clock that many minutes after ten."""
    now = TEN + timedelta(minutes=minutes)
    with time_machine.travel(now, tick=False):
        yield now


def round_of(organization: Organization, minutes: float, *, everything: bool = False) -> None:
    """Run the job that beat starts at that time."""
    now = TEN + timedelta(minutes=minutes)
    run = services.compute_all if everything else compute_dirty
    run(organization_id=organization.pk, now=now)


def compute_dirty(*, organization_id: str, now: datetime) -> list[Scope]:
    """The figures of a round over new facts, without the alerts."""
    marks = dirty.marked(organization_id)
    scopes = (
        services.compute_touched(organization_id=organization_id, scopes=marks.scopes, now=now) if marks.scopes else []
    )
    dirty.clear(marks)
    return scopes
