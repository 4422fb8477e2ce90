"""Runs over new facts of few queues: they read and write these, whatever the number of the others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.db import transaction

from intraday.org.models import Organization, Scope
from intraday.org.services import add_queues
from intraday.values.remembered import Remembered
from kpi import services
from kpi.computing import remembered_queues
from kpi.models import CurrentKPI, IntervalFeed, IntervalStats
from tests.backlog.posting import TEN
from tests.kpi.posting import clock
from tests.rows_counted import Rows, rows_counted

pytestmark = pytest.mark.usefixtures("transactional_db")
MANY, FEW, DEPARTMENTS = 1_000, 5, 20


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what starts a process of its own: one that knows nothing yet."""

    def start() -> None:
        monkeypatch.setattr(remembered_queues, "_memory", Remembered(10_000))

    start()
    return start


def fill(organization: Organization, count: int) -> list[Scope]:
    add_queues(organization, [(f"d{number % DEPARTMENTS}", f"q{number}") for number in range(count)])
    scopes = list(Scope.objects.filter(organization=organization, queue_name__startswith="q").order_by("pk"))
    IntervalStats.objects.bulk_create([_stats(scope, number) for number, scope in enumerate(scopes)])
    IntervalFeed.objects.bulk_create([IntervalFeed(scope=scope, as_of=TEN, cadence_seconds=30) for scope in scopes])
    return scopes


def _stats(scope: Scope, number: int) -> IntervalStats:
    start, offered = TEN - timedelta(minutes=15), 40 + number % 50
    return IntervalStats(
        scope=scope,
        start=start,
        end=start + timedelta(minutes=30),
        minutes=30,
        as_of=TEN,
        received_at=TEN,
        offered=offered,
        answered=offered,
        answered_in_target=offered * 8 // 10,
        abandoned=0,
        handle_seconds=offered * 180,
        available_seconds=2_000,
        agents=8 + number % 10,
    )


def post(scopes: list[Scope], offered: int) -> None:
    IntervalStats.objects.filter(scope__in=scopes).update(offered=offered, answered=offered)


def run(organization: Organization, scopes: list[Scope], seconds: float) -> Rows:
    with rows_counted() as rows:
        now = TEN + timedelta(seconds=seconds)
        services.compute_touched(organization_id=organization.pk, scopes=scopes, now=now)
    return rows


def offered(organization: Organization) -> Any:
    row = CurrentKPI.objects.get(scope__organization=organization, scope__department_id="", scope__queue_name="")
    return msgspec.json.decode(row.figure)["service"]["offered"]


def in_all(organization: Organization) -> Any:
    rows = IntervalStats.objects.filter(scope__organization=organization)
    return sum(rows.values_list("offered", flat=True))


def test_a_run_over_five_of_a_thousand_queues_reads_and_writes_few_rows(organization: Organization):
    with clock(0):
        queues = fill(organization, MANY)
        services.compute_all(organization_id=organization.pk, now=TEN)
        post(queues[:FEW], 77)
        rows = run(organization, queues[:FEW], 10)
    levels = 2  # their department, the organization
    assert rows.written["kpi_kpisnapshot"] == rows.written["kpi_currentkpi"] == FEW + levels
    assert rows.written["realtime_segment"] == 1
    assert sum(rows.read.values()) < 20 * FEW, rows.read
    assert offered(organization) == in_all(organization)


def test_figures_of_another_process_are_read(organization: Organization, process: Callable[[], None], monkeypatch: Any):
    with clock(0):
        queues = fill(organization, 40)
        services.compute_all(organization_id=organization.pk, now=TEN)
        ours = remembered_queues._memory
        process()
        post(queues[20:25], 500)
        run(organization, queues[20:25], 5)
        monkeypatch.setattr(remembered_queues, "_memory", ours)
        post(queues[:FEW], 77)
        run(organization, queues[:FEW], 10)
        assert offered(organization) == in_all(organization)
        post(queues[5:10], 78)
        assert run(organization, queues[5:10], 15).read["kpi_currentkpi"] <= 3 * (FEW + 6)
        assert offered(organization) == in_all(organization)


def test_a_figure_by_hand_between_two_runs_is_read(organization: Organization):
    with clock(0):
        queues = fill(organization, 40)
        services.compute_all(organization_id=organization.pk, now=TEN)
        post(queues[30:31], 900)
        services.compute(organization=organization, scope=queues[30], as_of=TEN, now=TEN + timedelta(seconds=5))
        run(organization, queues[:FEW], 10)
        assert offered(organization) == in_all(organization)


def test_a_new_queue_is_known_at_once(organization: Organization):
    with clock(0):
        queues = fill(organization, 40)
        services.compute_all(organization_id=organization.pk, now=TEN)
        queues = [*queues, *fill_one(organization)]
        run(organization, queues[-1:], 10)
        assert offered(organization) == in_all(organization)


def fill_one(organization: Organization) -> list[Scope]:
    add_queues(organization, [("d1", "new")])
    scope = Scope.objects.get(organization=organization, queue_name="new")
    IntervalStats.objects.bulk_create([_stats(scope, 3)])
    IntervalFeed.objects.bulk_create([IntervalFeed(scope=scope, as_of=TEN, cadence_seconds=30)])
    return [scope]


def test_a_run_that_is_rolled_back_is_not_remembered(organization: Organization):
    with clock(0):
        queues = fill(organization, 40)
        services.compute_all(organization_id=organization.pk, now=TEN)
        before = offered(organization)
        old = IntervalStats.objects.get(scope=queues[0]).offered
        post(queues[:1], 900)
        with pytest.raises(InterruptedError), transaction.atomic():
            run(organization, queues[:1], 5)
            raise InterruptedError
        post(queues[:1], old)
        run(organization, queues[1:2], 10)
        assert offered(organization) == before == in_all(organization)
