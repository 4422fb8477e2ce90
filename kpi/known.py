"""What is known of a queue at an instant. Pure: plain values, so that working with them needs no database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from kpi.formulas import AbandonPolicy, Weights

if TYPE_CHECKING:
    from intraday.org.models import Scope


class Rules(NamedTuple):
    """The settings of a queue, as formulas take them: shares are fractions, times seconds."""

    deferred: bool
    target_service_level: float
    target_seconds: float
    sla_seconds: float
    aht_seconds: float | None
    max_occupancy: float
    shrinkage: float
    abandon_policy: AbandonPolicy
    patience_seconds: float | None
    concurrency: float
    opening_hours: str
    interval_minutes: int
    cadence_seconds: float | None


class Feed(NamedTuple):
    """The time of the newest measurement, and how often they come."""

    as_of: datetime | None
    cadence_seconds: float | None


class Judging(NamedTuple):
    """How an organization wants its figures judged: the weights of health, and how old a baseline of changes may be."""

    weights: Weights
    baseline_within: timedelta


class Queue(NamedTuple):
    """A queue, how it is run, what its feed is like, and until when it is closed if it is."""

    scope: "Scope"
    rules: Rules
    feed: Feed
    closed_until: datetime | None

    @property
    def name(self) -> tuple[str, str]:
        return self.scope.department_id, self.scope.queue_name


class Interval(NamedTuple):
    start: datetime
    end: datetime
    as_of: datetime
    offered: int
    answered: int
    answered_in_target: int
    abandoned: int
    abandoned_in_target: int | None
    wait_seconds: float | None
    handle_seconds: float
    available_seconds: float
    other_productive_seconds: float | None
    paid_seconds: float | None
    agents: int
    waiting_now: int | None
    longest_wait_seconds: float | None
    agents_available: int | None
    agents_on_contact: int | None
    agents_after_contact: int | None


class Expected(NamedTuple):
    start: datetime
    end: datetime
    offered: float
    aht_seconds: float
    required_agents: int | None
    scheduled_agents: int | None


class Day(NamedTuple):
    """The local day so far. `compared` and `forecast` count the same completed intervals."""

    offered: int = 0
    answered: int = 0
    answered_in_target: int = 0
    abandoned: int = 0
    abandoned_in_target: int | None = None
    compared: float | None = None
    forecast: float | None = None


class Staff(NamedTuple):
    """Heads on shift for a queue by the attendance service."""

    scheduled: int
    available: int


class Waiting(NamedTuple):
    """A backlog, as far as staffing asks. Ages are in seconds; inflow is items a second."""

    time: datetime
    items: int
    over_sla: int | None
    oldest_seconds: float
    inflow: float | None
    cadence_seconds: float | None


@dataclass(frozen=True, slots=True)
class QueueInputs:
    queue: Queue
    zone: ZoneInfo
    recent: list[Interval]  # in order of time; the last may be running
    expected: Expected | None  # of the running interval
    compared: Expected | None  # of the newest measured interval
    day: Day
    rest: float | None  # contacts forecast for the intervals that begin later today
    waiting: Waiting | None
    on_shift: Staff | None
