"""Count the rows that a block reads and writes, by table."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

READ = re.compile(r'\s*(?:WITH\b.*?\)\s*)?SELECT\b.*?\bFROM\s+"?(\w+)"?', re.DOTALL | re.IGNORECASE)
WRITTEN = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?', re.IGNORECASE)


@dataclass
class Rows:
    read: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    statements: list[str] = field(default_factory=list)
    executed: list[str] = field(default_factory=list)
    """The statements with their values in place."""


@contextmanager
def rows_counted() -> Iterator[Rows]:
    """Count by the first table that a statement names: the rows that the database sent, or changed."""
    rows = Rows()

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        done = execute(sql, params, many, context)
        number = max(0, context["cursor"].cursor.rowcount)
        rows.statements.append(sql)
        rows.executed.append(str(connection.ops.last_executed_query(context["cursor"], sql, params)))
        if found := WRITTEN.match(sql):
            rows.written[found[1]] += number
        elif found := READ.match(sql):
            rows.read[found[1]] += number
        return done

    with connection.execute_wrapper(count):
        yield rows
