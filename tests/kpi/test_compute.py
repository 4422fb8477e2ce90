"""The figure of a queue: measured, prorated, planned and judged parts, and unknown ones."""

import math
from datetime import timedelta

import pytest
from scipy.stats import beta

from intraday.org.models import Scope
from kpi import formulas, services
from kpi.models import Holiday, QueueSettings
from tests.attendance.posting import SHIFTS
from tests.backlog.posting import TEN, at, post, row
from tests.backlog.posting import post_batch as post_backlog
from tests.kpi.posting import (
    INGEST,
    SUPPORT,
    clock,
    compute,
    figure,
    forecast,
    interval,
    post_all,
    post_forecast,
    round_of,
)
from tests.kpi.risk import worked_out

EMAIL = {"queue_name": "billing"}


@pytest.fixture(autouse=True)
def ten_o_clock():
    with clock(0):
        yield


def settings(queue="support", **fields):
    scope = Scope.objects.get(queue_name=queue)
    services.save_queue_settings(QueueSettings(scope=scope, **fields), now=TEN)


def half_hours(*, first=-4, last=0, **fields):
    """Complete half hours up to ten."""
    return [interval(minutes=30 * place, **fields) for place in range(first, last)]


def plan(**fields):
    """A forecast of the whole day."""
    return [forecast(minutes=30 * place, **fields) for place in range(-20, 28)]


def risk_and_level(agents):
    """Risk and level of the textbook case with so many agents, by the backward equations of DOMAIN 1.9, solved by
    SciPy; the forecast's error of 8 % adds the square of what 8 % more calls change."""
    rate, step = 100 / 1800, 0.02
    case = {"seconds": 1800, "agents": agents, "waiting": 0, "patience": None, "policy": "ignore"}
    mean, variance, coming = worked_out(arrival=rate, **case)
    more, less = (worked_out(arrival=rate * (1 + sign * step), **case)[0] for sign in (1, -1))
    variance += ((more - less) / (2 * step) * 0.08) ** 2
    level = mean / coming + 0.8
    concentration = level * (1 - level) * coming**2 / variance - 1
    return beta.cdf(0.8, level * concentration, (1 - level) * concentration), level


# --- the textbook case -----------------------------------------------------------------------------------------------
def test_the_figure_of_the_textbook_case(api):
    """100 calls in half an hour of 180 s each, 80/20, 14 agents (DOMAIN 1.6, 1.9, 3.4).

    By the backward equations with SciPy (below): 17.1 % risk, 90.13 % in target. Nobody waits at the start, so callers
    wait 6.7 s on average, not the 7.8 s of the steady state. Health: .5 * 82.9 + .3 * 100 + .2 * 100.
    """
    post_all(api, *half_hours())
    post_forecast(api, *plan())
    found = compute(api, **SUPPORT)
    assert found["utilization"] | {"status": "ok"} == {
        "current_utilization": 72.86,  # (18000 + 360) / 25200
        "occupancy": 75.0,  # 18000 / 24000
        "target_min": 75.0,
        "target_max": 88.0,
        "status": "ok",
        "productive_seconds": 18_360.0,
        "paid_seconds": 25_200.0,
        "handle_seconds": 18_000.0,
        "ready_seconds": 24_000.0,
        "agents_on_shift": 14,
        "window_seconds": 1_800.0,
    }
    gap = found["headcount_gap"]
    assert (gap["required"], gap["available"], gap["gap"], gap["gap_percent"]) == (14, 14, 0, 0.0)
    assert (gap["status"], gap["method"], gap["available_source"]) == ("balanced", "erlang_c", "acd")
    risk = found["sla_risk"]
    expected_risk, level = risk_and_level(14)
    assert risk["risk_score"] == pytest.approx(100 * expected_risk, abs=0.3) == pytest.approx(17.1, abs=0.3)
    assert risk["projected_service_level"] == pytest.approx(100 * level, abs=0.05)
    assert risk["outlook_risk"] == risk["risk_score"]  # nothing is known of the interval yet
    assert risk["projected_asa_seconds"] == pytest.approx(6.7, abs=0.1)
    assert (risk["risk_level"], risk["method"], risk["unstable"]) == ("low", "erlang_c", False)
    assert found["health_score"] == pytest.approx(0.5 * (100 - risk["risk_score"]) + 30 + 20, abs=0.01)
    assert (found["quality"], found["latest"], found["state"]["level"]) == ("ok", True, "ok")
    assert found["service"]["service_level"] == 90.0
    assert (found["service"]["asa_seconds"], found["service"]["aht_seconds"]) == (8.0, 180.0)


