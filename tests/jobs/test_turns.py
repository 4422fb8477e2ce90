"""Rounds are fair: the organization whose last run is longest ago comes first, and nothing that waits is sent twice."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import Task
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from intraday import tasks
from intraday.celery import app
from intraday.clock.database import clock
from intraday.jobs import dirty, queues, runs, selectors, turns
from intraday.jobs.leases import FREE, lease
from intraday.jobs.models import DirtyScope, JobRun, Lease
from intraday.org.models import Organization, Scope
from intraday.org.services import create_organization
from tests.conftest import client_of
from tests.kpi.posting import INGEST, interval, post

pytestmark = pytest.mark.django_db


def ran(job: str, organization: str, minutes_ago: float) -> None:
    at = clock.read() - timedelta(minutes=minutes_ago)
    Lease.objects.create(job=job, organization_id=organization, expires_at=FREE, begun_at=at, done_at=at)


def ask(*organizations: str, lost_after: float = 60) -> list[str]:
    return turns.ask("judge_all", organizations, lost_after=lost_after)[0]


def begin(organization: str, asked_at: datetime | None = None) -> bool:
    with lease("judge_all", organization, asked_at=asked_at) as held:
        return held is not None


def test_the_least_recently_judged_comes_first_and_one_that_never_was_before_all():
    ran("judge_all", "a", 1)
    ran("judge_all", "b", 3)
    ran("judge_all", "c", 2)
    assert ask("a", "b", "c", "new") == ["new", "b", "c", "a"]


def test_an_organization_whose_run_took_long_rests_as_long_unless_it_is_alone():
    now = clock.read()
    for name, took, ended in (("big", 8, 3), ("rested", 8, 9), ("small", 0.1, 1)):
        done_at = now - timedelta(seconds=ended)
        begun_at = done_at - timedelta(seconds=took)
        Lease.objects.create(
            job="judge_dirty", organization_id=name, expires_at=FREE, begun_at=begun_at, done_at=done_at
        )
    assert turns.without_tired("judge_dirty", {"big", "rested", "small", "new"}) == {"rested", "small", "new"}
    assert turns.without_tired("judge_dirty", {"big"}) == {"big"}


def test_a_task_that_still_waits_is_not_sent_again():
    assert ask("a", "b") == ["a", "b"]
    assert begin("a")
    assert ask("a", "b", "c") == ["c", "a"]


def test_overload_makes_gaps_longer_and_equally_long():
    """Three organizations, time for two runs in a round: each gets two of three rounds."""
    everybody, waiting, judged = ["a", "b", "c"], list[str](), list[str]()
    for _ in range(6):
        waiting += ask(*everybody)
        for organization in waiting[:2]:
            assert begin(organization)
        judged, waiting = judged + waiting[:2], waiting[2:]
    assert {each: judged.count(each) for each in everybody} == {"a": 4, "b": 4, "c": 4}


def test_a_task_that_went_down_with_a_worker_is_sent_again_and_the_late_one_is_skipped():
    _, first = turns.ask("judge_all", ["a"], lost_after=60)
    Lease.objects.update(asked_at=first - timedelta(seconds=61))
    again, second = turns.ask("judge_all", ["a"], lost_after=60)
    assert again == ["a"]
    assert begin("a", second)
    assert not begin("a", first)


def test_a_run_that_is_not_old_enough_is_left_to_a_later_round():
    ran("judge_all", "a", 1)
    ran("judge_all", "b", 3)
    assert turns.ask("judge_all", ["a", "b", "new"], lost_after=60, rest=120)[0] == ["new", "b"]


def test_what_another_run_kept_from_beginning_is_asked_for_by_the_next_round():
    """The other run may have read the facts before these came, so the next one must not wait for LOST_SECONDS."""
    ran("judge_dirty", "a", 1)
    for blocker in ("judge_dirty", "judge_all"):
        [organization], at = turns.ask("judge_dirty", ["a"], lost_after=60)
        with lease(blocker, organization), lease("judge_dirty", organization, asked_at=at, unless="judge_all") as held:
            assert held is None
    assert turns.ask("judge_dirty", ["a"], lost_after=60)[0] == ["a"]


def test_a_late_task_that_is_skipped_does_not_withdraw_the_newer_one():
    _, first = turns.ask("judge_dirty", ["a"], lost_after=60)
    Lease.objects.update(asked_at=first - timedelta(seconds=61))
    _, second = turns.ask("judge_dirty", ["a"], lost_after=60)
    with lease("judge_all", "a"), lease("judge_dirty", "a", asked_at=first, unless="judge_all") as held:
        assert held is None
    assert Lease.objects.get(job="judge_dirty").asked_at == second


def test_an_organization_that_is_gone_leaves_no_turn():
    ran("judge_all", "a", 1)
    ran("judge_all", "gone", 1)
    turns.forget_others("judge_all", ["a"])
    assert [row.organization_id for row in Lease.objects.all()] == ["a"]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The organizations of full judgements that reached the broker."""
    found: list[str] = []
    monkeypatch.setattr(Task, "apply_async", lambda self, args=(), **_: found.extend(args))
    return found


def test_an_organization_of_which_nothing_is_known_costs_no_task(organization: Organization, sent: list[str]):
    create_organization(id="empty", name="Empty")
    post(client_of(organization), interval(), INGEST)
    tasks.round_all()
    assert sent == ["org_123"]
    assert Lease.objects.get(organization_id="empty").done_at is not None


