"""The price of a request in SQL statements does not grow with what it holds. BEGIN and COMMIT count as well."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from attendance import selectors, services
from intraday.database import recent
from intraday.org.models import Organization, Role
from tests.access.people import browser_of, person
from tests.attendance.posting import (
    BATCH,
    CURRENT,
    DAY,
    HISTORY,
    PEOPLE,
    SHIFTS,
    headcounts_at,
    moment,
    plan,
    post,
    record,
    recount,
    results,
    say,
    shift,
)
from tests.calls import statements
from tests.rest.contract import ContractClient, contract_client

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def api(organization: Organization) -> ContractClient:
    """The organization has posted before: the first post of its life makes its stream."""
    api = contract_client(organization)
    plan(api, shift("first", queue_names=["support"]))
    say(api, record("first", 0))
    return api


def price(api: ContractClient, path: str, rows: list[Any], outcome: str) -> int:
    """Statements of the request, the look-up of its key among them; the figures follow outside of it."""
    for remembered in recent.every:  # for a second; a slow machine would look some up anew, a fast one not
        remembered.clear()
    answers: list[Any] = []
    found = statements(lambda: answers.append(post(api, {"items": rows}, path)))
    assert set(results(answers[0])) == {outcome}
    recount()
    return len(found)


def crowd(count: int, make: Callable[..., Any], *args: Any, **fields: Any) -> list[Any]:
    """Return rows of five departments."""
    return [make(f"{count} {number}", *args, department_id=f"dept_{number % 5}", **fields) for number in range(count)]


def test_a_batch_of_800_people_takes_as_many_statements_as_one_of_100(api: ContractClient):
    def prices(count: int) -> list[int]:
        return [
            price(api, SHIFTS, crowd(count, shift, queue_names=["support"]), "created"),
            price(api, BATCH, crowd(count, record, 1), "created"),
            price(api, BATCH, crowd(count, record, 2, "on_break"), "created"),
            price(api, BATCH, crowd(count, record, 2, "training"), "corrected"),
            price(api, BATCH, crowd(count, record, 2, "training"), "duplicate"),
            price(api, BATCH, crowd(count, record, 1.5), "late"),
        ]

    with time_machine.travel(moment(DAY), tick=False):
        prices(10)  # departments, and the first figures of each
        few, many = prices(100), prices(800)
    assert many == few
    assert max(few) <= 38


def test_a_check_in_takes_as_many_statements_beside_400_people_as_beside_none(api: ContractClient):
    with time_machine.travel(moment(DAY), tick=False):
        alone = price(api, BATCH, [record("first", 1)], "created")
        plan(api, *crowd(400, shift, queue_names=["support"]))
        say(api, *crowd(390, record, 1))
        assert price(api, BATCH, [record("first", 2)], "created") == alone <= 24


def test_figures_follow_at_a_fixed_price(api: ContractClient):
    def followed(minutes: float) -> int:
        """Return the most of three: on a busy machine the background may be faster than the recount here."""
        found = []
        for second, status in enumerate(("on_break", "training", "on_break")):
            post(api, {"items": [record("first", minutes + second / 60, status)]}, BATCH)
            found.append(len(statements(recount)))
        return max(found)

    with time_machine.travel(moment(1), tick=False):  # not a day of the past, whose figures come with the answer
        plan(api, *crowd(5, shift))
        few = followed(0.1)
        plan(api, *crowd(400, shift))
        assert followed(0.2) == few <= 24


def test_time_passes_at_a_fixed_price(api: ContractClient):
    def refreshed(minutes: float) -> int:
        return len(statements(lambda: services.refresh(organization_id="org_123", now=moment(minutes))))

    plan(api, *crowd(5, shift))
    few = refreshed(10)
    plan(api, *crowd(400, shift))
    assert refreshed(20) == few <= 20


def test_the_figures_are_counted_in_one_statement(api: ContractClient):
    plan(api, *crowd(200, shift))
    counted = statements(lambda: headcounts_at(moment(10)))
    assert len(counted) == 1


def test_figures_are_read_in_one_statement_each(api: ContractClient):
    plan(api, *crowd(200, shift, queue_names=["support", "billing"]))
    assert len(statements(lambda: list(selectors.figures("org_123", now=moment(10))))) == 1
    assert len(statements(lambda: list(selectors.past_figures("org_123", since=moment(0), until=moment(9))))) == 1


def test_reading_takes_as_many_statements_for_200_people_as_for_one(api: ContractClient, organization: Organization):
    supervisor = browser_of(person("superior", organization, Role.SUPERVISOR))

    def prices() -> list[int]:
        reads = [(CURRENT, {}), (HISTORY, {}), (HISTORY, {"format": "csv"}), (PEOPLE, {})]
        return [len(statements(lambda read=read: supervisor.get(*read))) for read in reads]

    with time_machine.travel(moment(30), tick=False):
        few = prices()
        plan(api, *crowd(200, shift, queue_names=["support"]))
        say(api, *crowd(200, record, 20))
        assert prices() == few
    assert max(few) <= 17


def test_the_history_that_lies_behind_does_not_slow_down_a_post(api: ContractClient):
    say(api, *(record("third", minutes / 10) for minutes in range(1, 600)), record("second", 1))
    long = price(api, BATCH, [record("third", 90)], "created")
    assert long <= price(api, BATCH, [record("second", 91)], "created")
