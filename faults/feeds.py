"""Feeds that post backlogs, intervals and check-ins, and note what they posted and what was acknowledged."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx2 as httpx

from intraday.api_client.client import PATHS, TRY_AGAIN, retry_after
from intraday.api_client.rows import Row, iso

BACKLOG, INTERVALS, CHECK_INS = "backlog", "kpi", "attendance"
TIMEOUT = 10.0  # seconds for one attempt
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0  # seconds between attempts
STAFF = 20
DEPARTMENT = "dept_456"

Key = tuple[str, str, datetime]
"""(kind, queue or employee, time): a row posted twice is the same row."""


@dataclass
class Ledger:
    """Rows by key, in the order in which they were posted."""

    posted: dict[Key, Row] = field(default_factory=dict)
    acknowledged: set[Key] = field(default_factory=set)
    refused: dict[Key, str] = field(default_factory=dict)
    attempts: int = 0

    def of(self, kind: str) -> list[Key]:
        return [key for key in self.posted if key[0] == kind]


@dataclass
class Feed:
    """One tenant's feed: one batch in flight, repeated with backoff until answered (docs/examples/feed_loop.py)."""

    tenant: str
    queues: int
    addresses: Sequence[str]
    client: httpx.AsyncClient
    key: str
    period: float
    random: Random
    ledger: Ledger = field(default_factory=Ledger)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _rounds: int = 0
    _address: int = 0

    async def run(self) -> None:
        """Post until stopped; what is in flight then is still posted until it is acknowledged."""
        await asyncio.sleep(self.random.uniform(0, self.period))
        while not self.stopped.is_set():
            for kind, rows in self._round().items():
                await self._deliver(kind, rows)
            try:
                await asyncio.wait_for(self.stopped.wait(), self.period)
            except TimeoutError:
                self._rounds += 1

    def _round(self) -> dict[str, dict[Key, Row]]:
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        rows = {BACKLOG: self._backlogs(now), INTERVALS: self._intervals(now), CHECK_INS: self._check_ins(now)}
        for batch in rows.values():
            self.ledger.posted |= batch
        return rows

    def _backlogs(self, now: datetime) -> dict[Key, Row]:
        rows = {}
        for queue in self._queues():
            waiting = self.random.randint(10, 60)
            row = {"queue_name": queue, "department_id": DEPARTMENT, "snapshot_time": iso(now)}
            row |= {"total_items": waiting, "average_wait_time_minutes": 4.0, "items_over_sla": waiting // 10}
            rows[BACKLOG, queue, now] = row
        return rows

    def _intervals(self, now: datetime) -> dict[Key, Row]:
        """The running half hour of each queue, whose counts grow."""
        start = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
        seconds = (now - start) / timedelta(seconds=1)
        answered = int(seconds // 10)
        counts = {"offered": answered + 1, "answered": answered, "answered_in_target": answered, "abandoned": 0}
        times = {"handle_seconds": answered * 60, "available_seconds": answered * 20, "agents": 10}
        rows = {}
        for queue in self._queues():
            name = {"queue_name": queue, "department_id": DEPARTMENT, "interval_start": iso(start)}
            rows[INTERVALS, queue, now] = name | {"interval_minutes": 30, "as_of": iso(now)} | counts | times
        return rows

    def _check_ins(self, now: datetime) -> dict[Key, Row]:
        employee = f"employee{self._rounds % STAFF}"
        status = ("present", "checked_out")[self._rounds // STAFF % 2]
        row = {"employee_id": employee, "department_id": DEPARTMENT, "snapshot_time": iso(now), "status": status}
        return {(CHECK_INS, employee, now): row}

    def _queues(self) -> list[str]:
        return [f"queue{number}" for number in range(self.queues)]

    async def _deliver(self, kind: str, rows: dict[Key, Row]) -> None:
        attempt = 0
        while (answer := await self._try(kind, list(rows.values()))) is None or answer.status_code in TRY_AGAIN:
            asked = retry_after(answer.headers.get("Retry-After")) if answer is not None else None
            pause = self.random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt, 10)))
            await asyncio.sleep(max(pause, asked or 0.0))
            attempt, self._address = attempt + 1, self._address + 1
        self._note(list(rows), answer)

    async def _try(self, kind: str, rows: list[Row]) -> httpx.Response | None:
        self.ledger.attempts += 1
        address = self.addresses[self._address % len(self.addresses)]
        headers = {"Authorization": f"Api-Key {self.key}"}
        try:
            return await self.client.post(address + PATHS[kind], json={"items": rows}, headers=headers)
        except httpx.TransportError:
            return None

    def _note(self, keys: list[Key], answer: httpx.Response) -> None:
        body: dict[str, Any] = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        taken = {result["index"] for result in body.get("results", [])}
        for index, key in enumerate(keys):
            if index in taken:
                self.ledger.acknowledged.add(key)
            else:
                self.ledger.refused[key] = f"{answer.status_code} {answer.text[:300]}"
