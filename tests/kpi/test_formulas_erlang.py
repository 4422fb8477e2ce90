"""Erlang C and A, required agents, shrinkage: the published cases of DOMAIN 1.1 and 1.4-1.7, and their laws."""

import math
from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad

from kpi.formulas import (
    ErlangC,
    Staffing,
    erlang_a,
    erlang_c,
    offered_load,
    required_agents,
    required_agents_with_abandonment,
    scheduled_heads,
)

HALF_HOUR = 1800.0
TEXTBOOK = {"calls": 100, "interval_seconds": HALF_HOUR, "aht_seconds": 180, "target_seconds": 20}
SWPP = {"calls": 200, "interval_seconds": HALF_HOUR, "aht_seconds": 180, "target_seconds": 20}
LARGE = {"calls": 1200, "interval_seconds": HALF_HOUR, "aht_seconds": 300, "target_seconds": 20}

calls = st.floats(0, 5_000, allow_nan=False)
aht = st.floats(1, 3_600, allow_nan=False)
intervals = st.sampled_from([900.0, 1800.0, 3600.0])
heads = st.integers(0, 600)
seconds = st.floats(0, 600, allow_nan=False)
levels = st.floats(0, 0.999, allow_nan=False)


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("agents", "waits_percent", "asa_seconds", "level_percent"),
    [
        (21, 76.06, 136.92, 31.93),
        (22, 56.79, 51.11, 54.52),
        (23, 41.57, 24.94, 70.21),
        (24, 29.81, 13.41, 80.89),
        (25, 20.91, 7.53, 88.00),
        (26, 14.34, 4.30, 92.64),
        (27, 9.61, 2.47, 95.59),
        (28, 6.28, 1.41, 97.42),
    ],
)
def test_the_table_of_the_call_center_school(
    agents: int, waits_percent: float, asa_seconds: float, level_percent: float
) -> None:
    found = erlang_c(**SWPP, agents=agents)

    assert round(100 * found.probability_of_wait, 2) == waits_percent
    assert found.asa_seconds is not None
    assert round(found.asa_seconds, 2) == asa_seconds
    assert round(100 * found.service_level, 2) == level_percent
    assert found.occupancy == 20 / agents


def test_asa_follows_aht_and_not_the_erlangs_alone() -> None:
    """300 calls of 4 minutes are 20 erlang as well."""
    found = erlang_c(calls=300, interval_seconds=3600, aht_seconds=240, agents=24, target_seconds=20)

    assert found.asa_seconds is not None
    assert round(found.asa_seconds, 1) == 17.9
    assert round(100 * found.service_level, 1) == 78.6


def test_the_textbook_queue_at_full_precision() -> None:
    found = erlang_c(**TEXTBOOK, agents=14)

    assert found.probability_of_wait == near(0.1741319335950498)
    assert found.service_level == near(0.8883500191794669)
    assert found.asa_seconds == near(7.83593701177724)
    assert found.occupancy == 10 / 14
    assert found.queue_length == near(0.1741319335950498 * 10 / 4)
    assert not found.unstable


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        pytest.param({"calls": 0, "agents": 14}, ErlangC(0, 1, 0, 0, 0, False), id="no calls"),
        pytest.param({"aht_seconds": 0, "agents": 14}, ErlangC(0, 1, 0, 0, 0, False), id="calls that take no time"),
        pytest.param({"calls": 0, "agents": 0}, ErlangC(0, 1, 0, None, 0, False), id="no calls, nobody there"),
        pytest.param({"agents": 0}, ErlangC(1, 0, None, None, None, True), id="nobody there"),
        pytest.param({"agents": 9}, ErlangC(1, 0, None, 1, None, True), id="fewer agents than erlangs"),
        pytest.param({"agents": 10}, ErlangC(1, 0, None, 1, None, True), id="as many agents as erlangs"),
    ],
)
def test_edges_have_an_answer_without_a_division(given_: dict, expected: ErlangC) -> None:
    assert erlang_c(**{**TEXTBOOK, **given_}) == expected


