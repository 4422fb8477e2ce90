"""Pages of items as CSV."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from rest_framework.renderers import BaseRenderer

from intraday.rest.json import JSONRenderer

FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes text that begins with one of these, or their full-width forms, for a formula and runs it."""


class ItemsCSVRenderer(BaseRenderer):
    """The `items` of a page, in the view's `csv_columns`: an empty page has them, too. Errors stay JSON.

    A column names a value inside an item: `sla_risk.risk_score`, `reasons.0`. An apostrophe is put before text that a
    spreadsheet would take for a formula; numbers stay as they are.
    """

    media_type = "text/csv"
    format = "csv"

    def render(self, data: Any, media_type: str | None = None, context: Mapping[str, Any] | None = None) -> bytes:
        assert context is not None, "views render with a context"
        if not isinstance(data, dict) or "items" not in data:
            context["response"]["Content-Type"] = JSONRenderer.media_type
            return JSONRenderer().render(data)
        columns = context["view"].csv_columns
        return heading(columns) + lines(data["items"], columns)


def heading(columns: Sequence[str]) -> bytes:
    return _table([columns])


def lines(items: Sequence[Any], columns: Sequence[str]) -> bytes:
    """Return a line for each item."""
    found = (dict(_cells(item)) for item in msgspec.to_builtins(items))
    return _table([cells.get(column) for column in columns] for cells in found)


def _table(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cells(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the name and the value of each cell: nested names are joined by points, lists count from 0.

    Instants are text by then (`to_builtins`); true and false are spelled as in JSON.
    """
    if not isinstance(value, dict | list):
        yield name, _cell(value)
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _cells(inner, f"{name}.{key}" if name else str(key))


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and _is_formula(value) else value


def _is_formula(text: str) -> bool:
    begins_with_control = unicodedata.category(text[0]) == "Cc" if text else False
    return begins_with_control or text.lstrip().startswith(FORMULA_STARTS)
