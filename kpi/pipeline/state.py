"""One judgement of a scope: whether it is well, at risk or critical, since when and why (DOMAIN 3.14).

Pure: the clock is passed in, what was judged before comes as a `Memory`. Percent are 0-100.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from kpi.pipeline.conditions import Component, Limits, Reading, StateInputs
from kpi.pipeline.conditions import readings as readings_of

__all__ = [
    "Components",
    "Level",
    "Limits",
    "Memory",
    "QueueCounts",
    "Reason",
    "State",
    "StateInputs",
    "above",
    "judge",
]

Level = Literal["ok", "at_risk", "critical", "stale", "closed", "unknown"]
ComponentLevel = Literal["ok", "at_risk", "critical"]
ReasonLevel = Literal["at_risk", "critical", "stale", "unknown"]
Timestamp = Annotated[datetime, Meta(tz=True)]

WORST_FIRST: tuple[Level, ...] = ("critical", "at_risk", "stale", "unknown", "ok", "closed")
RANK: Mapping[str, int] = {level: place for place, level in enumerate(WORST_FIRST)}
COMPONENTS: tuple[Component, ...] = ("service", "staffing", "backlog", "volume")
CODES = (
    "volume_implausibly_low",
    "outlook_risk",
    "interval_lost",
    "nobody_there",
    "shortage",
    "backlog_compliance",
    "feed_stale",
    "no_data",
)
NAMED_QUEUES = 5
HAIR = 1e-6
"""Seconds. Sums of elapsed times come out a hair below a whole number."""


# --- on the wire -----------------------------------------------------------------------------------------------------
class Reason(Struct, frozen=True, kw_only=True):
    """A condition that holds: its value and the limit that it broke, in the unit of its code."""

    code: str
    value: float | None
    limit: float | None
    level: ReasonLevel


class Components(Struct, frozen=True, kw_only=True):
    """The level of each part by itself; null where nothing is known of it."""

    service: ComponentLevel | None
    staffing: ComponentLevel | None
    backlog: ComponentLevel | None
    volume: ComponentLevel | None


class QueueCounts(Struct, frozen=True, kw_only=True):
    """The number of queues of a department or organization at each level."""

    ok: int = 0
    at_risk: int = 0
    critical: int = 0
    stale: int = 0
    closed: int = 0
    unknown: int = 0


class State(Struct, frozen=True, kw_only=True):
    """The judgement. `queues` and `worst` (names, at most five) are there above queues only."""

    level: Level
    since: Timestamp
    reasons: list[Reason]
    components: Components
    queues: QueueCounts | UnsetType = UNSET
    worst: list[str] | UnsetType = UNSET


# --- judgement -------------------------------------------------------------------------------------------------------
class Clock(Struct, frozen=True, array_like=True):
    """A condition at one level. `held` seconds it has been on the other side of where `active` says it is."""

    active: bool = False
    held: float = 0.0
    counting: bool = False


class Memory(Struct, frozen=True, array_like=True):
    """The judgement before: level, since when, its instant, and the clocks that are not at rest."""

    level: Level
    since: Timestamp
    at: Timestamp
    clocks: dict[str, Clock] = field(default_factory=dict)


def judge(inputs: StateInputs, limits: Limits, memory: Memory | None, at: datetime) -> tuple[State, Memory]:
    """Return the state at this instant and what to remember of it.

    A level is entered when its condition has held for its time at every tick that could tell, and left after
    `leave_seconds` on its healthy side. An unknown value pauses the clock. While the volume is suspect, service and
    staffing neither enter nor leave a level; while the feed is stale, service does neither. An instant that is not
    newer than the memory's changes nothing that is remembered.
    """
    if inputs.closed:
        return _remembered("closed", [], _NOTHING, memory, at, {})
    readings = list(readings_of(inputs, limits))
    clocks = _stepped(readings, memory, at)
    active = [reading for reading in readings if _clock(clocks, reading).active]
    components = Components(**{name: _component(name, active, readings) for name in COMPONENTS})
    reasons = _worst_of_each_code(chain(_broken(active), _data_status(inputs, components)))
    level: Level = reasons[0].level if reasons else "ok"
    return _remembered(level, reasons, components, memory, at, clocks)


_NOTHING = Components(service=None, staffing=None, backlog=None, volume=None)


def _remembered(
    level: Level,
    reasons: list[Reason],
    components: Components,
    memory: Memory | None,
    at: datetime,
    clocks: dict[str, Clock],
) -> tuple[State, Memory]:
    since = memory.since if memory is not None and memory.level == level else at
    state = State(level=level, since=since, reasons=reasons, components=components)
    if memory is not None and at <= memory.at:
        return state, memory
    return state, Memory(level, since, at, clocks)


# --- clocks ----------------------------------------------------------------------------------------------------------
_AT_REST = Clock()


def _clock(clocks: Mapping[str, Clock], reading: Reading) -> Clock:
    return clocks.get(reading.key, _AT_REST)


def _stepped(readings: Sequence[Reading], memory: Memory | None, at: datetime) -> dict[str, Clock]:
    """Return the clocks at this instant, without those at rest."""
    before = memory.clocks if memory is not None else {}
    elapsed = (at - memory.at).total_seconds() if memory is not None else 0.0
    if memory is not None and elapsed <= 0:
        return before
    after = {reading.key: _step(_clock(before, reading), reading, elapsed) for reading in readings}
    return {key: clock for key, clock in after.items() if clock != _AT_REST}


def _step(clock: Clock, reading: Reading, elapsed: float) -> Clock:
    """Count the time between two ticks that both saw the condition on its other side."""
    crossed = reading.healthy if clock.active else reading.breached
    if crossed is None:
        return Clock(clock.active, clock.held, counting=False)
    if not crossed:
        return Clock(clock.active)
    held = clock.held + (elapsed if clock.counting else 0.0)
    needed = reading.leave_seconds if clock.active else reading.hold_seconds
    return Clock(not clock.active) if held + HAIR >= needed else Clock(clock.active, held, counting=True)


# --- level and reasons -----------------------------------------------------------------------------------------------
def _component(name: Component, active: Sequence[Reading], readings: Sequence[Reading]) -> ComponentLevel | None:
    levels = [reading.level for reading in active if reading.component == name]
    if levels:
        return "critical" if "critical" in levels else "at_risk"
    known = any(reading.component == name and reading.breached is not None for reading in readings)
    return "ok" if known else None


def _broken(active: Iterable[Reading]) -> Iterator[Reason]:
    for reading in active:
        yield Reason(code=reading.code, value=reading.value, limit=reading.limit, level=reading.level)


def _data_status(inputs: StateInputs, components: Components) -> Iterator[Reason]:
    """Yield a reason if the data is too old, or if nothing can be judged: that is not "ok"."""
    judged = (components.service, components.staffing, components.backlog)
    if inputs.quality == "stale":
        yield Reason(code="feed_stale", value=inputs.age_seconds, limit=inputs.fresh_seconds, level="stale")
    elif inputs.quality == "no_data" or (not inputs.is_suspect and not any(judged)):
        yield Reason(code="no_data", value=None, limit=None, level="unknown")


def _worst_of_each_code(reasons: Iterable[Reason]) -> list[Reason]:
    """Return one reason for each code, worst first; equal levels in the order of `CODES`."""
    worst: dict[str, Reason] = {}
    for reason in reasons:
        known = worst.get(reason.code)
        if known is None or _severity(reason) < _severity(known):
            worst[reason.code] = reason
    return sorted(worst.values(), key=lambda reason: (RANK[reason.level], CODES.index(reason.code)))


def _severity(reason: Reason) -> tuple[int, float, float]:
    """Sort by level, by value, then by how far it lies beyond its limit; a compliance falls, the others rise."""
    sign = 1 if reason.code in ("backlog_compliance", "volume_implausibly_low") else -1
    value = sign * reason.value if reason.value is not None else math.inf
    return RANK[reason.level], value, -sign * (reason.limit or 0.0)


# --- above queues ----------------------------------------------------------------------------------------------------
def above(
    queues: Sequence[tuple[str, State]], *, suspect: tuple[float, float] | None, memory: Memory | None, at: datetime
) -> tuple[State, Memory]:
    """Return the state of a department or organization from its queues' names and states, and its own volume.

    It is as its worst queue is, closed only if all are. Each reason is that of the queue with the worst value;
    `suspect` is offered and forecast of the level's own implausible volume.
    """
    states = [state for _, state in queues]
    reasons = [reason for state in states for reason in state.reasons]
    if suspect is not None:
        reasons = [reason for reason in reasons if reason.code != "volume_implausibly_low"]
        reasons.append(_volume_reason(*suspect))
    if not states:
        reasons.append(Reason(code="no_data", value=None, limit=None, level="unknown"))
    found = _worst_of_each_code(reasons)
    level: Level = min((state.level for state in states), key=_rank, default="unknown")
    if suspect is not None:
        level = "critical"
    state, remembered = _remembered(level, found, _components_above(states, suspect), memory, at, {})
    return _with_queues(state, queues), remembered


def _volume_reason(offered: float, forecast: float) -> Reason:
    return Reason(code="volume_implausibly_low", value=offered, limit=forecast, level="critical")


def _components_above(states: Sequence[State], suspect: tuple[float, float] | None) -> Components:
    worst = {name: _worst_component(getattr(state.components, name) for state in states) for name in COMPONENTS}
    if suspect is not None:
        worst["volume"] = "critical"
    return Components(**worst)


def _worst_component(levels: Iterable[ComponentLevel | None]) -> ComponentLevel | None:
    known = [level for level in levels if level is not None]
    known.sort(key=_rank)
    return known[0] if known else None


def _rank(level: str) -> int:
    return RANK[level]


def _with_queues(state: State, queues: Sequence[tuple[str, State]]) -> State:
    levels = [each.level for _, each in queues]
    worse = [(RANK[each.level], each.since, name) for name, each in queues if RANK[each.level] < RANK["ok"]]
    return State(
        level=state.level,
        since=state.since,
        reasons=state.reasons,
        components=state.components,
        queues=QueueCounts(**{level: levels.count(level) for level in WORST_FIRST}),
        worst=[name for _, _, name in sorted(worse)[:NAMED_QUEUES]],
    )
