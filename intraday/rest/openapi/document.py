"""Complete the OpenAPI document: areas, descriptions of fields, headers of answers, examples recorded by tests."""

import json
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from intraday.rest.idempotency.views import HEADER, REPLAYED
from intraday.rest.openapi.operations import AREAS

Part = dict[str, Any]
HERE = Path(__file__).parent
PARAMETERS = {
    "actor": "Only entries of this person, key or command.",
    "alert_id": "Id of the alert (UUID).",
    "cursor": "`next` of the page before.",
    "department_id": "Department of the scope; left out: the organization, or the one that has the queue.",
    "format": "`json`, or `csv` for a table.",
    "limit": "Rows of a page.",
    "organization_id": "Defaults to the organization of the credential.",
    "queue_name": "Queue of the scope; left out: the department or organization itself.",
    "rule_id": "Id of the rule (UUID).",
    "severity": "Only alerts of these severities.",
    "silence_id": "Id of the silence (UUID).",
    "site_id": "Only people of this site.",
    "source": "Only alerts of these subjects.",
    "view_id": "Id of the saved view (UUID).",
}
HEADERS: dict[str, Part] = {
    "X-Request-ID": {"description": "Id of the request in our log: that of the caller, if it sent one."},
    "RateLimit": {"description": 'Calls left in this minute, and its rest in seconds: `"calls";r=599;t=42`.'},
    "RateLimit-Policy": {"description": 'Calls that a minute may have: `"calls";q=600;w=60`.'},
    "Retry-After": {"description": "Seconds after which trying again makes sense."},
    "ETag": {"description": "Version of the figures, for `If-None-Match`."},
    "Link": {"description": 'Address of the next page, `rel="next"`; absent on the last one.'},
    REPLAYED: {"description": "`true` where the stored answer of an earlier request was given again."},
    "WWW-Authenticate": {"description": "The kind of credential that is missing."},
}
WAITING = {"429", "503"}


def complete(result: Part, **_: Any) -> Part:
    """Hook of drf-spectacular, the last one."""
    result["tags"] = [{"name": name, "description": words} for name, words in AREAS.items()]
    result["components"]["headers"] = {name: {**each, "schema": {"type": "string"}} for name, each in HEADERS.items()}
    for name, schema in result["components"]["schemas"].items():
        _describe_fields(name, schema)
    for path, method, operation in _operations(result):
        _describe_parameters(operation)
        _add_headers(operation)
        _add_examples(f"{method.upper()} {path}", operation)
    return result


def _operations(document: Part) -> Iterator[tuple[str, str, Part]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


# --- words -----------------------------------------------------------------------------------------------------------
@cache
def _fields() -> dict[str, dict[str, str]]:
    return tomllib.loads((HERE / "fields.toml").read_text())


def _describe_fields(name: str, schema: Part) -> None:
    own = _fields().get(name.removesuffix("Request").removeprefix("Aged"), {})
    for field, shape in schema.get("properties", {}).items():
        words = own.get(field) or _fields()["fields"].get(field)
        if "description" in shape or words is None:
            continue
        if "$ref" in shape:  # many readers drop what stands beside a reference
            shape["allOf"] = [{"$ref": shape.pop("$ref")}]
        shape["description"] = words


def _describe_parameters(operation: Part) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["name"] in PARAMETERS:
            parameter.setdefault("description", PARAMETERS[parameter["name"]])
        if parameter["schema"].get("default") == "":
            del parameter["schema"]["default"]  # an empty text is not what a caller may send
        if parameter["name"] == "cursor":
            parameter["schema"] = {"type": "string"}  # what is in it is our business


# --- headers ---------------------------------------------------------------------------------------------------------
def _add_headers(operation: Part) -> None:
    for status, answer in operation["responses"].items():
        names = list(_headers_of(operation, status))
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _headers_of(operation: Part, status: str) -> Iterator[str]:
    taken = {parameter["name"] for parameter in operation.get("parameters", [])}
    yield from ("X-Request-ID", "RateLimit", "RateLimit-Policy")
    if status in WAITING or (status == "409" and HEADER in taken):
        yield "Retry-After"
    if status in ("200", "304") and "If-None-Match" in taken:
        yield "ETag"
    if status == "200" and "cursor" in taken:
        yield "Link"
    if status in ("201", "207") and HEADER in taken:
        yield REPLAYED
    if status == "401":
        yield "WWW-Authenticate"


# --- examples --------------------------------------------------------------------------------------------------------
@cache
def _examples() -> dict[str, Part]:
    """Return what tests/rest/test_examples.py recorded: by operation its request and its answers, by status errors."""
    recorded: dict[str, Part] = json.loads((HERE / "examples.json").read_text())
    return recorded


def _add_examples(name: str, operation: Part) -> None:
    recorded = _examples()["operations"].get(name, {})
    if "request" in recorded:
        for content in operation.get("requestBody", {}).get("content", {}).values():
            content["example"] = recorded["request"]
    for status, answer in operation["responses"].items():
        for media_type, content in answer.get("content", {}).items():
            example = recorded.get("answers", {}).get(f"{status} {media_type}", _examples()["errors"].get(status))
            if example is not None:
                content["example"] = example
