"""An index earns its place: every foreign key has one that begins with it, no index only repeats another, and rows that
are written anew each minute do not touch theirs."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey, Model

from alerts.evaluation.changes import Actor
from alerts.models import Alert, RuleState
from alerts.rule_services import create_rule
from alerts.services import evaluate
from intraday.org.models import Organization
from intraday.org.services import add_queues
from kpi.models import CurrentKPI, IntervalFeed, IntervalStats
from tests.backlog.posting import TEN, at
from tests.kpi.posting import interval, post_all, round_of
from tests.packages import PACKAGES
from tests.rest.contract import ContractClient

_INDEXES = """
SELECT i.relname, ARRAY(SELECT a.attname FROM UNNEST(x.indkey) WITH ORDINALITY k (place, nth)
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.place ORDER BY nth), x.indisunique
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relname = %s AND x.indpred IS NULL AND x.indexprs IS NULL
"""
Indexes = dict[str, tuple[list[str], bool]]
OURS = [model for model in apps.get_models() if model.__module__.split(".")[0] in PACKAGES]
QUEUES, MINUTES = 120, 12
WRITTEN_ANEW: tuple[type[Model], ...] = (Alert, CurrentKPI, IntervalFeed, IntervalStats, RuleState)


def indexes_of(model: type[Model]) -> Indexes:
    """Return the columns of each index, and whether it is unique; those with a condition are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES, [model._meta.db_table])
        return {name: (columns, unique) for name, columns, unique in cursor.fetchall()}


def repeated(indexes: Indexes) -> set[str]:
    return {
        name
        for name, (columns, unique) in indexes.items()
        if not unique and any(other != columns and other[: len(columns)] == columns for other, _ in indexes.values())
    }


@pytest.mark.django_db
@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_each_foreign_key_has_an_index_that_begins_with_it_and_none_is_repeated(model: type[Model]):
    indexes = indexes_of(model)
    keys = [field.column for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]
    assert [key for key in keys if not any(columns[0] == key for columns, _ in indexes.values())] == []
    assert repeated(indexes) == set()


def test_rows_that_are_written_anew_each_minute_stay_in_their_pages(
    transactional_db: None, organization: Organization, api: ContractClient
):
    """Else each of them would be written to all indexes of its table, and leave a dead entry in each.

    Each minute begins with the VACUUM of the tables: the pages would get their room back without it, but not while
    another test, in another database of the same server, is in a long transaction.
    """
    queues = [f"line {number}" for number in range(QUEUES)]
    add_queues(organization, [("dept_456", queue) for queue in queues])
    fields = {"source": "kpi", "metric": "service.service_level", "operator": "<", "threshold": 95, "severity": "low"}
    create_rule(organization=organization, fields={**fields, "name": "Low"}, actor=Actor("ada"), now=TEN)
    before = {model: updates_of(model) for model in WRITTEN_ANEW}  # other tests may write to the same database
    for minute in range(10, 10 + MINUTES):
        vacuum(WRITTEN_ANEW)
        rows = [interval(queue, 0, as_of=at(minute), handle_seconds=9_000 + minute) for queue in queues]
        post_all(api, *rows)
        round_of(organization, minute, everything=True)
        evaluate(organization_id=organization.pk, now=TEN + timedelta(minutes=minute))
    for model, counts in before.items():
        updated, in_place, moved = (now - then for now, then in zip(updates_of(model), counts, strict=True))
        assert updated >= QUEUES * (MINUTES - 2), model
        assert in_place + moved == updated, f"{model}: an indexed column changed"
        assert in_place >= 0.7 * updated, f"{model}: pages are full"


def vacuum(models: tuple[type[Model], ...]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM " + ", ".join(model._meta.db_table for model in models))


def updates_of(model: type[Model]) -> tuple[int, int, int]:
    """Return how many rows were updated since the database was made, how many of them without a change of any index,
    and how many in another page."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT n_tup_upd, n_tup_hot_upd, n_tup_newpage_upd FROM pg_stat_user_tables WHERE relname = %s",
            [model._meta.db_table],
        )
        updated, in_place, moved = cursor.fetchone()
    return updated, in_place, moved
