"""People are counted once: heads of queues add up to people, and every screen shows the same number (DOMAIN 3.3)."""

import pytest

from intraday.org.models import Scope
from intraday.org.services import add_queues
from kpi import services
from kpi.models import QueueSettings
from tests.backlog.posting import TEN, at, post
from tests.kpi.people import on_shift
from tests.kpi.posting import (
    CURRENT,
    INTERVALS,
    SUPPORT,
    WHAT_IF,
    clock,
    compute,
    figure,
    forecast,
    interval,
    post_all,
    post_forecast,
)

BILLING, SALES, DEPARTMENT = {"queue_name": "billing"}, {"queue_name": "sales"}, {"department_id": "dept_456"}


@pytest.fixture(autouse=True)
def ten_o_clock():
    with clock(0):
        yield


def needs(api, **required):
    """Planners say how many agents each queue requires now and in the next half hour."""
    rows = [forecast(name, minutes, required_agents=heads) for name, heads in required.items() for minutes in (0, 30)]
    assert post_forecast(api, *rows)["status"] == 201


def heads(api, **scope):
    found = figure(api, **scope)["headcount_gap"]
    return found["available"], found["available_source"]


# --- shares ----------------------------------------------------------------------------------------------------------
def test_fourteen_for_one_queue_and_six_for_two_cover_needs_of_14_and_6(api):
    """The ACD sees twenty people in support and six in billing: 26, where twenty people are."""
    on_shift(api, 14, "support")
    on_shift(api, 6, "support", "billing")
    needs(api, support=14, billing=6)
    post_all(api, interval(agents=20), interval("billing", agents=6))
    compute(api)
    assert heads(api, **SUPPORT) == (14, "attendance")
    assert heads(api, **BILLING) == (6, "attendance")
    assert heads(api, **DEPARTMENT) == heads(api) == (20, "attendance")
    gap = figure(api)["headcount_gap"]
    assert (gap["required"], gap["gap"], gap["status"], gap["short_percent"]) == (20, 0, "balanced", 0.0)


def test_six_people_with_three_queues_each_are_six(api):
    on_shift(api, 6, "support", "billing", "sales")
    needs(api, support=3, billing=2, sales=1)
    post_all(api, *(interval(name, agents=6) for name in ("support", "billing", "sales")))
    compute(api)
    assert [heads(api, **scope)[0] for scope in (SUPPORT, BILLING, SALES)] == [3, 2, 1]
    assert heads(api, **DEPARTMENT)[0] == heads(api)[0] == 6


def test_a_shared_head_covers_the_queue_that_lacks_most(api):
    """Four for support alone, two for both, ten and five required: 4/10 rises to 5/10 by nobody, since billing has 0/5
    and stays at 2/5, the lowest."""
    on_shift(api, 4, "support")
    on_shift(api, 2, "support", "billing")
    needs(api, support=10, billing=5)
    compute(api)
    assert (heads(api, **SUPPORT)[0], heads(api, **BILLING)[0]) == (4, 2)
    assert figure(api, **BILLING)["headcount_gap"]["gap"] == -3


def test_people_in_no_queue_count_above_queues_only(api):
    on_shift(api, 2, "support")
    on_shift(api, 3)
    needs(api, support=2)
    compute(api)
    assert heads(api, **SUPPORT) == (2, "attendance")
    assert heads(api, **DEPARTMENT)[0] == heads(api)[0] == 5


def test_people_of_two_departments_are_shared_between_them(api, organization):
    add_queues(organization, [("dept_789", "claims")])
    for shared in range(2):
        person = {"employee_id": f"both_{shared}", "kind": "work", "start": at(-120), "end": at(240)}
        shifts = [
            person | {"shift_id": f"{shared} {code}", "department_id": code, "queue_names": [name]}
            for code, name in (("dept_456", "support"), ("dept_789", "claims"))
        ]
        assert post(api, {"items": shifts}, "/api/intraday/attendance/shifts/batch-ingest")["status"] == 201
        seen = {"employee_id": f"both_{shared}", "department_id": "dept_456", "snapshot_time": at(-60)}
        answer = post(api, {"items": [seen | {"status": "present"}]}, "/api/intraday/attendance/batch-ingest")
        assert answer["status"] == 201
    needs(api, support=1, claims=1)
    compute(api)
    assert heads(api, **SUPPORT)[0] == heads(api, queue_name="claims")[0] == 1
    assert heads(api, **DEPARTMENT)[0] == heads(api, department_id="dept_789")[0] == 1
    assert heads(api)[0] == 2


