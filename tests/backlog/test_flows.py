"""Flows of queues and of the levels above them: DOMAIN 3.6. Whatever the rhythms, order and batches of the posts, the
figures of a level's day add up to what its queues posted."""

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from backlog.models import CurrentBacklog, Snapshot
from intraday.org.models import Organization, Queue
from intraday.org.services import add_queues
from tests.backlog.conftest import with_database
from tests.backlog.posting import (
    CURRENT,
    HISTORY,
    ORG,
    TEN,
    Row,
    post_batch,
    post_batch_up,
    post_up,
    results,
    roll_up,
    row,
)
from tests.heard import Hear, Heard
from tests.rest.contract import ContractClient

BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = 13 * 60  # 2026-02-01 00:00 in Berlin, in minutes after ten o'clock UTC
SECOND = 1 / 60
Flow = tuple[int, int]


@pytest.fixture(autouse=True)
def in_berlin(organization: Organization) -> None:
    organization.time_zone = "Europe/Berlin"
    organization.save()
    add_queues(organization, [("dept_789", "claims")])


def moved(queue: str | None, minutes: float, added: int = 0, completed: int = 0, total: int = 10, **fields: Any) -> Row:
    return row(queue, minutes, total, items_added=added, items_completed=completed, **fields)


def flow(data: dict[str, Any]) -> Flow:
    return data["items_added_this_interval"], data["items_completed_this_interval"]


def plus(flows: Iterable[Flow]) -> Flow:
    pairs = list(flows)
    return sum(added for added, _ in pairs), sum(completed for _, completed in pairs)


def events_of(published: Heard, scope: str) -> list[dict[str, Any]]:
    return [event for event, name in zip(published, published.scopes, strict=True) if name == scope]


def published_flow(published: Heard, scope: str) -> Flow:
    """Add up the last version of each figure, as a listener does."""
    last = {event["data"]["timestamp"]: flow(event["data"]) for event in events_of(published, scope)}
    return plus(last.values())


def stored_flow(scope: str = "", day: date = date(2026, 1, 31)) -> Flow:
    """Return the flows of a local day by the history of a department ('' the organization)."""
    rows = Snapshot.objects.filter(scope__department_id=scope, scope__queue_name="", derived=True)
    return plus((each.added, each.completed) for each in rows if each.time.astimezone(BERLIN).date() == day)


# --- rhythms ---------------------------------------------------------------------------------------------------------
def test_two_queues_that_post_three_seconds_apart_do_not_double_the_day(api: ContractClient, heard: Hear):
    """A day of 24 half hours, 3 added and 2 completed in each queue and half hour: 144 and 96."""
    with heard() as published:
        for number in range(24):
            post_up(api, moved("support", 30 * number, 3, 2))
            post_up(api, moved("billing", 30 * number + 3 * SECOND, 3, 2))
    assert published_flow(published, ORG) == published_flow(published, "dept_456") == (144, 96)
    assert published.of(ORG)["interval_seconds"] == 3
    assert flow(published.of(ORG)) == (3, 2)


def test_queues_of_one_instant_make_one_figure_whatever_the_number_of_posts(api: ContractClient, heard: Hear):
    with heard() as published:
        for minutes in (0, 15, 30):
            for queue, added in (("support", 1), ("billing", 2), ("claims", 4)):
                post_up(api, moved(queue, minutes, added))
    assert [flow(event["data"])[0] for event in events_of(published, ORG)] == [1, 3, 7] * 3
    assert published_flow(published, ORG) == (21, 0)


def test_a_late_row_is_in_the_next_figure(api: ContractClient, heard: Hear):
    post_up(api, moved("support", 0, 5))
    post_up(api, moved("support", 30, 7))
    with heard() as published:
        assert post_up(api, moved("support", 15, 11, 3))["result"] == "late"
    assert published == []
    with heard() as published:
        post_up(api, moved("billing", 31, 1))
    assert flow(published.of(ORG)) == (12, 3)
    assert stored_flow() == stored_flow("dept_456") == (5 + 7 + 11 + 1, 3)


