"""Many rows, stored by one statement that PostgreSQL gets with a list of values for each column."""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection, models
from django.db.models import Model

from intraday.database import single_row
from intraday.database.bound import bound_values
from intraday.database.single_row import insert_into, on_conflict, prepared, stored_fields


def upsert(rows: Sequence[Model], *, unique: Sequence[str], update: Sequence[str]) -> None:
    """Insert rows of one model, or update these fields of those that have the same values in the `unique` ones."""
    if len(rows) < 2:
        for row in rows:
            single_row.upsert(row, unique=unique, update=update)
        return
    model = type(rows[0])
    if connection.vendor != "postgresql":
        model._default_manager.bulk_create(rows, update_conflicts=True, unique_fields=unique, update_fields=update)
        return
    columns = [_column(field, rows) for field in stored_fields(model)]
    lists = ", ".join(map(_place, stored_fields(model), columns))
    statement = insert_into(model, f"SELECT * FROM UNNEST({lists})")  # noqa: S608 - types of columns
    with bound_values() as cursor:
        cursor.execute(statement + on_conflict(model, tuple(unique), tuple(update)), columns)


def _place(field: Any, values: Sequence[Any]) -> str:
    """Return the place of a list, which goes in binary where its values are of one kind: in a text each of them is
    searched for what must be quoted, and bytes are digits."""
    kinds = set(map(type, values)) - {type(None)}
    place = "%b" if len(kinds) == 1 else "%s"
    return f"{place}::{field.db_type(connection)}[]"


def _column(field: Any, rows: Sequence[Model]) -> list[Any]:
    """Return what the database gets of each row. Django's way to a number leads through six functions."""
    if not isinstance(field, _AS_THEY_ARE):
        return [_plain(prepared(field, row)) for row in rows]
    found = [getattr(row, field.attname) for row in rows]
    if isinstance(field, models.FloatField):  # a list must not have whole numbers beside others
        return [value if value is None else float(value) for value in found]
    return found


def _plain(value: Any) -> Any:
    return bytes(value.obj) if isinstance(value, psycopg.Binary) else value


_AS_THEY_ARE = (models.IntegerField, models.FloatField, models.BooleanField, models.UUIDField, models.ForeignKey)
