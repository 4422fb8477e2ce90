"""The simulated queue that other tests stand on: its counts against each other and against known results."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.kpi.queue_simulation import Counts, Minute, Plan, forecasts, minutes

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
TEXTBOOK = Plan(BEGIN)  # 100 contacts in half an hour, 180 s each, 14 agents


def whole_intervals(told: list[Minute]) -> list[Minute]:
    return [each for each in told if each.number % 30 == 0]


def total(told: list[Minute], name: str) -> float:
    return sum(each.row[name] for each in whole_intervals(told))


def test_it_posts_the_running_interval_each_minute_and_its_end() -> None:
    told = list(minutes(replace(TEXTBOOK, hours=1)))

    assert [each.time for each in told] == [BEGIN + timedelta(minutes=number) for number in range(1, 61)]
    assert [each.row["as_of"] for each in told] == [each.time for each in told]
    starts = [each.row["interval_start"] for each in told]
    assert starts == [BEGIN] * 30 + [BEGIN + timedelta(minutes=30)] * 30
    assert {row["interval_start"] for row in forecasts(replace(TEXTBOOK, hours=1))} == set(starts)


@pytest.mark.parametrize("plan", [TEXTBOOK, replace(TEXTBOOK, agents=[9, 12], patience_seconds=120.0, seed=3)])
def test_counts_grow_within_an_interval_and_no_contact_is_lost(plan: Plan) -> None:
    told = list(minutes(plan))
    for old, new in pairwise(told):
        if old.row["interval_start"] == new.row["interval_start"]:
            assert all(new.row[name] >= old.row[name] for name in vars(Counts()))
    last = told[-1].row
    gone = total(told, "answered") + total(told, "abandoned")
    assert total(told, "offered") == gone + last["waiting_now"]
    for each in told:
        row = each.row
        assert row["answered_in_target"] <= row["answered"]
        assert row["waiting_past_target"] <= row["waiting_now"]
        assert (row["longest_wait_seconds"] > 20) == (row["waiting_past_target"] > 0)
        elapsed = (each.time - row["interval_start"]).total_seconds()
        ready = row["handle_seconds"] + row["available_seconds"]
        assert ready >= min(plan.agents_of(0), plan.agents_of(1)) * elapsed - 1e-6


def test_over_many_days_the_textbook_queue_is_as_erlang_says() -> None:
    """14 agents at 10 erlangs: Pw .1741, so 88.8 % within 20 s; ASA .1741 * 180 / 4 = 7.8 s; occupancy 71.4 %.

    20 days of 10 h have 40,000 contacts, but waits are correlated: by 20 seeds the mean of a day varies by 2 points.
    """
    days = [list(minutes(replace(TEXTBOOK, seed=seed))) for seed in range(20)]
    sums = {name: sum(total(day, name) for day in days) for name in vars(Counts())}

    assert sums["offered"] / 20 == pytest.approx(2000, rel=0.02)
    assert sums["answered_in_target"] / sums["answered"] == pytest.approx(0.888, abs=0.015)
    assert sums["wait_seconds"] / sums["answered"] == pytest.approx(7.8, abs=1.5)
    ready = sums["handle_seconds"] + sums["available_seconds"]
    assert sums["handle_seconds"] / ready == pytest.approx(0.714, abs=0.015)
    assert sums["abandoned"] == 0


def test_with_impatient_callers_an_overloaded_queue_loses_what_erlang_a_says() -> None:
    """M/M/8+M: 10 erlangs, calls of 180 s, patience 90 s. The chain's weights multiply by (1/18) / (min(n, 8)/180 +
    max(n - 8, 0)/90); of its mean give-ups and the arrivals follows that .2665 abandon and .733 are answered."""
    days = [list(minutes(replace(TEXTBOOK, agents=8, patience_seconds=90.0, seed=seed))) for seed in range(10)]
    answered, offered = (sum(total(day, name) for day in days) for name in ("answered", "offered"))

    assert answered / offered == pytest.approx(0.733, abs=0.015)
    assert max(each.row["waiting_now"] for day in days for each in day) < 40


def test_the_error_of_the_forecast_is_in_the_volume_not_in_the_forecast() -> None:
    plan = replace(TEXTBOOK, forecast_error=0.2, agents=20)

    assert total(list(minutes(plan)), "offered") == pytest.approx(2400, rel=0.05)
    assert sum(row["offered"] for row in forecasts(plan)) == 2000


def test_in_an_outage_nothing_is_offered_while_it_goes_on_to_post() -> None:
    told = list(minutes(replace(TEXTBOOK, hours=5, outage=(100, 190))))
    offered, before = [], 0
    for each in told:
        before = 0 if (each.number - 1) % 30 == 0 else before
        offered.append(each.row["offered"] - before)
        before = each.row["offered"]

    assert sum(offered[100:190]) == 0
    assert sum(offered[95:100]) > 0
    assert sum(offered[190:195]) > 0
    assert [each.number for each in told] == list(range(1, 301))


def test_a_plan_by_interval_starts_again_at_its_end() -> None:
    plan = replace(TEXTBOOK, hours=2, forecast=[60, 120], agents=[10, 16])

    assert [row["offered"] for row in forecasts(plan)] == [60, 120, 60, 120]
    told = whole_intervals(list(minutes(plan)))
    assert [each.row["agents"] for each in told] == [10, 16, 10, 16]


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    assert list(minutes(TEXTBOOK)) == list(minutes(TEXTBOOK))
    assert list(minutes(TEXTBOOK)) != list(minutes(replace(TEXTBOOK, seed=8)))
