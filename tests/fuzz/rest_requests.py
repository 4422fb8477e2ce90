"""Requests made from the OpenAPI document: in order at first, then with parts replaced by values that hurt."""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.fuzz import values
from tests.fuzz.inputs import Input, escaped, odd_headers, pairs
from tests.rest.contract import document

MUTATIONS = [0, 1, 1, 1, 1, 2, 2, 3]
MOST_ROWS = 3


@dataclass
class RestRequests:
    """`known` has, by the name of a field, values that exist in the database."""

    random: Random
    known: Mapping[str, list[str]]
    now: datetime

    def __post_init__(self) -> None:
        self._schemas: dict[str, Any] = document()["components"]["schemas"]
        self._operations = [
            (method, path, operation)
            for path, item in document()["paths"].items()
            for method, operation in item.items()
            if method != "parameters"
        ]

    def make(self) -> Input:
        method, path, operation = self.random.choice(self._operations)
        parameters = operation.get("parameters", [])
        body, content_type = self._body(operation)
        return Input(
            method.upper(),
            self._path(path),
            self._query([each for each in parameters if each["in"] == "query"]),
            body,
            content_type,
            self.random.choices(["token", "key", "session", "nobody"], [80, 10, 8, 2])[0],
            odd_headers(self.random),
        )

    # --- addresses ---------------------------------------------------------------------------------------------------
    def _path(self, path: str) -> str:
        def one(match: re.Match[str]) -> str:
            if self.random.random() < 0.85:
                return self.random.choice(self.known[match[1]])
            return escaped(values.text(self.random)) or "-"

        return re.sub(r"\{(\w+)\}", one, path)

    def _query(self, parameters: list[Any]) -> str:
        given = []
        for each in parameters:
            share = 0.4 if self.random.random() < 0.6 else 0.1
            if self.random.random() < share:
                given.append((each["name"], self._parameter(each)))
        if given and self.random.random() < 0.05:
            given.append(self.random.choice(given))
        if self.random.random() < 0.03:
            given.append((values.text(self.random), values.text(self.random)))
        return pairs(given)

    def _parameter(self, parameter: Any) -> str:
        if self.random.random() < 0.5:
            return values.text(self.random)
        found = self._plausible(parameter["name"], parameter["schema"])
        if isinstance(found, list):
            found = found[0] if found else ""
        return str(found)

    # --- bodies ------------------------------------------------------------------------------------------------------
    def _body(self, operation: Any) -> tuple[bytes, str]:
        content_type = "application/json"
        if self.random.random() < 0.02:
            content_type = self.random.choice(values.CONTENT_TYPES)
        if "requestBody" not in operation:
            return b"", content_type
        if self.random.random() < 0.05:
            return self.random.choice(values.BODIES), content_type
        body = self._plausible("", operation["requestBody"]["content"]["application/json"]["schema"])
        for _ in range(self.random.choice(MUTATIONS)):
            body = self._mutated(body)
        text = values.spell(body).encode()
        if self.random.random() < 0.02:
            text = text[: self.random.randrange(len(text) + 1)]
        return text, content_type

    def _mutated(self, body: Any) -> Any:
        """Return the body with one part replaced, removed or added."""
        body = copy.deepcopy(body)
        places = list(_places(body))
        if not places or self.random.random() < 0.03:
            return values.value(self.random)
        container, key = self.random.choice(places)
        kind = self.random.random()
        if kind < 0.8:
            container[key] = values.value(self.random)
        elif kind < 0.9:
            del container[key]
        elif isinstance(container, dict):
            container[values.text(self.random)] = values.value(self.random)
        else:
            container.append(copy.deepcopy(container[key]))
        return body

    def _plausible(self, name: str, schema: Any) -> Any:
        """Return a value that the schema allows, and mostly one that means something."""
        if "$ref" in schema:
            return self._plausible(name, self._schemas[schema["$ref"].rpartition("/")[2]])
        for several in ("oneOf", "anyOf"):
            if several in schema:
                return self._plausible(name, self.random.choice(schema[several]))
        if "allOf" in schema:
            return self._plausible(name, schema["allOf"][0])
        if name in self.known:
            return self.random.choice(self.known[name])
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        types = schema.get("type", "object")
        kind = self.random.choice(types) if isinstance(types, list) else types
        return getattr(self, f"_{kind}")(name, schema)

    def _object(self, name: str, schema: Any) -> Any:
        required = set(schema.get("required", ()))
        share = self.random.choice([0.1, 0.5, 0.9])
        found = {
            each: self._plausible(each, part)
            for each, part in schema.get("properties", {}).items()
            if each in required or self.random.random() < share
        }
        if name == "draft":
            return self._plausible("", {"$ref": "/RuleRequest"})
        return found

    def _array(self, name: str, schema: Any) -> Any:
        singular = {"ids": "alert_id", "channels": "channel"}.get(name, name.removesuffix("s"))
        count = self.random.randint(0 if self.random.random() < 0.1 else 1, MOST_ROWS)
        return [self._plausible(singular, schema["items"]) for _ in range(count)]

    def _null(self, name: str, schema: Any) -> Any:
        return None

    def _boolean(self, name: str, schema: Any) -> Any:
        return self.random.random() < 0.5

    def _integer(self, name: str, schema: Any) -> Any:
        low = schema.get("minimum", 0)
        return self.random.choice(
            [low, low + 1, 60, self.random.randint(low, min(schema.get("maximum", 10**9), 10**4))]
        )

    def _number(self, name: str, schema: Any) -> Any:
        return self.random.choice([0, 1, 0.5, 80, round(self.random.uniform(0, schema.get("maximum", 1_000)), 3)])

    def _string(self, name: str, schema: Any) -> Any:
        if schema.get("format") == "date-time":
            minutes = self.random.choice([0, 0, -1, -15, -30, -60, -24 * 60, -7 * 24 * 60, 30])
            whole = self.now.replace(minute=self.now.minute // 15 * 15, second=0, microsecond=0)
            at = self.random.choice([self.now, whole]) + timedelta(minutes=minutes)
            return at.isoformat().replace("+00:00", "Z")
        if schema.get("format") == "date":
            return (self.now + timedelta(days=self.random.choice([0, 0, -1, 1, -400, 10_000]))).date().isoformat()
        return self.random.choice(["a", "support", "08:30", "UTC", "id eigen", "acme.lunch.started"])


def _places(body: Any) -> list[tuple[Any, Any]]:
    """Return every place in the tree, as its container and its key there."""
    found: list[tuple[Any, Any]] = []
    parts = list(body.items()) if isinstance(body, dict) else list(enumerate(body)) if isinstance(body, list) else []
    for key, part in parts:
        found.append((body, key))
        found += _places(part)
    return found