def test_parts_of_an_agent_answer_no_calls() -> None:
    assert erlang_c(**TEXTBOOK, agents=14.9) == erlang_c(**TEXTBOOK, agents=14)


@pytest.mark.parametrize(
    "wrong",
    [
        {"calls": -1},
        {"calls": math.nan},
        {"calls": math.inf},
        {"interval_seconds": 0},
        {"aht_seconds": -1},
        {"agents": -1},
        {"target_seconds": -1},
    ],
)
def test_input_outside_the_range_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"number|share"):
        erlang_c(**{**TEXTBOOK, "agents": 14, **wrong})


@pytest.mark.parametrize("load", [1, 10, 20, 81, 100, 200, 950])
def test_the_recursion_agrees_with_exact_rationals(load: int) -> None:
    for agents, inverse in enumerate(inverse_blocking(Fraction(load), load + 60)):
        if agents > load:
            exact = agents / inverse / (agents - load * (1 - 1 / inverse))
            found = erlang_c(**{**TEXTBOOK, "calls": 10 * load}, agents=agents)
            assert found.probability_of_wait == pytest.approx(float(exact), rel=1e-14)


def inverse_blocking(load: Fraction, agents: int) -> Iterator[Fraction]:
    """1 / B(n) for n = 0, 1, … agents: 1/B(n) = 1 + (n/A)/B(n-1)."""
    inverse = Fraction(1)
    yield inverse
    for n in range(1, agents + 1):
        inverse = 1 + n / load * inverse
        yield inverse


def test_thousands_of_agents_stay_finite() -> None:
    for agents in (4990, 6000, 7487):
        found = erlang_c(calls=49_800, interval_seconds=HALF_HOUR, aht_seconds=180, agents=agents, target_seconds=20)
        assert 0 <= found.probability_of_wait <= 1
        assert found.asa_seconds is not None


def test_a_load_nobody_has_costs_its_square_root() -> None:
    found = required_agents(
        calls=1e8, interval_seconds=HALF_HOUR, aht_seconds=180, target_service_level=0.8, target_seconds=20
    )

    assert found.agents == math.ceil(1e7 / Fraction(88, 100))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(
            {**TEXTBOOK, "max_occupancy": 0.85, "shrinkage": 0.3},
            Staffing(14, 20, pytest.approx(0.8883500191794669, rel=1e-12), 10 / 14),
            id="the case of pyworkforce",
        ),
        pytest.param(
            {**LARGE, "max_occupancy": 1.0},
            Staffing(210, 210, pytest.approx(0.8071529192088043, rel=1e-9), 200 / 210),
            id="a large group meets 80/20 at 95 %",
        ),
        pytest.param(
            {**LARGE, "max_occupancy": 0.9},
            Staffing(223, 223, pytest.approx(0.9846036993314875, rel=1e-9), 200 / 223),
            id="the occupancy cap asks for more",
        ),
        pytest.param(
            {**TEXTBOOK, "calls": 16, "target_service_level": 0.1, "max_occupancy": 1.0},
            Staffing(2, 2, pytest.approx(1 - 128 / 180 * math.exp(-0.4 / 9), rel=1e-9), 0.8),
            id="a low target is met by the first agent above the load",
        ),
        pytest.param({**TEXTBOOK, "calls": 0}, Staffing(0, 0, 1.0, None), id="no calls need nobody"),
        pytest.param(
            {**TEXTBOOK, "calls": 44, "target_service_level": 0.0},
            Staffing(5, 5, pytest.approx(0.32794265665407485, rel=1e-9), 0.88),
            id="4.4 erlang are 88 % of five agents, to the last bit",
        ),
    ],
)
def test_required_agents(asked: dict, expected: Staffing) -> None:
    assert required_agents(**{"target_service_level": 0.8, **asked}) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"target_service_level": 1.1},
        {"max_occupancy": 0},
        {"max_occupancy": 1.1},
        {"shrinkage": 1},
        {"shrinkage": -0.1},
        {"target_seconds": math.nan},
    ],
)
def test_required_agents_refuses_targets_that_nobody_can_meet(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"share|number"):
        required_agents(**{**TEXTBOOK, "target_service_level": 0.8, **wrong})


