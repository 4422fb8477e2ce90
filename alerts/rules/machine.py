"""When a rule fires and when it calms down: the evaluator of one rule in one scope (DOMAIN 3.9, E1 to E12). Pure.

Clocks run in the time of the data, not of the wall: what counts is how long readings said so. A gap without a value
stops them. Only silence itself (`no_data_for`) and the cooldown are measured by the wall clock, `now`.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

Value = float | str

OPERATORS: dict[str, Callable[..., bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


class Phase(StrEnum):
    """`breaching` has not fired yet; it is not the `pending` of a record, which has fired and waits for a person."""

    OK = "ok"
    BREACHING = "breaching"
    FIRING = "firing"
    RECOVERING = "recovering"


class Data(StrEnum):
    OK = "ok"
    NO_DATA = "no_data"
    ERROR = "error"
    PAUSED = "paused"  # the queue is closed, or the rule has no active hours now: silence means nothing
    HELD = (
        "held"  # there are figures, but they are not believed (volume far below forecast): nothing is decided on them
    )


class NoDataMode(StrEnum):
    KEEP_LAST = "keep_last"
    ALERT = "alert"
    RESOLVE = "resolve"


class Effect(StrEnum):
    """What the step asks of the records."""

    FIRE = "fire"  # R1: a new record
    SEEN = "seen"  # R2: the open record was seen again
    COOLING = "cooling"  # it would fire, but for the cooldown; said once
    CLEARED = "cleared"  # R6, or a note on the record where people resolve themselves
    LOST = "lost"  # R6 with the reason no_data
    CLOSED = "closed"  # R6 with the reason closed: the hours in which the rule means something are over
    SILENT = "silent"  # a record of its own: no data
    HEARD = "heard"  # that record is over


@dataclass(frozen=True, slots=True)
class Rule:
    """The terms of a rule, of which the machine decides. Clear is the healthy side of `clear_threshold`."""

    operator: str
    threshold: Value
    clear_threshold: Value
    hold: timedelta = timedelta()
    recover: timedelta = timedelta(seconds=120)
    no_data_mode: NoDataMode = NoDataMode.KEEP_LAST
    no_data_for: timedelta = timedelta(seconds=300)

    def breaches(self, value: Value) -> bool:
        return OPERATORS[self.operator](value, self.threshold)

    def clears(self, value: Value) -> bool:
        return not OPERATORS[self.operator](value, self.clear_threshold)


@dataclass(frozen=True, slots=True)
class Records:
    """What the records of a rule in a scope say when a step begins. A cooldown ends at `cooling_until`."""

    open: bool = False
    cooling_until: datetime | None = None
    silence_open: bool = False
    silence_cooling_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """`since` is when this phase's clock began, `as_of` the newest reading with a value, `data_since` when readings
    with a value ended. `cooling` is whether the cooldown that holds it back was noted."""

    phase: Phase = Phase.OK
    since: datetime | None = None
    as_of: datetime | None = None
    data: Data = Data.OK
    data_since: datetime | None = None
    cooling: bool = False
    records: Records = field(default=Records())


IN_ORDER = State()
RESTARTED = State(Phase.FIRING)
"""Where a rule begins again in a scope where its alert is open (E12): the next figure decides whether it stays open."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value and its instant; or none, and what is the matter. With `ends` the hours are over in which the rule means
    something, and its open alert ends with them."""

    value: Value | None
    as_of: datetime
    data: Data = Data.OK
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    state: State
    effects: tuple[Effect, ...] = ()
    reason: str = ""


def next_state(rule: Rule, state: State, reading: Reading, now: datetime) -> Step:
    if reading.value is None:
        return _without_value(rule, state, reading, now)
    if state.as_of is not None and reading.as_of <= state.as_of:
        return Step(state, reason="not newer than what was judged")
    resumed = replace(state, since=_since(state, reading.as_of), as_of=reading.as_of, data=Data.OK, data_since=None)
    step = _JUDGES[state.phase](rule, resumed, reading.value, now)
    if state.records.silence_open:
        return replace(step, effects=(Effect.HEARD, *step.effects))
    return step


def _since(state: State, as_of: datetime) -> datetime | None:
    """The clock's beginning, moved by the gap since the last value if there was one: in a gap the clock stands."""
    if state.since is None or state.as_of is None or state.data is Data.OK:
        return state.since
    return state.since + (as_of - state.as_of)


def _ok(rule: Rule, state: State, value: Value, now: datetime) -> Step:
    if not rule.breaches(value):
        return Step(state, reason="within bounds")
    return _held(rule, replace(state, phase=Phase.BREACHING, since=state.as_of), value, now)


