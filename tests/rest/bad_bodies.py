"""Bodies that are no JSON or no row, and the shape of the answer to them."""

import json
from typing import Any

from tests.backlog.posting import row


def with_text(field: str, text: str) -> str:
    """A good row as JSON, with this text in place of one value: what no JSON library would write."""
    return json.dumps({**row(minutes=15), field: "HERE"}).replace('"HERE"', text)


def is_error(body: Any) -> bool:
    required = {"code", "message", "request_id", "docs_url"}
    return isinstance(body, dict) and required <= body.keys() <= {*required, "errors"}


NO_JSON = {
    "nothing": b"",
    "text": b"total_items=3",
    "half": b'{"total_items": ',
    "two": b"{} {}",
    "not UTF-8": b'{"queue_name": "\xff\xfe"}',
    "half a surrogate": b'{"queue_name": "\\ud800"}',
    "NUL": b"\x00" * 10,
    "single quotes": b"{'total_items': 3}",
    "NaN": with_text("average_wait_time_minutes", "NaN").encode(),
    "Infinity": with_text("average_wait_time_minutes", "Infinity").encode(),
    "-Infinity": with_text("total_items", "-Infinity").encode(),
    "1e400": with_text("average_wait_time_minutes", "1e400").encode(),
    "100,000 brackets": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
}


WRONG_TOP = {
    "null": b"null",
    "number": b"3",
    "a string": b'"row"',
    "true": b"true",
    "list": b"[]",
    "list of rows": json.dumps([row()]).encode(),
    "empty object": b"{}",
    "deep inside": b'{"total_items":' + b"[" * 500 + b"]" * 500 + b"}",
}