@pytest.mark.parametrize(
    ("agents", "shrinkage", "heads"),
    [(14, 0.3, 20), (21, 0.3, 30), (0, 0.3, 0), (10, 0, 10), (9, 0.1, 10), (9, 0.101, 11)],
)
def test_shrinkage_divides_and_is_exact(agents: int, shrinkage: float, heads: int) -> None:
    assert scheduled_heads(agents=agents, shrinkage=shrinkage) == heads


def test_load_is_counted_in_decimals() -> None:
    assert offered_load(calls=0.1, interval_seconds=0.3, aht_seconds=3) == 1


@given(calls, intervals, aht, heads, seconds)
def test_nothing_but_finite_shares_and_times_comes_out(
    calls: float, interval: float, aht: float, agents: int, target: float
) -> None:
    found = erlang_c(calls=calls, interval_seconds=interval, aht_seconds=aht, agents=agents, target_seconds=target)

    for part in (found.probability_of_wait, found.service_level, found.occupancy):
        assert part is None or 0 <= part <= 1
    for size in (found.asa_seconds, found.queue_length):
        assert size is None or 0 <= size < math.inf
    load = offered_load(calls=calls, interval_seconds=interval, aht_seconds=aht)
    assert found.unstable == (float(load) > 0 and load >= agents)


@given(calls, intervals, aht, heads, seconds, st.floats(1.01, 2))
def test_service_level_rises_with_agents_and_falls_with_volume_and_handling_time(
    calls: float, interval: float, aht: float, agents: int, target: float, more: float
) -> None:
    asked = {"calls": calls, "interval_seconds": interval, "aht_seconds": aht, "target_seconds": target}
    level = erlang_c(**asked, agents=agents).service_level
    slack = 1e-12

    assert erlang_c(**asked, agents=agents + 1).service_level >= level - slack
    assert erlang_c(**{**asked, "calls": calls * more}, agents=agents).service_level <= level + slack
    assert erlang_c(**{**asked, "aht_seconds": aht * more}, agents=agents).service_level <= level + slack


@given(st.floats(0.1, 2_000), intervals, st.floats(1, 1_200), levels, seconds, st.floats(0.3, 1))
def test_required_agents_is_the_least_that_meets_both_targets(
    calls: float, interval: float, aht: float, level: float, target: float, cap: float
) -> None:
    asked = {"calls": calls, "interval_seconds": interval, "aht_seconds": aht, "target_seconds": target}
    found = required_agents(**asked, target_service_level=level, max_occupancy=cap)
    fewer = erlang_c(**asked, agents=found.agents - 1)

    assert found.service_level >= level
    assert found.occupancy is not None
    assert found.occupancy <= cap
    assert found.service_level == pytest.approx(erlang_c(**asked, agents=found.agents).service_level, abs=1e-12)
    assert fewer.unstable or fewer.service_level < level or (fewer.occupancy or 0) > cap


@given(st.integers(0, 5_000), st.decimals(0, "0.9", places=3))
def test_scheduled_heads_are_the_least_that_leave_enough(agents: int, shrinkage: object) -> None:
    found = scheduled_heads(agents=agents, shrinkage=float(str(shrinkage)))
    left = 1 - Fraction(str(shrinkage))

    assert found * left >= agents
    assert found == 0 or (found - 1) * left < agents


def test_impatient_callers_of_the_textbook_queue() -> None:
    found = erlang_a(**TEXTBOOK, agents=13, patience_seconds=300)

    assert round(found.probability_of_abandon, 5) == 0.02496
    assert round(found.service_level, 5) == 0.85818
    assert round(found.probability_of_wait, 5) == 0.22580
    assert found.occupancy is not None
    assert round(found.occupancy, 5) == 0.75003


def test_impatient_callers_need_the_published_headcount() -> None:
    found = required_agents_with_abandonment(
        **TEXTBOOK, target_service_level=0.8, patience_seconds=300, max_occupancy=0.85, shrinkage=0.3
    )

    assert (found.agents, found.scheduled) == (13, 19)