def test_a_person_in_no_queue_of_two_departments_is_one_in_the_organization(api, organization):
    add_queues(organization, [("dept_789", "claims")])
    on_shift(api, 1, departments=("dept_456", "dept_789"))
    compute(api)
    assert heads(api, **DEPARTMENT)[0] == heads(api, department_id="dept_789")[0] == 1
    assert heads(api)[0] == 1


# --- what feeds count ------------------------------------------------------------------------------------------------
def counted(agents, minutes=-30, **scope):
    return {"interval_start": at(minutes), "interval_minutes": 30, "agents": agents, **scope}


def test_a_feed_may_post_the_distinct_heads_of_a_level(api):
    """Seven and six by queue, nine people: required 4 and 3, so two are left."""
    needs(api, support=4, billing=3)
    post_all(api, interval(agents=7), interval("billing", agents=6), counted(9, **DEPARTMENT))
    compute(api)
    assert (heads(api, **SUPPORT), heads(api, **BILLING)) == ((7, "acd"), (6, "acd"))
    assert heads(api, **DEPARTMENT) == heads(api) == (9, "feed")
    assert figure(api, **DEPARTMENT)["headcount_gap"]["gap"] == 2


def test_the_organizations_own_count_stands_above_those_of_departments(api):
    post_all(api, interval(agents=7), counted(9, **DEPARTMENT), counted(8))
    compute(api)
    assert (heads(api, **DEPARTMENT)[0], heads(api)) == (9, (8, "feed"))


def test_a_distinct_count_that_went_stale_counts_no_more(api):
    """Fresh for three quarters of an hour, the default rhythm: the row was measured at 8:30."""
    post_all(api, interval(agents=7), counted(9, minutes=-120, **DEPARTMENT))
    compute(api)
    assert heads(api, **DEPARTMENT) == (7, "acd")


def test_sums_of_acd_counts_say_that_they_may_overlap(api):
    post_all(api, interval(agents=14), interval("billing", agents=14))
    compute(api)
    assert heads(api, **SUPPORT) == (14, "acd")
    assert heads(api, **DEPARTMENT) == heads(api) == (28, "acd_overlapping")


def test_a_level_has_never_more_heads_than_attendance_sees_people(api):
    on_shift(api, 8, "support")
    on_shift(api, 8, "billing")
    post_all(api, interval(agents=14), interval("billing", agents=14))
    compute(api)
    assert heads(api, **DEPARTMENT) == heads(api) == (16, "attendance")


# --- one unit --------------------------------------------------------------------------------------------------------
def shrinkage(percent, queue="support"):
    scope = Scope.objects.get(queue_name=queue)
    services.save_queue_settings(QueueSettings(scope=scope, shrinkage=percent), now=TEN)


def coming(api, **scope):
    cells = api.get(INTERVALS, scope).json()["intervals"]
    return {cell["start"]: cell for cell in cells if cell["state"] == "to_come"}


def test_the_schedule_to_come_is_in_heads_at_work(api):
    """Twenty on the schedule at 30 % shrinkage are fourteen at work, as many as 100 calls of 180 s require."""
    shrinkage(30)
    post_forecast(api, *(forecast(minutes=minutes, scheduled_agents=20) for minutes in (0, 30)))
    row = coming(api, **SUPPORT)[at(30)]
    assert (row["required"], row["scheduled"], row["gap"], row["available"]) == (14, 14, 0, None)


