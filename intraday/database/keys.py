"""Filters by many keys."""

import json
from collections.abc import Collection
from typing import Any

from django.db.models.expressions import Expression


class Among(Expression):
    """The right side of `scope__in`, or of the lookup of another integer key.

    The keys become a table, read once. As a list beside the condition that PostgreSQL joins by, they were sorted again
    for each row of the other table: 2,000 of 10,000 queues took 1.4 s.
    """

    def __init__(self, keys: Collection[int]) -> None:
        super().__init__()
        self.keys = sorted(keys)

    def as_postgresql(self, *_: Any, **__: Any) -> tuple[str, list[Any]]:
        return "(SELECT UNNEST(%s::bigint[]))", [self.keys]

    def as_sqlite(self, *_: Any, **__: Any) -> tuple[str, list[Any]]:
        return "(SELECT value FROM json_each(%s))", [json.dumps(self.keys)]
