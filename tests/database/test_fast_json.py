"""A column of JSON that is read and written in C holds what Django's own does."""

import json
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from backlog.models import CurrentBacklog
from intraday.database.fast_json import FastJSONField
from intraday.org.models import Organization, Scope
from intraday.org.services import add_queues

numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(-1e12, 1e12)  # PostgreSQL keeps longer ones as decimals
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def row(db: None, organization: Organization) -> CurrentBacklog:
    add_queues(organization, [("dept", "of JSON")])
    return CurrentBacklog.objects.create(scope=Scope.objects.get(organization=organization, queue_name="of JSON"))


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.lists(values, max_size=4))
def test_what_is_stored_comes_back_as_json_brings_it_back(row: CurrentBacklog, value: list[Any]):
    row.window = value
    row.save()
    stored = CurrentBacklog.objects.get(pk=row.pk).window
    assert stored == value
    with connection.cursor() as cursor:
        cursor.execute('SELECT "window"::text FROM backlog_currentbacklog WHERE scope_id = %s', [row.pk])
        assert json.loads(cursor.fetchone()[0]) == stored


def test_migrations_see_a_field_of_django():
    _, path, _, options = FastJSONField(default=list).deconstruct()
    assert (path, options) == ("django.db.models.JSONField", {"default": list})