def test_one_more_needed_than_there_are_is_within_the_dead_band(api):
    post_all(api, *half_hours(agents=13))
    post_forecast(api, *plan())
    found = compute(api, **SUPPORT)
    assert (found["headcount_gap"]["gap"], found["headcount_gap"]["status"]) == (-1, "balanced")
    assert found["sla_risk"]["risk_score"] == pytest.approx(100 * risk_and_level(13)[0], abs=0.3)


# --- windows ---------------------------------------------------------------------------------------------------------
def test_a_running_interval_is_prorated_by_its_measurement(api):
    """40 calls at seven minutes past are 40 in 7 minutes, not a slow half hour (DOMAIN 3.12)."""
    post_all(api, *half_hours(first=-6, last=-1))
    fields = {"offered": 40, "answered": 30, "answered_in_target": 10, "handle_seconds": 5_400, "paid_seconds": 5_880}
    post(api, interval(as_of=at(-23), available_seconds=0, other_productive_seconds=0, **fields), INGEST)
    post_forecast(api, *plan())
    found = compute(api, -22, **SUPPORT)
    assert found["utilization"]["window_seconds"] == 420
    assert (found["utilization"]["occupancy"], found["utilization"]["current_utilization"]) == (100.0, 91.84)
    service = found["service"]
    assert (service["offered"], service["forecast_so_far"]) == (40, 23.33)  # 100 * 7/30
    assert (service["day_offered"], service["day_forecast"]) == (540.0, 523.33)
    assert service["volume_variance_percent"] == 3.18
    calls = 100 * (0.08**-2 + 40) / (0.08**-2 + 100 * 7 / 30)  # a forecast weighs 1/.08^2 contacts
    assert service["expected"] == round(calls, 2)
    needed = formulas.required_agents(
        calls=calls, interval_seconds=1800, aht_seconds=180, target_service_level=0.8, target_seconds=20
    )
    assert found["headcount_gap"]["required"] == needed.agents


def test_an_interval_that_has_just_ended_is_compared_with_its_own_forecast(api):
    """As one begins, the half hour before is what is known; once it is measured, 50 in a quarter of an hour of 200
    forecast are compared with 100, and the day with both: 150 of 180."""
    post_forecast(api, forecast(minutes=-60, offered=80), forecast(minutes=-30, offered=200))
    post_all(api, *half_hours(last=-1))
    for minutes in (-30, -29):
        service = compute(api, minutes, **SUPPORT)["service"]
        assert (service["offered"], service["forecast"], service["volume_variance_percent"]) == (100, 80.0, 25.0)
    post(api, interval(minutes=-30, as_of=at(-15), offered=50), INGEST)
    service = compute(api, -15, **SUPPORT)["service"]
    assert (service["offered"], service["forecast"], service["forecast_so_far"]) == (50, 200.0, 100.0)
    assert service["volume_variance_percent"] == -16.67


def test_before_anything_is_measured_the_forecast_is_of_the_running_interval(api):
    post_forecast(api, forecast(minutes=-30, offered=80), forecast(minutes=0, offered=200))
    found = compute(api, 1, **SUPPORT)
    assert found["service"]["forecast"] == 200.0
    said = "no time of today is both measured and forecast"
    assert found["reasons"]["service.volume_variance_percent"] == said


def test_without_a_forecast_of_its_own_the_measured_interval_is_compared_with_none(api):
    post_forecast(api, forecast(minutes=0, offered=200))
    post_all(api, *half_hours())
    found = compute(api, 1, **SUPPORT)
    assert found["service"]["forecast"] is None
    assert found["reasons"]["service.forecast"] == "no forecast for the newest measured interval"
    assert found["reasons"]["service.volume_variance_percent"] == "no time of today is both measured and forecast"