def test_a_correction_downwards_is_taken_back_in_the_next_figure(api: ContractClient, heard: Hear):
    post_up(api, moved("support", 0, 50, 9))
    post_up(api, moved("billing", 1, 3, 1))
    with heard() as published:
        post_up(api, moved("support", 0, 5, 9))  # still support's newest row: 45 less
    assert flow(published.of(ORG)) == (3 - 45, 1)
    assert stored_flow() == (5 + 3, 9 + 1)
    assert published.of("support")["items_added_this_interval"] == 5


def test_a_queue_that_goes_silent_or_is_deleted_takes_nothing_back(api: ContractClient, heard: Hear):
    with heard() as published:
        post_batch_up(api, moved("support", 0, 10, 1), moved("billing", 0, 20, 2))
        Queue.objects.get(name="support").delete()
        post_up(api, moved("billing", 120, 30, 3))
        post_up(api, moved("billing", 135, 40, 4))
    assert published.of(ORG)["total_items"] == 10
    assert published_flow(published, ORG) == (100, 10)


def test_what_a_department_posts_itself_is_not_told_again_by_its_queues(api: ContractClient, heard: Hear):
    """Its own rows hold until they are 45 minutes old; meanwhile its queue goes on posting 5 a quarter of an hour."""
    with heard() as published:
        post_up(api, moved(None, 0, 8, department_id="dept_456"))
        for minutes in (15, 30, 45, 60):
            post_up(api, moved("support", minutes, 5))
    assert flow(published.of("dept_456")) == (5, 0)
    assert published_flow(published, ORG) == (20, 0)


# --- days ------------------------------------------------------------------------------------------------------------
def test_a_day_is_the_local_day(api: ContractClient, heard: Hear):
    with heard() as published:
        post_up(api, moved("support", MIDNIGHT - 1, 7))
        post_up(api, moved("support", MIDNIGHT, 11))
    assert flow(published.of(ORG)) == (11, 0)
    assert (stored_flow(), stored_flow(day=date(2026, 2, 1))) == ((7, 0), (11, 0))


def test_late_rows_of_a_day_without_a_next_figure_go_into_its_last_one(api: ContractClient, heard: Hear):
    """In whichever order midnight and the late rows come; today's figures hold today's flows only."""
    post_up(api, moved("support", MIDNIGHT - 60, 1))
    post_up(api, moved("support", MIDNIGHT - 20, 2))
    post_up(api, moved("support", MIDNIGHT - 40, 4))  # before midnight
    with heard() as published:
        post_up(api, moved("billing", MIDNIGHT + 5, 8))
        post_up(api, moved("support", MIDNIGHT - 30, 16))  # after it, while support's newest row is yesterday's
        post_up(api, moved("support", MIDNIGHT - 10, 32))  # not late: the clock of support's feed goes behind
        post_up(api, moved("support", MIDNIGHT + 10, 64))
        post_up(api, moved("support", MIDNIGHT - 50, 128))  # after both went on
        post_up(api, moved("claims", MIDNIGHT + 11, 256))
    assert published_flow(published, ORG) == (8 + 64 + 256, 0)
    assert stored_flow() == stored_flow("dept_456") == (1 + 2 + 4 + 16 + 32 + 128, 0)
    assert stored_flow(day=date(2026, 2, 1)) == (8 + 64 + 256, 0)
    assert stored_flow("dept_456", date(2026, 2, 1)) == (8 + 64, 0)


