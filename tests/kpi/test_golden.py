from tests.backlog.posting import at
from tests.golden import assert_golden
from tests.kpi.posting import STREAM, SUPPORT, clock, compute, forecast, interval, post_all, post_forecast


def test_a_kpi_update_looks_like_its_example(api, heard):
    """A queue in trouble: more calls than forecast, agents short, callers waiting; ten minutes into its interval."""
    with clock(9):
        early = interval(minutes=0, as_of=at(9), offered=44, answered=40, answered_in_target=30, handle_seconds=7_200)
        assert post_all(api, *(interval(minutes=minutes) for minutes in (-60, -30)), early)["status"] == 201
        day = (forecast(minutes=minutes, scheduled_agents=13) for minutes in range(-600, 840, 30))
        assert post_forecast(api, *day)["status"] == 201
        compute(api, 9, **SUPPORT)
    live = {"waiting_now": 9, "longest_wait_seconds": 74, "agents_available": 0}
    live |= {"agents_on_contact": 10, "agents_after_contact": 1, "agents": 12}
    counts = {"offered": 92, "answered": 76, "answered_in_target": 41, "abandoned": 7, "abandoned_in_target": 2}
    spent = {"wait_seconds": 2_130, "handle_seconds": 6_650, "available_seconds": 170, "paid_seconds": 7_200}
    with clock(10), heard(STREAM) as events:
        now = interval(minutes=0, as_of=at(9.75), other_productive_seconds=60, **counts, **spent, **live)
        assert post_all(api, now)["status"] == 201
        compute(api, 10, **SUPPORT)
    assert_golden(events[0])
