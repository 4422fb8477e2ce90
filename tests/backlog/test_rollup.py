"""Department and organization figures are those of their newest fresh queues (DOMAIN 3.13)."""

from collections.abc import Iterable
from itertools import pairwise
from statistics import median

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from intraday.org.models import Organization
from intraday.org.services import add_queues
from tests.backlog.conftest import with_database
from tests.backlog.posting import ORG, at, post_batch, post_batch_up, post_up, roll_up, row
from tests.heard import Hear
from tests.rest.contract import ContractClient

CLAIMS = {"department_id": "dept_789"}


@pytest.fixture(autouse=True)
def second_department(organization: Organization) -> None:
    add_queues(organization, [("dept_789", "claims")])


def test_10_and_20_and_30_make_60(api: ContractClient, heard: Hear):
    with heard() as published:
        for queue, total in (("support", 10), ("billing", 20), ("claims", 30)):
            post_up(api, row(queue, total=total))
    assert published.of(ORG)["total_items"] == 60
    assert published.of("dept_456")["total_items"] == 30
    assert published.of("dept_789")["total_items"] == 30
    assert published.of(ORG)["derived"] is True
    assert published.of(ORG)["timestamp"] == at(0)


def test_a_commit_publishes_its_queues_and_a_later_one_each_level_once(api: ContractClient, heard: Hear):
    with heard() as published:
        answer = post_batch_up(api, row("support"), row("claims"), row("billing"), row("billing", 15))
    assert published.commits == 2
    assert sorted(published.scopes[:3]) == ["billing", "claims", "support"]
    assert sorted(published.scopes[3:]) == ["dept_456", "dept_789", ORG]
    assert published.of(ORG)["total_items"] == 30
    assert answer["results"][0]["event"]["stream"] == "backlog:org:org_123"


def test_a_queue_moves_its_own_department_and_no_other(api: ContractClient, heard: Hear):
    post_batch_up(api, row("support"), row("claims"))
    with heard() as published:
        post_up(api, row("claims", 15))
    assert published.scopes[0] == "claims"
    assert sorted(published.scopes[1:]) == ["dept_789", ORG]


def test_waits_are_weighted_by_items_and_the_oldest_is_the_oldest(api: ContractClient, heard: Hear):
    with heard() as published:
        post_batch_up(
            api,
            row("support", total=10, average_wait_time_minutes=6, oldest_item_age_minutes=11),
            row("billing", total=30, average_wait_time_minutes=2, oldest_item_age_minutes=99),
            row("sales", total=0, average_wait_time_minutes=500),
        )
    assert published.of(ORG)["avg_wait_time_minutes"] == 3.0
    assert published.of(ORG)["oldest_item_age_minutes"] == 99


def test_compliance_is_the_sum_of_numerators_over_the_sum_of_denominators(api: ContractClient, heard: Hear):
    with heard() as published:
        post_batch_up(
            api,
            row("support", total=10, items_over_sla=5, sla_at_risk_count=1),
            row("billing", total=90, items_over_sla=0, sla_at_risk_count=2),
        )
    data = published.of(ORG)
    assert (data["items_over_sla"], data["items_at_risk"]) == (5, 3)
    assert data["sla_compliance_percentage"] == 95.0  # the average of 50 and 100 would be 75
    assert data["quality"] == "ok"


def test_a_queue_that_states_no_breaches_leaves_the_compliance_to_the_others(api: ContractClient, heard: Hear):
    with heard() as published:
        post_batch_up(api, row("support", total=10, items_over_sla=5), row("billing", total=90, items_over_sla=None))
    data = published.of(ORG)
    assert (data["total_items"], data["sla_compliance_percentage"]) == (100, 50.0)
    assert data["quality"] == "partial"


def test_an_empty_organization_is_compliant(api: ContractClient, heard: Hear):
    with heard() as published:
        post_batch_up(api, row("support", total=0), row("claims", total=0))
    data = published.of(ORG)
    assert (data["total_items"], data["avg_wait_time_minutes"], data["sla_compliance_percentage"]) == (0, 0, 100)


def test_flows_are_the_sums_of_the_queues(api: ContractClient, heard: Hear):
    with heard() as published:
        post_batch_up(
            api,
            row("support", items_added=3, items_completed=1),
            row("billing", items_added=4, items_completed=2),
        )
    data = published.of(ORG)
    assert (data["items_added_this_interval"], data["items_completed_this_interval"]) == (7, 3)
    assert data["flow_source"] == "explicit"


def test_counters_that_jump_to_their_limit_still_add_up(api: ContractClient, heard: Hear):
    limit = 10**15

    def rows(minutes: float, count: int) -> list[dict[str, object]]:
        counters = {"items_added_total": count, "items_completed_total": count}
        return [row(f"q {number}", minutes, department_id="dept_456", **counters) for number in range(100)]

    post_batch_up(api, *rows(0, 0))
    with heard() as published:
        answer = post_batch_up(api, *rows(1, limit))
    assert (answer["status"], published.of(ORG)["items_added_this_interval"]) == (201, 100 * limit)