def test_a_batch_of_many_days_settles_the_day_that_the_level_stood_at(api: ContractClient):
    day = 24 * 60
    post_up(api, moved("billing", 0, 1))
    post_batch_up(
        api, *(moved("support", 60 + number * day, 2**number) for number in range(1, 5)), moved("support", 5, 64)
    )
    assert stored_flow() == (1 + 64, 0)
    assert stored_flow(day=date(2026, 2, 4)) == (16, 0)
    late = [moved("billing", 60 + number * day, 100) for number in range(5)]
    assert results(post_batch_up(api, *late))[-1] == "created"
    assert stored_flow() == (1 + 64 + 100, 0)
    assert stored_flow(day=date(2026, 2, 4)) == (116, 0)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2025, 10, 26), 25), (date(2025, 3, 30), 23)], ids=["25 hours", "23 hours"]
)
def test_the_days_of_clock_changes_hold_all_their_hours(api: ContractClient, day: date, hours: int):
    begin = datetime(day.year, day.month, day.day, tzinfo=BERLIN)
    first = (begin - TEN).total_seconds() / 60
    for number in range(-1, hours + 1):
        post_up(api, moved("support", first + 60 * number + 30, 1))
    assert stored_flow(day=day) == (hours, 0)
    assert stored_flow(day=day + timedelta(days=1)) == (1, 0)


# --- predecessors ----------------------------------------------------------------------------------------------------
def counted(minutes: float, added: int, completed: int, total: int = 10, queue: str = "support") -> Row:
    return row(queue, minutes, total, items_added_total=added, items_completed_total=completed)


def flows_of(queue: str = "support") -> list[Flow]:
    rows = Snapshot.objects.filter(scope__queue_name=queue, derived=False).order_by("time")
    return list(rows.values_list("added", "completed"))


@pytest.mark.parametrize("gap", [15, 60 * 24 * 10], ids=["15 minutes", "10 days"])
def test_a_late_row_knows_its_predecessor_however_old_and_its_successor_learns_of_it(api: ContractClient, gap: float):
    """Counters 100, then 130 late, then 150: 30 and 20, not 50 twice."""
    post_up(api, counted(-gap, 100, 100))
    post_batch_up(api, *(counted(20 + number, 150, 100) for number in range(12)))
    post_up(api, counted(0, 130, 90))
    assert flows_of()[:3] == [(0, 0), (30, 0), (20, 10)]
    assert plus(flows_of()) == (50, 10)
    late = Snapshot.objects.get(time=TEN, derived=False)
    assert (late.interval_seconds, late.flow_source) == (60 * gap, "counters")
    post_up(api, moved("billing", 33, 1))
    assert stored_flow() == (51, 10)


def test_a_correction_of_an_earlier_row_moves_its_successor_and_the_totals(api: ContractClient):
    post_batch_up(api, row(minutes=0, total=10), row(minutes=15, total=30), row(minutes=30, total=25))
    assert flows_of() == [(0, 0), (20, 0), (0, 5)]
    post_up(api, row(minutes=15, total=12))
    assert flows_of() == [(0, 0), (2, 0), (13, 0)]
    figure = api.get(CURRENT, {"queue_name": "support"}).json()["current"]
    assert flow(figure) == (13, 0)
    post_up(api, row(minutes=45, total=25))
    assert stored_flow() == (15, 0)


@pytest.mark.parametrize(
    ("before", "after", "completed"),
    [
        pytest.param(100, 103, 3, id="counts on"),
        pytest.param(100, 98, 0, id="two items were reopened"),
        pytest.param(100, 51, 0, id="a fall by less than half"),
        pytest.param(100, 50, 50, id="a fall by half is a reset"),
        pytest.param(100, 2, 2, id="a reset"),
        pytest.param(1, 0, 0, id="a reset to zero"),
        pytest.param(0, 0, 0, id="at rest at zero"),
    ],
)
def test_a_small_fall_of_a_counter_is_a_correction(
    api: ContractClient, heard: Hear, before: int, after: int, completed: int
):
    post_up(api, counted(0, 0, before))
    with heard() as published:
        post_up(api, counted(15, 0, after))
    assert flow(published.of("support")) == (0, completed)
    assert published.of("support")["flow_source"] == "counters"


