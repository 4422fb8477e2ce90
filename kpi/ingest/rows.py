"""Rows of the KPI service as feeds report them, by the names of their models."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from intraday.org.services import ScopeName


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    department_id: str = ""
    queue_name: str = ""
    start: datetime
    minutes: int

    @property
    def scope_name(self) -> ScopeName:
        return self.department_id, self.queue_name

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRow(_Row):
    """A measured interval of a queue up to `as_of`, which may be ours where the feed does not state it. The agents
    of a department or of the organization come without contacts."""

    as_of: datetime
    as_of_stated: bool = True
    agents: int
    offered: int = 0
    answered: int = 0
    answered_in_target: int = 0
    abandoned: int = 0
    abandoned_in_target: int | None = None
    wait_seconds: float | None = None
    handle_seconds: float = 0
    available_seconds: float = 0
    other_productive_seconds: float | None = None
    paid_seconds: float | None = None
    waiting_now: int | None = None
    longest_wait_seconds: float | None = None
    waiting_past_target: int | None = None
    agents_available: int | None = None
    agents_on_contact: int | None = None
    agents_after_contact: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow(_Row):
    """The forecast of a queue for an interval."""

    offered: float
    aht_seconds: float
    required_agents: int | None = None
    scheduled_agents: int | None = None
