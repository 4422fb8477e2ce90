"""Evaluate one rule in one scope, a reading at a time (DOMAIN 3.9, E1 to E12). Pure.

Clocks run in the time of the data: a breach lasts as long as readings show it, and a gap without a value stops the
clocks. Only missing data (`no_data_for`) and the cooldown are measured by the wall clock, `now`.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from alerts.choices import NoDataMode

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
    PAUSED = "paused"  # the queue is closed, or the rule is not active at this hour: missing data mean nothing
    HELD = "held"  # of a reading: the figures are not believed (volume far below forecast). The state is then PAUSED


class Effect(StrEnum):
    """A change of the alerts that a step asks for."""

    FIRE = "fire"  # R1: a new alert
    SEEN = "seen"  # R2: the open alert is confirmed
    COOLING = "cooling"  # it would fire, but for the cooldown; recorded once
    CLEARED = "cleared"  # R6, or a note on the alert of a rule that people resolve
    LOST = "lost"  # R6 with the reason no_data
    CLOSED = "closed"  # R6 with the reason closed: the active hours are over
    NO_DATA = "no_data"  # a new alert of its own: no data
    DATA_RETURNED = "data_returned"  # that alert is over


@dataclass(frozen=True, slots=True)
class Condition:
    """The part of a rule that the machine decides by. Clear is the healthy side of `clear_threshold`."""

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


class RelatedAlerts(NamedTuple):
    """The alerts of a rule in a scope as a step begins: open ones, and the end of the cooldown after the last."""

    open: bool = False
    cooling_until: datetime | None = None
    no_data_open: bool = False
    no_data_cooling_until: datetime | None = None


class State(NamedTuple):
    """`since` is when this phase's clock began, `as_of` the newest reading with a value, `data_since` when readings
    with a value ended. `cooling` is whether the cooldown that holds it back was noted."""

    phase: Phase = Phase.OK
    since: datetime | None = None
    as_of: datetime | None = None
    data: Data = Data.OK
    data_since: datetime | None = None
    cooling: bool = False
    alerts: RelatedAlerts = RelatedAlerts()


IN_ORDER = State()
RESTARTED = State(Phase.FIRING)
"""The state of an edited rule in a scope whose alert is open (E12): the next figure decides whether it stays open."""


class Reading(NamedTuple):
    """A value and its instant, or none and the reason. With `ends` the active hours of the rule are over, and its open
    alert is resolved."""

    value: Value | None
    as_of: datetime
    data: Data = Data.OK
    ends: bool = False


class Step(NamedTuple):
    state: State
    effects: tuple[Effect, ...] = ()
    reason: str = ""


def next_state(condition: Condition, state: State, reading: Reading, now: datetime) -> Step:
    if reading.value is None:
        return _without_value(condition, state, reading, now)
    if state.as_of is not None and reading.as_of <= state.as_of:
        return Step(state, reason="not newer than what was judged")
    resumed = state._replace(since=_since(state, reading.as_of), as_of=reading.as_of, data=Data.OK, data_since=None)
    step = _BY_PHASE[state.phase](condition, resumed, reading.value, now)
    if state.alerts.no_data_open:
        return step._replace(effects=(Effect.DATA_RETURNED, *step.effects))
    return step


def _since(state: State, as_of: datetime) -> datetime | None:
    """Return the start of the clock, moved by the gap since the last value: in a gap the clock stands."""
    if state.since is None or state.as_of is None or state.data is Data.OK:
        return state.since
    return state.since + (as_of - state.as_of)


def _ok(condition: Condition, state: State, value: Value, now: datetime) -> Step:
    if not condition.breaches(value):
        return Step(state, reason="within bounds")
    return _held(condition, state._replace(phase=Phase.BREACHING, since=state.as_of), value, now)


def _held(condition: Condition, state: State, value: Value, now: datetime) -> Step:
    """Fire once the breach has lasted for `hold`."""
    if not condition.breaches(value):
        return Step(state._replace(phase=Phase.OK, since=None, cooling=False), reason="back within bounds in time")
    assert state.as_of is not None
    assert state.since is not None
    if state.as_of - state.since < condition.hold:
        return Step(state, reason="not for long enough yet")
    return _fire(state, now)


def _fire(state: State, now: datetime) -> Step:
    """Fire (R1), unless an alert is open already (R2) or the last one was resolved too recently."""
    if state.alerts.open:
        return Step(_phase(state, Phase.FIRING), (Effect.SEEN,), "fires while an alert is open")
    cooling_until = state.alerts.cooling_until
    if cooling_until is not None and now < cooling_until:
        noted = () if state.cooling else (Effect.COOLING,)
        return Step(state._replace(phase=Phase.BREACHING, cooling=True), noted, "in cooldown")
    return Step(_phase(state, Phase.FIRING), (Effect.FIRE,), "fires")


def _firing(condition: Condition, state: State, value: Value, now: datetime) -> Step:
    if condition.clears(value):
        return _recovering(condition, state._replace(phase=Phase.RECOVERING, since=state.as_of), value, now)
    if state.alerts.open:
        return Step(_phase(state, Phase.FIRING), (Effect.SEEN,), "goes on")
    if condition.breaches(value):  # a person resolved it although it went on: that it held is known
        assert state.as_of is not None
        return _fire(state._replace(since=state.as_of - condition.hold), now)
    return Step(_phase(state, Phase.FIRING), reason="between the thresholds, and resolved already")


def _recovering(condition: Condition, state: State, value: Value, now: datetime) -> Step:
    if not condition.clears(value):
        return _firing(condition, state, value, now)
    assert state.as_of is not None
    assert state.since is not None
    if state.as_of - state.since < condition.recover:
        return Step(state, reason="healthy, not for long enough yet")
    cleared = (Effect.CLEARED,) if state.alerts.open else ()
    return Step(_phase(state, Phase.OK), cleared, "recovered")


_BY_PHASE: dict[Phase, Callable[[Condition, State, Value, datetime], Step]] = {
    Phase.OK: _ok,
    Phase.BREACHING: _held,
    Phase.FIRING: _firing,
    Phase.RECOVERING: _recovering,
}


def _phase(state: State, phase: Phase) -> State:
    return state._replace(phase=phase, since=None, cooling=False)


def _without_value(condition: Condition, state: State, reading: Reading, now: datetime) -> Step:
    """Keep the phase (E9, E10). A rule that reports missing data does so after `no_data_for`."""
    data = reading.data
    if data is Data.PAUSED:
        return _paused(state, ends=reading.ends)
    if data is Data.HELD:  # stored as PAUSED, which release 0.1 beside us can read
        return Step(_data(state, Data.PAUSED, None), reason="the figures are not believed")
    since = now if state.data_since is None else state.data_since
    silent = _data(state, data, since)
    reason = "judging failed" if data is Data.ERROR else "no value"
    if now - since < condition.no_data_for:
        return Step(silent, reason=reason)
    if condition.no_data_mode is NoDataMode.ALERT and _no_data_alert_is_due(state.alerts, now):
        return Step(silent, (Effect.NO_DATA,), reason)
    if condition.no_data_mode is NoDataMode.RESOLVE and state.phase is not Phase.OK:
        lost = (Effect.LOST,) if state.alerts.open else ()
        return Step(_phase(silent, Phase.OK), lost, reason)
    return Step(silent, reason=reason)


def _paused(state: State, *, ends: bool) -> Step:
    """Decide nothing at this hour. An open alert ends with the active hours; a breach that has not fired waits."""
    over = (Effect.DATA_RETURNED,) if state.alerts.no_data_open else ()
    if not ends:
        return Step(_data(state, Data.PAUSED, None), over, "not judged at this hour")
    closed = (Effect.CLOSED,) if state.alerts.open else ()
    fired = state.phase in (Phase.FIRING, Phase.RECOVERING)
    calm = _phase(state, Phase.OK) if fired else state
    return Step(_data(calm, Data.PAUSED, None), (*closed, *over), "the hours are over")


def _data(state: State, data: Data, since: datetime | None) -> State:
    unchanged = state.data is data and state.data_since == since
    return state if unchanged else state._replace(data=data, data_since=since)


def _no_data_alert_is_due(alerts: RelatedAlerts, now: datetime) -> bool:
    cooling = alerts.no_data_cooling_until
    return not alerts.no_data_open and (cooling is None or now >= cooling)
