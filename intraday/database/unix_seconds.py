"""An instant as a number, which both databases can divide."""

from typing import Any

from django.db.models import FloatField, Func
from django.db.models.sql.compiler import SQLCompiler


class UnixSeconds(Func):
    """Seconds since 1970 of an instant; whole ones on SQLite."""

    template = "EXTRACT(EPOCH FROM %(expressions)s)"
    arity = 1
    output_field = FloatField()

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(STRFTIME('%%%%s', %(expressions)s) AS REAL)", **context)
