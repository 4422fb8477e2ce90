"""SLA risk, its beta distribution, and the health score: DOMAIN 1.9, 3.3 and 3.4."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from kpi.formulas import HealthScore, SlaRisk, Weights, erlang_c, health_label, health_score, risk_level, sla_risk
from kpi.formulas.numeric import beta_cdf

QUEUE = {
    "calls": 100,
    "interval_seconds": 1800.0,
    "aht_seconds": 180,
    "target_seconds": 20,
    "target_service_level": 0.8,
}


@pytest.mark.parametrize(
    ("agents", "level", "risk"),
    [
        pytest.param(14, 0.8883500191794669, 0.20015363782738438, id="the textbook queue (simulated: .181)"),
        pytest.param(13, 0.7955947884177831, 0.39758420799676797, id="one agent fewer (simulated: .371)"),
    ],
)
def test_risk_of_a_steady_queue(agents: int, level: float, risk: float) -> None:
    found = sla_risk(**QUEUE, agents=agents)

    assert found.projected_service_level == pytest.approx(level, rel=1e-12)
    assert found.risk == pytest.approx(risk, rel=1e-9)
    assert (found.method, found.unstable) == ("erlang_c", False)
    assert found.projected_queue_end == erlang_c(**_steady(agents)).queue_length


def _steady(agents: int) -> dict:
    return {**{key: value for key, value in QUEUE.items() if key != "target_service_level"}, "agents": agents}


@pytest.mark.parametrize("agents", [14, 13])
def test_risk_is_the_beta_distribution_of_scipy(agents: int) -> None:
    p = erlang_c(**_steady(agents)).service_level
    x = 1.3 * 180 / 1800
    v = p * (1 - p) * min(0.999, 2 * x - 2 * x**2 * (1 - math.exp(-1 / x)) + 1 / 100)
    k = p * (1 - p) / v - 1

    assert sla_risk(**QUEUE, agents=agents).risk == pytest.approx(beta.cdf(0.8, p * k, (1 - p) * k), rel=1e-12)
    assert agents != 14 or round(math.sqrt(v), 4) == 0.1531


def test_an_overloaded_queue_misses_for_certain_and_grows_by_what_is_not_answered() -> None:
    found = sla_risk(**{**QUEUE, "calls": 120}, agents=10)

    assert found == SlaRisk(1.0, 0.0, None, 20.0, unstable=True, method="fluid")
    assert sla_risk(**{**QUEUE, "calls": 120}, agents=10, waiting=5).projected_queue_end == 25
    assert sla_risk(**{**QUEUE, "calls": 120}, agents=0, waiting=5).projected_queue_end == 125


def test_a_standing_queue_is_drained_before_the_steady_state() -> None:
    """20 waiting before 14 agents: above the target for (Q - T*c) / (c - lambda) = 830 of 1800 s."""
    found = sla_risk(**QUEUE, agents=14, waiting=20)
    capacity, arrival = 14 / 180, 100 / 1800
    unhealthy = (20 - 20 * capacity) / (capacity - arrival)

    assert found.projected_service_level == pytest.approx((1 - unhealthy / 1800) * 0.8883500191794669, rel=1e-12)
    assert round(found.projected_service_level, 3) == 0.479
    assert found.method == "fluid"
    assert not found.unstable
    assert found.risk > 0.85


def test_the_wait_while_draining_falls_to_the_steady_one() -> None:
    found = sla_risk(**QUEUE, agents=14, waiting=20)
    drained = 20 / (14 / 180 - 100 / 1800)
    steady = erlang_c(**_steady(14)).asa_seconds
    assert steady is not None

    first = 20 / (14 / 180) / 2
    assert found.projected_asa_seconds == pytest.approx((first * drained + steady * (1800 - drained)) / 1800)


def test_a_queue_too_long_to_drain_keeps_the_whole_interval_above_target() -> None:
    found = sla_risk(**QUEUE, agents=11, waiting=200)

    assert found.projected_service_level == 0
    assert found.risk == 1
    assert found.projected_queue_end == pytest.approx(200 - 1800 * (11 / 180 - 100 / 1800))


@pytest.mark.parametrize(
    ("given_", "risk"),
    [
        pytest.param({"calls": 0, "agents": 0}, 0, id="nobody calls"),
        pytest.param({"calls": 0, "agents": 0, "waiting": 1}, 1, id="somebody waits for nobody"),
        pytest.param({"agents": 14, "target_service_level": 0}, 0, id="a target of nothing"),
        pytest.param({"agents": 14, "target_service_level": 1}, 1, id="a target of every single call"),
        pytest.param({"agents": 14, "waiting": 1}, 0.20015363782738438, id="one caller is no standing queue"),
        pytest.param({"aht_seconds": 0, "agents": 1, "waiting": 9}, 0, id="calls that take no time"),
    ],
)
def test_edges_of_the_risk(given_: dict, risk: float) -> None:
    assert sla_risk(**{**QUEUE, **given_}).risk == pytest.approx(risk, rel=1e-9)


@pytest.mark.parametrize("wrong", [{"waiting": -1}, {"target_service_level": 80}, {"calls": math.nan}])
def test_input_outside_the_range_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"share|number"):
        sla_risk(**{**QUEUE, "agents": 14, **wrong})


@given(
    st.floats(0, 3_000),
    st.sampled_from([900.0, 1800.0, 3600.0]),
    st.floats(0, 7_200),
    st.integers(0, 400),
    st.floats(0, 1),
    st.floats(0, 600),
    st.floats(0, 1_000),
)
def test_the_risk_is_a_finite_share_whatever_comes_in(
    calls: float, interval: float, aht: float, agents: int, target: float, seconds: float, waiting: float
) -> None:
    found = sla_risk(
        calls=calls,
        interval_seconds=interval,
        aht_seconds=aht,
        agents=agents,
        target_service_level=target,
        target_seconds=seconds,
        waiting=waiting,
    )

    assert 0 <= found.risk <= 1
    assert 0 <= found.projected_service_level <= 1
    assert 0 <= found.projected_queue_end < math.inf
    assert found.projected_asa_seconds is None or 0 <= found.projected_asa_seconds < math.inf


@given(st.floats(1, 500), st.floats(30, 900), st.integers(1, 200), st.floats(0.01, 0.99))
def test_more_agents_never_raise_the_risk(calls: float, aht: float, agents: int, target: float) -> None:
    asked = {**QUEUE, "calls": calls, "aht_seconds": aht, "target_service_level": target}

    assert sla_risk(**asked, agents=agents + 1).risk <= sla_risk(**asked, agents=agents).risk + 1e-9


@given(st.floats(0, 1), st.floats(1e-3, 1e4), st.floats(1e-3, 1e4))
def test_the_incomplete_beta_agrees_with_scipy(x: float, a: float, b: float) -> None:
    """To a hundredth of what a risk score shows: lgamma cancels where one parameter is huge and the other tiny."""
    assert beta_cdf(x, a, b) == pytest.approx(beta.cdf(x, a, b), rel=1e-8, abs=1e-6)


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


@pytest.mark.parametrize(
    ("risk", "gap_share", "occupancy", "score"),
    [
        (0.20, 0 / 14, 10 / 14, 89.43),
        (0.694, -2 / 14, 0.8333, 44.82),
        (1.0, -4 / 14, 1.0, 0),
        (0.05, 2 / 14, 0.625, 94.21),
    ],
)
def test_the_checks_of_the_health_score(risk: float, gap_share: float, occupancy: float, score: float) -> None:
    found = health_score(risk=risk, gap_share=gap_share, occupancy=occupancy)

    assert found.score is not None
    assert round(found.score, 2) == score


@pytest.mark.parametrize(
    ("gap_share", "staffing"),
    [(-0.5, 0), (-0.2, 0), (-0.11, 50), (-0.02, 100), (0, 100), (0.1, 100), (0.3, 80), (0.5, 60), (9, 60)],
)
def test_the_staffing_part(gap_share: float, staffing: float) -> None:
    assert health_score(risk=None, gap_share=gap_share, occupancy=None).staffing == pytest.approx(staffing)


@pytest.mark.parametrize(
    ("occupancy", "part"), [(0, 40), (0.375, 70), (0.75, 100), (0.88, 100), (0.94, 50), (1, 0), (1.2, 0)]
)
def test_the_utilization_part(occupancy: float, part: float) -> None:
    assert health_score(risk=None, gap_share=None, occupancy=occupancy).utilization == pytest.approx(part)


@pytest.mark.parametrize(
    ("risk", "gap_share", "score", "reason"),
    [
        pytest.param(0.85, 0, 40, "risk_critical", id="a critical risk hides behind nothing"),
        pytest.param(0.8499, 0, 57.505, None, id="just below it"),
        pytest.param(0.1, -0.2, 50, "critical_understaffed", id="a fifth of the heads missing"),
        pytest.param(0.1, -0.19, 100 * (0.5 * 0.9 + 0.2 + 0.3 / 18), None, id="a little less"),
        pytest.param(0.9, -0.3, 25, None, id="a cap above the score caps nothing"),
    ],
)
def test_caps(risk: float, gap_share: float, score: float, reason: str | None) -> None:
    found = health_score(risk=risk, gap_share=gap_share, occupancy=0.8)

    assert found.score == pytest.approx(score)
    assert found.cap_reason == reason


def test_missing_parts_leave_their_weight_to_the_others() -> None:
    assert health_score(risk=0.2, gap_share=None, occupancy=None).score == pytest.approx(80)
    assert health_score(risk=0.2, gap_share=0, occupancy=None).score == pytest.approx((0.5 * 80 + 0.3 * 100) / 0.8)
    assert health_score(risk=None, gap_share=None, occupancy=None) == HealthScore(None, None, None, None, None)


def test_weights_of_the_organization_count() -> None:
    staffing_only = Weights(sla=0, staffing=1, utilization=0)

    assert health_score(risk=0.5, gap_share=0, occupancy=0.5, weights=staffing_only).score == 100
    assert health_score(risk=0.5, gap_share=None, occupancy=0.5, weights=staffing_only).score is None
    with pytest.raises(ValueError, match="weights"):
        health_score(risk=0.5, gap_share=0, occupancy=0.5, weights=Weights(-1, 1, 1))


@given(
    st.none() | st.floats(0, 1),
    st.none() | st.floats(-1, 100),
    st.none() | st.floats(0, 2),
    st.tuples(*[st.floats(0, 1)] * 3),
)
def test_the_health_score_is_0_to_100_or_unknown(
    risk: float | None, gap_share: float | None, occupancy: float | None, weights: tuple[float, float, float]
) -> None:
    found = health_score(risk=risk, gap_share=gap_share, occupancy=occupancy, weights=Weights(*weights))

    for part in (found.score, found.sla, found.staffing, found.utilization):
        assert part is None or 0 <= part <= 100 + 1e-9


@pytest.mark.parametrize(
    ("score", "label"), [(100, "green"), (80, "green"), (79.99, "amber"), (60, "amber"), (59.99, "red"), (0, "red")]
)
def test_labels(score: float, label: str) -> None:
    assert health_label(score) == label
