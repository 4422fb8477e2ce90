"""Intervals and forecasts: what is stored, what gives way, what is refused."""

import pytest

from intraday.feed_health.models import Feed
from intraday.feed_health.services import store
from intraday.jobs.models import DirtyScope
from intraday.org.models import Scope
from intraday.org.services import add_queues
from kpi.models import ForecastInterval, IntervalFeed, IntervalStats
from tests.backlog.posting import TEN, at, post, results
from tests.kpi.posting import BATCH, FORECAST, INGEST, STREAM, clock, forecast, interval, post_all, post_forecast


@pytest.fixture(autouse=True)
def ten_o_clock():
    with clock(0):
        yield


def stored(minutes=-30, queue="support"):
    return IntervalStats.objects.get(scope__queue_name=queue, start=at(minutes))


def running(as_of, offered=10, **fields):
    """The half hour from half past nine, measured so many minutes before ten."""
    return interval(minutes=-30, as_of=at(as_of), offered=offered, **fields)


# --- a running interval ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("then", "now", "outcome", "offered"),
    [
        (running(-20, 10), running(-10, 20), "corrected", 20),
        (running(-10, 20), running(-20, 10), "late", 20),
        (running(-10, 20), running(-10, 20), "duplicate", 20),
        (running(-10, 20), running(-10, 21), "corrected", 21),
        (running(-10, 20), running(-9, 20), "corrected", 20),
        (running(-10, 20), interval(minutes=-60, offered=7), "late", 20),
        (running(-10, 20), interval(minutes=0, offered=7), "created", 20),
    ],
    ids=["newer", "older", "same", "corrected", "measured again", "another before", "another after"],
)
def test_an_interval_is_overwritten_by_newer_measurements_alone(api, then, now, outcome, offered):
    assert post(api, then, INGEST)["result"] == "created"
    answer = post(api, now, INGEST)
    assert (answer["status"], answer["result"], answer["event"]) == (201, outcome, None)
    assert stored().offered == offered


def test_of_one_interval_in_a_batch_the_newest_measurement_counts(api):
    answer = post_all(api, running(-10, 20), running(-5, 30), running(-20, 10), interval("billing"))
    assert results(answer) == ["superseded", "created", "superseded", "created"]
    assert stored().offered == 30


def test_a_row_without_as_of_was_measured_now_or_at_the_end_of_its_interval(api):
    post_all(api, interval(minutes=-60), interval(minutes=0))
    assert (stored(-60).as_of.isoformat(), stored(0).as_of.isoformat()) == (
        "2026-01-31T09:30:00+00:00",
        "2026-01-31T10:00:00+00:00",
    )


def test_the_rhythm_of_a_feed_is_the_median_step_of_its_measurements(api):
    for as_of in (-29, -28, -27, -2, -1):
        post(api, running(as_of, 30 + as_of), INGEST)
    feed = IntervalFeed.objects.get()
    assert (feed.cadence_seconds, feed.as_of) == (60, stored().as_of)
    post(api, running(-25, 1), INGEST)
    assert IntervalFeed.objects.get().as_of == stored().as_of


def test_measurements_that_come_in_a_burst_do_not_make_a_feed_stale_within_a_minute(api):
    for seconds in (0, 1, 2, 2.2):
        post(api, running(-29 + seconds / 60, 1), INGEST)
    assert IntervalFeed.objects.get().cadence_seconds == 20


# --- forecasts -------------------------------------------------------------------------------------------------------
def test_the_forecast_posted_last_counts(api):
    assert results(post_forecast(api, forecast(), forecast(minutes=30))) == ["created", "created"]
    answer = post_forecast(api, forecast(), forecast(minutes=30, offered=7), forecast(minutes=30, offered=8))
    assert results(answer) == ["duplicate", "superseded", "corrected"]
    assert list(ForecastInterval.objects.order_by("start").values_list("offered", flat=True)) == [100, 8]


def test_a_forecast_may_be_of_next_week(api):
    assert results(post_forecast(api, forecast(minutes=7 * 24 * 60))) == ["created"]


# --- queues, batches, bookkeeping ------------------------------------------------------------------------------------
def test_a_department_that_was_left_out_is_filled_in(api):
    post(api, interval(), INGEST)
    post_forecast(api, forecast("billing"))
    assert IntervalStats.objects.get().scope.department_id == "dept_456"
    assert ForecastInterval.objects.get().scope.department_id == "dept_456"


def test_a_queue_that_two_departments_have_needs_its_department(api, organization):
    add_queues(organization, [("dept_789", "support")])
    answer = post(api, interval(), INGEST)
    assert (answer["status"], list(answer["errors"])) == (400, ["department_id"])
    assert post(api, interval(department_id="dept_789"), INGEST)["result"] == "created"
    assert stored().scope.department_id == "dept_789"


def test_an_unknown_queue_is_made(api):
    assert post(api, interval("chat", department_id="dept_9"), INGEST)["status"] == 201
    assert Scope.objects.filter(department_id="dept_9").count() == 2


def test_good_rows_are_taken_and_bad_ones_named(api):
    answer = post_all(api, interval(), interval(offered=-1), interval("billing", agents="many"))
    assert (answer["status"], answer["accepted"]) == (207, 1)
    assert [(bad["index"], list(bad["errors"])) for bad in answer["rejected"]] == [(1, ["offered"]), (2, ["agents"])]


