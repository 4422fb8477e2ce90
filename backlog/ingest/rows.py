"""A row of the backlog as feeds report it."""

from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from intraday.org.services import ScopeName


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A snapshot by the names of its model; what a feed does not report is None."""

    department_id: str = ""
    queue_name: str = ""
    time: datetime
    total_items: int
    average_wait_minutes: float
    items_over_sla: int | None = None
    items_at_risk: int | None = None
    reported_compliance: float | None = None
    reported_added: int | None = None
    reported_completed: int | None = None
    added_total: int | None = None
    completed_total: int | None = None
    oldest_age_minutes: float | None = None
    age_profile: list[dict[str, Any]] | None = None

    @property
    def scope_name(self) -> ScopeName:
        return self.department_id, self.queue_name


REPORTED_FIELDS = tuple(each.name for each in fields(Row) if each.name not in ("department_id", "queue_name", "time"))
"""The fields that a feed reports."""
reported_values = attrgetter(*REPORTED_FIELDS)
"""Two rows of one scope and time that agree in all of these are the same row."""