def _held(rule: Rule, state: State, value: Value, now: datetime) -> Step:
    """Breaching; does it for long enough?"""
    if not rule.breaches(value):
        return Step(replace(state, phase=Phase.OK, since=None, cooling=False), reason="back within bounds in time")
    assert state.as_of is not None
    assert state.since is not None
    if state.as_of - state.since < rule.hold:
        return Step(state, reason="not for long enough yet")
    return _fire(state, now)


def _fire(state: State, now: datetime) -> Step:
    """R1, unless a record is open already (R2) or the last one ended too recently."""
    if state.records.open:
        return Step(_phase(state, Phase.FIRING), (Effect.SEEN,), "fires while a record is open")
    cooling_until = state.records.cooling_until
    if cooling_until is not None and now < cooling_until:
        noted = () if state.cooling else (Effect.COOLING,)
        return Step(replace(state, phase=Phase.BREACHING, cooling=True), noted, "in cooldown")
    return Step(_phase(state, Phase.FIRING), (Effect.FIRE,), "fires")


def _firing(rule: Rule, state: State, value: Value, now: datetime) -> Step:
    if rule.clears(value):
        return _recovering(rule, replace(state, phase=Phase.RECOVERING, since=state.as_of), value, now)
    if state.records.open:
        return Step(_phase(state, Phase.FIRING), (Effect.SEEN,), "goes on")
    if rule.breaches(value):  # a person resolved it although it went on: that it held is known
        assert state.as_of is not None
        return _fire(replace(state, since=state.as_of - rule.hold), now)
    return Step(_phase(state, Phase.FIRING), reason="between the thresholds, and resolved already")


def _recovering(rule: Rule, state: State, value: Value, now: datetime) -> Step:
    if not rule.clears(value):
        return _firing(rule, state, value, now)
    assert state.as_of is not None
    assert state.since is not None
    if state.as_of - state.since < rule.recover:
        return Step(state, reason="healthy, not for long enough yet")
    cleared = (Effect.CLEARED,) if state.records.open else ()
    return Step(_phase(state, Phase.OK), cleared, "recovered")


_JUDGES: dict[Phase, Callable[[Rule, State, Value, datetime], Step]] = {
    Phase.OK: _ok,
    Phase.BREACHING: _held,
    Phase.FIRING: _firing,
    Phase.RECOVERING: _recovering,
}


def _phase(state: State, phase: Phase) -> State:
    return replace(state, phase=phase, since=None, cooling=False)


def _without_value(rule: Rule, state: State, reading: Reading, now: datetime) -> Step:
    """E9, E10: the phase stays. A rule that reports silence does so after `no_data_for`."""
    data = reading.data
    if data is Data.PAUSED:
        return _paused(state, ends=reading.ends)
    if data is Data.HELD:
        return Step(_data(state, data, None), reason="the figures are not believed")
    since = now if state.data_since is None else state.data_since
    silent = _data(state, data, since)
    reason = "judging failed" if data is Data.ERROR else "no value"
    if now - since < rule.no_data_for:
        return Step(silent, reason=reason)
    if rule.no_data_mode is NoDataMode.ALERT and _silence_may_be_said(state.records, now):
        return Step(silent, (Effect.SILENT,), reason)
    if rule.no_data_mode is NoDataMode.RESOLVE and state.phase is not Phase.OK:
        lost = (Effect.LOST,) if state.records.open else ()
        return Step(_phase(silent, Phase.OK), lost, reason)
    return Step(silent, reason=reason)


def _paused(state: State, *, ends: bool) -> Step:
    """Nothing is judged at this hour. An alert that is open ends with the hours; a breach that has not fired waits."""
    over = (Effect.HEARD,) if state.records.silence_open else ()
    if not ends:
        return Step(_data(state, Data.PAUSED, None), over, "not judged at this hour")
    closed = (Effect.CLOSED,) if state.records.open else ()
    fired = state.phase in (Phase.FIRING, Phase.RECOVERING)
    calm = _phase(state, Phase.OK) if fired else state
    return Step(_data(calm, Data.PAUSED, None), (*closed, *over), "the hours are over")


def _data(state: State, data: Data, since: datetime | None) -> State:
    unchanged = state.data is data and state.data_since == since
    return state if unchanged else replace(state, data=data, data_since=since)


def _silence_may_be_said(records: Records, now: datetime) -> bool:
    cooling = records.silence_cooling_until
    return not records.silence_open and (cooling is None or now >= cooling)
