"""Rows are stored the same one by one, by lists of values, or by Django; keys in a table find what a list does."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

import backlog.selectors
import kpi.selectors
from backlog.models import CurrentBacklog, Snapshot
from intraday.database import many_rows, single_row
from intraday.database.keys import Among
from intraday.org.models import Organization, Scope
from intraday.org.services import add_queues
from kpi.models import CurrentKPI

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIGURES = [field.name for field in CurrentKPI._meta.fields if field.name not in ("scope", "memo")]
SNAPSHOTS = [field.name for field in Snapshot._meta.fields if field.name not in ("id", "scope", "time")]


def scopes_of(organization: Organization, queues: int) -> list[Scope]:
    add_queues(organization, [("dept", f"queue {number}") for number in range(queues)])
    return list(Scope.objects.filter(organization=organization, queue_name__startswith="queue ").order_by("pk"))


def snapshots_of(scopes: list[Scope], total: int) -> list[Snapshot]:
    """Every second one with what may be missing; text with all that a list of PostgreSQL's needs to escape; whole
    numbers among others in one column, and alone in another."""
    return [
        Snapshot(
            scope=scope,
            time=NOON,
            received_at=NOON,
            total_items=total + number,
            average_wait_minutes=3 if number == 3 else 0.1 * number,
            reported_compliance=99,
            age_profile=None if number % 2 else [{"from": 0, "items": number, "name": '{"a,b" \\ NULL}'}],
            oldest_age_minutes=None if number % 2 else 5.5,
        )
        for number, scope in enumerate(scopes)
    ]


def stored(model: type[Snapshot] | type[CurrentKPI]) -> list[dict[str, object]]:
    found = [dict(row) for row in model._default_manager.order_by("scope").values()]
    return [{name: bytes(v) if isinstance(v, memoryview) else v for name, v in row.items()} for row in found]


@pytest.mark.django_db
def test_many_rows_are_inserted_and_updated_as_django_does(organization: Organization):
    scopes = scopes_of(organization, 7)
    rows = snapshots_of(scopes, 100)
    many_rows.upsert(rows, unique=["scope", "time"], update=SNAPSHOTS)
    by_lists = stored(Snapshot)
    Snapshot.objects.all().delete()
    Snapshot.objects.bulk_create(rows)
    assert by_lists == stored(Snapshot)

    again = snapshots_of(scopes[3:], 900)
    many_rows.upsert(again, unique=["scope", "time"], update=SNAPSHOTS)
    assert [row["total_items"] for row in stored(Snapshot)] == [100, 101, 102, 900, 901, 902, 903]
    many_rows.upsert([], unique=["scope", "time"], update=SNAPSHOTS)
    assert Snapshot.objects.count() == 7


@pytest.mark.django_db
@pytest.mark.parametrize("size", [0, 1, 20_000, 300_000])
def test_bytes_come_back_as_they_were(organization: Organization, size: int):
    scopes, content = scopes_of(organization, 4), bytes(range(256)) * (size // 256) + b"\\x00'\x00"[:size]
    rows = [
        CurrentKPI(scope=scope, figure=content, run_memo=None if number else content, time=NOON)
        for number, scope in enumerate(scopes)
    ]
    many_rows.upsert(rows[:2], unique=["scope"], update=FIGURES)
    many_rows.upsert(rows[1:3], unique=["scope"], update=FIGURES)  # no memo at all in these
    single_row.upsert(rows[3], unique=["scope"], update=FIGURES)
    found = stored(CurrentKPI)
    assert [row["figure"] for row in found] == [content] * 4
    assert [row["run_memo"] for row in found] == [content, None, None, None]
    assert [row["time"] for row in found] == [NOON] * 4


@pytest.mark.django_db
def test_a_cursor_of_bound_values_leaves_the_connection_as_it_was(organization: Organization):
    factory = connection.connection.cursor_factory
    rows = snapshots_of(scopes_of(organization, 2), 1)
    many_rows.upsert(rows, unique=["scope", "time"], update=SNAPSHOTS)
    with pytest.raises(DataError), transaction.atomic():
        many_rows.upsert([*rows, Snapshot(scope_id=2**70, time=NOON)], unique=["scope", "time"], update=SNAPSHOTS)
    assert connection.connection.cursor_factory is factory
    assert Snapshot.objects.count() == 2


# --- keys ------------------------------------------------------------------------------------------------------------
READS: dict[str, Callable[[str, list[int]], object]] = {
    "backlog": lambda of, keys: list(backlog.selectors.figures(of, scopes=keys, now=NOON)),
    "settings": lambda of, keys: kpi.selectors.rules_by_queue(of, scopes=keys),
}


@pytest.mark.django_db
def test_keys_in_a_table_find_the_rows_of_a_list(organization: Organization):
    scopes = [scope.pk for scope in scopes_of(organization, 5)]
    for chosen in ([], scopes[1:3], [*scopes, 10**9], scopes[:1] * 3):
        expected = set(Scope.objects.filter(pk__in=chosen).values_list("pk", flat=True))
        assert set(Scope.objects.filter(pk__in=Among(chosen)).values_list("pk", flat=True)) == expected
    rows = CurrentBacklog.objects.filter(scope__organization=organization, scope__in=Among(scopes))
    assert not rows.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("read", READS)
def test_a_read_of_many_scopes_of_a_new_organization_looks_at_its_keys_once(organization: Organization, read: str):
    """A database that has just been filled has no statistics: PostgreSQL takes the organization for a small one."""
    scopes = [scope.pk for scope in scopes_of(organization, 2_000)]
    with CaptureQueriesContext(connection) as captured:
        READS[read](organization.pk, scopes[:1_000])
    [statement] = [each["sql"] for each in captured if str(scopes[500]) in each["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (COSTS OFF) " + statement.replace("%", "%%"))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "ANY" not in plan, plan