def test_the_noise_of_a_few_minutes_does_not_move_the_forecast(api):
    """7 minutes bring 23 calls on average; 30 are within twice the noise of it."""
    post_all(api, *half_hours(first=-6, last=-1))
    post(api, interval(as_of=at(-23), offered=30, answered=28, answered_in_target=25, handle_seconds=28 * 180), INGEST)
    post_forecast(api, *plan())
    assert compute(api, -22, **SUPPORT)["headcount_gap"]["required"] == 14


def test_in_its_first_minutes_an_interval_is_looked_at_with_the_one_before(api):
    """Of 900 s the last 120 are of the new interval, 780 of the 1800 of the one before."""
    post(api, interval(minutes=-30, handle_seconds=18_000, available_seconds=0), INGEST)
    fresh = interval(minutes=0, handle_seconds=0, available_seconds=7_800, paid_seconds=1_680, as_of=at(2))
    with clock(2):
        post(api, fresh, INGEST)
        found = compute(api, 2, **SUPPORT)
    assert found["utilization"]["window_seconds"] == 900
    assert found["utilization"]["handle_seconds"] == 7_800  # 18000 * 780/1800
    assert found["utilization"]["occupancy"] == 50.0
    assert found["utilization"]["paid_seconds"] == 12_600  # 25200 * 780/1800 + 1680


@pytest.mark.parametrize(
    ("answered", "handle_seconds", "expected"),
    [(20, 4_000, 200.0), (19, 3_800, 180.0)],
)
def test_aht_is_of_the_last_hour_if_it_had_twenty_contacts(api, answered, handle_seconds, expected):
    counts = {"offered": answered, "answered": answered, "answered_in_target": 0, "handle_seconds": handle_seconds}
    post_all(api, interval(minutes=-60, **dict.fromkeys(counts, 0)), interval(minutes=-30, **counts))
    post_forecast(api, *plan())
    answer = post(api, SUPPORT, "/api/intraday/kpi/what-if")
    assert answer["baseline"]["aht_seconds"] == expected


def test_the_forecast_follows_the_day(api):
    """Half as much again all morning, 3000 of 2000: (400 + 3000) / (400 + 2000)."""
    post_all(api, *half_hours(first=-20, offered=150, answered=150))
    post_forecast(api, *plan())
    grid = api.get("/api/intraday/kpi/intervals", SUPPORT).json()["intervals"]
    assert next(each["reforecast"] for each in grid if each["state"] == "to_come") == 141.67
    assert post(api, SUPPORT, "/api/intraday/kpi/what-if")["baseline"]["calls"] == 141.67


def test_the_day_can_be_lost(api):
    """DOMAIN 1.9: 600 offered, 420 in target, 400 to come, 80 %: 95 % of the rest must be in target."""
    post_all(api, *half_hours(first=-6, offered=100, answered_in_target=70))
    rest = {"offered": 400 / 28}
    post_forecast(api, *(forecast(minutes=30 * place, **rest) for place in range(28)))
    risk = compute(api, **SUPPORT)["sla_risk"]
    assert (risk["day_service_level"], risk["day_required_rest"], risk["day_recoverable"]) == (70.0, 95.0, True)


# --- abandon policies, erlang a, concurrency -------------------------------------------------------------------------
@pytest.mark.parametrize(("policy", "expected"), [("ignore", 82.69), ("negative", 81.13), ("positive", 83.02)])
def test_the_service_level_follows_the_queues_abandon_policy(api, policy, expected):
    settings(abandon_policy=policy)
    counts = {"offered": 1060, "answered": 1000, "answered_in_target": 860, "abandoned": 60, "abandoned_in_target": 20}
    post(api, interval(**counts), INGEST)
    assert compute(api, **SUPPORT)["service"]["service_level"] == expected


def test_a_call_that_waits_past_the_target_is_missed_at_once(api):
    counts = {"offered": 10, "answered": 9, "answered_in_target": 9}
    post(api, interval(**counts, waiting_now=1, longest_wait_seconds=19), INGEST)
    assert compute(api, **SUPPORT)["service"]["service_level"] == 100.0
    post(api, interval(**counts, waiting_now=1, longest_wait_seconds=21), INGEST)
    assert compute(api, **SUPPORT)["service"]["service_level"] == 90.0


def test_patience_brings_erlang_a_and_fewer_agents(api):
    settings(patience_seconds=300)
    post_all(api, *half_hours())
    post_forecast(api, *plan())
    gap = compute(api, **SUPPORT)["headcount_gap"]
    assert (gap["required"], gap["method"]) == (13, "erlang_a")


