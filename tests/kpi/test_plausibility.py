"""Warnings about intervals: measurement times, impossible counts, overlapping lengths, agents of a level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intraday.jobs.models import DirtyScope
from kpi.formulas import abandon_rate, implausible
from kpi.models import IntervalFeed, IntervalStats
from tests.backlog.posting import at, post, results
from tests.kpi.posting import BATCH, COMPUTE, INGEST, INTERVALS, clock, compute, figure, forecast, interval, post_all
from tests.kpi.posting import post_forecast as post_forecasts


def running(**fields):
    """The half hour from ten, without a measurement time unless one is given."""
    counts = {"offered": 10, "answered": 8, "answered_in_target": 7, "handle_seconds": 900, "available_seconds": 900}
    return interval(minutes=0, **{**counts, "wait_seconds": 60, "paid_seconds": 2_000, **fields})


def warnings(answer):
    return answer.get("warnings", [])


def stored(minutes=0):
    return IntervalStats.objects.get(scope__queue_name="support", start=at(minutes))


# --- the measurement time --------------------------------------------------------------------------------------------
def test_a_running_interval_without_as_of_is_taken_with_a_warning(api):
    with clock(10):
        [said] = warnings(post(api, running(), INGEST))
    assert said.startswith("as_of is missing and the interval still runs")


def test_as_of_and_intervals_that_are_over_need_no_warning(api):
    with clock(10):
        assert not warnings(post(api, running(as_of=at(9)), INGEST))
        assert not warnings(post(api, interval(minutes=-30), INGEST))


def test_the_same_post_again_is_a_duplicate_and_keeps_a_quiet_queue_fresh(api):
    with clock(10):
        assert post(api, running(), INGEST)["result"] == "created"
    DirtyScope.objects.all().delete()
    with clock(12):
        assert post(api, running(), INGEST)["result"] == "duplicate"
    assert not DirtyScope.objects.exists()
    assert (stored().as_of.minute, IntervalFeed.objects.get().as_of.minute) == (12, 12)


def test_a_delayed_retry_of_an_older_post_does_not_overwrite_the_newer(api):
    with clock(10):
        post(api, running(), INGEST)
    with clock(12):
        post(api, running(offered=14, answered=12, handle_seconds=1_400, available_seconds=1_000), INGEST)
    with clock(13):
        answer = post(api, running(), INGEST)
    assert answer["result"] == "late"
    assert any(said.startswith("Counts of this interval went backwards") for said in warnings(answer))
    assert (stored().offered, stored().as_of.minute) == (14, 12)


def test_a_retry_that_arrives_after_the_interval_does_not_overwrite_its_final_counts(api):
    with clock(31):
        assert post(api, running(offered=40, answered=38), INGEST)["result"] == "created"
    with clock(33):
        assert post(api, running(offered=38, answered=36), INGEST)["result"] == "late"
    assert stored().offered == 40


def test_counts_are_corrected_downwards_by_a_row_that_says_when_it_was_measured(api):
    with clock(10):
        post(api, running(as_of=at(9)), INGEST)
        assert post(api, running(as_of=at(9), offered=9), INGEST)["result"] == "corrected"
    assert stored().offered == 9


# --- counts that cannot be -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("offered", "answered", "abandoned", "waited", "expected"),
    [
        (100, 100, 0, 0, False),
        (100, 101, 0, 0, True),
        (100, 90, 15, 5, False),  # 105 decided of 105
        (100, 90, 16, 5, True),
        (100, 102, 0, None, False),  # 2 of 100 may have been carried over
        (100, 103, 0, None, True),
        (1_000, 1_020, 0, None, False),  # 2 %
        (1_000, 1_021, 0, None, True),
        (0, 2, 0, None, False),
        (0, 3, 0, None, True),
        (10, 30, 5, None, True),
    ],
)
def test_no_more_is_decided_than_came_and_waited(offered, answered, abandoned, waited, expected):
    assert implausible(offered=offered, answered=answered, abandoned=abandoned, waited=waited) is expected


@pytest.mark.parametrize(
    ("offered", "answered", "abandoned", "expected"),
    [
        (0, 0, 0, None),
        (100, 90, 10, 0.1),
        (100, 80, 10, 0.1),  # ten still wait
        (1, 0, 3, 1.0),  # three who came earlier: 300 % of the one offered
        (10, 30, 10, 0.25),  # ten of forty
        (0, 0, 5, 1.0),
    ],
)
def test_the_abandon_rate_is_of_the_decided_where_they_are_more(offered, answered, abandoned, expected):
    assert abandon_rate(offered=offered, answered=answered, abandoned=abandoned) == expected


@given(*[st.integers(0, 10**6)] * 3)
def test_no_more_than_all_abandon(offered, answered, abandoned):
    rate = abandon_rate(offered=offered, answered=answered, abandoned=abandoned)
    assert rate is None or 0 <= rate <= 1
    assert (rate is None) == (offered == answered == abandoned == 0)


def test_the_published_abandon_rate_never_exceeds_100(api):
    with clock(10):
        post_all(api, running(offered=1, answered=0, answered_in_target=0, abandoned=3, as_of=at(10)))
        compute(api, minutes=10, queue_name="support")
        assert figure(api, queue_name="support")["service"]["abandon_rate"] == 100


def test_more_decided_than_offered_is_taken_with_a_warning(api):
    with clock(0):
        [said] = warnings(post(api, interval(minutes=-30, offered=50, answered=90, abandoned=5), INGEST))
    assert said.startswith("answered + abandoned is 95, more than the 50 offered")


def test_who_waited_before_may_be_decided_now(api):
    decided = {"offered": 100, "answered": 110, "answered_in_target": 90}
    with clock(0):
        before = interval(minutes=-60, waiting_now=10, as_of=at(-30))
        assert not any(map(warnings, post_all(api, before, interval(minutes=-30, **decided))["results"]))
        [said] = warnings(post(api, interval(minutes=-30, **{**decided, "answered": 111}), INGEST))
    assert "the 10 who waited before" in said


# --- overlapping lengths ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("post_them", "make"), [(post_all, interval), (post_forecasts, forecast)], ids=["measured", "forecast"]
)
def test_an_hour_and_its_quarters_are_taken_with_a_warning(api, post_them, make):
    with clock(0):
        assert not any(map(warnings, post_them(api, make(minutes=-60, length=60))["results"]))
        quarters = [make(minutes=minutes, length=15) for minutes in (-75, -60, -45, -30, -15, 0)]
        warned = ["Overlaps" in str(warnings(each)) for each in post_them(api, *quarters)["results"]]
    assert warned == [False, True, True, True, True, False]


def test_an_overlap_within_one_batch_is_told_with_both_rows(api):
    with clock(0):
        rows = [interval(minutes=-60, length=60), interval(minutes=-45, length=15), interval("billing", -45, 15)]
        answers = post_all(api, *rows)["results"]
    assert [bool(warnings(each)) for each in answers] == [True, True, False]
    assert warnings(answers[1])[0].startswith("Overlaps the 60 minutes from 2026-01-31T09:00Z")


def test_intervals_of_one_length_that_follow_each_other_need_no_warning(api):
    with clock(0):
        for _ in range(2):
            rows = [interval(minutes=minutes) for minutes in (-30, -60, -90)]
            assert not any(map(warnings, post_all(api, *rows)["results"]))


# --- agents of a level -----------------------------------------------------------------------------------------------
def heads(agents=6, **fields):
    return {"interval_start": at(0), "interval_minutes": 30, "as_of": at(10), "agents": agents, **fields}


@pytest.mark.parametrize("level", [{}, {"department_id": "dept_456"}], ids=["organization", "department"])
def test_a_level_may_tell_its_distinct_agents(api, level):
    with clock(10):
        answer = post(api, heads(agents_available=2, **level), INGEST)
    assert (answer["status"], answer["result"]) == (201, "created")
    row = IntervalStats.objects.get()
    assert (row.scope.department_id, row.scope.queue_name) == (level.get("department_id", ""), "")
    assert (row.agents, row.agents_available, row.offered, row.answered, row.handle_seconds) == (6, 2, 0, 0, 0)
    assert row.waiting_now is None


@pytest.mark.parametrize("name", ["offered", "answered", "handle_seconds", "waiting_now", "paid_seconds"])
def test_contacts_of_a_level_are_refused(api, rows_stored, name):
    before = rows_stored()
    with clock(10):
        answer = post(api, heads(**{name: 1}), INGEST)
        [bad] = post(api, {"items": [heads(**{name: 1})]}, BATCH)["rejected"]
    assert (answer["status"], bad["errors"]) == (400, answer["errors"])
    [said] = answer["errors"]["queue_name"]
    assert said.startswith(f"Needed for {name}.")
    assert rows_stored() == before


@pytest.mark.parametrize("blank", ["", None])
def test_a_blank_queue_is_not_taken_for_a_level(api, rows_stored, blank):
    before = rows_stored()
    with clock(10):
        answer = post(api, heads(queue_name=blank), INGEST)
    assert "has no queue_name at all" in answer["errors"]["queue_name"][0]
    assert rows_stored() == before


def test_a_row_without_queue_and_agents_is_refused(api):
    with clock(10):
        answer = post(api, {"interval_start": at(0), "interval_minutes": 30}, INGEST)
    assert (answer["status"], list(answer["errors"])) == (400, ["agents"])


def test_a_levels_agents_change_no_figure_of_its_queues(api):
    with clock(10):
        post(api, running(as_of=at(10)), INGEST)
        compute(api, minutes=10)
        before = figure(api, queue_name="support"), api.get(INTERVALS, {"department_id": "dept_456"}).json()
        assert results(post_all(api, heads(), heads(department_id="dept_456"))) == ["created", "created"]
        assert post(api, {"as_of_time": at(10)}, COMPUTE)["status"] == 201
        after = figure(api, queue_name="support"), api.get(INTERVALS, {"department_id": "dept_456"}).json()
    assert after[0]["service"] == before[0]["service"]
    assert [each["offered"] for each in after[1]["intervals"]] == [each["offered"] for each in before[1]["intervals"]]


# --- one row at a time -----------------------------------------------------------------------------------------------
def test_a_dry_run_of_one_interval_answers_and_stores_nothing(api, rows_stored):
    before = rows_stored()
    with clock(10):
        answer = post(api, running(), INGEST, dry_run="true")
    assert (answer["status"], answer["result"]) == (201, "created")
    assert warnings(answer)
    assert rows_stored() == before
