"""Pages of items as CSV: cells, columns and line ends, byte by byte."""

import csv
import io
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intraday.rest.csv_renderer import ItemsCSVRenderer


def rendered(items: list[Any], columns: list[str]) -> bytes:
    context = {"view": SimpleNamespace(csv_columns=columns), "response": {}}
    return ItemsCSVRenderer().render({"items": items, "next": None}, "text/csv", context)


# RFC 4180: CRLF after each line; quotes around cells with a comma, quote or line end, inner quotes doubled.
@pytest.mark.parametrize(
    ("item", "columns", "line"),
    [
        ({"a": 1, "b": "x"}, ["b", "a"], b"x,1\r\n"),
        ({"a": 1.5, "b": None}, ["a", "b"], b"1.5,\r\n"),
        ({"a": True, "b": False}, ["a", "b"], b"true,false\r\n"),
        ({"a": {"b": {"c": 3}}}, ["a.b.c"], b"3\r\n"),
        ({"a": [{"b": 1}, {"b": 2}]}, ["a.1.b", "a.0.b"], b"2,1\r\n"),
        ({"a": {}, "b": []}, ["a", "b"], b",\r\n"),
        ({"a": 1}, ["a", "unknown"], b"1,\r\n"),
        ({"a": 'say "a, b"'}, ["a"], b'"say ""a, b"""\r\n'),
        ({"a": "two\nlines"}, ["a"], b'"two\nlines"\r\n'),
        ({"a": "Zürich"}, ["a"], "Zürich\r\n".encode()),
        ({"a": "=1+1"}, ["a"], b"'=1+1\r\n"),
        ({"a": "+49 30"}, ["a"], b"'+49 30\r\n"),
        ({"a": "-2"}, ["a"], b"'-2\r\n"),
        ({"a": -2}, ["a"], b"-2\r\n"),
        ({"a": "@SUM(A1)"}, ["a"], b"'@SUM(A1)\r\n"),
        ({"a": " =1"}, ["a"], b"' =1\r\n"),
        ({"a": "\uff1d1"}, ["a"], "'\uff1d1\r\n".encode()),
        ({"a": "\t=1"}, ["a"], b"'\t=1\r\n"),
        ({"a": "\x00x"}, ["a"], b"'\x00x\r\n"),
        ({"a": "a=b"}, ["a"], b"a=b\r\n"),
        ({"a": datetime(2026, 1, 31, 10, tzinfo=UTC)}, ["a"], b"2026-01-31T10:00:00Z\r\n"),
    ],
)
def test_an_item_is_one_line(item: dict[str, Any], columns: list[str], line: bytes) -> None:
    assert rendered([item], columns) == ",".join(columns).encode() + b"\r\n" + line


def test_an_empty_page_has_its_columns() -> None:
    assert rendered([], ["a", "b.c"]) == b"a,b.c\r\n"


def test_an_error_stays_json() -> None:
    context: dict[str, Any] = {"view": SimpleNamespace(csv_columns=["a"]), "response": {}}
    assert ItemsCSVRenderer().render({"code": "forbidden"}, "text/csv", context) == b'{"code":"forbidden"}'
    assert context["response"]["Content-Type"] == "application/json"


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(st.fixed_dictionaries({"a": TEXT, "b": st.integers(), "c": st.fixed_dictionaries({"d": TEXT})})))
def test_a_reader_gets_back_every_cell(items: list[dict[str, Any]]) -> None:
    text = rendered(items, ["a", "b", "c.d"]).decode()
    found = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [[plain(row[0]), row[1], plain(row[2])] for row in found] == [
        [plain(item["a"]), str(item["b"]), plain(item["c"]["d"])] for item in items
    ]
    assert not any(row[cell][:1] in ("=", "+", "-", "@", "\t", "\r", "\n") for row in found for cell in (0, 2))


def plain(text: str) -> str:
    return text.removeprefix("'")