def test_two_chats_at_once_are_two_slots(api):
    settings(concurrency=2)
    post_all(api, *half_hours())
    post_forecast(api, *plan())
    needed = formulas.required_agents(
        calls=100, interval_seconds=1800, aht_seconds=180, target_service_level=0.8, target_seconds=20, concurrency=2
    )
    assert compute(api, **SUPPORT)["headcount_gap"]["required"] == needed.agents


def test_what_planners_require_stands(api):
    post_all(api, *half_hours())
    post_forecast(api, *plan(required_agents=17, scheduled_agents=15))
    gap = compute(api, **SUPPORT)["headcount_gap"]
    assert (gap["required"], gap["method"], gap["scheduled"], gap["gap"]) == (17, "manual", 15, -3)


# --- who is there ----------------------------------------------------------------------------------------------------
def test_live_states_of_the_acd_are_counted_before_its_sum(api):
    post(api, interval(agents=14, agents_available=2, agents_on_contact=8, agents_after_contact=1), INGEST)
    assert compute(api, **SUPPORT)["headcount_gap"]["available"] == 11


def on_shift(api, count, present):
    shifts = [
        {"shift_id": str(n), "employee_id": f"e{n}", "department_id": "dept_456", "queue_names": ["support"]}
        | {"start": at(-120), "end": at(240), "kind": "work"}
        for n in range(count)
    ]
    assert post(api, {"items": shifts}, SHIFTS)["status"] == 201
    people = [
        {"employee_id": f"e{n}", "department_id": "dept_456", "snapshot_time": at(-100), "status": "present"}
        for n in range(present)
    ]
    assert post(api, {"items": people}, "/api/intraday/attendance/batch-ingest")["status"] == 201


def test_without_the_acd_attendance_says_who_is_there(api):
    on_shift(api, 5, present=3)
    post_forecast(api, *plan())
    gap = compute(api, **SUPPORT)["headcount_gap"]
    assert (gap["available"], gap["available_source"], gap["scheduled"]) == (3, "attendance", 5)
    assert gap["gap"] == 3 - 14


def test_stale_figures_of_the_acd_give_way_to_attendance(api):
    on_shift(api, 5, present=3)
    post_forecast(api, *plan())
    post_all(api, *half_hours(first=-6, last=-4))
    gap = compute(api, **SUPPORT)["headcount_gap"]
    assert (gap["available"], gap["available_source"]) == (3, "attendance")


# --- deferred work ---------------------------------------------------------------------------------------------------
def backlog_of(api, total, **fields):
    rows = [row("billing", minutes, total, oldest_item_age_minutes=60, **fields) for minutes in (-15, 0)]
    assert post_backlog(api, *rows)["status"] == 201


