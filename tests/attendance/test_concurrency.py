"""Feeds that post at once, on PostgreSQL: nobody waits for ever, nobody is lost, the wall ends with the truth."""

from collections import Counter
from functools import partial
from random import Random

import pytest

from attendance import services
from attendance.models import AgentState, AttendanceRecord, Person, StatusPeriod
from intraday.org.models import Organization
from intraday.org.services import create_organization
from tests.attendance.posting import (
    CURRENT,
    STREAM,
    counts,
    headcounts_at,
    moment,
    plan,
    record,
    recount,
    results,
    say,
    shift,
    state,
    tell,
)
from tests.calls import at_once
from tests.heard import Hear
from tests.rest.contract import ContractClient, contract_client

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def clients(organization: Organization) -> list[ContractClient]:
    return [contract_client(organization) for _ in range(4)]


def test_one_record_posted_by_many_at_once_is_stored_and_sent_once(clients: list[ContractClient], heard: Hear):
    for minutes in range(5):
        with heard(STREAM) as published:
            answers = at_once(*(partial(say, api, record(f"e{minutes}", minutes)) for api in clients))
        assert Counter(result for answer in answers for result in results(answer)) == {"created": 1, "duplicate": 3}
        assert [event["event"] for event in published].count("attendance:checkin") == 1
    assert (Person.objects.count(), AttendanceRecord.objects.count(), StatusPeriod.objects.count()) == (5, 5, 5)


def test_people_whom_several_feeds_post_at_once_are_all_counted(clients: list[ContractClient], heard: Hear):
    plan(clients[0], *(shift(f"e{number}") for number in range(20)))
    for number in range(0, 20, 4):
        with heard(STREAM) as published:
            at_once(*(partial(say, api, record(f"e{number + n}", number)) for n, api in enumerate(clients)))
        assert published.of("organization")["present_count"] == number + 4
        assert published.of("dept_456")["present_count"] == number + 4


def test_what_is_said_of_one_person_at_once_ends_with_the_newest(clients: list[ContractClient]):
    plan(clients[0], shift())
    for minutes in range(0, 30, 4):
        statuses = ["present", "on_break", "training", "checked_out"]
        at_once(
            *(
                partial(say, api, record("ada", minutes + n, status))
                for n, (api, status) in enumerate(zip(clients, statuses, strict=True))
            )
        )
        figure = clients[0].get(CURRENT).json()["current"]
        assert counts(figure) == {"scheduled": 1, "left_early": 1}


def test_shifts_records_and_the_refresh_go_on_at_once(clients: list[ContractClient]):
    plan(clients[0], shift("ada"))
    say(clients[0], record("ada", 0))
    for minutes in range(1, 25, 4):
        at_once(
            partial(plan, clients[0], *(shift(f"e{minutes} {n}") for n in range(5))),
            partial(say, clients[1], *(record(f"e{minutes} {n}", minutes) for n in range(5))),
            partial(services.refresh, organization_id="org_123", now=moment(minutes + 1)),
            partial(say, clients[2], record("ada", minutes, "on_break"), record("ada", minutes + 0.5)),
        )
    services.refresh(organization_id="org_123", now=moment(30))
    figure = clients[0].get(CURRENT).json()["current"]
    assert (figure["scheduled_count"], figure["present_count"], figure["unscheduled_count"]) == (31, 31, 0)


def test_batches_that_share_people_in_any_order_go_on_at_once(clients: list[ContractClient]):
    """New people and known ones, whose shifts go from one to another meanwhile."""
    chosen = Random(7)
    for minutes in range(0, 40, 4):
        names = [f"e{chosen.randrange(minutes + 10)}" for _ in range(12)]
        orders = [chosen.sample(names, len(names)) for _ in range(3)]
        *answers, _ = at_once(
            partial(say, clients[0], *(record(name, minutes + 1) for name in set(orders[0]))),
            partial(say, clients[1], *(record(name, minutes + 2, "on_break") for name in orders[1])),
            partial(tell, clients[2], *(state(name, minutes + 3) for name in orders[2])),
            partial(plan, clients[3], *(shift(name, shift_id=f"s{n}") for n, name in enumerate(orders[0][:6]))),
            partial(plan, clients[3], *(shift(name, shift_id=f"s{n}") for n, name in enumerate(orders[1][:6]))),
            recount,
        )
        assert [answer["status"] for answer in answers] == [201] * 5
    recount()
    figure = clients[0].get(CURRENT).json()["current"]
    counted = headcounts_at(moment(39), there=AgentState.objects.values_list("person_id", flat=True))[""]
    assert (figure["scheduled_count"], figure["present_count"]) == (counted.scheduled, counted.present)
    assert sum(figure["by_state"].values()) == Person.objects.count()


def test_the_very_first_posts_of_an_organization_may_come_at_once():
    for number in range(4):
        organization = create_organization(id=f"new_{number}", name="New")
        apis = [contract_client(organization) for _ in range(4)]
        answers = at_once(*(partial(say, api, record(f"e{n}", n, department_id=f"d{n}")) for n, api in enumerate(apis)))
        assert [answer["status"] for answer in answers] == [201] * 4
        assert apis[0].get(CURRENT).json()["current"]["unscheduled_count"] == 4
