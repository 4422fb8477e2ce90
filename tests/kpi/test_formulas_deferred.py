"""Ages, breaches and agents of work that can wait (DOMAIN 1.8)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi.formulas import Breaches, ages_of, deadline_agents, projected_breaches

HOUR = 3600.0
buckets = st.dictionaries(st.integers(0, 5_000), st.integers(0, 60), max_size=6)


def older_than(ages: list[tuple[float, int]], seconds: float) -> int:
    return sum(items for age, items in ages if age > seconds)


def test_buckets_are_spread_up_to_the_next_and_the_oldest_item() -> None:
    """4 items of 2 h up to the oldest at 4 h: 2.25, 2.75, 3.25 and 3.75 h; 2 of 1 to 2 h; the others below an hour."""
    ages = ages_of(items=8, oldest_seconds=4 * HOUR, sla_seconds=9 * HOUR, profile=[(HOUR, 2), (2 * HOUR, 4)])

    assert [(age / HOUR, items) for age, items in ages] == [
        *((3.75, 1), (3.25, 1), (2.75, 1), (2.25, 1)),
        *((1.75, 1), (1.25, 1)),
        *((0.75, 1), (0.25, 1)),
    ]


def test_the_number_over_the_sla_cuts_a_bucket() -> None:
    """Of 6 items of 1 h and more, 1 is over the SLA of 2 h."""
    ages = ages_of(items=6, oldest_seconds=3 * HOUR, sla_seconds=2 * HOUR, over_sla=1, profile=[(HOUR, 6)])

    assert older_than(ages, 2 * HOUR) == 1
    assert older_than(ages, HOUR) == 6


def test_buckets_are_believed_before_the_number_over_the_sla() -> None:
    """3 items are older than 3 h, whatever else is said to be over 2 h."""
    ages = ages_of(items=9, oldest_seconds=4 * HOUR, sla_seconds=2 * HOUR, over_sla=1, profile=[(3 * HOUR, 3)])

    assert older_than(ages, 2 * HOUR) == 3


def test_without_a_profile_items_are_spread_evenly_below_and_above_the_sla() -> None:
    ages = ages_of(items=4, oldest_seconds=3 * HOUR, sla_seconds=2 * HOUR, over_sla=2)

    assert [(age / HOUR, items) for age, items in ages] == [(2.75, 1), (2.25, 1), (1.5, 1), (0.5, 1)]


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ([(HOUR, 5), (2 * HOUR, 6)], "11 items, but 10 wait"),
        ([(HOUR, 1), (HOUR, 2)], "two buckets that begin at 60 minutes"),
        ([(-1.0, 1)], "older_than_seconds"),
        ([(HOUR, -1)], "items"),
    ],
)
def test_a_profile_that_cannot_be_is_refused(profile: list[tuple[float, int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ages_of(items=10, oldest_seconds=3 * HOUR, sla_seconds=HOUR, profile=profile)


@given(st.integers(0, 500), st.floats(0, 1e6), st.floats(1, 1e6), st.none() | st.integers(0, 500), buckets)
def test_ages_are_of_all_items_and_oldest_first(
    more: int, oldest: float, sla: float, over: int | None, profile: dict[int, int]
) -> None:
    items = more + sum(profile.values())
    ages = ages_of(items=items, oldest_seconds=oldest, sla_seconds=sla, over_sla=over, profile=profile.items())

    assert sum(count for _, count in ages) == items
    assert all(count > 0 and age >= 0 for age, count in ages)
    assert [age for age, _ in ages] == sorted((age for age, _ in ages), reverse=True)


@pytest.mark.parametrize(
    ("inflow", "per_second", "ahead", "found"),
    [
        pytest.param(60 / HOUR, 0, 0, Breaches(45, 45), id="nobody works: those of the first 45 minutes"),
        pytest.param(60 / HOUR, 60 / HOUR, 0, Breaches(0, 45), id="each is done as it comes"),
        pytest.param(60 / HOUR, 60 / HOUR, 15, Breaches(0, 60), id="15 ahead cost 15 minutes: just in time"),
        pytest.param(60 / HOUR, 60 / HOUR, 16, Breaches(46, 61), id="one more, and all are late, the last of 16 too"),
        pytest.param(120 / HOUR, 60 / HOUR, 0, Breaches(60, 90), id="the wait grows by a second a second: from 15 on"),
        pytest.param(60 / HOUR, 120 / HOUR, 45, Breaches(30, 90), id="the wait shrinks: late until 15 minutes"),
    ],
)
def test_arrivals_that_breach_within_the_hour_count(
    inflow: float, per_second: float, ahead: int, found: Breaches
) -> None:
    """SLA 15 minutes, horizon an hour: arrivals of the first 45 minutes are due within it."""
    ages = [(0.0, ahead)] if ahead else []

    told = projected_breaches(ages=ages, sla_seconds=900, per_second=per_second, horizon_seconds=HOUR, inflow=inflow)

    assert told == found


def test_nothing_that_arrives_can_breach_before_the_sla_has_passed() -> None:
    told = projected_breaches(ages=[(0.0, 5)], sla_seconds=HOUR, per_second=0, horizon_seconds=HOUR, inflow=1)

    assert told == Breaches(5, 5)
    assert Breaches(0, 0).share == 0


def worked_off(ahead: int, inflow: float, per_second: float, sla: float, horizon: float) -> int:
    """Breaches item by item: each is begun when the one before is done, and not before it came."""
    done, breaches = ahead / per_second, 0
    for i in range(int(inflow * (horizon - sla))):
        came = (i + 0.5) / inflow
        done = max(done, came) + 1 / per_second
        breaches += done - came > sla
    return breaches


def test_breaches_of_arrivals_are_those_of_items_worked_off_one_by_one() -> None:
    chance = random.Random(2)
    for _ in range(100):
        ahead, inflow, rate = chance.randrange(0, 400), chance.uniform(0.02, 0.4), chance.uniform(0.02, 0.4)
        sla = chance.uniform(300, 2_700)
        told = projected_breaches(ages=[], sla_seconds=sla, per_second=rate, horizon_seconds=HOUR, inflow=inflow)
        behind = projected_breaches(
            ages=[(-1e6, ahead)], sla_seconds=sla, per_second=rate, horizon_seconds=HOUR, inflow=inflow
        )

        slack = 2 + 2 * inflow / abs(rate - inflow)
        assert told.breaches == pytest.approx(worked_off(0, inflow, rate, sla, HOUR), abs=slack)
        assert behind.breaches == pytest.approx(worked_off(ahead, inflow, rate, sla, HOUR), abs=slack)


def test_agents_keep_up_with_what_arrives() -> None:
    """30 an hour of 10 minutes each are 5 agents; with 12 items due in half an hour (4 agents) still 5, with 20 (6.7
    agents) it is 7."""
    case = {"aht_seconds": 600, "inflow": 30 / HOUR, "sla_seconds": 2 * HOUR}

    assert deadline_agents(due=[], **case) == 5
    assert deadline_agents(due=[(HOUR / 2, 12)], **case) == 5
    assert deadline_agents(due=[(HOUR / 2, 20)], **case) == 7


def test_arrivals_that_are_due_before_overdue_work_are_work_too() -> None:
    """12 overdue within the hour, and 30 that arrive in its first half and are due half an hour later: 42 of 10
    minutes are 7 agents."""
    assert deadline_agents(due=[(-1, 12)], aht_seconds=600, inflow=60 / HOUR, sla_seconds=HOUR / 2) == 10
    assert deadline_agents(due=[(-1, 36)], aht_seconds=600, inflow=60 / HOUR, sla_seconds=HOUR / 2) == 11


@given(
    st.lists(st.tuples(st.integers(0, 7_000), st.integers(1, 40)), max_size=6),
    st.integers(0, 200),
    st.sampled_from([60.0, 300.0, 900.0]),
)
def test_as_many_as_are_required_breach_nothing(ages: list[tuple[int, int]], hourly: int, aht: float) -> None:
    """None is overdue here: what is overdue breached already."""
    case = {"sla_seconds": 7_200.0, "inflow": hourly / HOUR}
    agents = deadline_agents(due=[(7_200 - age, items) for age, items in ages], aht_seconds=aht, **case)

    told = projected_breaches(ages=ages, per_second=agents / aht, horizon_seconds=3 * HOUR, **case)

    assert told.breaches == 0