def test_deferred_work_is_staffed_by_due_times(api):
    """60 items, evenly up to an hour old, to be done within two hours of their arrival, 10 minutes each."""
    settings("billing", kind="deferred", sla_minutes=120, aht_seconds=600, max_occupancy=100)
    backlog_of(api, 60)
    on_shift_for_billing(api, 6)
    found = compute(api, **EMAIL)
    gap, risk = found["headcount_gap"], found["sla_risk"]
    assert (gap["method"], risk["method"], risk["target_seconds"]) == ("workload", "workload", 7200)
    ages = [(3600 * (step + 0.5) / 24, 60 * (step + 1) // 24 - 60 * step // 24) for step in range(24)]
    due = [(7200 - age, items) for age, items in ages]
    assert gap["required"] == formulas.deadline_agents(due=due, aht_seconds=600)
    assert found["quality"] == "ok"
    breaches = formulas.projected_breaches(
        ages=reversed(ages), sla_seconds=7200, per_second=6 / 600, horizon_seconds=3600
    )
    assert risk["risk_score"] == round(100 * breaches.breaches / 60, 2)


def on_shift_for_billing(api, count):
    shifts = [
        {"shift_id": f"b{n}", "employee_id": f"b{n}", "department_id": "dept_456", "queue_names": ["billing"]}
        | {"start": at(-120), "end": at(240), "kind": "work"}
        for n in range(count)
    ]
    people = [
        {"employee_id": f"b{n}", "department_id": "dept_456", "snapshot_time": at(-100), "status": "present"}
        for n in range(count)
    ]
    post(api, {"items": shifts}, SHIFTS)
    post(api, {"items": people}, "/api/intraday/attendance/batch-ingest")


def test_items_over_their_sla_are_breaches_already(api):
    settings("billing", kind="deferred", sla_minutes=30, aht_seconds=1, max_occupancy=100)
    backlog_of(api, 40, items_over_sla=10)
    on_shift_for_billing(api, 6)
    risk = compute(api, **EMAIL)["sla_risk"]
    assert (risk["risk_score"], risk["projected_service_level"]) == (25.0, 75.0)


def test_nothing_waiting_is_no_risk(api):
    settings("billing", kind="deferred", aht_seconds=600)
    backlog_of(api, 0)
    on_shift_for_billing(api, 1)
    found = compute(api, **EMAIL)
    assert (found["sla_risk"]["risk_score"], found["headcount_gap"]["required"]) == (0.0, 0)


def test_a_backlog_of_then_is_used_for_a_figure_of_then(api):
    settings("billing", kind="deferred", aht_seconds=600)
    backlog_of(api, 10)
    post_backlog(api, row("billing", -60, 99))
    with clock(30):
        post_backlog(api, row("billing", 30, 500))
        assert compute(api, 1, **EMAIL)["headcount_gap"]["required"] == 1
        assert compute(api, 30, **EMAIL)["headcount_gap"]["required"] > 1


def test_ages_that_the_feed_sends_are_used(api):
    """60 items in two hours of 10 minutes each: were they an hour old at most, evenly, 60 * 600 / 7200 = 5 agents would
    do. 30 of them are 110 minutes old, due in ten: 30 * 600 / 600."""
    settings("billing", kind="deferred", sla_minutes=120, aht_seconds=600, max_occupancy=100)
    profile = [{"older_than_minutes": 0, "items": 60}, {"older_than_minutes": 110, "items": 30}]
    rows = [row("billing", 0, 60, oldest_item_age_minutes=110, age_profile=profile)]
    assert post_backlog(api, *rows)["status"] == 201
    assert compute(api, **EMAIL)["headcount_gap"]["required"] == 30


def test_nobody_waits_on_the_line_for_deferred_work(api):
    settings("billing", kind="deferred", aht_seconds=600)
    backlog_of(api, 40)
    post_all(api, *half_hours(queue="billing", waiting_now=3, longest_wait_seconds=90))
    post_forecast(api, *plan(queue="billing"))
    found = compute(api, **EMAIL)
    for name in ("service_level", "day_service_level", "asa_seconds", "waiting_now", "longest_wait_seconds"):
        assert found["service"][name] is None
        assert found["reasons"][f"service.{name}"].startswith("deferred work has none")
    assert found["sla_risk"]["day_recoverable"] is None
    assert (found["service"]["offered"], found["service"]["aht_seconds"]) == (100, 180.0)


def test_what_callers_meet_is_not_mixed_with_deferred_work(api):
    """Waits of the organization are those of callers; heads, volume and risk are of both kinds."""
    post_all(api, *half_hours(waiting_now=2, longest_wait_seconds=15))
    post_forecast(api, *plan())
    settings("billing", kind="deferred", sla_minutes=30, aht_seconds=600)
    backlog_of(api, 400, items_over_sla=100)
    on_shift_for_billing(api, 6)
    post_all(api, *half_hours(queue="billing", waiting_now=400, longest_wait_seconds=3600))
    both, callers, email = compute(api), compute(api, **SUPPORT), compute(api, **EMAIL)
    for name in ("service_level", "day_service_level", "asa_seconds", "waiting_now", "longest_wait_seconds"):
        assert both["service"][name] == callers["service"][name] is not None, name
    for name in ("projected_service_level", "target_service_level", "target_seconds", "projected_asa_seconds"):
        assert both["sla_risk"][name] == callers["sla_risk"][name] is not None, name
    assert both["sla_risk"]["risk_score"] == email["sla_risk"]["risk_score"] > callers["sla_risk"]["risk_score"]
    for name in ("offered", "answered", "abandoned", "abandon_rate", "aht_seconds", "day_offered", "day_forecast"):
        assert both["service"][name] == callers["service"][name] is not None, name
    later, single = both["deferred"], email
    assert (later["queues"], later["offered"], later["aht_seconds"]) == (1, 100, 180.0)
    for name in ("required", "available"):
        assert later[name] == single["headcount_gap"][name] is not None, name
    assert later["risk_score"] == single["sla_risk"]["risk_score"]
    assert "deferred" not in callers
    assert "deferred" not in single
    assert both["headcount_gap"]["required"] == 14 + email["headcount_gap"]["required"]


# --- what is not known -----------------------------------------------------------------------------------------------
NULLS = {
    "nothing": (lambda api: None, "no_data"),
    "a forecast": (lambda api: post_forecast(api, *plan()), "no_data"),
    "contacts": (lambda api: post_all(api, *half_hours()), "partial"),
    "no contacts": (
        lambda api: post_all(
            api, *half_hours(offered=0, answered=0, answered_in_target=0, handle_seconds=0, available_seconds=0)
        ),
        "partial",
    ),
    "nobody": (lambda api: (post_all(api, *half_hours(agents=0)), post_forecast(api, *plan())), "ok"),
    "no waits and pay": (
        lambda api: post_all(api, *half_hours(wait_seconds=None, paid_seconds=None, other_productive_seconds=None)),
        "partial",
    ),
    "old contacts": (lambda api: post_all(api, *half_hours(first=-12, last=-10)), "stale"),
    "too much": (lambda api: post_all(api, *half_hours(offered=10**9, handle_seconds=10**12)), "partial"),
}


def nulls(found, before=""):
    for name, value in found.items():
        if isinstance(value, dict) and name not in ("reasons", "state"):
            yield from nulls(value, f"{before}{name}.")
        elif value is None:
            yield f"{before}{name}"


@pytest.mark.parametrize("known", NULLS)
@pytest.mark.parametrize("scope", [SUPPORT, {"department_id": "dept_456"}, {}], ids=["queue", "department", "all"])
def test_every_null_has_its_reason(api, known, scope):
    fill, quality = NULLS[known]
    fill(api)
    found = compute(api, **scope)
    unexplained = {"changes.baseline_timestamp", "health.cap_reason", "health.sla", "health.staffing", "event"}
    assert set(nulls(found)) - unexplained - {"health.utilization"} == set(found.get("reasons", {}))
    assert found["quality"] == quality


@pytest.mark.parametrize("known", NULLS)
def test_what_is_not_known_is_never_zero(api, known):
    fill, _ = NULLS[known]
    fill(api)
    found, measured = compute(api, **SUPPORT), "contacts" in known and known != "old contacts"
    if known in ("nothing", "a forecast"):
        assert set(found["service"].values()) <= {None, 100.0, 1.0}  # the forecast, and the day's ratio to it
        assert found["utilization"]["occupancy"] is None
        assert found["sla_risk"]["risk_score"] is None
    if known == "no contacts":
        assert found["service"]["service_level"] is None
        assert found["service"]["aht_seconds"] is None
        assert found["utilization"]["occupancy"] is None
    assert measured == (found["service"]["offered"] is not None) or known in ("nobody", "no waits and pay", "too much")


def test_without_a_forecast_the_measured_run_is_staffed_for(api):
    post_all(api, *half_hours(offered=200, answered=200, handle_seconds=36_000))
    found = compute(api, **SUPPORT)
    assert found["headcount_gap"]["required"] == 24  # DOMAIN 1.6, 20 erlang
    assert found["quality"] == "partial"


def test_without_contacts_or_forecast_nobody_says_overstaffed(api):
    post_all(api, *half_hours(offered=0, answered=0, answered_in_target=0, handle_seconds=0))
    settings(aht_seconds=180)
    gap = compute(api, **SUPPORT)["headcount_gap"]
    assert (gap["required"], gap["gap"], gap["status"], gap["gap_percent"]) == (0, 14, None, None)
    post_forecast(api, *plan(offered=0))
    assert compute(api, **SUPPORT)["headcount_gap"]["status"] == "overstaffed"


# --- age -------------------------------------------------------------------------------------------------------------
def every_minute(api, upto, **fields):
    for minutes in range(upto - 3, upto + 1):
        post(api, interval(minutes=0, as_of=at(minutes), **fields), INGEST)


@pytest.mark.parametrize(("minutes", "quality"), [(10, "ok"), (13, "ok"), (13.1, "stale")])
def test_a_figure_is_stale_after_three_cadences_of_its_feed(api, minutes, quality):
    post_forecast(api, *plan())
    with clock(10):
        every_minute(api, 10)
    with clock(minutes):
        found = compute(api, minutes, **SUPPORT)
        assert (found["quality"], found["as_of"]) == (quality, at(10))
        assert found["data_age_seconds"] == pytest.approx(60 * (minutes - 10))
        if quality == "stale":
            assert found["service"]["waiting_now"] is None
            assert found["headcount_gap"]["available"] is None


def test_the_rhythm_may_be_told_by_a_person(api):
    post_forecast(api, *plan())
    settings(cadence_seconds=600)
    with clock(10):
        every_minute(api, 10)
    with clock(40):
        assert compute(api, 40, **SUPPORT)["quality"] == "ok"


def test_a_feed_of_half_hours_is_not_stale_between_them(api):
    post_forecast(api, *plan())
    post_all(api, *half_hours())
    with clock(89):
        assert compute(api, 89, **SUPPORT)["quality"] == "ok"


# --- closed ----------------------------------------------------------------------------------------------------------
CLOSED = [
    ("Mon-Fri 08:00-18:00", None, "2026-02-02T08:00:00Z"),
    ("Sat 12:00-20:00", None, "2026-01-31T12:00:00Z"),
    ("Fri 22:00-06:00", None, "2026-02-06T22:00:00Z"),
    ("", "org", "2026-02-01T00:00:00Z"),
    ("", "department", "2026-02-01T00:00:00Z"),
    ("Sat-Sun 08:00-18:00", "queue", "2026-02-01T08:00:00Z"),
]


def holiday(level):
    names = {"org": ("", ""), "department": ("dept_456", ""), "queue": ("dept_456", "support")}
    department, queue = names[level]
    scope = Scope.objects.get(organization="org_123", department_id=department, queue_name=queue)
    services.save_holiday(Holiday(scope=scope, date=TEN.date(), name="Founding day"), now=TEN)


@pytest.mark.parametrize(("hours", "level", "until"), CLOSED)
def test_a_closed_queue_is_not_judged(api, hours, level, until):
    """The thirty-first of January 2026 is a Saturday."""
    settings(opening_hours=hours)
    if level:
        holiday(level)
    post_all(api, *half_hours(first=-20, last=-16))
    post_forecast(api, *plan())
    found = compute(api, **SUPPORT)
    assert (found["closed_until"], found["quality"]) == (until, "ok")
    for path in ("headcount_gap.gap", "headcount_gap.required", "sla_risk.risk_score", "health_score"):
        assert found["reasons"][path] == "the queue is closed"


@pytest.mark.parametrize(
    ("hours", "level"),
    [("", None), ("Sat 08:00-18:00", None), ("Fri 22:00-11:00", None), ("Fri 22:00-11:00", "queue")],
    ids=["always", "by day", "since the evening before", "into a holiday"],
)
def test_an_open_queue_is_judged(api, hours, level):
    settings(opening_hours=hours)
    if level:
        holiday(level)
    post_all(api, *half_hours())
    post_forecast(api, *plan())
    found = compute(api, **SUPPORT)
    assert "closed_until" not in found
    assert found["sla_risk"]["risk_score"] == pytest.approx(17.1, abs=0.3)


def test_opening_hours_are_local(api, organization):
    organization.time_zone = "America/New_York"
    organization.save()
    settings(opening_hours="Mon-Sun 09:00-17:00")
    assert compute(api, **SUPPORT)["closed_until"] == "2026-01-31T14:00:00Z"


def test_a_closed_queue_does_not_count_against_its_department(api):
    settings(opening_hours="Mon-Fri 08:00-18:00")
    post_all(api, *half_hours(agents=1), *half_hours(queue="billing"))
    post_forecast(api, *plan(), *plan(queue="billing"))
    found = compute(api, department_id="dept_456")
    assert (found["headcount_gap"]["gap"], found["sla_risk"]["queues_at_risk"]) == (0, 0)
    assert "closed_until" not in found


# --- changes ---------------------------------------------------------------------------------------------------------
def test_changes_are_against_the_figure_before(api):
    post_forecast(api, *plan())
    post_all(api, *half_hours())
    before = compute(api, **SUPPORT)
    assert before["changes"] == {
        "utilization_change": 0.0,
        "headcount_gap_change": 0.0,
        "sla_risk_change": 0.0,
        "health_score_change": 0.0,
        "baseline_timestamp": None,
    }
    post(api, interval(agents=10, handle_seconds=20_000, as_of=at(0)), INGEST)
    with clock(1):
        now = compute(api, 1, **SUPPORT)
    assert now["changes"] == {
        "utilization_change": pytest.approx(
            now["utilization"]["current_utilization"] - before["utilization"]["current_utilization"]
        ),
        "headcount_gap_change": -4.0,
        "sla_risk_change": pytest.approx(now["sla_risk"]["risk_score"] - before["sla_risk"]["risk_score"]),
        "health_score_change": pytest.approx(now["health_score"] - before["health_score"]),
        "baseline_timestamp": at(0),
    }


@pytest.mark.parametrize(("minutes", "baseline"), [(15, at(0)), (15.1, None)])
def test_the_figure_before_is_at_most_a_quarter_of_an_hour_old(api, minutes, baseline):
    compute(api, **SUPPORT)
    with clock(minutes):
        assert compute(api, minutes, **SUPPORT)["changes"]["baseline_timestamp"] == baseline


def test_a_figure_worked_out_again_is_not_its_own_baseline(api):
    post_all(api, *half_hours())
    compute(api, -1, **SUPPORT)
    compute(api, 0, **SUPPORT)
    assert compute(api, 0, **SUPPORT)["changes"]["baseline_timestamp"] == at(-1)


def test_a_late_figure_is_compared_with_what_was_before_it(api):
    for minutes in (-10, -5, 0):
        compute(api, minutes, **SUPPORT)
    late = compute(api, -7, **SUPPORT)
    assert (late["latest"], late["changes"]["baseline_timestamp"]) == (False, at(-10))


def test_nothing_that_leaves_is_not_a_number(api):
    post_all(api, *half_hours(offered=10**9, handle_seconds=10.0**12, available_seconds=1e-9, paid_seconds=1e-9))
    for scope in (SUPPORT, {}):
        assert all(math.isfinite(value) for value in numbers(compute(api, **scope)))
    assert all(math.isfinite(value) for value in numbers(figure(api, **SUPPORT)))


def numbers(found):
    for value in found.values():
        if isinstance(value, dict):
            yield from numbers(value)
        elif isinstance(value, float | int):
            yield value


def test_a_day_begins_at_local_midnight(api, organization):
    """New York is at five in the morning: of the half hours since 00:00 there those before 05:00Z are yesterday's."""
    organization.time_zone = "America/New_York"
    organization.save()
    post_all(api, *half_hours(first=-20, last=-10, answered_in_target=0), *half_hours(first=-10))
    assert compute(api, **SUPPORT)["service"]["day_service_level"] == 90.0


@pytest.mark.parametrize("everything", [False, True])
def test_rounds_work_out_what_a_person_would(api, organization, everything):
    post_all(api, *half_hours())
    post_forecast(api, *plan())
    round_of(organization, 0, everything=everything)
    told = figure(api, **SUPPORT)
    by_hand = compute(api, **SUPPORT)
    for name in ("snapshot_id", "utilization", "headcount_gap", "sla_risk", "health_score", "service", "changes"):
        assert told[name] == by_hand[name]


def test_the_next_day_after_clocks_change_is_counted_in_hours(api, organization):
    """Berlin, 29 March 2026: the day has 23 hours, and ends at 22:00Z."""
    organization.time_zone = "Europe/Berlin"
    organization.save()
    sunday = TEN.replace(month=3, day=29)
    fields = {"interval_minutes": 60, "offered": 10, "aht_seconds": 60, "queue_name": "support"}
    starts = [sunday.replace(hour=0) - timedelta(hours=1) + timedelta(hours=hour) for hour in range(24)]
    items = [fields | {"interval_start": start.isoformat()} for start in starts]
    assert post_forecast(api, *items)["status"] == 201
    grid = api.get("/api/intraday/kpi/intervals", SUPPORT | {"date": "2026-03-29"}).json()["intervals"]
    assert (len(grid), grid[0]["start"], grid[-1]["end"]) == (23, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
    assert sum(each["forecast"] for each in grid) == 230
