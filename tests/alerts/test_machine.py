"""E1 to E12: the evaluator as a table. Seconds after ten; values are occupancy."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.choices import NoDataMode
from alerts.rules.machine import OPERATORS, Condition, Data, Effect, Phase, Reading, RelatedAlerts, State, next_state
from tests.alerts.world import at

MINUTE = timedelta(seconds=60)
# Over 90 fires, 80 or less is healthy; at once, unless a case says otherwise.
NOW = Condition(operator=">", threshold=90, clear_threshold=80, recover=timedelta())
HELD = replace(NOW, hold=5 * MINUTE)
SLOW = replace(NOW, recover=2 * MINUTE)
OPEN = RelatedAlerts(open=True)


def state(phase: str, since: float | None = None, as_of: float | None = 0, **fields: Any) -> State:
    return State(Phase(phase), None if since is None else at(since), None if as_of is None else at(as_of), **fields)


@dataclass(frozen=True)
class Case:
    condition: Condition
    before: State
    value: float | None
    seconds: float
    after: State
    effects: tuple[Effect, ...] = ()
    data: Data = Data.OK
    now: datetime | None = field(default=None)


CASES = {
    # E1, E2, and nothing at all
    "in order stays in order": Case(NOW, state("ok"), 90, 60, state("ok", as_of=60)),
    "E1 a breach fires at once": Case(NOW, state("ok"), 91, 60, state("firing", as_of=60), (Effect.FIRE,)),
    "E1 the very first reading may fire": Case(NOW, State(), 91, 60, state("firing", as_of=60), (Effect.FIRE,)),
    "E2 a breach that must hold starts its clock": Case(HELD, state("ok"), 91, 60, state("breaching", 60, 60)),
    # E3, E4
    "E3 one healthy reading resets the clock": Case(HELD, state("breaching", 0, 240), 85, 299, state("ok", as_of=299)),
    "E4 not for long enough yet": Case(HELD, state("breaching", 0, 240), 91, 299, state("breaching", 0, 299)),
    "E4 exactly long enough": Case(
        HELD, state("breaching", 0, 240), 91, 300, state("firing", as_of=300), (Effect.FIRE,)
    ),
    # E5, E6, E7, E8
    "E5 goes on": Case(NOW, state("firing", alerts=OPEN), 95, 60, state("firing", as_of=60), (Effect.SEEN,)),
    "E5 between the thresholds goes on": Case(
        NOW, state("firing", alerts=OPEN), 85, 60, state("firing", as_of=60), (Effect.SEEN,)
    ),
    "E6 healthy, the clock of recovery starts": Case(
        SLOW, state("firing", alerts=OPEN), 80, 60, state("recovering", 60, 60)
    ),
    "E7 not healthy after all: no new alert": Case(
        SLOW, state("recovering", 60, 120, alerts=OPEN), 85, 150, state("firing", as_of=150), (Effect.SEEN,)
    ),
    "E8 not healthy for long enough": Case(
        SLOW, state("recovering", 60, 120, alerts=OPEN), 70, 179, state("recovering", 60, 179)
    ),
    "E8 healthy for long enough": Case(
        SLOW, state("recovering", 60, 120, alerts=OPEN), 70, 180, state("ok", as_of=180), (Effect.CLEARED,)
    ),
    "E8 at once where recovery needs no time": Case(
        NOW, state("firing", alerts=OPEN), 80, 60, state("ok", as_of=60), (Effect.CLEARED,)
    ),
    "E8 nothing to resolve where a person did": Case(NOW, state("firing"), 80, 60, state("ok", as_of=60)),
    # E9
    "E9 no value leaves the phase": Case(
        HELD,
        state("breaching", 0, 60),
        None,
        90,
        state("breaching", 0, 60, data=Data.NO_DATA, data_since=at(90)),
        data=Data.NO_DATA,
    ),
    "E9 silence goes on": Case(
        HELD,
        state("breaching", 0, 60, data=Data.NO_DATA, data_since=at(90)),
        None,
        200,
        state("breaching", 0, 60, data=Data.NO_DATA, data_since=at(90)),
        data=Data.NO_DATA,
    ),
    "E9 a clock stands while nothing is known": Case(
        HELD,
        state("breaching", 0, 60, data=Data.NO_DATA, data_since=at(90)),
        91,
        960,
        state("breaching", 900, 960),
    ),
    "E9 the clock of recovery stands, too": Case(
        SLOW,
        state("recovering", 0, 60, data=Data.NO_DATA, data_since=at(90), alerts=OPEN),
        70,
        960,
        state("recovering", 900, 960),
    ),
    "E9 mode keep_last says nothing, however long": Case(
        NOW,
        state("firing", alerts=OPEN, data=Data.NO_DATA, data_since=at(0)),
        None,
        100_000,
        state("firing", data=Data.NO_DATA, data_since=at(0)),
        data=Data.NO_DATA,
    ),
    "E9 mode alert waits for its own time": Case(
        replace(NOW, no_data_mode=NoDataMode.ALERT),
        state("ok", data=Data.NO_DATA, data_since=at(0)),
        None,
        299,
        state("ok", data=Data.NO_DATA, data_since=at(0)),
        data=Data.NO_DATA,
    ),
    "E9 mode alert says it": Case(
        replace(NOW, no_data_mode=NoDataMode.ALERT),
        state("ok", data=Data.NO_DATA, data_since=at(0)),
        None,
        300,
        state("ok", data=Data.NO_DATA, data_since=at(0)),
        (Effect.NO_DATA,),
        data=Data.NO_DATA,
    ),
    "E9 mode alert says it once": Case(
        replace(NOW, no_data_mode=NoDataMode.ALERT),
        state("ok", data=Data.NO_DATA, data_since=at(0), alerts=RelatedAlerts(no_data_open=True)),
        None,
        400,
        state("ok", data=Data.NO_DATA, data_since=at(0)),
        data=Data.NO_DATA,
    ),
    "E9 a value ends the silence": Case(
        NOW,
        state("ok", data=Data.NO_DATA, data_since=at(0), alerts=RelatedAlerts(no_data_open=True)),
        50,
        400,
        state("ok", as_of=400),
        (Effect.DATA_RETURNED,),
    ),
    "E9 mode resolve resolves after its own time": Case(
        replace(NOW, no_data_mode=NoDataMode.RESOLVE),
        state("firing", alerts=OPEN, data=Data.NO_DATA, data_since=at(0)),
        None,
        300,
        state("ok", data=Data.NO_DATA, data_since=at(0)),
        (Effect.LOST,),
        data=Data.NO_DATA,
    ),
    "closed hours are no silence": Case(
        replace(NOW, no_data_mode=NoDataMode.ALERT),
        state("firing", alerts=OPEN, data=Data.NO_DATA, data_since=at(0)),
        None,
        300,
        state("firing", data=Data.PAUSED),
        data=Data.PAUSED,
    ),
    "closing time ends an alert about silence": Case(
        replace(NOW, no_data_mode=NoDataMode.ALERT),
        state("ok", data=Data.NO_DATA, data_since=at(0), alerts=RelatedAlerts(no_data_open=True)),
        None,
        300,
        state("ok", data=Data.PAUSED),
        (Effect.DATA_RETURNED,),
        data=Data.PAUSED,
    ),
    "a clock stands while closed": Case(
        HELD, state("breaching", 0, 60, data=Data.PAUSED), 91, 43_260, state("breaching", 43_200, 43_260)
    ),
    # E10
    "E10 a failure is as no value": Case(
        NOW,
        state("firing", alerts=OPEN),
        None,
        60,
        state("firing", data=Data.ERROR, data_since=at(60)),
        data=Data.ERROR,
    ),
    "E10 failing and silent are one spell": Case(
        NOW,
        state("ok", data=Data.ERROR, data_since=at(0)),
        None,
        60,
        state("ok", data=Data.NO_DATA, data_since=at(0)),
        data=Data.NO_DATA,
    ),
    # E11
    "E11 what is as old as the last is ignored": Case(NOW, state("ok", as_of=60), 99, 60, state("ok", as_of=60)),
    "E11 what is older is ignored": Case(
        NOW, state("firing", as_of=60, alerts=OPEN), 10, 30, state("firing", as_of=60)
    ),
    # R1 and the cooldown, as far as the evaluator knows them
    "in cooldown it stays breaching, and says so": Case(
        NOW,
        state("ok", alerts=RelatedAlerts(cooling_until=at(300))),
        95,
        60,
        state("breaching", 60, 60, cooling=True),
        (Effect.COOLING,),
    ),
    "in cooldown it says so once": Case(
        NOW,
        state("breaching", 60, 60, cooling=True, alerts=RelatedAlerts(cooling_until=at(300))),
        95,
        120,
        state("breaching", 60, 120, cooling=True),
    ),
    "after the cooldown it fires if it still breaches": Case(
        NOW,
        state("breaching", 60, 240, cooling=True, alerts=RelatedAlerts(cooling_until=at(300))),
        95,
        300,
        state("firing", as_of=300),
        (Effect.FIRE,),
    ),
    "in cooldown it may calm down": Case(
        NOW,
        state("breaching", 60, 60, cooling=True, alerts=RelatedAlerts(cooling_until=at(300))),
        70,
        120,
        state("ok", as_of=120),
    ),
    "resolved by a person, still breaching: fires again": Case(
        HELD, state("firing", as_of=300), 95, 360, state("firing", as_of=360), (Effect.FIRE,)
    ),
    "resolved by a person, in cooldown: what held need not hold again": Case(
        HELD,
        state("firing", as_of=300, alerts=RelatedAlerts(cooling_until=at(500))),
        95,
        360,
        state("breaching", 60, 360, cooling=True),
        (Effect.COOLING,),
    ),
    "resolved by a person, between the thresholds: waits": Case(
        NOW, state("firing", as_of=0), 85, 60, state("firing", as_of=60)
    ),
    "fires while people left the last record open: the same record": Case(
        NOW, state("ok", alerts=OPEN), 95, 60, state("firing", as_of=60), (Effect.SEEN,)
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_transition(case: Case):
    step = next_state(case.condition, case.before, Reading(case.value, at(case.seconds), case.data), at(case.seconds))
    assert (step.state._replace(alerts=RelatedAlerts()), step.effects) == (case.after, case.effects)
    assert step.reason


def test_e12_an_edited_rule_starts_anew_and_knows_its_records():
    """The state of an edited rule is forgotten: the figure that was judged already is judged again."""
    assert next_state(NOW, State(alerts=OPEN), Reading(95, at(60)), at(60)).effects == (Effect.SEEN,)
    assert next_state(HELD, State(alerts=OPEN), Reading(95, at(60)), at(60)).state.phase is Phase.BREACHING


@pytest.mark.parametrize(
    ("sign", "value", "threshold", "clear", "breaches", "clears"),
    [
        (">", 92.0, 92, 88, False, False),
        (">", 92.01, 92, 88, True, False),
        (">", 88, 92, 88, False, True),
        (">=", 85, 85, 55, True, False),
        (">=", 55, 85, 55, False, False),
        (">=", 54.9, 85, 55, False, True),
        ("<", 90, 90, 93, False, False),
        ("<", 93, 90, 93, False, True),
        ("<=", -10, -10, -5, True, False),
        ("<=", -5, -10, -5, False, False),
        ("<=", -4, -10, -5, False, True),
        ("==", "growing", "growing", "growing", True, False),
        ("==", "stable", "growing", "growing", False, True),
        ("!=", "ok", "ok", "ok", False, True),
        ("!=", "high", "ok", "ok", True, False),
        (">", 90, 90, 90, False, True),
        (">=", 90, 90, 90, True, False),
    ],
)
def test_both_thresholds_are_compared_alike(
    sign: str, value: Any, threshold: Any, clear: Any, breaches: bool, clears: bool
):
    condition = Condition(sign, threshold, clear)
    assert (condition.breaches(value), condition.clears(value)) == (breaches, clears)
    assert sign in OPERATORS


def test_a_value_of_another_kind_is_no_value_but_a_failure():
    with pytest.raises(TypeError):
        next_state(NOW, State(), Reading("growing", at(0)), at(0))
