"""The conditions that put a queue at risk, each with its limits: what is known, against what (DOMAIN 3.14)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal, NamedTuple

Breach = Literal["at_risk", "critical"]
Component = Literal["service", "staffing", "backlog", "volume"]
Quality = Literal["ok", "partial", "suspect", "stale", "no_data"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Thresholds in percent or points, times in seconds. A level is entered at its limit and left beyond `_left`."""

    outlook_critical: float = 85
    outlook_at_risk: float = 65
    outlook_critical_left: float = 65
    outlook_at_risk_left: float = 55
    lost_risk: float = 85
    lost_critical_points: float = 20
    lost_at_risk_points: float = 10
    lost_left_points: float = 5
    lost_left_risk: float = 55
    least_judged: float = 8
    service_hold_seconds: float = 180
    shortage_critical: float = 20
    shortage_at_risk: float = 10
    shortage_margin: float = 5
    shortage_hold_seconds: float = 600
    backlog_critical: float = 75
    backlog_at_risk: float = 90
    backlog_margin: float = 3
    backlog_hold_seconds: float = 0
    leave_seconds: float = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class StateInputs:
    """The figures of a queue at one instant; None is unknown.

    `shortfall_points` is target minus measured level, of `judged` contacts. `short_percent` is 0 inside the dead-band
    of the headcount. `suspect` is offered and forecast of the span that made the volume implausible;
    `volume_judged` is false where no span was long enough to tell. Give figures that are too old to be judged as None.
    """

    outlook_risk: float | None = None
    risk: float | None = None
    shortfall_points: float | None = None
    judged: float = 0
    short_percent: float | None = None
    required: int | None = None
    available: int | None = None
    backlog_compliance: float | None = None
    suspect: tuple[float, float] | None = None
    volume_judged: bool = True
    quality: Quality = "ok"
    closed: bool = False
    age_seconds: float | None = None
    fresh_seconds: float | None = None

    @property
    def is_suspect(self) -> bool:
        return self.suspect is not None or self.quality == "suspect"


class Reading(NamedTuple):
    """A condition at one level. `breached` and `healthy` are None while it is not judged: its clock is paused."""

    code: str
    level: Breach
    component: Component
    value: float | None
    limit: float | None
    breached: bool | None
    healthy: bool | None
    hold_seconds: float
    leave_seconds: float

    @property
    def key(self) -> str:
        return f"{self.code}:{self.level}"

    def paused(self) -> "Reading":
        return self._replace(breached=None, healthy=None)


def readings(inputs: StateInputs, limits: Limits) -> Iterator[Reading]:
    """Yield every condition at every level, the gravest code first."""
    yield _volume(inputs)
    service_known = not inputs.is_suspect and inputs.quality not in ("stale", "no_data")
    for reading in chain(_outlook(inputs, limits), _interval_lost(inputs, limits)):
        yield reading if service_known else reading.paused()
    for reading in chain([_nobody_there(inputs, limits)], _shortage(inputs, limits)):
        yield reading.paused() if inputs.is_suspect else reading
    yield from _backlog(inputs, limits)


def _volume(inputs: StateInputs) -> Reading:
    """Enter and leave at once: the judgement of the volume waits by itself."""
    offered, forecast = inputs.suspect or (None, None)
    known = inputs.is_suspect or inputs.volume_judged
    return Reading(
        *("volume_implausibly_low", "critical", "volume", offered, forecast),
        breached=inputs.is_suspect if known else None,
        healthy=not inputs.is_suspect,
        hold_seconds=0,
        leave_seconds=0,
    )


def _outlook(inputs: StateInputs, limits: Limits) -> Iterator[Reading]:
    risk = inputs.outlook_risk
    bounds: list[tuple[Breach, float, float]] = [
        ("critical", limits.outlook_critical, limits.outlook_critical_left),
        ("at_risk", limits.outlook_at_risk, limits.outlook_at_risk_left),
    ]
    for level, limit, left in bounds:
        yield Reading(
            *("outlook_risk", level, "service", risk, limit),
            breached=None if risk is None else risk >= limit,
            healthy=None if risk is None else risk < min(left, limit),
            hold_seconds=limits.service_hold_seconds,
            leave_seconds=limits.leave_seconds,
        )


def _interval_lost(inputs: StateInputs, limits: Limits) -> Iterator[Reading]:
    """Too few judged contacts say nothing of the level; then a low risk is the healthy side."""
    points = inputs.shortfall_points if inputs.judged >= limits.least_judged else None
    calm = True if points is None and inputs.risk is not None and inputs.risk < limits.lost_left_risk else None
    bounds: list[tuple[Breach, float]] = [
        ("critical", limits.lost_critical_points),
        ("at_risk", limits.lost_at_risk_points),
    ]
    for level, limit in bounds:
        yield Reading(
            *("interval_lost", level, "service", points, limit),
            breached=_both(
                None if inputs.risk is None else inputs.risk >= limits.lost_risk,
                None if points is None else points > limit,
            ),
            healthy=calm if points is None else points <= min(limits.lost_left_points, limit),
            hold_seconds=limits.service_hold_seconds,
            leave_seconds=limits.leave_seconds,
        )


def _both(first: bool | None, second: bool | None) -> bool | None:
    """Return whether both hold: False is enough to know that they do not."""
    if first is False or second is False:
        return False
    return None if first is None or second is None else True


def _nobody_there(inputs: StateInputs, limits: Limits) -> Reading:
    known = inputs.required is not None and inputs.available is not None
    nobody = known and not inputs.available and (inputs.required or 0) >= 1
    return Reading(
        *("nobody_there", "critical", "staffing", inputs.required, 0),
        breached=nobody if known else None,
        healthy=not nobody if known else None,
        hold_seconds=0,
        leave_seconds=limits.leave_seconds,
    )


def _shortage(inputs: StateInputs, limits: Limits) -> Iterator[Reading]:
    short = inputs.short_percent
    bounds: list[tuple[Breach, float]] = [("critical", limits.shortage_critical), ("at_risk", limits.shortage_at_risk)]
    for level, limit in bounds:
        yield Reading(
            *("shortage", level, "staffing", short, limit),
            breached=None if short is None else short >= limit,
            healthy=None if short is None else short < limit - limits.shortage_margin or short <= 0,
            hold_seconds=limits.shortage_hold_seconds,
            leave_seconds=limits.leave_seconds,
        )


def _backlog(inputs: StateInputs, limits: Limits) -> Iterator[Reading]:
    compliance = inputs.backlog_compliance
    bounds: list[tuple[Breach, float]] = [("critical", limits.backlog_critical), ("at_risk", limits.backlog_at_risk)]
    for level, limit in bounds:
        yield Reading(
            *("backlog_compliance", level, "backlog", compliance, limit),
            breached=None if compliance is None else compliance < limit,
            healthy=None if compliance is None else compliance >= min(limit + limits.backlog_margin, 100),
            hold_seconds=limits.backlog_hold_seconds,
            leave_seconds=limits.leave_seconds,
        )
