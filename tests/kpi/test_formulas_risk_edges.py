"""SLA risk at the edges of its input (DOMAIN 1.9)."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.formulas import sla_risk
from tests.kpi.risk_cases import QUEUE, risk_of

OVER = {"elapsed_seconds": 1800.0, "offered": 100, "judged": 100}


@pytest.mark.parametrize(
    ("change", "risk", "level"),
    [
        pytest.param({"forecast_calls": 0}, None, None, id="nothing decided, nobody to come"),
        pytest.param({"forecast_calls": 0, "agents": 0}, None, None, id="nor anybody there"),
        pytest.param({"forecast_calls": 0, "judged": 10, "in_target": 8}, 0, 0.8, id="decided: exactly on target"),
        pytest.param({"forecast_calls": 0, "judged": 10, "in_target": 7}, 1, 0.7, id="decided: below it"),
        pytest.param({"forecast_calls": 0, "agents": 0, "waiting": 1}, 1, 0, id="somebody waits for nobody"),
        pytest.param({**OVER, "in_target": 80}, 0, 0.8, id="over and met"),
        pytest.param({**OVER, "in_target": 79}, 1, 0.79, id="over and missed"),
        pytest.param({**OVER, "elapsed_seconds": 9999.0, "in_target": 79}, 1, 0.79, id="long over"),
        pytest.param({"elapsed_seconds": 1800.0}, None, None, id="over, and nobody came"),
        pytest.param({"agents": 0}, 1, 0, id="nobody there"),
        pytest.param({"agents": 0, "patience_seconds": 60.0}, 1, 0, id="nobody there, callers give up"),
        pytest.param({"target_service_level": 0}, 0, None, id="a target of nothing"),
        pytest.param({"target_service_level": 1, "agents": 60}, 0, 1, id="every call, with agents enough"),
        pytest.param({"target_service_level": 1, "judged": 9, "in_target": 8}, 1, None, id="every call, one missed"),
        pytest.param({"aht_seconds": 0, "agents": 1, "waiting": 9}, 0, 1, id="calls that take no time"),
        pytest.param({"target_seconds": 0, "agents": 60}, 0, 1, id="at once, with agents enough"),
        pytest.param({"target_seconds": 0, "agents": 60, "patience_seconds": 60.0}, 0, 1, id="at once, with patience"),
        pytest.param({"target_seconds": 1e5, "patience_seconds": 60.0}, 0, 1, id="a target beyond all patience"),
        pytest.param({"forecast_calls": 1e-9}, 0, 1, id="hardly anybody to come"),
    ],
)
def test_edges_of_the_risk(change: dict, risk: float | None, level: float | None) -> None:
    found = risk_of(**change)

    assert found.risk == (risk if risk is None else pytest.approx(risk, abs=1e-4))
    if level is not None or risk is None:
        assert found.projected_service_level == (level if level is None else pytest.approx(level, abs=1e-4))
    assert (found.required_rest is None) == (change.get("forecast_calls") == 0 and "waiting" not in change) or (
        change.get("elapsed_seconds", 0) >= 1800
    )


def test_nobody_waits_past_the_target_who_does_not_wait() -> None:
    assert risk_of(waiting=3, waiting_past_target=9) == risk_of(waiting=3, waiting_past_target=3)


NUMBERS = [name for name in QUEUE if name != "target_service_level"]


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -1])
@pytest.mark.parametrize("name", [*NUMBERS, "forecast_cv", "patience_seconds"])
def test_what_is_no_number_or_negative_is_refused_by_name(name: str, wrong: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is a finite number"):
        risk_of(**{name: wrong})


@pytest.mark.parametrize("change", [{"target_service_level": 80}, {"interval_seconds": 0}, {"patience_seconds": 0}])
def test_input_outside_the_range_is_refused(change: dict) -> None:
    with pytest.raises(ValueError, match=r"share|above 0"):
        risk_of(**change)


@settings(deadline=None)
@given(
    st.floats(0, 50_000),
    st.sampled_from([900.0, 1800.0, 3600.0]),
    st.floats(0, 7_200),
    st.integers(0, 3_000),
    st.floats(0, 1),
    st.floats(0, 3_600),
    st.integers(0, 20_000),
    st.floats(0, 1.2),
    st.none() | st.floats(0.01, 1e6),
    st.sampled_from(["ignore", "negative", "positive"]),
)
def test_what_comes_out_is_finite_and_shares_are_shares(
    calls: float,
    interval: float,
    aht: float,
    agents: int,
    target: float,
    seconds: float,
    waiting: int,
    gone: float,
    patience: float | None,
    policy: str,
) -> None:
    offered = int(calls * min(1.0, gone))
    found = sla_risk(
        interval_seconds=interval,
        elapsed_seconds=gone * interval,
        forecast_calls=calls,
        offered=offered,
        judged=offered,
        in_target=offered // 2,
        waiting=waiting,
        waiting_past_target=waiting // 3,
        aht_seconds=aht,
        agents=agents,
        target_service_level=target,
        target_seconds=seconds,
        patience_seconds=patience,
        abandon_policy=policy,
    )

    for part in (found.risk, found.outlook_risk, found.projected_service_level):
        assert part is None or 0 <= part <= 1
    assert 0 <= found.projected_queue_end < math.inf
    assert found.projected_asa_seconds is None or 0 <= found.projected_asa_seconds < math.inf
    assert found.required_rest is None or math.isfinite(found.required_rest)
    assert (found.projected_asa_seconds is None) == (agents == 0)


@pytest.mark.parametrize(("policy", "risk"), [("ignore", 0.0), ("negative", 1.0), ("positive", 0.0)])
def test_where_nobody_serves_callers_who_give_up_at_once_the_policy_decides(policy: str, risk: float) -> None:
    """All of them abandon within the target: left out, missed, or in target."""
    found = risk_of(agents=0, patience_seconds=0.01, target_seconds=60.0, abandon_policy=policy)

    assert (found.risk or 0.0) == pytest.approx(risk, abs=1e-3)
    assert found.projected_queue_end == pytest.approx(0, abs=0.1)