@pytest.mark.parametrize(("path", "row"), [(BATCH, interval), (FORECAST, forecast)])
@pytest.mark.parametrize(
    ("query", "bad"),
    [({"dry_run": "true"}, {}), ({"atomic": "true"}, {"offered": -1}), ({"atomic": "true"}, {"department_id": "no!"})],
    ids=["dry run", "bad row", "bad scope"],
)
def test_a_dry_run_and_an_atomic_batch_with_a_bad_row_store_nothing(api, rows_stored, path, row, query, bad):
    before = rows_stored()
    answer = post_all(api, row("new", department_id="dept_1"), row(**bad), path=path, **query)
    assert answer["status"] == (400 if bad else 201)
    assert rows_stored() == before


def test_unknown_fields_come_back_as_warnings(api):
    answer = post(api, interval(mood="good"), INGEST)
    assert (answer["status"], answer["warnings"]) == (201, ["Unknown field 'mood' was ignored."])


def test_inputs_publish_nothing_and_mark_their_queue(api, heard):
    with heard(STREAM) as events:
        post(api, interval(), INGEST)
        post(api, interval(), INGEST)
        post_forecast(api, forecast("billing"))
    assert events == []
    assert set(DirtyScope.objects.values_list("scope__queue_name", flat=True)) == {"support", "billing"}


def test_a_duplicate_marks_nothing(api):
    post(api, interval(), INGEST)
    DirtyScope.objects.all().delete()
    post(api, interval(), INGEST)
    assert not DirtyScope.objects.exists()


def test_both_kinds_are_booked(api):
    post(api, interval(offered=-1), INGEST)
    post_all(api, interval(), interval(minutes=0))
    post_forecast(api, forecast(minutes=60))
    store()
    feeds = {feed.kind: feed for feed in Feed.objects.all()}
    assert (feeds["kpi"].newest_data_time, feeds["forecast"].newest_data_time.isoformat()) == (
        TEN,
        "2026-01-31T11:00:00+00:00",
    )
    assert feeds["kpi"].last_error.startswith("offered:")


# --- bad input -------------------------------------------------------------------------------------------------------
MISSING = "missing"
BAD_INTERVALS = [
    ("queue_name", MISSING),
    ("queue_name", ""),
    ("queue_name", None),
    ("queue_name", " support"),
    ("queue_name", "x" * 129),
    ("department_id", "no such thing!"),
    ("interval_start", MISSING),
    ("interval_start", "2026-01-31T09:30:00"),
    ("interval_start", "2026-01-31T09:31:00Z"),
    ("interval_start", "2026-01-31T09:30:01Z"),
    ("interval_start", "2026-01-31T10:30:00Z"),
    ("interval_start", "yesterday"),
    ("interval_start", 1769851800),
    ("interval_minutes", MISSING),
    ("interval_minutes", 7),
    ("interval_minutes", 0),
    ("interval_minutes", 1440),
    ("as_of", "2026-01-31T09:29:00Z"),
    ("as_of", "2026-01-31T10:02:00Z"),
    ("offered", MISSING),
    ("offered", None),
    ("offered", -1),
    ("offered", 1.5),
    ("offered", 10**10),
    ("offered", "NaN"),
    ("offered", "1.000"),
    ("offered", "1,000"),
    ("handle_seconds", "18.000"),
    ("answered", MISSING),
    ("answered_in_target", 101),
    ("abandoned_in_target", 1),
    ("abandoned", -1),
    ("handle_seconds", MISSING),
    ("handle_seconds", -0.5),
    ("handle_seconds", "inf"),
    ("handle_seconds", 1e300),
    ("handle_seconds", True),
    ("available_seconds", MISSING),
    ("paid_seconds", -1),
    ("wait_seconds", "NaN"),
    ("agents", MISSING),
    ("agents", 1_000_000),
    ("agents", 2.5),
    ("waiting_now", -1),
    ("longest_wait_seconds", "long"),
    ("agents_available", -1),
]
BAD_FORECASTS = [
    ("queue_name", MISSING),
    ("interval_start", MISSING),
    ("interval_start", "2030-01-31T09:30:00Z"),
    ("interval_start", "2026-01-31T10:07:00Z"),
    ("interval_minutes", 45),
    ("offered", -1),
    ("offered", "NaN"),
    ("offered", None),
    ("aht_seconds", MISSING),
    ("aht_seconds", -1),
    ("aht_seconds", 1e9),
    ("required_agents", -1),
    ("required_agents", 1.5),
    ("scheduled_agents", "all"),
]


@pytest.mark.parametrize(
    ("path", "row", "name", "value"),
    [(INGEST, interval, *bad) for bad in BAD_INTERVALS] + [(FORECAST, forecast, *bad) for bad in BAD_FORECASTS],
)
def test_a_bad_value_is_named_and_changes_nothing(api, rows_stored, path, row, name, value):
    before, body = rows_stored(), row()
    if value is MISSING:
        del body[name]
    else:
        body[name] = value
    answer = post(api, body, path) if path == INGEST else post_forecast(api, body)
    errors = answer["errors"] if path == INGEST else answer["rejected"][0]["errors"]
    assert (answer["status"], answer["code"], list(errors)) == (400, "invalid", [name])
    assert rows_stored() == before


@pytest.mark.parametrize("body", ["", "{", "[]", '{"items": {}}', '{"items": []}', '{"items": [NaN]}', b"\xff"])
@pytest.mark.parametrize("path", [BATCH, FORECAST])
def test_a_body_that_is_no_batch_is_refused(api, rows_stored, path, body):
    before = rows_stored()
    assert post(api, body, path)["status"] == 400
    assert rows_stored() == before


def test_another_tenant_is_not_written_to(outsider, organization, rows_stored):
    before = rows_stored()
    assert post(outsider, interval(organization_id="org_123"), INGEST)["status"] == 404
    assert post_all(outsider, interval(organization_id="org_123"))["status"] == 404
    assert rows_stored() == before
