"""The version that the database gives each row itself: it changes with every change, by any process.

What a process remembers of rows is true while they are of the same version. SQLite has no versions: nothing is
remembered there.
"""

from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Model, QuerySet
from django.db.models.expressions import RawSQL

Version = int | None
"""The number of the transaction that wrote the row last; None where the database does not tell."""


def are_known() -> bool:
    return connection.vendor == "postgresql"


def annotated(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Add the version of each row as `row_version`."""
    table = rows.model._meta.db_table
    version = f'"{table}".xmin::text::bigint' if are_known() else "NULL"
    found: QuerySet[Any] = rows.annotate(row_version=RawSQL(version, (), output_field=BigIntegerField()))  # noqa: S611
    return found


def update(model: type[Model], pk: Any, **columns: Any) -> Version:
    """Set these columns of a row; return the version that it has then, until another change."""
    if not are_known():
        model._default_manager.filter(pk=pk).update(**columns)
        return None
    meta = model._meta
    changes = ", ".join(f'"{column}" = %s' for column in columns)
    sql = f'UPDATE "{meta.db_table}" SET {changes} WHERE "{meta.pk.column}" = %s RETURNING xmin::text::bigint'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [*columns.values(), pk])
        row = cursor.fetchone()
    return None if row is None else int(row[0])