def test_what_the_broker_did_not_take_is_asked_for_by_the_next_round(
    organization: Organization, stranger: Organization, monkeypatch: pytest.MonkeyPatch, sent: list[str]
):
    for each in (organization, stranger):
        post(client_of(each), interval(), INGEST)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("no broker")

    with monkeypatch.context() as broken:
        broken.setattr(Task, "apply_async", away)
        with pytest.raises(OperationalError):
            tasks.round_all()
    tasks.round_all()
    assert sorted(sent) == ["org_123", "org_999"]


# --- queues and outcomes ---------------------------------------------------------------------------------------------
def test_long_rounds_have_a_queue_of_their_own_and_a_worker_takes_from_all():
    route = app.amqp.router.route
    by_task = {name: route({}, f"intraday.tasks.{name}")["queue"].name for name in ("round_all", "tell", "judge_all")}
    by_task["judge_dirty"] = route({}, "intraday.tasks.judge_dirty")["queue"].name
    assert len(set(by_task.values())) == 4
    assert set(app.amqp.queues.consume_from) == set(queues.NAMES)
    assert "celery" in queues.NAMES  # to which a beat of the release before sends
    assert route({}, "kpi.tasks.forget")["queue"].name == "celery"


def test_nothing_that_beat_sends_expires():
    assert not any("expires" in entry.get("options", {}) for entry in app.conf.beat_schedule.values())


def test_a_run_that_was_skipped_is_no_success(organization: Organization):
    with lease("judge_all", "org_123"):
        tasks.judge_all.apply(("org_123",))
    run = JobRun.objects.get(job="intraday.tasks.judge_all")
    assert (run.runs, run.skipped, run.last_succeeded_at) == (0, 1, None)
    tasks.judge_all.apply(("org_123",))
    run.refresh_from_db()
    assert (run.runs, run.failures, run.skipped) == (1, 0, 1)
    assert run.last_succeeded_at is not None


@pytest.mark.django_db(transaction=True)  # the handler closes its connection
def test_a_task_that_expired_is_counted():
    from celery.signals import task_revoked

    task_revoked.send(sender=tasks.judge_all, request=None, terminated=False, signum=None, expired=True)
    assert JobRun.objects.get(job="intraday.tasks.judge_all").expired == 1


def test_a_run_whose_step_failed_has_failed_and_the_other_steps_are_done(
    organization: Organization, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """The fault is the organization's own: a time zone that does not exist."""
    post(client_of(organization), interval(), INGEST)
    Organization.objects.filter(pk="org_123").update(time_zone="Nowhere/Land")
    result = tasks.judge_all.apply(("org_123",))
    assert result.state == "FAILURE"
    assert JobRun.objects.get(job="intraday.tasks.judge_all").failures == 1
    assert Lease.objects.get(job="judge_all").done_at is None
    assert "step_failed" in caplog.text
    assert "org_123" in caplog.text


# --- how far they have come ------------------------------------------------------------------------------------------
def oldest(found: dict[str, datetime]) -> tuple[str, datetime] | None:
    return min(found.items(), key=lambda each: each[1], default=None)


def test_the_oldest_mark_is_that_of_the_first_fact_not_of_the_last(organization: Organization, stranger: Organization):
    ten = datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert oldest(selectors.oldest_marks()) is None
    mine, theirs = (Scope.objects.get(organization=each, queue_name="support") for each in (organization, stranger))
    dirty.mark([theirs], now=ten)
    dirty.mark([mine], now=ten + timedelta(seconds=1))
    dirty.mark([theirs], now=ten + timedelta(seconds=9))
    assert oldest(selectors.oldest_marks()) == ("org_999", ten)
    assert dirty.organizations() == ["org_999", "org_123"]


def test_a_scope_that_was_marked_again_during_its_judgement_stays_marked_from_then_on(organization: Organization):
    ten = datetime(2026, 1, 31, 10, tzinfo=UTC)
    support, billing = (Scope.objects.get(queue_name=name) for name in ("support", "billing"))
    dirty.mark([support, billing], now=ten)
    marks = dirty.marked("org_123")
    dirty.mark([support], now=ten + timedelta(seconds=3))
    dirty.clear(marks)
    [left] = DirtyScope.objects.all()
    assert (left.scope, left.first_marked_at) == (support, ten + timedelta(seconds=3))


def test_the_oldest_full_judgement_counts_organizations_that_never_had_one(
    organization: Organization, stranger: Organization
):
    Organization.objects.update(created_at=Now())
    ran("judge_all", "org_123", 5)
    first = oldest(selectors.full_judgements())
    assert first is not None
    assert first[0] == "org_123"
    Organization.objects.filter(pk="org_999").update(created_at=clock.read() - timedelta(minutes=9))
    first = oldest(selectors.full_judgements())
    assert first is not None
    assert first[0] == "org_999"
    assert selectors.full_judgements().keys() == {"org_123", "org_999"}


def test_the_lengths_of_queues_are_those_of_the_broker():
    before = selectors.queue_lengths()
    tasks.judge_all.apply_async(("org_123",))
    after = selectors.queue_lengths()
    with app.connection_for_write() as broker:
        broker.default_channel.queue_purge(queues.FULL)
    assert before.keys() == set(queues.NAMES)
    assert after == before | {queues.FULL: before[queues.FULL] + 1}


def test_runs_have_four_outcomes():
    for outcome in runs.Outcome:
        runs.record("job", outcome, begun=clock.now(), seconds=1)
    run = JobRun.objects.get(job="job")
    assert (run.runs, run.failures, run.skipped, run.expired) == (2, 1, 1, 1)
