"""The chance that the rest of the day brings what it has to (DOMAIN 1.9)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from kpi.formulas import IntervalLevel, day_recovery_probability, interval_level
from tests.kpi.simulated_queues import Queue, callers, counted

HALF_HOUR = {"calls": 100, "interval_seconds": 1800, "aht_seconds": 180, "target_seconds": 20}


def simulated(required: list[float], runs: int = 600) -> list[float]:
    """Share of three-hour runs of 14 agents, from a steady state, that reach each level."""
    chance, levels = random.Random(1), []
    for _ in range(runs):
        queue = Queue(6 * 1800, 20, 0.8, 600, 600, 180, 14)
        judged, in_target = counted([c for c in callers(queue, chance, warm_up=1200) if c.arrival >= 0], queue)
        levels.append(in_target / judged)
    return [sum(level >= limit for level in levels) / runs for limit in required]


def test_the_chance_of_six_intervals_is_about_what_a_simulation_finds() -> None:
    """.98 is "recoverable" in the letter and .02 to .04 in truth (3,000 runs: .04; independent intervals: .02)."""
    interval = interval_level(**HALF_HOUR, agents=14)
    limits = [0.98, 0.95, 0.9, 0.85, 0.8]

    found = [day_recovery_probability(required_rest=limit, intervals=[interval] * 6) for limit in limits]

    assert found[0] == pytest.approx(0.03, abs=0.02)
    assert found == pytest.approx(simulated(limits), abs=0.09)


def test_intervals_weigh_by_their_contacts() -> None:
    """Mean (100*.9 + 300*.7)/400 = .75, variance (100^2*.01 + 300^2*.02)/400^2 = .011875."""
    rest = [IntervalLevel(100, 0.9, 0.01), IntervalLevel(300, 0.7, 0.02), IntervalLevel(0, 0.1, 0.2)]
    k = 0.75 * 0.25 / 0.011875 - 1

    found = day_recovery_probability(required_rest=0.8, intervals=rest)

    assert found == pytest.approx(beta.sf(0.8, 0.75 * k, 0.25 * k), rel=1e-9)


@pytest.mark.parametrize(
    ("required", "intervals", "probability"),
    [
        pytest.param(None, [IntervalLevel(9, 0.8, 0.01)], None, id="nothing is to come"),
        pytest.param(0.5, [], None, id="no interval is left"),
        pytest.param(0.5, [IntervalLevel(0, 1, 0)], None, id="nobody will call"),
        pytest.param(1.01, [IntervalLevel(9, 1, 0)], 0, id="lost"),
        pytest.param(0, [IntervalLevel(9, 0, 0)], 1, id="won whatever comes"),
        pytest.param(-2, [IntervalLevel(9, 0, 0)], 1, id="won long ago"),
        pytest.param(1, [IntervalLevel(9, 1, 0)], 1, id="all of them, and all will be"),
        pytest.param(0.5, [IntervalLevel(9, 0, 0)], 0, id="nobody there"),
    ],
)
def test_edges(required: float | None, intervals: list[IntervalLevel], probability: float | None) -> None:
    assert day_recovery_probability(required_rest=required, intervals=intervals) == probability


def test_the_level_of_an_interval_is_that_of_the_requirement() -> None:
    """Erlang C for 14 agents .88835, Erlang A for 13 and patience 300 .85818 (DOMAIN 1.6, 1.7); sd 14 to 24 points."""
    steady = interval_level(**HALF_HOUR, agents=14)

    assert steady.contacts == 100
    assert steady.mean == pytest.approx(0.88835, abs=4e-3)
    assert 0.14 < steady.variance**0.5 < 0.24
    assert interval_level(**HALF_HOUR, agents=13, patience_seconds=300).mean == pytest.approx(0.85818, abs=4e-3)


@pytest.mark.parametrize(
    ("change", "mean"),
    [
        pytest.param({"agents": 0}, 0, id="nobody there"),
        pytest.param({"agents": 10}, 0.41, id="just as many as the load: 41 % in half an hour, not 0"),
        pytest.param({"agents": 60}, 1, id="more than enough"),
        pytest.param({"agents": 0, "calls": 0}, 1, id="nobody calls"),
        pytest.param({"agents": 3, "aht_seconds": 0}, 1, id="calls that take no time"),
    ],
)
def test_levels_at_the_edges(change: dict, mean: float) -> None:
    assert interval_level(**{**HALF_HOUR, **change}).mean == pytest.approx(mean, abs=0.02)


@given(st.floats(0, 5_000), st.floats(0, 3_600), st.integers(0, 600), st.none() | st.floats(0.1, 1e4), st.floats(-1, 2))
def test_levels_and_chances_are_shares(
    calls: float, aht: float, agents: int, patience: float | None, required: float
) -> None:
    level = interval_level(
        calls=calls, interval_seconds=1800, aht_seconds=aht, agents=agents, target_seconds=20, patience_seconds=patience
    )
    found = day_recovery_probability(required_rest=required, intervals=[level, level])

    assert 0 <= level.mean <= 1
    assert 0 <= level.variance <= 1
    assert found is None or 0 <= found <= 1
