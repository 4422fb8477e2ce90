"""Pages of items as CSV."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from rest_framework.renderers import BaseRenderer

from intraday.rest.json import JSONRenderer


class ItemsCSVRenderer(BaseRenderer):
    """The `items` of a page, in the view's `csv_columns`: an empty page has them, too. Errors stay JSON.

    A column names a value inside an item: `sla_risk.risk_score`, `reasons.0`.
    """

    media_type = "text/csv"
    format = "csv"

    def render(self, data: Any, media_type: str | None = None, context: Mapping[str, Any] | None = None) -> bytes:
        assert context is not None, "views render with a context"
        if not isinstance(data, dict) or "items" not in data:
            context["response"]["Content-Type"] = JSONRenderer.media_type
            return JSONRenderer().render(data)
        columns, text = context["view"].csv_columns, io.StringIO()
        table = csv.writer(text)
        table.writerow(columns)
        for item in msgspec.to_builtins(data["items"]):
            cells = dict(_cells(item))
            table.writerow([cells.get(column) for column in columns])
        return text.getvalue().encode()


def _cells(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the name and the value of each cell: nested names are joined by points, lists count from 0.

    Instants are text by then (`to_builtins`); true and false are spelled as in JSON.
    """
    if not isinstance(value, dict | list):
        yield name, str(value).lower() if isinstance(value, bool) else value
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _cells(inner, f"{name}.{key}" if name else str(key))
