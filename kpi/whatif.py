"""The running interval of a queue with other agents, another volume or another handling time. Pure."""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from intraday.rounding import half_up
from kpi import formulas
from kpi.compute import State, measure, state_of
from kpi.edge import percent, ratio
from kpi.known import QueueInputs
from kpi.staffing import count_heads, judge


class Change(NamedTuple):
    """None leaves it as it is."""

    agents: int | None = None
    volume: float | None = None
    aht_seconds: float | None = None


class Case(Struct, frozen=True, kw_only=True):
    """An interval as it would be. Percent are 0-100; null is what cannot be told from what is known."""

    agents: int | None
    calls: float | None
    aht_seconds: float | None
    interval_minutes: float
    required: int | None
    gap: int | None
    service_level: float | None
    occupancy: float | None
    asa_seconds: float | None
    risk_score: float | None


class WhatIf(Struct, frozen=True):
    baseline: Case
    scenario: Case


def what_if(inputs: QueueInputs, change: Change, at: datetime) -> WhatIf:
    return WhatIf(_case(inputs, Change(), at), _case(inputs, change, at))


def _case(inputs: QueueInputs, change: Change, at: datetime) -> Case:
    state = state_of(inputs, at)
    measure(inputs, state)
    count_heads(state, inputs.on_shift)
    _apply(change, state)
    judge(state, inputs.waiting)
    return _told(state)


def _apply(change: Change, state: State) -> None:
    if change.agents is not None:
        state.sums.available = change.agents
    if change.volume is not None:
        state.calls = change.volume
    if change.aht_seconds is not None:
        state.aht_seconds = change.aht_seconds
    if state.expected is not None and (change.volume is not None or change.aht_seconds is not None):
        state.expected = state.expected._replace(required_agents=None)  # planned for another volume


def _told(state: State) -> Case:
    sums, aht = state.sums, state.aht_seconds
    load = None if state.calls is None or aht is None else state.calls * aht / state.interval_seconds
    servers = (
        None if sums.available is None else formulas.slots(agents=sums.available, concurrency=state.rules.concurrency)
    )
    busy = ratio(load, servers)
    return Case(
        agents=sums.available,
        calls=half_up(state.calls),
        aht_seconds=half_up(state.aht_seconds),
        interval_minutes=state.interval_seconds / 60,
        required=sums.required,
        gap=sums.gap,
        service_level=percent(ratio(sums.expected_in_target, sums.expected)),
        occupancy=None if busy is None else percent(min(1.0, busy)),
        asa_seconds=half_up(ratio(sums.expected_wait_seconds, sums.expected_waited)),
        risk_score=percent(sums.risk),
    )
