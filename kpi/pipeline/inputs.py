"""The inputs of an organization's figures at an instant, as plain values. Pure: working with them needs no database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from kpi.formulas import AbandonPolicy, Weights
from kpi.pipeline.conditions import Limits

Key = tuple[str, str]
"""A queue by department id and queue name; the name is empty for a department, both are for the organization."""


class Place(Protocol):
    """A scope: what the pipeline needs to know of intraday.org.models.Scope."""

    organization_id: Any
    department_id: Any
    queue_name: Any


class Rules(NamedTuple):
    """The settings of a queue, as formulas take them: shares are fractions, times seconds. `limits` holds the queue's
    own thresholds of its state by name; the others are the organization's."""

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
    limits: tuple[tuple[str, float], ...] = ()


class QueueFeed(NamedTuple):
    """The time of the newest measurement, the cadence, and [time, start, offered so far] of the last hour."""

    as_of: datetime | None
    cadence_seconds: float | None
    samples: Sequence[tuple[float, float, float]] = ()


class Thresholds(NamedTuple):
    """Thresholds of a scope at risk and critical (DOMAIN 3.14): percent, points and minutes, as people set them."""

    critical_outlook: float = 85
    at_risk_outlook: float = 65
    critical_points: float = 20
    at_risk_points: float = 10
    critical_shortage: float = 20
    at_risk_shortage: float = 10
    critical_compliance: float = 75
    at_risk_compliance: float = 90
    service_minutes: float = 3
    staffing_minutes: float = 10
    recovery_minutes: float = 5

    def limits(self, overrides: Iterable[tuple[str, float]]) -> Limits:
        return _limits(self._replace(**dict(overrides)))


@lru_cache(1024)
def _limits(these: Thresholds) -> Limits:
    """A level is left ten points of risk, or half the distance to health, beyond where it is entered."""
    return Limits(
        outlook_critical=these.critical_outlook,
        outlook_at_risk=these.at_risk_outlook,
        outlook_critical_left=these.at_risk_outlook,
        outlook_at_risk_left=these.at_risk_outlook - 10,
        lost_critical_points=these.critical_points,
        lost_at_risk_points=these.at_risk_points,
        lost_left_points=these.at_risk_points / 2,
        service_hold_seconds=60 * these.service_minutes,
        shortage_critical=these.critical_shortage,
        shortage_at_risk=these.at_risk_shortage,
        shortage_margin=min(5.0, these.at_risk_shortage / 2),
        shortage_hold_seconds=60 * these.staffing_minutes,
        backlog_critical=these.critical_compliance,
        backlog_at_risk=these.at_risk_compliance,
        backlog_margin=min(3.0, 100 - these.at_risk_compliance),
        leave_seconds=60 * these.recovery_minutes,
    )


class Judging(NamedTuple):
    """The settings of an organization: weights of health, age of the baseline of changes, thresholds of the state.

    `prior_contacts` is the weight of the forecast against the day's own run, `forecast_cv` the forecast's error.
    """

    weights: Weights
    baseline_within: timedelta
    thresholds: Thresholds
    prior_contacts: float
    forecast_cv: float


class Queue(NamedTuple):
    """A queue, its settings and feed. `closed_until` is set while it is closed, `open_since` if it opens and closes."""

    scope: Any  # intraday.org.models.Scope
    rules: Rules
    feed: QueueFeed
    closed_until: datetime | None
    open_since: datetime | None

    @property
    def key(self) -> Key:
        return self.scope.department_id, self.scope.queue_name


class Interval(NamedTuple):
    """Measured counts of an interval, up to `as_of`. Times in seconds."""

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
    waiting_past_target: int | None
    agents_available: int | None
    agents_on_contact: int | None
    agents_after_contact: int | None

    @property
    def measured_until(self) -> datetime:
        return min(self.as_of, self.end)


class Expected(NamedTuple):
    """A forecast interval; `scheduled_agents` are heads on the schedule, before shrinkage."""

    start: datetime
    end: datetime
    offered: float
    aht_seconds: float
    required_agents: int | None
    scheduled_agents: int | None


class Day(NamedTuple):
    """The local day so far. `compared` and `forecast` are contacts of the time that ended intervals and forecast both
    cover, without drops in volume. `dropped`: a drop touches the running interval, whose run says nothing of demand."""

    offered: int = 0
    answered: int = 0
    answered_in_target: int = 0
    abandoned: int = 0
    abandoned_in_target: int | None = None
    compared: float = 0.0
    forecast: float = 0.0
    dropped: bool = False


NOTHING_YET = Day()


class SkillGroup(NamedTuple):
    """People who serve the same queues, each counted once, by the attendance service."""

    serves: frozenset[Key]
    scheduled: int
    available: int


class WorkSpan(NamedTuple):
    """Scheduled working time of one person; `breaks_published`: breaks are cut out of it already."""

    serves: frozenset[Key]
    start: datetime
    end: datetime
    breaks_published: bool


class Backlog(NamedTuple):
    """A queue's backlog. Ages are in seconds; inflow is items a second; compliance 0-100; `age_profile` holds
    (older than so many seconds, items)."""

    time: datetime
    fresh: bool
    items: int
    over_sla: int | None
    oldest_seconds: float
    inflow: float | None
    cadence_seconds: float | None
    compliance: float | None
    age_profile: tuple[tuple[float, int], ...] = ()


class Drop(NamedTuple):
    """A drop in volume that lasts: offered contacts against those forecast in a span of so many minutes.

    `inherited` from a level above; `confirmed` once a person said that the volume is real: it is no longer suspect.
    """

    since: datetime
    offered: float
    forecast: float
    minutes: float
    inherited: bool = False
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class QueueInputs:
    """A queue at an instant. `recent` and `forecasts` are in order of time; `typical` stands in where there is no
    forecast: the mean of the same weekday in the last weeks."""

    queue: Queue
    zone: ZoneInfo
    recent: Sequence[Interval]  # the last may be running
    forecasts: Sequence[Expected]  # of the last hours and the running interval
    day: Day = NOTHING_YET
    rest: Sequence[Expected] = ()  # the intervals that begin later today
    backlog: Backlog | None = None
    typical: Sequence[Expected] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The rest of the organization at that instant, as far as the figures of single queues depend on it.

    `presence_known` is false where shifts are published, but nobody's attendance is recorded: then the heads of the
    groups are scheduled, and those at work are unknown, not zero.
    """

    judging: Judging
    groups: Sequence[SkillGroup] = ()
    counted: Mapping[Key, int] = field(default_factory=dict)  # distinct heads that a feed posted for a level
    drops: Mapping[Key, Drop] = field(default_factory=dict)  # those that last
    presence_known: bool = True

    @property
    def present(self) -> Sequence[SkillGroup]:
        return self.groups if self.presence_known else ()
