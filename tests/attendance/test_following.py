"""Figures follow their posts: soon, once for all, and also where the process that took them has died."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from celery import Task
from django.db import connection

from attendance import services
from attendance.counting import turns
from attendance.ingest import people
from attendance.models import Snapshot, UncountedPost
from attendance.services import recounts
from intraday.clock.database import clock
from intraday.ingest.posts import Post
from intraday.jobs.models import DirtyScope
from intraday.org.models import Organization, Scope
from intraday.org.services import add_queues, create_organization
from intraday.tasks import judge_all, judge_dirty
from tests.attendance.posting import DAY, INGEST, STATES, STREAM, moment, plan, post, record, recount, say, shift, state
from tests.calls import at_once, meanwhile
from tests.conftest import key_of
from tests.heard import Hear
from tests.live import ProcessServer
from tests.midday import midday_zone
from tests.on_sqlite import expect_passed
from tests.rest.contract import ContractClient

PEOPLE = [f"e{number}" for number in range(50)]


def row(employee: str, time: datetime, status: str = "present") -> services.RecordRow:
    return services.RecordRow(employee_id=employee, department_id="dept_456", time=time, status=status)


def take(organization: Organization, *rows: services.RecordRow) -> None:
    """Post records as one feed does, in the process of the test."""
    done = services.ingest(Post(organization=organization, rows=dict(enumerate(rows)), now=clock.now()))
    assert {each.result for each in done.results.values()} == {"created"}


def scheduled(organization: Organization, start: datetime) -> Organization:
    """Let everybody be on shift in one department, in a zone in which no day ends soon, and the figures be known."""
    organization.time_zone = midday_zone()
    organization.save(update_fields=["time_zone"])
    add_queues(organization, [("dept_456", "support")])
    span = {"start": start, "end": start + timedelta(hours=8), "kind": "work", "queue_names": ["support"]}
    rows = [services.ShiftRow(shift_id=name, employee_id=name, department_id="dept_456", **span) for name in PEOPLE]
    services.ingest_shifts(Post(organization=organization, rows=dict(enumerate(rows)), now=clock.now()))
    recount()
    recounts.forget()
    return organization


@pytest.fixture
def known(transactional_db: None, organization: Organization) -> Organization:
    return scheduled(organization, clock.now() - timedelta(hours=1))


def counting(organization: Organization) -> AbstractContextManager[None]:
    """Hold the turn of those who count, as a count does that takes long."""
    whole = Scope.objects.get(organization=organization, department_id="", queue_name="")
    return meanwhile(lambda: turns.count_alone(whole))


def figures(organization: Organization) -> dict[str, Any]:
    """The newest figures by department, without what differs from one organization or count to the next."""
    told = {}
    for scope in Scope.objects.filter(organization=organization, queue_name=""):
        snapshot = Snapshot.objects.filter(scope=scope).order_by("time").last()
        assert snapshot is not None
        names = [field.attname for field in Snapshot._meta.fields]
        own = {"id", "scope_id", "received_at"}
        told[scope.department_id] = {name: getattr(snapshot, name) for name in names if name not in own}
    return told


# --- once for all ----------------------------------------------------------------------------------------------------
def test_50_single_check_ins_are_counted_once_and_have_the_figures_of_one_batch(
    known: Organization, monkeypatch: pytest.MonkeyPatch
):
    beside = scheduled(create_organization(id="org_beside", name="Beside"), known.shifts.earliest("start").start)
    monkeypatch.setattr(recounts, "delay", 60.0)
    time = clock.now()
    rows = [row(name, time + timedelta(milliseconds=number)) for number, name in enumerate(PEOPLE)]
    before = recounts.runs
    for each in rows:
        take(known, each)
    assert recounts.drain()
    assert recounts.runs - before == 1
    take(beside, *rows)
    assert recounts.drain()
    assert figures(known) == figures(beside)
    assert figures(known)["dept_456"]["present"] == len(PEOPLE)
    assert not UncountedPost.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_posts_wait_for_no_count_and_are_counted_together(known: Organization, heard: Hear):
    with heard(STREAM) as published:
        with counting(known):
            for number, name in enumerate(PEOPLE):
                take(known, row(name, clock.now() - timedelta(seconds=60 - number)))
        assert recounts.drain()
    assert [each["event"] for each in published[:50]] == ["attendance:checkin"] * 50
    assert published.of("dept_456")["present_count"] == published.of("organization")["present_count"] == 50
    assert len(published) - 50 <= 4


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_posts_of_different_people_do_not_wait_for_each_other(known: Organization):
    with meanwhile(lambda: people.lock(known, ["e1"])):
        take(known, row("e2", clock.now() - timedelta(minutes=1)))
    recounts.forget()


def test_of_two_processes_one_counts_for_both(known: Organization, heard: Hear):
    take(known, row("e1", clock.now() - timedelta(minutes=2)))
    take(known, row("e2", clock.now() - timedelta(minutes=1)))
    recounts.forget()
    with heard(STREAM) as published:
        assert sorted(at_once(recount, recount)) == [0, 2]
    assert sorted(published.scopes) == ["dept_456", "organization"]


def test_a_trial_leaves_nothing_to_count(known: Organization, api: ContractClient):
    before = recounts.runs
    now = clock.now().isoformat()
    assert post(api, {**record("e1"), "snapshot_time": now}, INGEST, dry_run="1")["result"] == "created"
    assert recounts.drain()
    assert recounts.runs == before
    assert not UncountedPost.objects.exists()


# --- in order --------------------------------------------------------------------------------------------------------
def test_check_ins_come_before_the_figures_that_count_them(known: Organization, heard: Hear):
    with heard(STREAM) as published:
        for number, name in enumerate(PEOPLE[:20]):
            take(known, row(name, clock.now() - timedelta(seconds=60 - number)))
            recount()
    came = 0
    for event in published:
        if event["event"] == "attendance:checkin":
            came += 1
        else:
            assert event["data"]["present_count"] <= came
    assert came == published.of("dept_456")["present_count"] == 20


def test_a_row_is_answered_with_the_place_of_its_check_in_and_one_without_news_of_anybody_with_none(
    api: ContractClient, heard: Hear
):
    with heard(STREAM) as published:
        first = say(api, record("ada", 0), record("ben", 1))
        second = say(api, record("ada", 2, "on_break"), record("ben", 3, "checked_out"))
    places = [each["event"] and each["event"]["seq"] for each in first["results"] + second["results"]]
    by_name = {(each["event"], each["data"].get("employee_id")): each["seq"] for each in published}
    assert places == [
        by_name["attendance:checkin", "ada"],
        by_name["attendance:checkin", "ben"],
        None,
        by_name["attendance:checkout", "ben"],
    ]


def test_a_replayed_day_has_figures_of_every_instant_before_the_answer(transactional_db: None, api: ContractClient):
    plan(api, shift("ada", 0, DAY), shift("ben", 0, DAY))
    for minutes, name in ((1, "ada"), (2, "ben")):
        assert post(api, record(name, minutes), INGEST)["status"] == 201
    assert post(api, {"items": [state("ada", 3, "break")]}, STATES)["status"] == 201
    found = Snapshot.objects.filter(scope__department_id="dept_456").order_by("time")
    assert list(found.values_list("time", "present")) == [(moment(1), 1), (moment(2), 2), (moment(3), 2)]


# --- whatever becomes of the process ---------------------------------------------------------------------------------
def send(server: ProcessServer, organization: Organization, employee: str) -> None:
    """Post a check-in of now to a process of its own."""
    headers = {"Authorization": f"Api-Key {key_of(organization)}"}
    body = {**record(employee), "snapshot_time": clock.now().isoformat()}
    answer = httpx.post(f"{server.http}{INGEST}", json=body, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("job", [judge_dirty, judge_all])
def test_the_figures_of_a_killed_process_follow_by_the_next_job(known: Organization, job: Task):
    """It dies between its commit and the count, which waits for its turn."""
    with counting(known), ProcessServer.serve() as server:
        send(server, known, "e1")
        server.kill()
    assert figures(known)["dept_456"]["present"] == 0
    assert UncountedPost.objects.exists()
    assert DirtyScope.objects.filter(scope__queue_name="support").exists()
    job(known.pk)
    assert figures(known)["dept_456"]["present"] == figures(known)[""]["present"] == 1
    assert recount() == 0


def test_a_process_that_is_ended_in_good_order_leaves_nothing(known: Organization):
    with ProcessServer.serve() as server:
        send(server, known, "e1")
    assert server.exit_code == 0
    assert figures(known)[""]["present"] == 1
    assert recount() == 0


ON_SQLITE = [
    "test_following.py::test_50_single_check_ins_are_counted_once_and_have_the_figures_of_one_batch",
    "test_following.py::test_check_ins_come_before_the_figures_that_count_them",
    "test_counts.py::test_a_check_in_takes_as_many_statements_beside_400_people_as_beside_none",
]


def test_figures_follow_and_a_check_in_has_its_price_on_sqlite(tmp_path: Path):
    expect_passed(ON_SQLITE, folder=Path(__file__).parent, var=tmp_path)
