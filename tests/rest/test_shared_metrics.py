"""Metrics of all processes together: true, and bounded where the database or the broker does not answer."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from celery import current_app
from django.test import Client

from intraday.clock.database import clock
from intraday.jobs import queues, runs
from intraday.jobs.models import DirtyScope, Lease
from intraday.jobs.runs import Outcome
from intraday.org.models import Organization, Scope
from intraday.org.services import create_organization
from intraday.pages import prometheus
from intraday.pages.bounded import BoundedSource, UnansweredError
from tests.rest.samples import Samples, scrape, value
from tests.services import Postgres, Valkey, wait_until

pytestmark = pytest.mark.django_db(transaction=True)  # another thread reads
NO_LABELS: frozenset[tuple[str, str]] = frozenset()


def test_runs_are_counted_over_all_workers(client: Client):
    at = datetime.fromisoformat("2026-01-31T10:00:00Z")
    runs.record("kpi", Outcome.DONE, begun=at, seconds=0.5)
    runs.record("kpi", Outcome.FAILED, begun=at.replace(minute=1), seconds=1.5)
    for outcome in (Outcome.SKIPPED, Outcome.SKIPPED, Outcome.EXPIRED):
        runs.record("kpi", outcome)
    samples = scrape(client)
    told = {
        name.removeprefix("intraday_job_"): told for (name, labels), told in samples.items() if ("job", "kpi") in labels
    }
    assert told == {
        "runs_total": 2,
        "failures_total": 1,
        "skipped_total": 2,
        "expired_total": 1,
        "seconds_total": 2.0,
        "last_seconds": 1.5,
        "last_success": at.timestamp(),
    }


def test_attempts_to_deliver_are_counted_by_kind_and_are_no_jobs(client: Client):
    for outcome in (Outcome.DONE, Outcome.FAILED, Outcome.FAILED):
        runs.record("deliver_slack", outcome, begun=clock.now(), seconds=0.25)
    samples = scrape(client)
    assert value(samples, "intraday_notification_attempts_total", kind="slack") == 3
    assert value(samples, "intraday_notification_failures_total", kind="slack") == 2
    assert value(samples, "intraday_notification_seconds_total", kind="slack") == 0.75
    assert not [labels for _, labels in samples if ("job", "deliver_slack") in labels]


# --- is it true? -----------------------------------------------------------------------------------------------------
def aged(samples: Samples, name: str) -> list[float]:
    return [value(samples, f"intraday_{name}_late_organizations", over=over) for over in ("10", "60", "120", "300")]


def test_without_marks_nothing_is_late(client: Client, organization: Organization):
    samples = scrape(client)
    assert samples["intraday_mark_oldest_seconds", NO_LABELS] == 0
    assert aged(samples, "mark") == [0, 0, 0, 0]


def test_the_age_of_marks_is_that_of_the_first_of_each_organization(client: Client):
    now = clock.now()
    for number, age in enumerate((5, 30, 90, 200, 400)):
        house = create_organization(id=f"org_{number}", name="x")
        for name, seconds in (("a", age), ("b", 1)):  # the younger mark of an organization does not hide the older
            scope = Scope.objects.create(organization=house, department_id=name, queue_name="")
            marked = now - timedelta(seconds=seconds)
            DirtyScope.objects.create(scope=scope, marked_at=now, first_marked_at=marked)
    samples = scrape(client)
    assert samples["intraday_mark_oldest_seconds", NO_LABELS] >= 400
    assert aged(samples, "mark") == [4, 3, 2, 1]


def test_the_age_of_judgements_is_that_of_the_last_complete_one(client: Client):
    now = clock.now()
    for number, age in enumerate((5, 30, 90, 200, 400)):
        create_organization(id=f"org_{number}", name="x")
        done = now - timedelta(seconds=age)
        turn = {"job": "judge_all", "organization_id": f"org_{number}", "holder": "", "expires_at": now}
        Lease.objects.create(**turn, begun_at=now, done_at=done)  # begun again, and not ended
    never = create_organization(id="org_never", name="x")
    Organization.objects.filter(pk=never.pk).update(created_at=now - timedelta(seconds=900))
    samples = scrape(client)
    assert samples["intraday_judgement_oldest_seconds", NO_LABELS] >= 900
    assert aged(samples, "judgement") == [5, 4, 3, 2]


def test_tasks_that_wait_are_counted_by_queue(client: Client):
    before = scrape(client)
    assert {dict(labels)["queue"] for name, labels in before if name == "intraday_queue_tasks"} == set(queues.NAMES)
    with current_app.connection_for_write() as broker:
        for _ in range(3):
            broker.Producer().publish({}, routing_key=queues.FULL)
        after = scrape(client)
        broker.default_channel.queue_purge(queues.FULL)
    name = "intraday_queue_tasks"
    assert value(after, name, queue=queues.FULL) == value(before, name, queue=queues.FULL) + 3


# --- bounded ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The database of this process stopped in the middle of its life."""
    with Postgres() as postgres, psycopg.connect(postgres.url) as connection:

        def ask() -> Iterator[Any]:
            connection.execute("SELECT 1")
            yield from ()

        monkeypatch.setattr(prometheus.COLLECTOR, "database", BoundedSource("database", ask, seconds=0.5))
        postgres.pause()
        yield
        postgres.resume()


def test_a_frozen_database_costs_its_own_figures_and_nothing_else(client: Client, frozen: None):
    for _ in range(2):  # the second finds the first still waiting
        samples = scrape(client)
        assert samples["intraday_database_up", NO_LABELS] == 0
        assert samples["intraday_broker_up", NO_LABELS] == 1
        assert value(samples, "process_resident_memory_bytes") > 1_000_000
        assert not [name for name, _ in samples if name.startswith("intraday_job")]


@pytest.mark.parametrize("fault", ["frozen", "gone"])
def test_a_broker_that_does_not_answer_costs_its_own_figures_and_nothing_else(
    client: Client, settings: Any, fault: str
):
    assert current_app.conf.broker_url  # read now: Celery reads the settings once, and would keep this test's
    with Valkey() as valkey:
        settings.CELERY_BROKER_URL = valkey.url
        assert scrape(client)["intraday_broker_up", NO_LABELS] == 1
        valkey.pause() if fault == "frozen" else valkey.kill()
        samples = scrape(client)
        assert samples["intraday_broker_up", NO_LABELS] == 0
        assert samples["intraday_database_up", NO_LABELS] == 1
        assert not [name for name, _ in samples if name == "intraday_queue_tasks"]
        valkey.restart()
        assert wait_until(lambda: scrape(client)["intraday_broker_up", NO_LABELS] == 1)


def test_what_hangs_is_asked_once_at_a_time():
    asked: list[float] = []

    def hang() -> Iterator[Any]:
        asked.append(time.monotonic())
        time.sleep(1.0)
        yield from ()

    source = BoundedSource("x", hang, seconds=0.1)
    for _ in range(3):
        with pytest.raises(UnansweredError):
            source.metrics()
    assert len(asked) == 1
    assert BoundedSource("x", list, seconds=5).metrics() == []
