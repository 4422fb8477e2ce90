"""The health score: DOMAIN 3.4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi.formulas import HealthScore, Weights, health_score


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
