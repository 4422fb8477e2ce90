"""Agents who handle several chats at once (DOMAIN 1.4)."""

import math

import pytest

from intraday.org.models import Scope
from kpi import services
from kpi.models import QueueSettings
from tests.backlog.posting import TEN, at, post
from tests.kpi.posting import INTERVALS, SUPPORT, WHAT_IF, clock, compute, forecast, interval, post_all, post_forecast


@pytest.fixture(autouse=True)
def ten_o_clock():
    with clock(0):
        yield


def chats(at_once):
    scope = Scope.objects.get(queue_name="support")
    services.save_queue_settings(QueueSettings(scope=scope, concurrency=at_once), now=TEN)


def share_in_target(slots, erlangs, aht=180.0, target=20.0):
    """Erlang C by its sum, for loads that a float takes."""
    waiting = erlangs**slots / math.factorial(slots) * slots / (slots - erlangs)
    waits = waiting / (sum(erlangs**n / math.factorial(n) for n in range(slots)) + waiting)
    return 1 - waits * math.exp(-(slots - erlangs) * target / aht)


def fewest(at_once, erlangs=10.0):
    """Fewest agents whose slots are at most 88 % busy and meet 80 % in 20 s."""
    agents = 1
    while True:
        slots = math.floor(agents * at_once)
        if slots > erlangs and erlangs / slots <= 0.88 and share_in_target(slots, erlangs) >= 0.8:
            return agents
        agents += 1


@pytest.mark.parametrize(("at_once", "agents"), [(1, 14), (1.5, 10), (2, 7), (3, 5), (4, 4)])
def test_required_are_the_fewest_agents_whose_slots_meet_the_targets(api, at_once, agents):
    """100 chats of 180 s in half an hour are 10 erlang, and 14 slots meet the target: 14 agents with one chat each, 7
    with two (half the handling time would require 8)."""
    chats(at_once)
    post_all(api, interval())
    post_forecast(api, forecast(minutes=-30), forecast())
    assert fewest(at_once) == agents
    gap = compute(api, **SUPPORT)["headcount_gap"]
    assert (gap["required"], gap["available"], gap["gap"]) == (agents, 14, 14 - agents)


def test_the_risk_is_that_of_the_slots(api):
    """Seven agents with two chats each serve as fourteen with one do."""
    post_forecast(api, forecast(minutes=-30), forecast())
    post_all(api, interval(agents=14))
    calls = compute(api, **SUPPORT)["sla_risk"]
    chats(2)
    post_all(api, interval(agents=7, as_of=at(0)))
    found = compute(api, **SUPPORT)["sla_risk"]
    assert (found["risk_score"], found["outlook_risk"]) == (calls["risk_score"], calls["outlook_risk"])
    case = post(api, SUPPORT | {"agents": 7}, WHAT_IF)["scenario"]
    assert (case["occupancy"], case["risk_score"]) == (71.43, calls["risk_score"])  # 10 erlang in 14 slots


def test_occupancy_and_utilization_count_the_agents_own_time_and_say_that_it_is_a_lower_bound(api):
    """18,000 s of chats, two at once, are 9,000 s of agents at least: 9000/15000, and (9000 + 360)/25200."""
    chats(2)
    post_all(api, interval())
    found = compute(api, **SUPPORT)["utilization"]
    assert (found["occupancy"], found["current_utilization"], found["lower_bound"]) == (60.0, 37.14, True)
    [past] = [each for each in api.get(INTERVALS, SUPPORT).json()["intervals"] if each["offered"]]
    assert past["occupancy"] == 60.0


def test_one_contact_at_a_time_is_no_bound(api):
    post_all(api, interval())
    assert "lower_bound" not in compute(api, **SUPPORT)["utilization"]


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_nothing_exceeds_100_percent_because_of_concurrency(api, at_once):
    """Four chats all the time: 7 agents for half an hour are 12,600 s paid and 50,400 s of contacts."""
    chats(at_once)
    post_all(api, interval(agents=7, handle_seconds=50_400, available_seconds=0, paid_seconds=12_600))
    for scope in (SUPPORT, {"department_id": "dept_456"}, {}):
        found = compute(api, **scope)["utilization"]
        assert found["occupancy"] == 100.0
        assert 0 < found["current_utilization"] <= 100.0
