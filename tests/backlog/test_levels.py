"""Levels above queues follow their posts: soon, once for all, and also where the process that took them has died."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx2 as httpx
import pytest
from celery import Task
from django.db import connection

from backlog import services
from backlog.models import CurrentBacklog, Snapshot
from backlog.services import levels_above
from intraday.clock.database import clock
from intraday.ingest.posts import Post
from intraday.jobs.models import DirtyScope
from intraday.org.models import Organization, Scope
from intraday.org.services import add_queues
from intraday.tasks import judge_all, judge_dirty
from tests.backlog.posting import ORG, post, post_batch, roll_up, row
from tests.calls import at_once, meanwhile
from tests.conftest import key_of
from tests.heard import Hear
from tests.live import ProcessServer
from tests.midday import midday_zone
from tests.on_sqlite import expect_passed
from tests.rest.contract import ContractClient

PATH = "/api/schedulesbacklog/ingest"


def held(organization: Organization) -> AbstractContextManager[None]:
    """Lock the organization's level, as a roll-up does that takes long."""
    rows = CurrentBacklog.objects.select_for_update().filter(scope__organization=organization, scope__queue_name="")
    return meanwhile(lambda: list(rows))


def take(organization: Organization, queue: str, number: int) -> None:
    time = clock.now() - timedelta(minutes=10) + timedelta(milliseconds=number)
    taken = services.Row(queue_name=queue, time=time, total_items=number, average_wait_minutes=1)
    done = services.ingest(Post(organization=organization, rows={0: taken}, now=clock.now()))
    assert done.results[0].result == "created"


def send(server: ProcessServer, organization: Organization, **totals: int) -> None:
    """Post snapshots of now to a process of its own."""
    headers = {"Authorization": f"Api-Key {key_of(organization)}"}
    for queue, total in totals.items():
        body = row(queue, total=total, snapshot_time=clock.now().isoformat())
        answer = httpx.post(f"{server.http}{PATH}", json=body, headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text


@contextmanager
def other_plan(*, without: str) -> Iterator[None]:
    """Have PostgreSQL find rows in another order, as it may whenever its statistics have changed."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET enable_{without} = off")
        yield
        cursor.execute(f"RESET enable_{without}")


def derived() -> int:
    return Snapshot.objects.filter(derived=True).count()


@pytest.fixture
def known(transactional_db: None, organization: Organization) -> Organization:
    """Its queues have posted before, and its levels have followed."""
    organization.time_zone = midday_zone()
    organization.save(update_fields=["time_zone"])
    for queue in ("support", "billing"):
        take(organization, queue, 0)
    roll_up()
    levels_above.forget()
    return organization


def test_500_posts_wait_for_no_level_and_cost_a_handful_of_roll_ups(known: Organization, heard: Hear):
    before = levels_above.runs
    with heard() as published:
        with held(known):
            for number in range(1, 501):
                take(known, ("support", "billing")[number % 2], number)
        assert levels_above.drain()
    assert published.scopes[:500] == ["billing", "support"] * 250
    assert published.of(ORG)["total_items"] == published.of("dept_456")["total_items"] == 499 + 500
    assert levels_above.runs - before <= 3
    assert len(published) - 500 <= 6


def test_of_two_processes_one_rolls_up_for_both(known: Organization, heard: Hear):
    take(known, "support", 1)
    take(known, "billing", 2)
    levels_above.forget()
    with heard() as published:
        assert sorted(at_once(roll_up, roll_up)) == [0, 2]
    assert sorted(published.scopes) == ["dept_456", ORG]


def test_a_roll_up_is_due_after_a_post_and_not_after_its_own_events(known: Organization):
    take(known, "support", 5)
    assert roll_up() == 2
    assert roll_up() == 0
    take(known, "support", 5)  # the same total at a later time is news
    assert roll_up() == 2


def test_a_level_that_adds_up_its_queues_in_another_order_is_no_news(
    transactional_db: None, organization: Organization, api: ContractClient, heard: Hear
):
    """0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1 in the last digit, and the database finds rows in any order."""
    add_queues(organization, [("dept_789", "claims")])
    waits = {"support": 0.1, "billing": 0.2, "sales": 0.3}
    post_batch(api, *(row(queue, total=1, average_wait_time_minutes=wait) for queue, wait in waits.items()))
    post(api, row("claims"))
    with heard() as published:
        for number, join in enumerate(("hashjoin", "nestloop", "mergejoin")):
            with other_plan(without=join):
                post(api, row("claims", total=number))
    assert sorted(published.scopes) == sorted(["claims", "dept_789", ORG] * 3)


def test_a_trial_leaves_nothing_to_follow(organization: Organization, api: ContractClient, transactional_db: None):
    before = levels_above.runs
    assert post_batch(api, row("support"), dry_run="1")["accepted"] == 1
    assert levels_above.drain()
    assert levels_above.runs == before
    assert derived() == 0


@pytest.mark.parametrize("job", [judge_dirty, judge_all])
def test_the_levels_of_a_killed_process_follow_by_the_next_job(known: Organization, job: Task):
    """It dies between its commit and the roll-up, which waits for a lock of ours."""
    add_queues(known, [("dept_789", "claims")])
    before = derived()
    with held(known), ProcessServer.serve() as server:
        send(server, known, claims=7, support=5)
        server.kill()
    assert derived() == before
    assert DirtyScope.objects.filter(scope__queue_name="claims").exists()
    job(known.pk)
    levels = Scope.objects.filter(organization=known, queue_name="", current_backlog__snapshot__derived=True)
    assert dict(levels.values_list("department_id", "current_backlog__snapshot__total_items")) == {
        "": 12,
        "dept_456": 5,
        "dept_789": 7,
    }
    assert roll_up() == 0


def test_a_process_that_is_ended_in_good_order_leaves_nothing(known: Organization):
    with ProcessServer.serve() as server:
        send(server, known, support=5)
    assert server.exit_code == 0
    figure = CurrentBacklog.objects.get(scope__organization=known, scope__department_id="").snapshot
    assert figure is not None
    assert figure.total_items == 5
    assert roll_up() == 0


ON_SQLITE = [
    "test_counts.py::test_a_post_of_a_known_queue_takes_at_most_eight_statements_its_key_and_its_feed_among_them",
    "test_flows.py::test_the_figures_of_a_levels_day_add_up_to_what_its_queues_posted",
    "test_rollup.py::test_each_level_always_equals_the_sum_of_its_fresh_queues",
    "test_reading.py::test_a_history_in_steps_has_the_last_snapshot_of_each[300-expected1-2]",
]


def test_the_laws_of_levels_and_the_price_of_a_post_hold_on_sqlite(tmp_path: Path):
    expect_passed(ON_SQLITE, folder=Path(__file__).parent, var=tmp_path)
