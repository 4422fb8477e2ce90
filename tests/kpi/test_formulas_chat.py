"""Chat: agents who handle several contacts at a time are slots (DOMAIN 1.4)."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi.formulas import (
    agents_for_slots,
    occupancy,
    required_agents,
    required_agents_with_abandonment,
    slots,
    utilization,
)


def level(calls: float, aht: float, servers: int, seconds: float) -> float:
    """Erlang C by its textbook sum, exact in fractions until the end, for half an hour."""
    load = Fraction(calls) * Fraction(aht) / 1800
    if load >= servers:
        return 0.0
    top = load**servers / math.factorial(servers) * servers / (servers - load)
    waits = top / (sum(load**n / math.factorial(n) for n in range(servers)) + top)
    return 1 - float(waits) * math.exp(-float(servers - load) * seconds / aht)


@pytest.mark.parametrize(
    ("concurrency", "aht", "calls", "target", "seconds", "agents", "by_short_contacts"),
    [
        (3, 600, 100, 0.9, 30, 14, 16),
        (2, 480, 50, 0.8, 20, 9, 10),
        (2, 600, 30, 0.8, 60, 7, 8),
        (3, 300, 30, 0.8, 20, 3, 4),
    ],
)
def test_slots_need_fewer_agents_than_contacts_of_a_kth_of_the_time(
    concurrency: int, aht: float, calls: float, target: float, seconds: float, agents: int, by_short_contacts: int
) -> None:
    """The least N whose N * k slots reach the target at 88 % occupancy at most, tried one by one."""
    case = {"calls": calls, "interval_seconds": 1800, "target_service_level": target, "target_seconds": seconds}
    load = calls * aht / 1800
    least = next(
        n
        for n in range(1, 100)
        if level(calls, aht, n * concurrency, seconds) >= target and load <= 0.88 * n * concurrency
    )

    found = required_agents(aht_seconds=aht, concurrency=concurrency, **case)

    assert (found.agents, least) == (agents, agents)
    assert found.service_level == pytest.approx(level(calls, aht, agents * concurrency, seconds), rel=1e-9)
    assert found.occupancy == pytest.approx(load / (agents * concurrency))
    assert required_agents(aht_seconds=aht / concurrency, **case).agents == by_short_contacts


@pytest.mark.parametrize(
    ("agents", "concurrency", "count"), [(0, 3, 0), (5, 1, 5), (5, 2.5, 12), (10, 1.1, 11), (3, 1.5, 4), (2.9, 1, 2)]
)
def test_slots_are_whole_contacts(agents: float, concurrency: float, count: int) -> None:
    assert slots(agents=agents, concurrency=concurrency) == count


@given(st.integers(0, 500), st.decimals(1, 20, places=2))
def test_agents_for_slots_are_the_fewest_who_have_them(wanted: int, concurrency: object) -> None:
    k = float(concurrency)  # type: ignore[arg-type]
    agents = agents_for_slots(slots=wanted, concurrency=k)

    assert slots(agents=agents, concurrency=k) >= wanted
    assert not agents or slots(agents=agents - 1, concurrency=k) < wanted


@pytest.mark.parametrize("wrong", [0.5, 0, -1, math.nan, math.inf])
def test_nobody_handles_less_than_one_contact_at_a_time(wrong: float) -> None:
    with pytest.raises(ValueError, match="concurrency"):
        slots(agents=3, concurrency=wrong)
    with pytest.raises(ValueError, match="concurrency"):
        agents_for_slots(slots=3, concurrency=wrong)


@given(st.floats(1, 300), st.sampled_from([1.0, 1.5, 2.0, 3.0]), st.sampled_from([60.0, 300.0]))
def test_with_patience_too_the_requirement_is_the_least(calls: float, concurrency: float, patience: float) -> None:
    case = {"calls": calls, "interval_seconds": 1800, "aht_seconds": 400, "target_service_level": 0.8}
    case |= {"target_seconds": 30, "patience_seconds": patience, "max_occupancy": 0.9}
    one_each = required_agents_with_abandonment(**case).agents

    found = required_agents_with_abandonment(**case, concurrency=concurrency).agents

    assert found == agents_for_slots(slots=one_each, concurrency=concurrency)


def test_open_chats_overlap_in_the_agents_time() -> None:
    """Three chats at a time, 5,400 s of them in half an hour: the agent was busy for 1,800 s at least, not 300 %."""
    assert occupancy(handle_seconds=5400, available_seconds=0, concurrency=3) == 1
    assert occupancy(handle_seconds=2700, available_seconds=900, concurrency=3) == 0.5
    assert utilization(handle_seconds=5400, other_productive_seconds=0, paid_seconds=1800, concurrency=3) == 1
    assert utilization(handle_seconds=2700, other_productive_seconds=0, paid_seconds=1800, concurrency=3) == 0.5


@given(st.floats(0, 1), st.floats(0, 1e6), st.floats(1, 1e5), st.floats(1, 20))
def test_contacts_that_overlap_do_not_exceed_the_whole(
    busy: float, available: float, paid: float, concurrency: float
) -> None:
    """An agent who has k contacts open for a part of the paid time."""
    handle = busy * paid * concurrency
    told = occupancy(handle_seconds=handle, available_seconds=available, concurrency=concurrency)
    used = utilization(handle_seconds=handle, other_productive_seconds=0, paid_seconds=paid, concurrency=concurrency)

    assert told is None or 0 <= told <= 1
    assert used == pytest.approx(busy)
