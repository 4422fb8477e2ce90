"""Snapshots are kept in full for 35 days, then one for each quarter of an hour: what stays says what it said."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from backlog import retention, selectors
from backlog.models import CurrentBacklog, Snapshot
from intraday.database import batches
from intraday.org.models import Organization, Scope
from intraday.org.scoped import TimePage
from tests.backlog.conftest import with_database
from tests.backlog.posting import TEN, post, post_batch, post_batch_up, results, row
from tests.rest.contract import ContractClient

LATER = TEN + timedelta(days=36)
FLOWS = ("items_added_this_interval", "items_completed_this_interval", "interval_seconds", "flow_source")
Figure = dict[str, Any]


@pytest.fixture
def support(organization: Organization) -> Scope:
    return Scope.objects.get(organization=organization, queue_name="support")


@pytest.fixture(autouse=True)
def long_ago(db: None) -> Iterator[None]:
    """Set the clock to the day of the posts, so that they arrive when they happened."""
    with time_machine.travel(TEN + timedelta(hours=3), tick=False):
        yield


def history(scope: Scope) -> list[Figure]:
    items, cursor = selectors.history(scope, TimePage(10_000), names=False)
    assert cursor is None
    return items


def state_of(figure: Figure) -> Figure:
    """Everything but the flows, which are those since the snapshot before."""
    return {name: value for name, value in figure.items() if name not in FLOWS}


def daily(figures: list[Figure], zone: str) -> dict[date, tuple[int, int]]:
    found: dict[date, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for each in figures:
        day = each["timestamp"].astimezone(ZoneInfo(zone)).date()
        added, completed = found[day]
        found[day] = added + each[FLOWS[0]], completed + each[FLOWS[1]]
    return dict(found)


def quarter(time: datetime) -> datetime:
    return time.replace(minute=time.minute // 15 * 15, second=0, microsecond=0)


def test_one_snapshot_a_quarter_stays_with_the_flows_of_the_quarter(api: ContractClient, support: Scope):
    rows = [row(minutes=m, total=10 + m, items_added=3, items_completed=2) for m in (0, 5, 14, 15, 20, 31)]
    post_batch(api, *rows)
    before = history(support)
    assert retention.thin(now=LATER) == 3
    after = history(support)
    assert [(each["timestamp"] - TEN) / timedelta(minutes=1) for each in after] == [14, 20, 31]
    assert [each["total_items"] for each in after] == [24, 30, 41]
    assert [each["items_added_this_interval"] for each in after] == [9, 6, 3]
    assert [each["items_completed_this_interval"] for each in after] == [6, 4, 2]
    assert [each["interval_seconds"] for each in after] == [840, 360, 660]
    by_time = {each["timestamp"]: state_of(each) for each in before}
    assert all(by_time[each["timestamp"]] == state_of(each) for each in after)


def test_nothing_younger_than_35_days_is_thinned_and_a_second_run_finds_nothing(api: ContractClient, support: Scope):
    post_batch(api, *(row(minutes=m, total=m) for m in range(20)))
    assert retention.thin(now=TEN + timedelta(days=35)) == 0
    assert retention.thin(now=LATER) > 0
    assert retention.thin(now=LATER) == 0


def test_the_newest_snapshot_stays_as_it_is(api: ContractClient, support: Scope):
    post_batch(api, *(row(minutes=m, total=m, items_added=1, items_completed=0) for m in range(3)))
    before = CurrentBacklog.objects.get(scope=support).snapshot
    retention.thin(now=LATER)
    now = CurrentBacklog.objects.select_related("snapshot").get(scope=support).snapshot
    assert now is not None
    assert before is not None
    assert (now.pk, now.added, now.thinned) == (before.pk, before.added, False)
    assert [each["items_added_this_interval"] for each in history(support)] == [2, 1]


def test_after_400_days_all_but_the_newest_are_gone(api: ContractClient, support: Scope):
    post_batch(api, *(row(minutes=m, total=m) for m in range(0, 60, 5)))
    retention.purge(now=TEN + timedelta(days=399))
    assert len(history(support)) == 5  # four quarters, the newest apart
    retention.purge(now=TEN + timedelta(days=401))
    assert [each["total_items"] for each in history(support)] == [55]
    assert api.get("/api/intraday/backlog/current?queue_name=support").json()["current"]["total_items"] == 55


def test_a_replay_of_old_data_is_kept_in_full_as_long_as_news(api: ContractClient, support: Scope):
    with time_machine.travel(LATER, tick=False):
        post_batch(api, *(row(minutes=m, total=m) for m in range(10)))
    assert retention.thin(now=LATER + timedelta(days=34)) == 0
    assert retention.thin(now=LATER + timedelta(days=36)) > 0


def test_rows_inside_a_thinned_quarter_are_answered_and_change_nothing(api: ContractClient, support: Scope):
    """Their flows are in it already: stored once more, they would count twice."""
    rows = [row(minutes=m, total=10 + m, items_added=3, items_completed=2) for m in (0, 5, 14, 20, 31)]
    post_batch(api, *rows)
    retention.thin(now=LATER)
    before = list(Snapshot.objects.order_by("pk").values())
    answer = post_batch(api, rows[0], row(minutes=7, total=99), rows[2], row(minutes=14, total=98))
    assert results(answer) == ["superseded", "superseded", "superseded", "superseded"]
    again = post(api, rows[2])
    assert (again["result"], again["event"]) == ("duplicate", None)
    late = post(api, row(minutes=6, total=99))
    assert late["warnings"] == [
        "History of that time is kept as one snapshot for each quarter of an hour: nothing was stored."
    ]
    assert list(Snapshot.objects.order_by("pk").values()) == before


def test_rows_after_the_thinned_ones_are_stored_as_ever(api: ContractClient, support: Scope):
    post_batch(api, *(row(minutes=m, total=10, added_total=m) for m in (0, 10, 20)))
    retention.thin(now=LATER)
    answer = post(api, row(minutes=25, total=12, items_added_total=30, items_completed_total=5))
    assert answer["result"] == "created"
    assert [each["total_items"] for each in history(support)] == [10, 10, 12]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"])
def test_days_add_up_to_what_they_were_in_every_time_zone(api: ContractClient, organization: Organization, zone: str):
    Organization.objects.filter(pk=organization.pk).update(time_zone=zone)
    rows = [row(minutes=m, total=10, items_added=m % 7, items_completed=m % 5) for m in range(-900, 900, 4)]
    post_batch_up(api, *rows)
    scopes = list(Scope.objects.filter(organization=organization, backlog_snapshots__isnull=False).distinct())
    before = {scope: daily(history(scope), zone) for scope in scopes}
    assert retention.thin(now=LATER) > 0
    assert {scope: daily(history(scope), zone) for scope in scopes} == before
    assert len(scopes) == 3


REPORTS = st.lists(
    st.tuples(st.integers(0, 7200), st.integers(0, 200), st.none() | st.integers(0, 50)),
    min_size=1,
    max_size=40,
    unique_by=lambda report: report[0],
)


@with_database
@given(reports=REPORTS, cut=st.integers(0, 7200), size=st.sampled_from([2, 5, 1000]))
def test_history_agrees_at_the_kept_instants_and_all_flows_are_there(
    organization: Organization, support: Scope, reports: list[tuple[int, int, int | None]], cut: int, size: int
):
    """However the reports lie, wherever the border falls, and in batches of any size."""
    Snapshot.objects.all().delete()
    CurrentBacklog.objects.all().delete()
    for seconds, total, added in reports:
        time = TEN + timedelta(seconds=seconds)
        Snapshot.objects.create(
            scope=support, time=time, received_at=time, total_items=total, average_wait_minutes=1, added=added or 0
        )
    newest = Snapshot.objects.latest("time")
    CurrentBacklog.objects.create(scope=support, snapshot=newest, time=newest.time)
    before = history(support)
    rows, batches.ROWS = batches.ROWS, size
    try:
        retention.thin(now=TEN + timedelta(days=35, seconds=cut))
    finally:
        batches.ROWS = rows
    after = history(support)
    known = {each["timestamp"]: state_of(each) for each in before}
    assert all(known[each["timestamp"]] == state_of(each) for each in after)
    assert sum(each[FLOWS[0]] for each in after) == sum(each[FLOWS[0]] for each in before)
    border = quarter(TEN + timedelta(seconds=cut))
    thinned = [quarter(each["timestamp"]) for each in after if each["timestamp"] < min(border, newest.time)]
    assert len(thinned) == len(set(thinned)), "one for each quarter of an hour"
    assert {quarter(each["timestamp"]) for each in before} == {quarter(each["timestamp"]) for each in after}
    young = [each for each in before if each["timestamp"] >= border]
    assert [each for each in after if each["timestamp"] >= border] == young