@pytest.mark.parametrize("agents", [11, 14, 20])
def test_endless_patience_is_erlang_c(agents: int) -> None:
    patient = erlang_a(**TEXTBOOK, agents=agents, patience_seconds=1e10)
    waiting = erlang_c(**TEXTBOOK, agents=agents)

    assert patient.service_level == pytest.approx(waiting.service_level, abs=1e-7)
    assert patient.probability_of_wait == pytest.approx(waiting.probability_of_wait, abs=1e-7)
    assert patient.asa_seconds == pytest.approx(waiting.asa_seconds, rel=1e-6)


@pytest.mark.parametrize(
    ("given_", "level", "abandon", "occupancy"),
    [
        pytest.param({"calls": 0, "agents": 5}, 1, 0, 0, id="no calls"),
        pytest.param({"calls": 0, "agents": 0}, 1, 0, None, id="no calls, nobody there"),
        pytest.param({"agents": 0}, 0, 1, None, id="nobody there: everybody gives up"),
    ],
)
def test_edges_of_erlang_a(given_: dict, level: float, abandon: float, occupancy: float | None) -> None:
    found = erlang_a(**{**TEXTBOOK, "patience_seconds": 300, **given_})

    assert found.service_level == level
    assert found.probability_of_abandon == pytest.approx(abandon)
    assert found.occupancy == occupancy


@pytest.mark.parametrize(("patience", "aht"), [(0, 180), (-1, 180), (math.inf, 180), (300, 0)])
def test_erlang_a_refuses_rates_without_end(patience: float, aht: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        erlang_a(**{**TEXTBOOK, "aht_seconds": aht}, agents=5, patience_seconds=patience)


@pytest.mark.parametrize("agents", [1, 6, 10, 13, 40])
@pytest.mark.parametrize("patience", [8.0, 300.0, 2_000.0])
@pytest.mark.parametrize("target", [0.0, 20.0, 240.0])
def test_erlang_a_agrees_with_the_integral_of_the_offered_wait(agents: int, patience: float, target: float) -> None:
    """The wait V of someone endlessly patient has the density lambda * p(N-1) * exp(lambda * H(x) - N*mu*x), H(x) the
    integral of the patience; served in time is V <= T and V <= patience (Zeltyn and Mandelbaum 2005)."""
    arrival = 100 / HALF_HOUR

    def density(x: float) -> float:
        return arrival * math.exp(-arrival * patience * math.expm1(-x / patience) - agents * x / 180)

    at_once = float(list(inverse_blocking(Fraction(10), agents - 1))[-1])
    queued = quad(density, 0, 20_000, limit=500, points=[1, 10, 100, 1_000])[0]
    in_time = quad(lambda x: math.exp(-x / patience) * density(x), 0, target)[0]
    found = erlang_a(**{**TEXTBOOK, "target_seconds": target}, agents=agents, patience_seconds=patience)

    assert found.service_level == pytest.approx((at_once + in_time) / (at_once + queued), rel=1e-7)
    assert found.probability_of_wait == pytest.approx(queued / (at_once + queued), rel=1e-7)


@given(st.floats(1, 400), heads, st.floats(10, 900), st.floats(5, 3_000), seconds)
def test_erlang_a_is_finite_and_balances_its_flows(
    calls: float, agents: int, aht: float, patience: float, target: float
) -> None:
    assume(calls * aht / HALF_HOUR < 300)
    found = erlang_a(
        calls=calls,
        interval_seconds=HALF_HOUR,
        aht_seconds=aht,
        agents=agents,
        target_seconds=target,
        patience_seconds=patience,
    )

    assert 0 <= found.service_level <= 1
    assert 0 <= found.probability_of_abandon <= 1
    assert 0 <= found.queue_length < math.inf
    if agents:
        assert found.occupancy is not None
        assert 0 <= found.occupancy <= 1 + 1e-9
        served = calls / HALF_HOUR * (1 - found.probability_of_abandon)
        assert served == pytest.approx(agents / aht * found.occupancy, rel=1e-9)