# --- rates -----------------------------------------------------------------------------------------------------------
def test_rates_are_those_of_the_trailing_hour(api: ContractClient, heard: Hear):
    """12 added and 9 completed in each quarter are 48 and 36 an hour; the quarters before do not count."""
    with heard() as published:
        post_batch_up(api, *(moved("support", 15 * number, 500 if number < 4 else 12, 9) for number in range(8)))
    data = published.of("support")
    assert (data["added_per_hour"], data["completed_per_hour"]) == (48, 36)


def test_work_that_lands_within_seconds_is_no_rate_of_seconds(api: ContractClient, heard: Hear):
    """30 items each half hour in either queue. A figure of 3 s holds 30 of them: 36,000 an hour it is not, but 120."""
    with heard() as published:
        for number in range(4):
            post_up(api, moved("support", 30 * number, 30, 15))
            post_up(api, moved("billing", 30 * number + 3 * SECOND, 30, 15))
    data = published.of(ORG)
    assert (data["interval_seconds"], flow(data)) == (3, (30, 15))
    assert (data["added_per_hour"], data["completed_per_hour"]) == (120, 60)


def test_a_feed_of_ten_seconds_has_the_rates_of_its_hour(api: ContractClient, heard: Hear):
    """One added every 10 s for 75 minutes, two every 10 s in the half hour before the last: (180 + 360) an hour."""
    rows = [moved("support", n / 6, 2 if 45 * 6 < n <= 75 * 6 else 1, 1) for n in range(1, 75 * 6 + 1)]
    with heard() as published:
        for start in range(0, len(rows), 100):
            post_batch_up(api, *rows[start : start + 100])
    data = published.of("support")
    assert (data["added_per_hour"], data["completed_per_hour"]) == (pytest.approx(540, abs=6), 360)
    assert len(CurrentBacklog.objects.get(scope__queue_name="support").window) <= 45


def test_rates_that_are_not_known_are_null_with_the_reason(api: ContractClient, heard: Hear):
    with heard() as published:
        post_batch_up(api, *(moved("support", minutes, 4, 4) for minutes in (0, 15)), moved("billing", 0, 4, 4))
        post_up(api, row("billing", 15, total=20))
    for scope, reason in (("billing", "stated or counted"), ("dept_456", "every queue inside")):
        data = published.of(scope)
        assert (data["added_per_hour"], data["completed_per_hour"]) == (None, None)
        assert reason in data["reasons"]["added_per_hour"]
    assert published.of("support")["added_per_hour"] == 16


# --- laws ------------------------------------------------------------------------------------------------------------
QUEUES = [("dept_456", "support"), ("dept_456", "billing"), ("dept_789", "claims")]
DAYS = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 2)]
times = st.one_of(st.integers(-60, 60).map(lambda n: n / 4 + MIDNIGHT), st.integers(0, 60).map(lambda n: n * 40))
counts = st.integers(0, 50)
one_row = st.tuples(st.sampled_from(QUEUES), times, counts, counts)
posts = st.lists(st.tuples(st.lists(one_row, min_size=1, max_size=5), st.booleans()), min_size=1, max_size=8)
Posts = list[tuple[list[tuple[tuple[str, str], float, int, int]], bool]]


