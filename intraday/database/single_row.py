"""Single rows, locked and stored by statements that are built once for each model.

Django builds the SQL of a query anew each time, which for one row takes longer than its statement.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

import psycopg
from django.db import connection
from django.db.models import Model

from intraday.database.bound import bound_values

M = TypeVar("M", bound=Model)
LARGE_BYTES = 16 * 1024


def insert(row: Model) -> None:
    """Insert a row whose primary key is known, or not needed."""
    _execute(insert_into(type(row), _places(type(row))), values_of(row))


def upsert(row: Model, *, unique: Sequence[str], update: Sequence[str]) -> None:
    """Insert a row, or update these fields of the one that has the same values in the `unique` ones."""
    statement = insert_into(type(row), _places(type(row))) + on_conflict(type(row), tuple(unique), tuple(update))
    _execute(statement, values_of(row))


def lock(model: type[M], key: Any) -> M | None:
    """Return the row with this primary key, locked until commit; None if there is none."""
    found = model._default_manager.raw(_lock(model, connection.vendor), [key])
    return next(iter(found), None)


def _execute(statement: str, values: Sequence[Any]) -> None:
    with connection.cursor() if _is_small(values) else bound_values() as cursor:
        cursor.execute(statement, values)


def _is_small(values: Sequence[Any]) -> bool:
    return connection.vendor != "postgresql" or not any(
        isinstance(value, psycopg.Binary) and len(value.obj) > LARGE_BYTES for value in values
    )


def stored_fields(model: type[Model]) -> list[Any]:
    """Return the fields that a new row gets from us: all but a key that the database counts."""
    fields = model._meta.concrete_fields
    return [field for field in fields if field is not model._meta.auto_field]


def values_of(row: Model) -> list[Any]:
    """Return what the database gets for each of the stored fields."""
    return [prepared(field, row) for field in stored_fields(type(row))]


def prepared(field: Any, row: Model) -> Any:
    return field.get_db_prep_save(field.pre_save(row, add=True), connection)


@cache
def _places(model: type[Model]) -> str:
    return f"VALUES ({', '.join(['%s'] * len(stored_fields(model)))})"


@cache
def insert_into(model: type[Model], source: str) -> str:
    """Return the statement that inserts the stored fields from a source: VALUES, or SELECT."""
    columns = ", ".join(f'"{field.column}"' for field in stored_fields(model))
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) {source}'


@cache
def on_conflict(model: type[Model], unique: tuple[str, ...], update: tuple[str, ...]) -> str:
    columns = [_column(model, name) for name in update]
    changes = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns)
    return f" ON CONFLICT ({', '.join(_column(model, name) for name in unique)}) DO UPDATE SET {changes}"


def _column(model: type[Model], name: str) -> str:
    [field] = (field for field in model._meta.concrete_fields if field.name == name)
    return f'"{field.column}"'


@cache
def _lock(model: type[Model], vendor: str) -> str:
    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    key = model._meta.pk.column
    lock_clause = " FOR UPDATE" if vendor == "postgresql" else ""  # SQLite has one writer at a time
    return f'SELECT {columns} FROM "{model._meta.db_table}" WHERE "{key}" = %s{lock_clause}'  # noqa: S608
