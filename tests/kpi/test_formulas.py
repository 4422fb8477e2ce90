"""Service level, occupancy, gaps, deferred work, reforecast and recovery: DOMAIN 1.1, 1.3, 1.8, 1.9, 3.2, 3.3, 3.12."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi.formulas import (
    DayRecovery,
    HeadcountGap,
    aht_seconds,
    burn_down_agents,
    day_recovery,
    deadline_agents,
    headcount_gap,
    mean_seconds,
    measured_service_level,
    occupancy,
    occupancy_status,
    projected_breaches,
    prorated,
    reforecast_ratio,
    utilization,
    volume_variance,
)

HOUR = 3600


@pytest.mark.parametrize(("policy", "percent"), [("ignore", 82.6923), ("negative", 81.1321), ("positive", 83.0189)])
def test_service_level_by_the_three_abandon_policies(policy: str, percent: float) -> None:
    found = measured_service_level(
        answered=1000, answered_in_target=860, abandoned=60, abandoned_in_target=20, policy=policy
    )

    assert found is not None
    assert round(100 * found, 4) == percent


@pytest.mark.parametrize(
    ("counts", "level"),
    [
        pytest.param((0, 0, 0, 0), None, id="no contact is no level, neither 0 nor 100"),
        pytest.param((0, 0, 3, 3), None, id="all gave up in time and are ignored"),
        pytest.param((0, 0, 3, 0), 0, id="all gave up too late"),
        pytest.param((5, 5, 0, 0), 1, id="all in time"),
    ],
)
def test_service_level_without_a_denominator_is_unknown(counts: tuple[int, int, int, int], level: float | None) -> None:
    answered, in_target, abandoned, early = counts

    found = measured_service_level(
        answered=answered, answered_in_target=in_target, abandoned=abandoned, abandoned_in_target=early
    )

    assert found == level


def test_who_still_waits_past_the_target_is_missed_at_once() -> None:
    assert measured_service_level(answered=8, answered_in_target=8, abandoned=0, waiting_past_target=2) == 0.8


@given(*[st.integers(0, 500)] * 4, st.sampled_from(["ignore", "negative", "positive"]))
def test_service_level_is_a_share_and_ordered_by_policy(
    in_target: int, later: int, early: int, late: int, policy: str
) -> None:
    counts = {
        "answered": in_target + later,
        "answered_in_target": in_target,
        "abandoned": early + late,
        "abandoned_in_target": early,
    }
    levels = [measured_service_level(**counts, policy=name) for name in ("negative", "ignore", "positive")]

    known = [level for level in levels if level is not None]
    assert all(0 <= level <= 1 for level in known)
    assert known == sorted(known)


def test_means_and_the_window_of_handling_time() -> None:
    assert mean_seconds(total_seconds=90, contacts=3) == 30
    assert mean_seconds(total_seconds=0, contacts=0) is None
    assert aht_seconds(handle_seconds=20 * 200, handled=20, forecast_aht_seconds=180) == 200
    assert aht_seconds(handle_seconds=19 * 200, handled=19, forecast_aht_seconds=180) == 180
    assert aht_seconds(handle_seconds=19 * 200, handled=19, forecast_aht_seconds=None) == 200
    assert aht_seconds(handle_seconds=0, handled=0, forecast_aht_seconds=None) is None


def test_occupancy_is_of_ready_time_and_utilization_of_paid_time() -> None:
    assert occupancy(handle_seconds=3000, available_seconds=1000) == 0.75
    assert occupancy(handle_seconds=0, available_seconds=0) is None
    assert utilization(handle_seconds=3000, other_productive_seconds=600, paid_seconds=4800) == 0.75
    assert utilization(handle_seconds=0, other_productive_seconds=0, paid_seconds=0) is None


@pytest.mark.parametrize(
    ("handled", "of", "status"),
    [
        (74, 100, "low"),
        (75, 100, "ok"),
        (22, 25, "ok"),
        (8801, 10_000, "high"),
        (23, 25, "high"),
        (9201, 10_000, "critical"),
    ],
)
def test_occupancy_status_holds_at_its_edges(handled: int, of: int, status: str) -> None:
    assert occupancy_status(occupancy(handle_seconds=handled, available_seconds=of - handled)) == status


def test_unknown_occupancy_has_no_status() -> None:
    assert occupancy_status(None) is None


@pytest.mark.parametrize(
    ("required", "available", "gap"),
    [
        pytest.param(14, 14, HeadcountGap(0, 0, 0, "balanced"), id="as many as required"),
        pytest.param(14, 13, HeadcountGap(-1, 1, -1 / 14, "balanced"), id="one short is noise"),
        pytest.param(14, 15, HeadcountGap(1, 0, 1 / 14, "balanced"), id="so is one more"),
        pytest.param(14, 12, HeadcountGap(-2, 2, -2 / 14, "understaffed"), id="two short"),
        pytest.param(14, 16, HeadcountGap(2, 0, 2 / 14, "overstaffed"), id="two more"),
        pytest.param(10, 8, HeadcountGap(-2, 2, -0.2, "critical_understaffed"), id="a fifth short, exactly"),
        pytest.param(11, 9, HeadcountGap(-2, 2, -2 / 11, "understaffed"), id="less than a fifth short"),
        pytest.param(60, 57, HeadcountGap(-3, 3, -0.05, "balanced"), id="5 % of a large group, exactly"),
        pytest.param(60, 56, HeadcountGap(-4, 4, -4 / 60, "understaffed"), id="more than 5 % of it"),
        pytest.param(1, 0, HeadcountGap(-1, 1, -1, "critical_understaffed"), id="the only one is missing"),
        pytest.param(0, 0, HeadcountGap(0, 0, None, "balanced"), id="nobody required, nobody there"),
        pytest.param(0, 2, HeadcountGap(2, 0, None, "overstaffed"), id="nobody required, two there"),
    ],
)
def test_headcount_gap_has_a_dead_band(required: int, available: int, gap: HeadcountGap) -> None:
    assert headcount_gap(required=required, available=available) == gap


def test_too_many_is_not_said_where_no_volume_was_forecast() -> None:
    assert headcount_gap(required=0, available=5, volume_known=False).status is None


def test_deferred_work_is_staffed_by_due_times_not_by_its_average() -> None:
    due = [(HOUR, 10), (2 * HOUR, 50), (4 * HOUR, 20)]

    assert deadline_agents(due=due, aht_seconds=900) == 8
    assert deadline_agents(due=reversed(due), aht_seconds=900) == 8
    assert deadline_agents(due=[(4 * HOUR, 80)], aht_seconds=900) == 5
    assert deadline_agents(due=due, aht_seconds=900, efficiency=0.75) == 10
    assert deadline_agents(due=[], aht_seconds=900) == 0


def test_overdue_work_is_due_within_the_hour() -> None:
    assert deadline_agents(due=[(-HOUR, 3), (0, 1)], aht_seconds=900) == 1
    assert deadline_agents(due=[(-HOUR, 4), (HOUR, 1)], aht_seconds=900) == 2


@pytest.mark.parametrize("efficiency", [0, 1.01, math.nan])
def test_efficiency_is_a_share(efficiency: float) -> None:
    with pytest.raises(ValueError, match="share"):
        deadline_agents(due=[(HOUR, 1)], aht_seconds=900, efficiency=efficiency)


@given(st.lists(st.tuples(st.integers(60, 9 * HOUR), st.integers(0, 500)), max_size=6), st.integers(1, 3_600))
def test_deadline_agents_are_the_least_who_finish_each_due_time(due: list[tuple[int, int]], aht: int) -> None:
    agents = deadline_agents(due=due, aht_seconds=aht)

    def in_time(heads: int) -> bool:
        return all(sum(n for when, n in due if when <= d) * aht <= heads * d for d, _ in due)

    assert in_time(agents)
    assert agents == 0 or not in_time(agents - 1)


def test_burning_down_a_backlog() -> None:
    case = {"backlog": 200, "periods": 5, "inflow": 80, "aht_seconds": 25 * 60}

    assert burn_down_agents(**case, productive_seconds=5.5 * HOUR) == 10
    assert burn_down_agents(**{**case, "backlog": 0, "inflow": 13.2}, productive_seconds=5.5 * HOUR) == 1
    with pytest.raises(ValueError, match="above 0"):
        burn_down_agents(**case, productive_seconds=0)


@pytest.mark.parametrize(
    ("ages", "per_second", "horizon", "breaches"),
    [
        pytest.param([], 1, HOUR, 0, id="nothing waits"),
        pytest.param([(5 * HOUR, 3)], 1, HOUR, 3, id="what is over stays over"),
        pytest.param([(3.5 * HOUR, 40)], 60 / HOUR, HOUR, 10, id="30 are done in the half hour that is left"),
        pytest.param([(3.5 * HOUR, 40)], 0, HOUR, 40, id="nobody works"),
        pytest.param([(4 * HOUR - 98, 5)], 1 / 49, HOUR, 3, id="two are done in twice the time of one"),
        pytest.param([(2 * HOUR, 40)], 0, HOUR, 0, id="the horizon ends before their time does"),
        pytest.param([(3 * HOUR, 40)], 0, HOUR, 40, id="their time ends with the horizon"),
        pytest.param([(3.5 * HOUR, 40)], 59.9 / HOUR, HOUR, 11, id="an item begun is not an item done"),
        pytest.param([(3.5 * HOUR, 20), (3.75 * HOUR, 10)], 60 / HOUR, HOUR, 0, id="oldest first, all in time"),
        pytest.param([(3.5 * HOUR, 20), (3.75 * HOUR, 16)], 60 / HOUR, HOUR, 1 + 6, id="oldest first, not all"),
    ],
)
def test_projected_breaches_first_in_first_out(
    ages: list[tuple[float, int]], per_second: float, horizon: float, breaches: int
) -> None:
    found = projected_breaches(ages=ages, sla_seconds=4 * HOUR, per_second=per_second, horizon_seconds=horizon)

    assert found.breaches == breaches
    assert found.items == sum(items for _, items in ages)


def test_reforecasting_the_day() -> None:
    """8,000 forecast, 45 % of it by 11:00, 12 % more than that came: (400 + 4032) / (400 + 3600) makes 8,864; the raw
    ratio would make 8,960."""
    ratio = reforecast_ratio(actual=0.45 * 8000 * 1.12, forecast=0.45 * 8000)

    assert 8000 * ratio == pytest.approx(8864)


@pytest.mark.parametrize(
    ("actual", "forecast", "ratio"),
    [
        pytest.param(80, 64, 480 / 464, id="a quarter more of few contacts says little"),
        pytest.param(8_000, 6_400, 8_400 / 6_800, id="of many contacts it says nearly all"),
        pytest.param(5, 0, 405 / 400, id="nothing forecast"),
        pytest.param(0, 100, 400 / 500, id="nothing came"),
        pytest.param(0, 0, 1, id="nothing is known"),
    ],
)
def test_the_weight_of_the_forecast_is_400_contacts(actual: float, forecast: float, ratio: float) -> None:
    assert reforecast_ratio(actual=actual, forecast=forecast) == pytest.approx(ratio)


def test_volume_variance() -> None:
    assert volume_variance(actual=108, forecast=100) == pytest.approx(0.08)
    assert volume_variance(actual=5, forecast=0) is None


@pytest.mark.parametrize(
    ("served", "remaining", "recovery"),
    [
        pytest.param(420, 400, DayRecovery(0.95, True), id="95 % from here on saves the day"),
        pytest.param(400, 400, DayRecovery(1.0, True), id="every single one from here on"),
        pytest.param(399, 400, DayRecovery(401 / 400, False), id="one too many were missed"),
        pytest.param(600, 100, DayRecovery(-0.4, True), id="the day is won"),
        pytest.param(480, 0, DayRecovery(None, True), id="over, and met"),
        pytest.param(479, 0, DayRecovery(None, False), id="over, and missed"),
    ],
)
def test_day_recovery(served: int, remaining: int, recovery: DayRecovery) -> None:
    found = day_recovery(target=0.8, offered=600, in_target=served, remaining=remaining)

    assert found.recoverable == recovery.recoverable
    assert found.required_rest == pytest.approx(recovery.required_rest)


def test_a_running_interval_is_prorated_by_its_measurement() -> None:
    assert prorated(count=40, share=7 / 30) == pytest.approx(40 * 30 / 7)
    assert prorated(count=0, share=0) is None