@with_database
@given(posts=posts)
def test_the_figures_of_a_levels_day_add_up_to_what_its_queues_posted(api: ContractClient, heard: Hear, posts: Posts):
    """Random batches of random rows around midnight and over two days: late ones, corrections, any order, rolled up
    now and then. A last row of each queue gives late rows their next figure."""
    end = 60 * 41
    with transaction.atomic():
        said: dict[tuple[str, str], dict[float, Flow]] = defaultdict(dict)
        last = [(name, end, 1, 0) for name in QUEUES]
        with heard() as published:
            for batch, followed in [*posts, (last, True)]:
                post_batch(api, *(moved(name, at, a, c, department_id=code) for (code, name), at, a, c in batch))
                if followed:
                    roll_up()
                for name, at, added, completed in batch:
                    said[name][at] = (added, completed)
        for level, scope in (("", ORG), ("dept_456", "dept_456"), ("dept_789", "dept_789")):
            by_day: dict[date, list[Flow]] = defaultdict(list)
            for (code, _), rows in said.items():
                for at, each in rows.items():
                    if level in ("", code):
                        by_day[(TEN + timedelta(minutes=at)).astimezone(BERLIN).date()].append(each)
            for day in days_with_figures(level):
                assert stored_flow(level, day) == plus(by_day[day]), (level, day)
            today = [e for e in events_of(published, scope) if e["data"]["timestamp"] >= "2026-02-01T23:00"]
            last_versions = {e["data"]["timestamp"]: flow(e["data"]) for e in today}
            assert plus(last_versions.values()) == plus(by_day[date(2026, 2, 2)])
        transaction.set_rollback(True)


def days_with_figures(level: str) -> set[date]:
    rows = Snapshot.objects.filter(scope__department_id=level, scope__queue_name="", derived=True)
    return {each.time.astimezone(BERLIN).date() for each in rows}


WORKED_OUT = ["time", "added", "completed", "flow_source", "interval_seconds", "quality"]


@with_database
@given(seed=st.integers(0, 10**9), shuffled=st.booleans())
def test_batches_and_single_posts_in_any_order_work_out_the_same(api: ContractClient, seed: int, shuffled: bool):
    """Rows that state flows, count or say neither, 10 s to an hour apart: in order at once against singly (in order:
    all that is worked out; shuffled: all but the trends of what was stored before). The department's figures add up to
    these flows, stated or not."""
    rng = random.Random(seed)
    minutes, rows = 0.0, []
    for number in range(rng.randint(2, 25)):
        minutes += rng.choice([1 / 6, 1, 5, 15, 60])
        said = rng.choice([{}, {"items_added": rng.randint(0, 9), "items_completed": rng.randint(0, 9)}, COUNTED])
        fields = {name: number * rng.randint(0, 9) for name in said} if said is COUNTED else said
        rows.append({"minutes": minutes, "total": rng.randint(0, 99), **fields})
    with transaction.atomic():
        post_batch_up(api, *(row("support", **each) for each in rows))
        if shuffled:
            rng.shuffle(rows)
        while rows:
            size = rng.randint(1, 3)
            post_batch_up(api, *(row("billing", **each) for each in rows[:size]))
            del rows[:size]
        names = WORKED_OUT if shuffled else [*WORKED_OUT, "trend", "slope_per_hour", "added_per_hour"]
        one, other = (
            list(Snapshot.objects.filter(scope__queue_name=name).order_by("time").values_list(*names))
            for name in ("support", "billing")
        )
        assert one == other
        assert remembered("support") == remembered("billing")
        post_batch_up(api, row("support", minutes + 1), row("billing", minutes + 1))
        for day in days_with_figures("dept_456"):
            assert stored_flow("dept_456", day) == plus(
                (each.added, each.completed)
                for each in Snapshot.objects.filter(derived=False)
                if each.time.astimezone(BERLIN).date() == day
            )
        transaction.set_rollback(True)


def remembered(queue: str) -> tuple[Any, ...]:
    """Return the points of the next snapshot. The flow of the first point of a window lies before it, and is unused."""
    kept = CurrentBacklog.objects.get(scope__queue_name=queue)
    first, *rest = kept.window
    return kept.time, kept.cadence_seconds, first[:2], rest, kept.day, kept.day_added, kept.day_completed


COUNTED = {"items_added_total": 0, "items_completed_total": 0}


def test_the_history_tells_flows_and_rates(api: ContractClient):
    post_batch_up(api, *(moved("support", 15 * number, 4, 2) for number in range(3)))
    items = api.get(HISTORY, {"queue_name": "support"}).json()["items"]
    assert [(flow(each), each["added_per_hour"]) for each in items] == [((4, 2), None), ((4, 2), 16), ((4, 2), 16)]
