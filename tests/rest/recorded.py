"""Record requests and answers as examples of the OpenAPI document; values that chance decides are made the same."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

Example = dict[str, Any]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
REQUEST_ID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{16}(?![0-9a-f-])")  # in tables, which have no names
BY_CHANCE = {
    "token": "eyJvIjoib3JnXzEyMyJ9:1vm7RA:Vq3x9cQW0m1c",
    "path": "/wall/4oD2pTq7mVbN1xYz",
    "request_id": "6d1f0c2b9a4e7d35",
    "epoch": "0a1b2c3d",
    "wall_id": "1",
    "key": "ik_8sQ2vTn4xLr0pWb7yJd3",
    "key_id": "1",
    "prefix": "ik_8sQ2vT",
}
MOST_ITEMS, MOST_LINES = 2, 4


@dataclass
class Recorder:
    """`operations`: the request and the answers of each; `errors`: the answer of each status."""

    operations: dict[str, Example] = field(default_factory=dict)
    errors: dict[str, Any] = field(default_factory=dict)

    def call(self, client: Any, operation: str, body: Any = None, *, path: str = "", **options: Any) -> Any:
        """Send what an operation takes and record it; the last answer of a status counts. Returns its body."""
        answer = self._send(client, operation, body, path, options)
        assert answer.status_code < 400 or options.get("refused"), answer.getvalue()
        example = self.operations.setdefault(operation, {"answers": {}})
        if body is not None and answer.status_code < 400:
            example["request"] = shortened(body)
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        text = answer.getvalue()
        if text:
            example["answers"][f"{answer.status_code} {kind}"] = read(text, kind)
        return json.loads(text) if kind == "application/json" else None

    def refusal(self, answer: Any) -> None:
        """Record an error for all operations that answer its status."""
        self.errors[str(answer.status_code)] = answer.json()

    @staticmethod
    def _send(client: Any, operation: str, body: Any, path: str, options: dict[str, Any]) -> Any:
        method, address = operation.split(" ")
        query, headers = options.get("query"), options.get("headers", {})
        address = path or address
        if method == "GET":
            return client.get(address, query, headers=headers)
        return getattr(client, method.lower())(address, body, format="json", headers=headers)

    def settled(self) -> Example:
        """Return what was recorded with ids and secrets that do not differ from run to run."""
        ids: dict[str, str] = {}

        def same(match: re.Match[str]) -> str:
            return ids.setdefault(match.group(), f"7f8d2c1e-0000-4000-8000-{len(ids) + 1:012}")

        whole = {"operations": self.operations, "errors": self.errors}
        text = json.dumps(_fixed(whole), default=str, sort_keys=True)
        found: Example = json.loads(REQUEST_ID.sub(BY_CHANCE["request_id"], UUID.sub(same, text)))
        return found


def read(text: bytes, kind: str) -> Any:
    if kind == "application/json":
        return shortened(json.loads(text))
    return "\n".join(text.decode().splitlines()[:MOST_LINES]) + "\n"


def shortened(value: Any) -> Any:
    """Return it with short lists, so that an example stays readable."""
    if isinstance(value, dict):
        return {name: shortened(inner) for name, inner in value.items()}
    return [shortened(inner) for inner in value[:MOST_ITEMS]] if isinstance(value, list) else value


def _fixed(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: BY_CHANCE[name] if name in BY_CHANCE and isinstance(inner, str) else _fixed(inner)
            for name, inner in value.items()
        }
    return [_fixed(inner) for inner in value] if isinstance(value, list) else value
