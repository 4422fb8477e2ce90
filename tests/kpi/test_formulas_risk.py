"""SLA risk and what is published with it (DOMAIN 1.9, 3.3)."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from kpi.formulas import (
    required_agents,
    required_agents_with_abandonment,
    risk_level,
)
from tests.kpi.risk import worked_out
from tests.kpi.risk_cases import HALF, QUEUE, risk_of
from tests.kpi.simulated_queues import Queue, callers, counted


@pytest.mark.parametrize(
    ("change", "patience", "policy"),
    [
        pytest.param({}, None, "ignore", id="nobody waits"),
        pytest.param({"agents": 12}, None, "ignore", id="two agents fewer"),
        pytest.param({"agents": 9}, None, "ignore", id="overload"),
        pytest.param({**HALF, "waiting": 3, "waiting_past_target": 3}, None, "ignore", id="a queue past the target"),
        pytest.param({**HALF, "agents": 11}, 120.0, "ignore", id="with patience, early abandonment left out"),
        pytest.param({**HALF, "agents": 11}, 120.0, "negative", id="with patience, early abandonment missed"),
        pytest.param({**HALF, "agents": 11}, 120.0, "positive", id="with patience, early abandonment in target"),
    ],
)
def test_risk_is_that_of_the_backward_equations(change: dict, patience: float | None, policy: str) -> None:
    """The forecast is taken as exact here (cv 0): its error widens the variance by a term that they do not have."""
    case = {**QUEUE, **change}
    seconds = 1800 - case["elapsed_seconds"]
    mean, variance, coming = worked_out(
        seconds=seconds,
        arrival=100 / 1800,
        agents=case["agents"],
        waiting=case["waiting"],
        patience=patience,
        policy=policy,
    )
    level, decided = mean / coming + 0.8, case["judged"] + case["waiting_past_target"]
    required = (0.8 * decided - case["in_target"]) / coming + 0.8
    k = level * (1 - level) * coming**2 / variance - 1

    found = risk_of(**change, patience_seconds=patience, abandon_policy=policy, forecast_cv=0)

    assert found.required_rest == pytest.approx(required, abs=1e-3)
    assert found.projected_service_level == pytest.approx(
        (case["in_target"] + level * coming) / (decided + coming), abs=2e-3
    )
    assert found.risk == pytest.approx(beta.cdf(required, level * k, (1 - level) * k), abs=0.02)


def simulated_risk(queue: Queue, runs: int = 600) -> float:
    """Share of intervals that miss the target among those in which nobody waits at the start."""
    chance = random.Random(5)
    missed = counted_runs = 0
    while counted_runs < runs:
        day = callers(queue, chance, warm_up=1200)
        if not any(caller.arrival < 0 < caller.end for caller in day):
            judged, in_target = counted([caller for caller in day if caller.arrival >= 0], queue)
            missed += in_target < queue.target_service_level * judged - 1e-9
            counted_runs += 1
    return missed / runs


@pytest.mark.parametrize(
    ("agents", "patience", "target"),
    [(14, None, 0.8), (13, None, 0.8), (12, 120.0, 0.8), (16, None, 0.95), (17, None, 1.0)],
)
def test_risk_at_the_start_is_what_a_simulation_finds(agents: int, patience: float | None, target: float) -> None:
    queue = Queue(1800, 20, target, 100, 100, 180, agents, patience)

    found = risk_of(agents=agents, patience_seconds=patience, target_service_level=target, forecast_cv=0).risk

    assert found == pytest.approx(simulated_risk(queue), abs=0.06)


def test_the_queue_end_near_saturation_is_what_grows_in_the_time_that_is_left() -> None:
    """10 agents answer 100 calls: about 8 wait after half an hour that began with an empty queue, not the 9,995 of the
    steady state."""
    found = risk_of(forecast_calls=99.99, agents=10)

    assert found.projected_queue_end == pytest.approx(8, abs=0.6)
    assert found.projected_asa_seconds is not None
    assert 60 < found.projected_asa_seconds < 130
    assert (found.method, found.unstable) == ("erlang_c", False)


@pytest.mark.parametrize(
    ("change", "left"),
    [
        pytest.param({"forecast_calls": 200, "agents": 10}, 100, id="what is not answered stays"),
        pytest.param({"agents": 0}, 100, id="nobody answers"),
        pytest.param({"agents": 0, "waiting": 5}, 105, id="those who wait stay too"),
        pytest.param({"agents": 0, "elapsed_seconds": 1350.0, "offered": 75}, 25, id="of the time that is left"),
        pytest.param({"waiting": 500, "waiting_past_target": 480}, 460, id="14 agents answer 140 of 600"),
        pytest.param({"agents": 0, "patience_seconds": 180.0}, 10, id="those who give up are gone: lambda / theta"),
        pytest.param({"elapsed_seconds": 1800.0, "waiting": 7}, 7, id="the interval is over"),
    ],
)
def test_the_queue_at_the_end(change: dict, left: float) -> None:
    assert risk_of(**change).projected_queue_end == pytest.approx(left, abs=0.01 * left + 0.3)


def test_a_queue_drained_at_once_leaves_nothing_behind() -> None:
    """100 agents answer 20 callers within the first of the steps."""
    found = risk_of(agents=100, waiting=20, waiting_past_target=20)

    assert found.projected_queue_end == pytest.approx(0, abs=0.1)


def test_what_is_known_decides_near_the_end() -> None:
    late = {"elapsed_seconds": 1795.0, "offered": 100, "judged": 100}

    assert risk_of(**late, in_target=95).risk == 0
    assert risk_of(**late, in_target=70).risk == 1


def test_the_outlook_forgets_the_interval_and_keeps_the_queue() -> None:
    lost = risk_of(elapsed_seconds=1700.0, offered=95, judged=95, in_target=40)
    fresh = risk_of()
    queued = risk_of(elapsed_seconds=1700.0, offered=95, judged=75, in_target=75, waiting=20, waiting_past_target=18)

    assert lost.risk == 1
    assert lost.outlook_risk == fresh.outlook_risk == fresh.risk
    assert queued.outlook_risk == risk_of(waiting=20, waiting_past_target=18).risk
    assert queued.outlook_risk > 0.8


def test_more_calls_than_forecast_raise_the_risk_as_far_as_the_forecast_is_uncertain() -> None:
    """K = 1/cv^2: 156 contacts seen weigh as much as the forecast."""
    busy = {"elapsed_seconds": 900.0, "offered": 80, "judged": 78, "in_target": 66}

    assert risk_of(**busy, forecast_cv=0).risk < risk_of(**busy).risk < risk_of(**busy, forecast_cv=0.3).risk


@pytest.mark.parametrize(
    ("change", "method", "unstable"),
    [
        ({}, "erlang_c", False),
        ({"patience_seconds": 300}, "erlang_a", False),
        ({"agents": 10}, "fluid", True),
        ({"agents": 9, "patience_seconds": 300}, "erlang_a", False),
        ({"agents": 0}, "fluid", True),
        ({"agents": 0, "forecast_calls": 0}, "erlang_c", False),
        ({"agents": 0, "forecast_calls": 0, "waiting": 1}, "fluid", True),
    ],
)
def test_the_method_is_the_model_of_the_requirement_or_a_queue_that_grows(
    change: dict, method: str, unstable: bool
) -> None:
    found = risk_of(**change)

    assert (found.method, found.unstable) == (method, unstable)


@settings(deadline=None)
@given(st.floats(10, 500), st.floats(60, 900), st.integers(1, 200), st.floats(0.7, 0.95), st.integers(0, 30))
def test_more_agents_never_raise_the_risk(calls: float, aht: float, agents: int, target: float, waiting: int) -> None:
    """By more than three points, to which the few steps in time and the Beta distribution are exact."""
    asked = {"forecast_calls": calls, "aht_seconds": aht, "target_service_level": target, "waiting": waiting}

    fewer, more = risk_of(**asked, agents=agents), risk_of(**asked, agents=agents + 1)

    assert fewer.risk is not None
    assert more.risk is not None
    assert more.risk <= fewer.risk + 0.03


def required_and_risk(chance: random.Random) -> tuple[int, float]:
    calls = math.exp(chance.uniform(math.log(5), math.log(500)))
    asked = {
        "interval_seconds": chance.choice((900.0, 1800.0)),
        "aht_seconds": chance.choice((90.0, 180.0, 300.0, 480.0)),
        "target_service_level": chance.choice((0.7, 0.8, 0.9)),
        "target_seconds": chance.choice((20.0, 30.0, 60.0)),
    }
    patience = chance.choice((None, None, 60.0, 120.0, 300.0))
    if patience is None:
        agents = required_agents(calls=calls, **asked).agents
    else:
        agents = required_agents_with_abandonment(calls=calls, patience_seconds=patience, **asked).agents
    found = risk_of(**asked, forecast_calls=calls, agents=agents, patience_seconds=patience)
    assert found.risk is not None
    return agents, found.risk


def test_agents_who_meet_the_requirement_are_not_at_risk_at_the_start_of_an_interval() -> None:
    chance = random.Random(10)

    assert max(risk for _, risk in (required_and_risk(chance) for _ in range(400))) <= 0.36


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_as_many_as_are_required_are_never_more_than_a_low_risk(chance: random.Random) -> None:
    agents, risk = required_and_risk(chance)

    assert risk_level(risk) == "low", agents


@pytest.mark.parametrize(
    ("risk", "level"),
    [
        (0, "low"),
        (0.4499, "low"),
        (0.45, "medium"),
        (0.6499, "medium"),
        (0.65, "high"),
        (0.8499, "high"),
        (0.85, "critical"),
        (1, "critical"),
    ],
)
def test_risk_levels(risk: float, level: str) -> None:
    assert risk_level(risk) == level
