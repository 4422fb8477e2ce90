"""The price of a request in SQL statements does not grow with what it holds. BEGIN and COMMIT count as well."""

from datetime import timedelta
from functools import partial

import pytest
from django.db.models import Sum

import intraday.feed_health.services as feed_deliveries
from intraday.clock.database import clock
from intraday.database import recent
from intraday.feed_health.models import FeedMinute
from intraday.org.models import Organization
from tests.backlog.posting import BATCH, CURRENT, HISTORY, post, post_batch, results, row
from tests.calls import statements
from tests.midday import midday_zone
from tests.rest.contract import ContractClient, contract_client

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def api(organization: Organization) -> ContractClient:
    """The organization has posted before: the first post of its life makes its stream and the levels above queues."""
    organization.time_zone = midday_zone()
    organization.save(update_fields=["time_zone"])
    api = contract_client(organization)
    post(api, row("support", total=1))
    return api


START = clock.now() - timedelta(seconds=1)


def batch(count: int, minutes: float = 0, total: int = 10) -> dict[str, object]:
    names = [f"{number} of {count}" for number in range(count)]
    time = (START + timedelta(milliseconds=minutes)).isoformat()
    return {"items": [row(name, total=total, department_id="dept_456", snapshot_time=time) for name in names]}


def price(api: ContractClient, body: dict[str, object], outcome: str) -> list[str]:
    """All statements of the request, the look-up of its key and the bookkeeping of feeds among them."""
    answers = []
    found = statements(lambda: answers.append(post(api, body, BATCH)))
    assert set(results(answers[0])) == {outcome}
    return found


def ingestion(found: list[str]) -> list[str]:
    """The transaction that stores and publishes."""
    return found[found.index("BEGIN") : found.index("COMMIT") + 1]


def test_a_batch_of_1000_scopes_takes_at_most_20_statements_22_with_new_ones_and_one_of_2000_no_more(
    api: ContractClient,
):
    prices = {
        count: [price(api, batch(count), "created"), price(api, batch(count, minutes=15), "created")]
        for count in (1000, 2000)
    }
    # The feeds' books are left out: a minute may begin in between, and begins with a row of its own.
    assert [len(ingestion(each)) for each in prices[2000]] == [len(ingestion(each)) for each in prices[1000]]
    unheard_of, known = prices[1000]
    assert len(ingestion(unheard_of)) <= 22  # queues are counted before new ones are made, under a lock
    assert len(known) <= 20


def test_a_post_of_a_known_queue_takes_at_most_eight_statements_its_key_and_its_feed_among_them(
    organization: Organization, api: ContractClient
):
    """BEGIN and COMMIT aside. Six: lock and save the queue, save the snapshot, mark, move the stream, log the event.
    Where its key and its queue were not looked up a moment ago, two more."""

    def number_of(queue: dict[str, str]) -> int:
        now = clock.now().isoformat()
        found = statements(partial(post, api, row(**queue, snapshot_time=now)))
        assert "backlog_currentbacklog" in "".join(found)
        return sum(each not in ("BEGIN", "BEGIN IMMEDIATE", "COMMIT") for each in found)

    for queue in ({"queue": "support", "department_id": "dept_456"}, {"queue": "support"}):
        number_of(queue)
        assert min(number_of(queue) for _ in range(4)) == 6  # a key is known for a second, which may pass
        recent.forget([organization.pk])
        assert number_of(queue) == 8


def test_a_feed_that_posts_all_the_time_costs_the_database_its_bookkeeping_once(
    organization: Organization, api: ContractClient
):
    for number in range(20):
        post(api, row("support", 30 + number))
    assert len(statements(feed_deliveries.store)) <= 10
    assert FeedMinute.objects.aggregate(accepted=Sum("accepted"))["accepted"] == 21


def test_corrections_and_duplicates_take_no_more(api: ContractClient):
    post(api, batch(1000), BATCH)
    assert len(ingestion(price(api, batch(1000, total=11), "corrected"))) <= 20
    assert len(ingestion(price(api, batch(1000, total=11), "duplicate"))) <= 10


def test_the_history_that_lies_behind_does_not_slow_down_a_post(api: ContractClient):
    post_batch(api, *(row("support", minutes) for minutes in range(1, 200)))
    short, long = (len(statements(lambda queue=queue: post(api, row(queue, 300)))) for queue in ("billing", "support"))
    assert long <= short


def test_reading_takes_as_many_statements_for_500_scopes_as_for_one(organization: Organization, api: ContractClient):
    queries = [{}, {"queue_name": "support"}, {"queue_name": "support", "format": "csv"}]
    reads = [partial(api.get, CURRENT, query) for query in queries[:2]]
    reads += [partial(api.get, HISTORY, query) for query in queries]

    def prices() -> list[int]:
        """Each with the look-up of its key."""
        found = []
        for read in reads:
            recent.forget([organization.pk])
            found.append(len(statements(read)))
        return found

    few = prices()
    post(api, batch(500), BATCH)
    post_batch(api, *(row("support", minutes) for minutes in range(1, 200)))
    assert prices() == few
    assert max(few) <= 4


def test_single_posts_take_a_bounded_number_of_statements(organization: Organization, api: ContractClient):
    """A late row looks up its neighbours; one of a day that has ended locks the levels, and amends their figures."""
    organization.time_zone = "UTC"  # no day ends within two hours of ten
    organization.save(update_fields=["time_zone"])
    post_batch(api, *(row("support", minutes) for minutes in range(1, 60)))
    day = 24 * 60
    found = {}
    for name, minutes, total in (
        ("newer", 60, 10),
        ("corrected", 60, 11),
        ("late", 30.5, 11),
        ("next day", 60 + day, 10),
        ("late by a day", 29.5, 50),
    ):
        body = row("support", minutes, total)
        recent.forget(["org_123"])
        found[name] = ingestion(statements(partial(post, api, body)))
    counts = {name: len(each) for name, each in found.items()}
    assert counts == {"newer": 9, "corrected": 12, "late": 9, "next day": 11, "late by a day": 12}