@pytest.mark.parametrize(
    ("breaks", "at_half_past", "at_eleven"),
    [
        pytest.param([], 7, 7, id="shifts without breaks: 30 % of ten are away at any time"),
        pytest.param([(30, 60)], 0, 10, id="all have their break from half past ten to eleven"),
        pytest.param([(45, 60)], 5, 10, id="a quarter of an hour of it"),
    ],
)
def test_published_breaks_take_the_place_of_shrinkage(api, breaks, at_half_past, at_eleven):
    shrinkage(30)
    on_shift(api, 10, "support", breaks=breaks)
    rows = coming(api, **SUPPORT)
    assert (rows[at(30)]["scheduled"], rows[at(60)]["scheduled"]) == (at_half_past, at_eleven)


def test_scheduled_people_with_two_queues_are_shared_in_the_grid_too(api):
    on_shift(api, 14, "support", there=False)
    on_shift(api, 6, "support", "billing", there=False)
    needs(api, support=14, billing=6)
    assert coming(api, **SUPPORT)[at(30)]["scheduled"] == 14
    assert coming(api, **BILLING)[at(30)]["scheduled"] == 6
    assert coming(api, **DEPARTMENT)[at(30)]["scheduled"] == coming(api)[at(30)]["scheduled"] == 20


@pytest.mark.parametrize("scope", [SUPPORT, DEPARTMENT, {}], ids=["queue", "department", "organization"])
def test_the_row_that_runs_is_the_live_figure(api, scope):
    """Six people have two queues; the ACD counts eleven in support ten minutes into the interval."""
    on_shift(api, 6, "support", "billing")
    with clock(10):
        counts = {"offered": 36, "answered": 33, "answered_in_target": 30, "agents": 11}
        post_all(api, interval(minutes=0, as_of=at(10), **counts), interval("billing", agents=6))
        post_forecast(api, *(forecast(name, minutes) for name in ("support", "billing") for minutes in (0, 30)))
        compute(api, 10)
        tile = api.get(CURRENT, scope).json()["current"]
        [row] = [each for each in api.get(INTERVALS, scope).json()["intervals"] if each["state"] == "now"]
        for name in ("required", "scheduled", "available", "gap"):
            assert row[name] == tile["headcount_gap"][name], name
        assert row["available"] is not None
        if scope == SUPPORT:
            assert (row["offered"], row["service_level"]) == (36, tile["service"]["service_level"])
            assert row["reforecast"] == tile["service"]["expected"]


@pytest.mark.parametrize("queue", ["support", "billing"])
def test_what_if_as_it_is_is_the_tile(api, queue):
    on_shift(api, 9, "support")
    on_shift(api, 4, "support", "billing")
    post_all(api, interval(agents=13), interval("billing", agents=4, offered=20, answered=20, answered_in_target=20))
    post_forecast(api, *(forecast(minutes=minutes) for minutes in (0, 30)), forecast("billing", offered=20))
    compute(api)
    tile = figure(api, queue_name=queue)
    case = post(api, {"queue_name": queue}, WHAT_IF)["baseline"]
    assert (case["agents"], case["required"], case["gap"]) == tuple(
        tile["headcount_gap"][name] for name in ("available", "required", "gap")
    )
    assert (case["risk_score"], case["outlook_risk"]) == (
        tile["sla_risk"]["risk_score"],
        tile["sla_risk"]["outlook_risk"],
    )
    assert case["calls"] == tile["service"]["expected"]


# --- status ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("available", "required", "status", "short_percent"),
    [
        pytest.param(4, 5, "balanced", 0.0, id="a fifth short, but one head is within the dead-band"),
        pytest.param(8, 10, "critical_understaffed", 20.0, id="two of ten"),
        pytest.param(19, 20, "balanced", 0.0, id="5 % short"),
        pytest.param(18, 20, "understaffed", 10.0, id="10 % short"),
        pytest.param(0, 1, "critical_understaffed", 100.0, id="nobody there is critical whatever the band"),
        pytest.param(0, 3, "critical_understaffed", 100.0, id="nobody of three"),
        pytest.param(12, 10, "overstaffed", 0.0, id="two more than needed"),
    ],
)
def test_balanced_is_tested_before_critical(api, available, required, status, short_percent):
    needs(api, support=required)
    post_all(api, interval(agents=available))
    gap = compute(api, **SUPPORT)["headcount_gap"]
    assert (gap["status"], gap["short_percent"]) == (status, short_percent)
