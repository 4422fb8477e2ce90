"""Feeds that post at once, on PostgreSQL: nobody waits for ever, nobody is refused, the wall ends with the newest."""

import random
from collections import Counter
from functools import partial
from typing import Any

import pytest

from backlog.models import CurrentBacklog, Snapshot
from intraday.org.models import Organization, Queue, Scope
from intraday.org.services import create_organization
from tests.backlog.posting import CURRENT, ORG, at, post, post_batch, post_up, results, roll_up, row
from tests.calls import at_once
from tests.heard import Hear
from tests.rest.contract import ContractClient, contract_client

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def clients(organization: Organization) -> list[ContractClient]:
    return [contract_client(organization) for _ in range(8)]


def test_of_two_ingests_of_one_scope_at_once_the_wall_ends_with_the_newer(clients: list[ContractClient], heard: Hear):
    for number in range(15):
        older, newer = 2 * number, 2 * number + 1
        with heard() as published:
            answers = at_once(
                partial(post, clients[0], row(minutes=older, total=older)),
                partial(post, clients[1], row(minutes=newer, total=newer)),
            )
            roll_up()
        assert answers[1]["result"] == "created"
        assert answers[0]["result"] in ("created", "late")
        assert (answers[0]["event"] is None) == (answers[0]["result"] == "late")
        for scope in ("support", "dept_456", ORG):
            assert published.of(scope)["timestamp"] == at(newer)
            assert published.of(scope)["total_items"] == newer
        figure = clients[0].get(CURRENT, {"queue_name": "support"}).json()["current"]
        assert (figure["timestamp"], figure["total_items"]) == (at(newer), newer)


def test_one_row_posted_by_two_at_once_is_stored_and_sent_once(clients: list[ContractClient], heard: Hear):
    for minutes in range(10):
        with heard() as published:
            answers = at_once(*(partial(post, api, row(minutes=minutes)) for api in clients[:3]))
        assert Counter(answer["result"] for answer in answers) == {"created": 1, "duplicate": 2}
        assert len({answer["snapshot_id"] for answer in answers}) == 1
        assert published.scopes.count("support") == 1


def test_queues_that_post_the_same_instant_at_once_are_all_in_the_sum(clients: list[ContractClient], heard: Hear):
    """Every one of them finds the derived figure of that instant made by another meanwhile."""
    queues = [f"queue {number}" for number in range(4)]
    for minutes in range(10):
        with heard() as published:
            rows = [row(queue, minutes, 10, department_id="dept_456") for queue in queues]
            answers = at_once(*(partial(post_up, api, each) for api, each in zip(clients, rows, strict=False)))
        assert [answer["status"] for answer in answers] == [201] * 4, answers
        assert published.of(ORG)["total_items"] == 40
        assert published.of("dept_456")["total_items"] == 40
        stored = CurrentBacklog.objects.get(scope__organization="org_123", scope__department_id="")
        assert stored.snapshot is not None
        assert published.of(ORG)["snapshot_id"] == str(stored.snapshot_id)


def test_a_figure_that_a_feed_posts_itself_is_not_overwritten_by_a_queue_at_the_same_moment(
    clients: list[ContractClient],
):
    for minutes in range(10):
        answers = at_once(
            partial(post, clients[0], row(None, minutes, total=500)),
            partial(post, clients[1], row("support", minutes, total=10)),
            partial(post, clients[2], row("billing", minutes, total=10)),
        )
        assert [answer["status"] for answer in answers] == [201] * 3, answers
        roll_up()
        figure = clients[0].get(CURRENT).json()["current"]
        assert (figure["total_items"], figure["derived"]) == (500, False)


def test_a_queue_that_two_feeds_name_first_at_once_is_made_once(clients: list[ContractClient]):
    for number in range(10):
        name, department = f"new {number}", f"dept_{number}"
        rows = [row(name, minutes, department_id=department) for minutes in range(3)]
        answers = at_once(*(partial(post, api, each) for api, each in zip(clients, rows, strict=False)))
        assert [answer["status"] for answer in answers] == [201] * 3, answers
        assert Queue.objects.filter(name=name).count() == 1
        assert Scope.objects.filter(queue_name=name).count() == 1


def test_the_very_first_posts_of_an_organization_may_come_at_once():
    """Nothing to lock exists yet; the writer that makes it must hold nothing that another waits for."""
    for number in range(6):
        organization = create_organization(id=f"new_{number}", name="New")
        apis = [contract_client(organization) for _ in range(6)]
        posts = [partial(post_batch, api, *rows) for api, rows in zip(apis, FIRST_POSTS, strict=True)]
        *answers, _ = at_once(*posts, partial(roll_up, organization.pk))
        assert [answer["status"] for answer in answers] == [201] * 6, answers


FIRST_POSTS = [
    [row(None, 0, total=500)],
    [row(None, 1, department_id="dept_1")],
    [row("a", 0, department_id="dept_1"), row("c", 0, department_id="dept_2")],
    [row("b", 0, department_id="dept_1")],
    [row("c", 0, department_id="dept_2"), row(None, 2, total=500)],
    [row(name, 0, department_id=f"dept_{'1122'[at]}") for at, name in enumerate("abcd")],
]


def test_batches_over_overlapping_scopes_never_deadlock_and_the_totals_are_right(
    clients: list[ContractClient], heard: Hear
):
    """Eight writers, queues known and new, in any order, and a dry run among them."""
    rng = random.Random(20260131)
    names = [(f"dept_{number % 3}", f"queue {number}") for number in range(24)]
    newest: dict[tuple[str, str], int] = {}

    def batch(number: int) -> list[dict[str, Any]]:
        """The higher the number the newer, and all within three seconds: no queue ever grows stale."""
        chosen = rng.sample(names[: 8 * (number % 3 + 1)], 8)
        newest.update(dict.fromkeys(chosen, number))
        return [row(queue, number / 1200, number, department_id=code) for code, queue in chosen]

    with heard() as published:
        for step in range(1, 7):
            posts = [partial(post_batch, api, *batch(step * 8 + writer)) for writer, api in enumerate(clients)]
            dry = partial(post_batch, clients[0], row("dry", department_id="dept_0"), *posts[0].args[1:], dry_run="1")
            *answers, _ = at_once(*posts, dry, roll_up)
            assert [answer["status"] for answer in answers] == [201] * 9, answers
            assert all(set(results(answer)) <= {"created", "late"} for answer in answers[:8])
        roll_up()
    assert published.of(ORG)["total_items"] == sum(newest.values())
    for code in ("dept_0", "dept_1", "dept_2"):
        assert published.of(code)["total_items"] == sum(total for (dept, _), total in newest.items() if dept == code)
    for (_, queue), total in newest.items():
        assert published.of(queue)["total_items"] == total
    assert not Queue.objects.filter(name="dry").exists()
    assert CurrentBacklog.objects.filter(snapshot=None).count() == 0
    assert Snapshot.objects.filter(derived=False).count() == 6 * 8 * 8
