"""While the volume of a scope is suspect, alerts on level and risk neither clear nor resolve nor newly fire."""

from typing import Any

import pytest

from alerts.choices import NoDataMode
from alerts.evaluation.figure_providers import FigureProviders
from alerts.models import RuleState
from alerts.rules.catalogue import CATALOGUE
from alerts.rules.compiled_rule import is_suspect
from alerts.rules.machine import Condition, Data, Phase, Reading, RelatedAlerts, State, next_state
from alerts.services import evaluate
from tests.alerts.world import World, at, occupancy

SUSPECT = {"quality": "suspect"}


def suspect(world: World, value: float | None, seconds: float, **fields: Any) -> None:
    world.kpi.show(world.scope(), at(seconds), occupancy(value, **{**SUSPECT, **fields}))
    world.again(seconds)


def test_nothing_fires(world: World):
    world.rule()
    suspect(world, 99, 0)
    assert world.alerts == []


@pytest.mark.parametrize("mode", ["keep_last", "alert", "resolve"])
def test_nothing_resolves_and_it_is_no_silence(world: World, mode: str):
    world.rule(recover_for_seconds=0, no_data_mode=mode, no_data_for_seconds=60)
    world.judge(95, 0)
    for seconds in range(60, 6_000, 60):
        suspect(world, 0, seconds)
    assert (world.statuses(), world.alert.current_value) == (["pending"], 95)
    assert RuleState.objects.get().data == "paused"


def test_clocks_stand_meanwhile(world: World):
    """Five minutes are needed: one before the outage, four after it."""
    world.rule(for_seconds=300)
    world.judge(95, 0)
    world.judge(95, 60)
    suspect(world, 0, 120)
    suspect(world, 0, 3_600)
    world.judge(95, 4_000)
    world.judge(95, 4_239)
    assert world.alerts == []
    world.judge(95, 4_240)
    assert world.statuses() == ["pending"]


def test_recovery_does_not_run_in_an_outage(world: World):
    world.rule(recover_for_seconds=300)
    world.judge(95, 0)
    world.judge(70, 60)
    suspect(world, 0, 120)
    suspect(world, 0, 3_600)
    world.judge(70, 3_660)
    assert world.statuses() == ["pending"]
    world.judge(70, 3_960)
    assert world.statuses() == ["resolved"]


def test_levels_above_are_held_by_their_own_figure(world: World):
    world.rule(evaluate_each="department", recover_for_seconds=0)
    scope = world.scope("")
    world.kpi.show(scope, at(0), occupancy(95))
    world.again(0)
    world.kpi.show(scope, at(60), occupancy(10, volume={"offered": 0, "inherited": False}))
    world.again(60)
    assert world.statuses() == ["pending"]


def test_the_state_of_the_volume_is_judged_all_the_same(world: World):
    volume = {
        "metric": "state.components.volume",
        "operator": "==",
        "threshold": "critical",
        "clear_threshold": None,
        "recover_for_seconds": 0,
    }
    world.rule(**volume)
    suspect(world, 0, 0, state={"level": "critical", "components": {"volume": "critical"}})
    assert world.alert.message == "support: state of the volume is critical"
    world.kpi.show(world.scope(), at(60), occupancy(70, state={"level": "ok", "components": {"volume": "ok"}}))
    world.again(60)
    assert world.statuses() == ["resolved"]


def test_closing_time_ends_an_alert_in_an_outage(world: World):
    world.rule()
    world.judge(95, 0)
    world.closed = {world.scope().pk: at(86_400)}
    suspect(world, 0, 60)
    assert world.alert.resolution == "closed"


def test_the_intervals_of_a_suspect_queue_are_held_too(world: World):
    """These figures do not say themselves that the queue is suspect: its KPI figure does."""
    world.rule(metric="service.closed_shortfall_points", threshold=5, clear_threshold=0, recover_for_seconds=0)
    intervals = type(world.kpi)()
    real = world.providers
    by_name = {**real.by_name, "intervals": type(real.by_name["kpi"])(intervals.figures)}

    def judge(short: float, seconds: float) -> None:
        intervals.show(world.scope(), at(seconds), {"service": {"closed_shortfall_points": short}})
        evaluate(organization_id="org_123", now=at(seconds), providers=FigureProviders(by_name, real.closed))

    judge(12, 0)
    world.kpi.show(world.scope(), at(1_800), occupancy(0, **SUSPECT))
    judge(-20, 1_800)
    assert world.statuses() == ["pending"]
    world.kpi.show(world.scope(), at(3_600), occupancy(70))
    judge(-20, 3_600)
    assert world.statuses() == ["resolved"]


HELD = Reading(None, at(60), Data.HELD)


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("mode", list(NoDataMode))
def test_held_in_every_phase_changes_nothing_but_the_clock(phase: Phase, mode: NoDataMode):
    condition = Condition(">", 90, 80, no_data_mode=mode)
    since = at(0) if phase in (Phase.BREACHING, Phase.RECOVERING) else None
    before = State(phase, since, at(0), alerts=RelatedAlerts(open=True))
    step = next_state(condition, before, HELD, at(100_000))
    assert (step.effects, step.state.phase, step.state.since, step.state.as_of) == ((), phase, since, at(0))
    assert (step.state.data, step.state.data_since) == (Data.PAUSED, None)


def test_which_metrics_rest_on_the_volume():
    free = {"state.level", "state.components.backlog", "state.components.volume"}
    staffed = {path for (_, path), metric in CATALOGUE.items() if metric.staffed}
    assert {path for (_, path), metric in CATALOGUE.items() if metric.rests_on_volume} == staffed - free


@pytest.mark.parametrize(
    ("figure", "found"),
    [({"quality": "ok"}, False), ({"quality": "suspect"}, True), ({"volume": {"offered": 0}}, True), ({}, False)],
)
def test_what_is_suspect(figure: dict[str, Any], found: bool):
    assert is_suspect(figure) is found
