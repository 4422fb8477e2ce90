import pytest

from intraday.values.cadence import fresh_for, learned


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        pytest.param([], None, id="nothing known"),
        pytest.param([5.0], None, id="one report"),
        pytest.param([0, 60], 60, id="two"),
        pytest.param([0, 60, 120, 3720, 3780], 60, id="an outage is no rhythm"),
        pytest.param([0, 900, 1800, 2701], 900, id="jitter"),
        pytest.param([0, 0.01, 0.02], 20, id="a burst is no rhythm"),
    ],
)
def test_a_cadence_is_the_median_step(times: list[float], seconds: float | None) -> None:
    assert learned(times) == seconds


@pytest.mark.parametrize(("cadence", "minutes"), [(None, 45), (20, 1), (300, 15)])
def test_silence_counts_after_three_cadences(cadence: float | None, minutes: float) -> None:
    assert fresh_for(cadence).total_seconds() == 60 * minutes