@pytest.mark.parametrize(
    ("minutes", "total"),
    [pytest.param(45, 30, id="three cadences old is fresh"), pytest.param(45.1, 20, id="older is stale")],
)
def test_a_queue_older_than_three_of_its_cadences_is_left_out(
    api: ContractClient, heard: Hear, minutes: float, total: int
):
    """By the time of the data: a replayed log rolls up as the live one did."""
    post_up(api, row("support", total=10))
    with heard() as published:
        post_up(api, row("billing", minutes, total=20))
    assert published.of(ORG)["total_items"] == total
    assert published.of("dept_456")["total_items"] == total


def test_freshness_follows_the_feeds_own_rhythm(api: ContractClient, heard: Hear):
    post_batch_up(api, row("support", 0, total=10), row("support", 1, total=10))
    with heard() as published:
        post_up(api, row("billing", 4, total=20))
    assert published.of(ORG)["total_items"] == 30
    with heard() as published:
        post_up(api, row("billing", 5, total=20))
    assert published.of(ORG)["total_items"] == 20  # a one-minute feed is stale after three


def test_each_level_judges_freshness_at_its_own_newest_queue(api: ContractClient, heard: Hear):
    post_up(api, row("support", 0, total=10))
    with heard() as published:
        post_up(api, row("claims", 60, total=5))
        post_up(api, row("billing", 30, total=20))
    assert published.of("dept_456")["total_items"] == 30
    assert published.of(ORG)["total_items"] == 25


def test_a_queue_that_comes_back_counts_again(api: ContractClient, heard: Hear):
    post_up(api, row("support", 0, total=10))
    post_up(api, row("billing", 60, total=20))
    with heard() as published:
        post_up(api, row("support", 60, total=11))
    assert published.of(ORG)["total_items"] == 31


# --- where a feed posts the scope itself -----------------------------------------------------------------------------
def test_what_a_feed_posts_itself_is_not_derived(api: ContractClient, heard: Hear):
    post_up(api, row(None, total=500))
    with heard() as published:
        post_up(api, row("support", 1, total=10))
    assert sorted(published.scopes) == ["dept_456", "support"]


def test_a_department_that_is_posted_leaves_the_organization_to_its_queues(api: ContractClient, heard: Hear):
    with heard() as published:
        post_batch_up(api, row(None, total=500, department_id="dept_456"), row("support", total=10))
    assert sorted(published.scopes) == sorted(["dept_456", ORG, "support"])
    assert published.of("dept_456")["total_items"] == 500
    assert published.of("dept_456")["derived"] is False
    assert published.of(ORG)["total_items"] == 10


def test_what_a_feed_stopped_posting_is_derived_again(api: ContractClient, heard: Hear):
    post_up(api, row(None, 0, total=500))
    with heard() as published:
        post_up(api, row("support", 45, total=10))
    assert ORG not in published.scopes
    with heard() as published:
        post_up(api, row("support", 46, total=10))
    assert published.of(ORG)["total_items"] == 10
    assert published.of(ORG)["derived"] is True


def test_a_posted_figure_takes_the_place_of_the_derived_one_of_its_time(api: ContractClient, heard: Hear):
    post_up(api, row("support", total=10))
    with heard() as published:
        answer = post_up(api, row(None, total=12))
        again = post_up(api, row(None, total=12))
    assert (answer["result"], again["result"]) == ("corrected", "duplicate")
    assert published.of(ORG)["derived"] is False
    with heard() as published:
        post_up(api, row("billing", total=20))
    assert ORG not in published.scopes


# --- a law -----------------------------------------------------------------------------------------------------------
QUEUES = [("dept_456", "support"), ("dept_456", "billing"), ("dept_789", "claims"), ("dept_789", "returns")]
one_post = st.tuples(st.sampled_from(QUEUES), st.integers(0, 7).map(lambda n: n * n), st.integers(0, 1_000_000))
batches = st.tuples(st.lists(one_post, min_size=1, max_size=4), st.booleans())
posts = st.lists(batches, min_size=1, max_size=6)
# At most eight times: further ones would leave the window from which the cadence is learned.


@with_database
@given(posts=posts)
def test_each_level_always_equals_the_sum_of_its_fresh_queues(
    api: ContractClient, heard: Hear, posts: list[tuple[list[tuple[tuple[str, str], int, int]], bool]]
):
    """Batches of random queues, times (late and repeated ones among them) and totals, rolled up now and then."""
    said: dict[tuple[str, str], dict[int, int]] = {}
    with transaction.atomic():
        for batch, followed in [*posts, ([], True)]:
            with heard() as published:
                if batch:
                    rows = [row(queue, at, total, department_id=code) for (code, queue), at, total in batch]
                    post_batch(api, *rows)
                if followed:
                    roll_up()
            for name, minutes, total in batch:
                said.setdefault(name, {})[minutes] = total
            for data in (event["data"] for event in published):
                inside = [said[name] for name in said if is_inside(name, data)]
                newest = max(max(each) for each in inside)
                assert data["timestamp"] == at(newest)
                assert data["total_items"] == sum(each[max(each)] for each in inside if fresh_until(each) >= newest)
        transaction.set_rollback(True)


def is_inside(name: tuple[str, str], data: dict[str, object]) -> bool:
    return data.get("department_id", name[0]) == name[0] and data.get("queue_name", name[1]) == name[1]


def fresh_until(said: Iterable[int]) -> float:
    """Return the minute at which data is stale: the newest snapshot plus three cadences, 15 minutes if unknown."""
    times = sorted(said)
    return times[-1] + 3 * (median(b - a for a, b in pairwise(times)) if len(times) > 1 else 15)
