"""Counts of a replay, kept while it runs."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from intraday.api_client.client import Answer
from intraday.api_client.rows import Row, time_of
from intraday.replay.timeline import Instant

FIRST_ERRORS = 10
Key = tuple[str, str, str]


@dataclass(slots=True)
class Day:
    """Sums over the organization for one local day of the log; `closing` is the last backlog seen in it."""

    added: int = 0
    completed: int = 0
    closing: int = 0


@dataclass
class ReplayStats:
    instants: int = 0
    rows: int = 0
    results: Counter[str] = field(default_factory=Counter)
    events: int = 0
    warnings: int = 0
    warned: list[str] = field(default_factory=list)
    rejected: int = 0
    undelivered: int = 0
    errors: list[str] = field(default_factory=list)

    def answered(self, rows: list[Row], answer: Answer) -> None:
        self.rows += len(rows)
        self.results.update(str(result.get("result")) for result in answer.results)
        self.events += sum(result.get("event") is not None for result in answer.results)
        self.warnings += sum(bool(result.get("warnings")) for result in answer.results)
        self._note(rows, answer)
        self.rejected += len(answer.rejected)
        for refusal in answer.rejected:
            self._error(refused_row(rows, refusal))
        if unanswered := len(rows) - len(answer.results) - len(answer.rejected):
            self.undelivered += abs(unanswered)
            self._error(f"{len(rows)} rows sent, {len(rows) - unanswered} answered for")

    def failed(self, rows: list[Row], reason: str) -> None:
        self.undelivered += len(rows)
        self._error(f"{time_of(rows[0])}: {reason}")

    def clean(self) -> bool:
        return not self.rejected and not self.undelivered

    def _note(self, rows: list[Row], answer: Answer) -> None:
        """Keep the first warnings that say something new."""
        for result in answer.results:
            for text in result.get("warnings") or ():
                known = any(each.endswith(text) for each in self.warned)
                if not known and len(self.warned) < FIRST_ERRORS:
                    self.warned.append(f"{_row_named(rows, result)}: {text}")

    def _error(self, text: str) -> None:
        if len(self.errors) < FIRST_ERRORS:
            self.errors.append(text)


def refused_row(rows: list[Row], refusal: dict[str, Any]) -> str:
    return f"{_row_named(rows, refusal)}: {refusal.get('errors')}"


def _row_named(rows: list[Row], answer: dict[str, Any]) -> str:
    index = answer.get("index", -1)
    row = rows[index] if isinstance(index, int) and 0 <= index < len(rows) else {}
    return f"{time_of(row)} {row.get('queue_name') or row.get('employee_id', '')}"


@dataclass
class Closings:
    """The backlog at the end of each local day of the log. Midnight belongs to the day that it ends."""

    zone: ZoneInfo
    opening: tuple[datetime, int] | None = None
    days: dict[date, Day] = field(default_factory=dict)
    _totals: dict[Key, int] = field(default_factory=dict)

    def saw(self, instant: Instant) -> None:
        if instant.kind != "backlog":
            return
        self._totals.update((_key(row), row["total_items"]) for row in instant.rows)
        local = instant.time.astimezone(self.zone)
        if self.opening is None:
            self.opening = (local, sum(self._totals.values()))
            return
        day = self.days.setdefault((local - timedelta(microseconds=1)).date(), Day())
        day.added += sum(row.get("items_added", 0) for row in instant.rows)
        day.completed += sum(row.get("items_completed", 0) for row in instant.rows)
        day.closing = sum(self._totals.values())


def _key(row: Row) -> Key:
    return (row["organization_id"], row.get("department_id", ""), row.get("queue_name", ""))
