"""SLA risk against states whose end is known: the bars of DOMAIN 1.9, and the tables behind them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench import risk
from tests.kpi.simulated_queues import states

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "risk_states.csv.gz"
BRIER, OF_ORACLE = 0.066, 1.10
OFF, ENOUGH = 0.07, 100


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs the simulated states in ../shared/data")
def test_the_risk_is_calibrated_on_the_shared_states(show_table: Callable[[str, list[str]], None]) -> None:
    found = risk.predictions(risk.read(SHARED))
    show_table("SLA risk on the shared states", risk.table(found))

    scores = {score.name: score for score in risk.scores(found)}
    oracle = scores["oracle known"].oracle
    assert scores["all"].states == 14_398
    assert scores["all"].brier <= BRIER
    assert oracle is not None
    assert scores["oracle known"].brier <= OF_ORACLE * oracle
    assert not unreliable(found)


def test_the_risk_is_calibrated_on_other_states(show_table: Callable[[str, list[str]], None]) -> None:
    """Queues of our own simulation. The up to twelve moments of one interval end alike: a tenth needs three hundred
    of them to hold enough intervals, and its error is that of about half as many states."""
    found = risk.predictions(states(count=600, seed=20))
    show_table("SLA risk on 600 simulated intervals", risk.table(found))

    assert risk.brier(found) <= BRIER
    assert not unreliable(found, errors=3, enough=3 * ENOUGH)


def unreliable(found: list[risk.Prediction], errors: float = 2, enough: int = ENOUGH) -> list[risk.Tenth]:
    return [
        tenth
        for tenth in risk.tenths(found)
        if tenth.states >= enough and abs(tenth.observed - tenth.predicted) > max(OFF, errors * tenth.standard_error)
    ]


def test_scores_and_drawing_are_of_the_predictions() -> None:
    """Two states of risk .25 of which one missed: Brier (.25^2 + .75^2) / 2, and a point at (.25, .5)."""
    first, second = (state for state, _ in zip(states(count=1, seed=1), range(2), strict=False))
    found = [risk.Prediction(first._replace(missed=False), 0.25), risk.Prediction(second._replace(missed=True), 0.25)]

    assert risk.brier(found) == 0.3125
    assert risk.tenths(found) == [risk.Tenth(2, 0.25, 0.5)]
    assert 'cx="138.0" cy="228.0"' in risk.drawing(found)
