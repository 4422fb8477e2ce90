"""Runs: one for several requests at the same moment, nothing twice, in order, and at a fixed price."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from intraday.database import recent
from intraday.jobs.models import DirtyScope
from intraday.org.models import Scope
from intraday.org.services import add_queues
from kpi import services
from kpi.computing import latest
from kpi.models import CurrentKPI, IntervalStats, KPISnapshot, QueueSettings
from tests.attendance.posting import BATCH as ATTENDANCE
from tests.backlog.posting import INGEST as BACKLOG_INGEST
from tests.backlog.posting import TEN, at, post, row
from tests.calls import at_once
from tests.kpi.posting import (
    CURRENT,
    INGEST,
    STREAM,
    SUPPORT,
    clock,
    compute,
    compute_dirty,
    figure,
    forecast,
    interval,
    post_all,
    post_forecast,
    round_of,
)
from tests.rest.contract import contract_client
from tests.services import wait_until


@pytest.fixture(autouse=True)
def ten_o_clock(request):
    if "filled" in request.fixturenames:  # who comes first is told from a clock that goes on
        yield
    else:
        with clock(0):
            yield


# --- by hand ---------------------------------------------------------------------------------------------------------
def test_a_figure_by_hand_is_always_told(api, heard):
    with heard(STREAM) as events:
        answers = [compute(api, **SUPPORT), compute(api, **SUPPORT)]
    assert [answer["event"] for answer in answers] == [{"stream": STREAM, "seq": event["seq"]} for event in events]
    assert answers[0]["snapshot_id"] == answers[1]["snapshot_id"]
    assert KPISnapshot.objects.count() == 1


def test_a_late_figure_is_told_as_such_and_moves_nothing(api, heard):
    post_all(api, *(interval(minutes=minutes) for minutes in (-60, -30)))
    newest = compute(api, 0, **SUPPORT)
    with heard(STREAM) as events:
        late = compute(api, -25, **SUPPORT)
    assert (late["latest"], late["timestamp"], events[0]["data"]["latest"]) == (False, at(-25), False)
    assert figure(api, **SUPPORT)["snapshot_id"] == newest["snapshot_id"]
    again = compute(api, -25, **SUPPORT)
    assert (again["snapshot_id"], KPISnapshot.objects.count()) == (late["snapshot_id"], 2)


def test_a_department_is_worked_out_with_all_inside_it_and_nothing_above(api, organization, heard):
    add_queues(organization, [("dept_789", "claims")])
    with heard(STREAM) as events:
        compute(api, department_id="dept_456")
    assert sorted(events.scopes) == ["billing", "dept_456", "sales", "support"]
    with heard(STREAM) as events:
        compute(api)
    assert events.scopes[-1] == "organization"
    assert len(events) == events[-1]["seq"] - events[0]["seq"] + 1 == 7
    assert events.commits == 1


def test_up_to_a_minute_ahead_is_taken_for_a_clock_that_differs(api):
    assert compute(api, 1, **SUPPORT)["status"] == 201
    assert compute(api, 1.01, **SUPPORT)["status"] == 400


def test_without_an_instant_it_is_now(api):
    assert compute(api, None, **SUPPORT)["timestamp"] == at(0)


# --- rounds ----------------------------------------------------------------------------------------------------------
def test_a_round_tells_the_queues_with_new_facts_and_the_levels_above(api, organization, heard):
    add_queues(organization, [("dept_789", "claims")])
    post_all(api, interval(), interval("billing"), interval("claims"))
    round_of(organization, 0)
    post(api, interval(minutes=0, as_of=at(0)), INGEST)
    with heard(STREAM) as events:
        round_of(organization, 1)
    assert events.scopes == ["support", "dept_456", "organization"]
    assert events.of("organization")["headcount_gap"]["available"] == 3 * 14
    with heard(STREAM) as events:
        round_of(organization, 2)
    assert events == []


def test_a_round_answers_whose_alerts_are_to_be_judged(api, organization):
    post(api, interval(), INGEST)
    scopes = compute_dirty(organization_id="org_123", now=TEN)
    assert [str(scope) for scope in scopes] == ["org_123 / dept_456 / support", "org_123 / dept_456", "org_123"]
    assert compute_dirty(organization_id="org_123", now=TEN) == []
    assert compute_dirty(organization_id="gone", now=TEN) == []


def test_who_is_on_shift_concerns_the_queues_of_the_department(transactional_db, api, organization, heard):
    add_queues(organization, [("dept_789", "claims")])
    post_all(api, interval(), interval("billing"), interval("claims"))
    round_of(organization, 0)
    person = {"employee_id": "e1", "department_id": "dept_456", "snapshot_time": at(0), "status": "present"}
    DirtyScope.objects.all().delete()
    assert post(api, {"items": [person]}, ATTENDANCE)["status"] == 201
    with heard(STREAM) as events:
        round_of(organization, 1)
    assert set(events.scopes) == {"support", "billing", "dept_456", "organization"}


def test_a_backlog_of_one_queue_does_not_touch_the_others(api, organization):
    post(api, {**row("support"), "snapshot_time": at(0)}, BACKLOG_INGEST)
    assert [mark.scope.queue_name for mark in DirtyScope.objects.all()] == ["support"]


def test_the_round_over_everything_tells_that_data_grow_older(api, organization, heard):
    post(api, interval(), INGEST)
    round_of(organization, 0, everything=True)
    with heard(STREAM) as events:
        round_of(organization, 1, everything=True)
    assert events.scopes == ["support", "dept_456", "organization"]
    assert events.of("support")["data_age_seconds"] == 60


def test_rounds_that_meet_in_one_second_tell_it_once(api, organization, heard):
    post(api, interval(), INGEST)
    with heard(STREAM) as events:
        compute_dirty(organization_id="org_123", now=TEN + timedelta(milliseconds=100))
        services.compute_all(organization_id="org_123", now=TEN + timedelta(milliseconds=900))
    assert events.scopes == ["support", "dept_456", "organization"]
    assert KPISnapshot.objects.count() == 3


def test_new_facts_of_the_same_second_correct_its_figure(api, organization, heard):
    post(api, interval(), INGEST)
    round_of(organization, 0)
    post(api, interval(agents=10, as_of=at(0.01)), INGEST)
    with heard(STREAM) as events:
        round_of(organization, 0)
    assert events.of("support")["headcount_gap"]["available"] == 10
    assert KPISnapshot.objects.count() == 3


def test_a_queue_that_never_had_data_is_not_told(api, organization, heard):
    with heard(STREAM) as events:
        round_of(organization, 0, everything=True)
    assert events == []
    assert CurrentKPI.objects.exclude(time=None).count() == 0


def test_a_closed_queue_is_told_once(api, organization, heard):
    scope = Scope.objects.get(queue_name="support")
    services.save_queue_settings(QueueSettings(scope=scope, opening_hours="Mon-Fri 08:00-18:00"), now=TEN)
    with heard(STREAM) as events:
        for minutes in (0, 1, 2):
            round_of(organization, minutes, everything=True)
    assert events.scopes.count("support") == 1
    opens = 2 * 24 * 60 - 2 * 60
    with heard(STREAM) as events, clock(opens):
        round_of(organization, opens, everything=True)
    assert "closed_until" not in events.of("support")


def test_a_feed_that_died_is_stale_for_a_day_and_then_told_once_as_none(api, organization, heard):
    post(api, interval(), INGEST)
    round_of(organization, 0, everything=True)
    qualities = []
    for hours in (0.5, 2, 23, 24.1, 24.2, 30):
        with heard(STREAM) as events:
            round_of(organization, 60 * hours, everything=True)
        qualities += [event["data"]["quality"] for event in events if event["data"].get("queue_name") == "support"]
    assert qualities == ["partial", "stale", "stale", "no_data"]


def test_a_log_that_is_replayed_is_left_alone_by_todays_rounds(api, organization, heard):
    """A figure of two days ago stays the newest, so that the next one of that log is not late."""
    with clock(-2 * 24 * 60):
        post(api, interval(minutes=-2 * 24 * 60 - 30), INGEST)
        compute(api, -2 * 24 * 60, **SUPPORT)
    with heard(STREAM) as events:
        round_of(organization, 0)
        round_of(organization, 1, everything=True)
    assert events == []
    assert compute(api, -2 * 24 * 60 + 30, **SUPPORT)["latest"] is True


def test_what_no_formula_takes_does_not_stop_the_others(api, organization, heard):
    post_all(api, interval(), interval("billing"))
    scope = Scope.objects.get(queue_name="support")
    QueueSettings.objects.create(scope=scope, max_occupancy=0)  # past all validation
    post_forecast(api, forecast(), forecast("billing"))
    with heard(STREAM) as events:
        round_of(organization, 0)
    assert events.of("billing")["quality"] == "ok"
    assert events.of("dept_456")["headcount_gap"]["available"] == 14


# --- retention -------------------------------------------------------------------------------------------------------
def test_two_days_are_kept_and_of_five_weeks_the_first_of_each_quarter_of_an_hour(api, organization):
    post(api, interval(), INGEST)
    for minutes in (0, 1, 14, 15, 29, 30):
        round_of(organization, minutes, everything=True)

    def kept():
        rows = KPISnapshot.objects.filter(scope__queue_name="support").order_by("time")
        return [(time - TEN) // timedelta(minutes=1) for time in rows.values_list("time", flat=True)]

    services.purge(now=TEN + timedelta(hours=47))
    assert kept() == [0, 1, 14, 15, 29, 30]
    services.purge(now=TEN + timedelta(hours=49))
    assert kept() == [0, 15, 30]
    services.purge(now=TEN + settings.KEEP_DETAIL + timedelta(hours=1))
    assert kept() == []


def test_inputs_are_forgotten_after_more_than_a_year_but_for_those_of_the_demo(outsider, api):
    for caller in (outsider, api):
        post(caller, interval(), INGEST)
        post_forecast(caller, forecast())
    assert services.purge(now=TEN + timedelta(days=399)) == 0
    assert services.purge(now=TEN + timedelta(days=401)) == 2
    assert IntervalStats.objects.get().scope.organization_id == "org_123"


# --- at once, on PostgreSQL ------------------------------------------------------------------------------------------
@pytest.fixture
def filled(transactional_db, organization):
    """Every queue has data of now."""
    api = contract_client(organization)
    now = timezone.now()
    start = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    names = ("support", "billing", "sales")
    rows = [interval(name) | {"interval_start": start.isoformat(), "as_of": now.isoformat()} for name in names]
    assert post_all(api, *rows)["status"] == 201
    return organization


def test_two_runs_at_the_same_moment_make_one_figure_and_one_event_of_each_scope(filled, heard):
    for turn in range(6):
        now = timezone.now().replace(microsecond=0) + timedelta(seconds=turn)
        with heard(STREAM) as events:
            at_once(*[partial(services.compute_all, organization_id="org_123", now=now)] * 3)
        assert sorted(events.scopes) == ["billing", "dept_456", "organization", "sales", "support"]
        assert KPISnapshot.objects.filter(time=now).count() == 5


def waiting_for_a_lock() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # or the transaction sees what it saw at first
        cursor.execute(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def test_two_people_who_ask_for_the_same_moment_at_once_are_told_once(filled, heard):
    """Late figures and new ones. All have begun before the first of them may go on."""
    scope = Scope.objects.get(queue_name="support")
    for minutes in (10, 9, 0):
        now = timezone.now()
        as_of = now - timedelta(minutes=minutes)
        ask = partial(services.compute, organization=filled, scope=scope, as_of=as_of, now=now)
        with heard(STREAM) as events, ThreadPoolExecutor(3) as pool:
            with transaction.atomic():
                latest.lock([scope], now=timezone.now())
                asking = [pool.submit(closing, ask) for _ in range(3)]
                assert wait_until(lambda: waiting_for_a_lock() == 3)
            told = {each.result().payload.snapshot_id for each in asking}
        assert len(told) == 1
        assert len(events) == 1
        assert KPISnapshot.objects.filter(time=as_of).count() == 1


def closing(call):
    try:
        return call()
    finally:
        connections.close_all()


def test_runs_of_all_kinds_and_feeds_at_once_neither_deadlock_nor_go_back(filled, heard):
    api = contract_client(filled)
    now = timezone.now()
    start = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)

    def feed(turn):
        for step in range(3):
            fields = {"interval_start": start.isoformat(), "as_of": timezone.now().isoformat()}
            post(api, interval("sales", offered=100 + turn + step) | fields, INGEST)

    for turn in range(3):
        now = timezone.now() + timedelta(seconds=turn)
        with heard(STREAM) as events:
            at_once(
                partial(services.compute_all, organization_id="org_123", now=now),
                partial(compute_dirty, organization_id="org_123", now=now),
                partial(compute, contract_client(filled), None, **SUPPORT),
                partial(compute, contract_client(filled), None),
                partial(feed, turn),
            )
        for name in set(events.scopes):
            told = [event["data"] for event, scope in zip(events, events.scopes, strict=True) if scope == name]
            times = [datetime.fromisoformat(data["timestamp"]) for data in told if data["latest"]]
            assert times == sorted(times)
        newest = {scope: events.of(scope)["snapshot_id"] for scope in events.scopes if events.of(scope)["latest"]}
        stored = CurrentKPI.objects.select_related("scope")
        found = {row.scope.queue_name or row.scope.department_id or "organization": row.snapshot_id for row in stored}
        assert {scope: str(found[scope]) for scope in newest} == newest


# --- the price -------------------------------------------------------------------------------------------------------
def statements(act):
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def test_a_run_over_520_queues_takes_as_many_statements_as_one_over_6(transactional_db, organization):
    api, now = contract_client(organization), timezone.now().replace(second=0, microsecond=0)
    start = now.replace(minute=now.minute // 30 * 30)

    def grow(count):
        names = [f"{number}" for number in range(count)]
        add_queues(organization, [(f"dept_{number % 20}", name) for number, name in enumerate(names)])
        fields = {"interval_start": start.isoformat()}
        rows = [interval(name) | fields for name in names]
        assert post_all(api, *rows)["status"] == 201
        assert post_forecast(api, *(forecast(name) | fields for name in names))["status"] == 201
        scopes = {scope.queue_name: scope for scope in Scope.objects.filter(queue_name__in=names)}
        kinds = [("deferred" if int(name) % 3 == 0 else "realtime") for name in names]
        QueueSettings.objects.bulk_create(
            [QueueSettings(scope=scopes[name], kind=kind) for name, kind in zip(names, kinds, strict=True)],
            ignore_conflicts=True,
        )

    def price(minutes):
        then = now + timedelta(minutes=minutes)
        everything = statements(lambda: services.compute_all(organization_id="org_123", now=then))
        post(api, interval("1", offered=101 + minutes) | {"interval_start": start.isoformat()}, INGEST)
        seconds_later = then + timedelta(seconds=5)
        fresh = statements(lambda: compute_dirty(organization_id="org_123", now=seconds_later))
        recent.forget([organization.pk])  # for a second; a slow machine would look the key up anew, a fast one not
        return everything, fresh, statements(lambda: api.get(CURRENT))

    grow(6)
    services.compute_all(organization_id="org_123", now=now)
    few = price(1)
    grow(520)
    services.compute_all(organization_id="org_123", now=now + timedelta(minutes=2))
    assert price(3) == few
    assert max(few) <= 40
