"""One example of every event, as it goes over the wire: written by these tests, read by those of the client.

`UPDATE_GOLDEN=1 make test` writes them anew.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"
# Values that differ from run to run, and their placeholders.
_FIXED = {
    "epoch": "0a1b2c3d",
    "ts": "2026-01-31T10:00:00.250000Z",
    "snapshot_id": "7f8d2c1e-0000-4000-8000-000000000001",
}


def assert_golden(message: Mapping[str, Any], **fixed: Any) -> None:
    """The message equals its stored example but for what changes by chance (`fixed`: further fields of `data`)."""
    spelled = _settled(message, {**_FIXED, **fixed})
    path = FOLDER / f"{str(message['event']).replace(':', '.')}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(json.dumps(spelled, indent=2, ensure_ascii=False) + "\n")
    assert json.loads(path.read_text()) == spelled


def _settled(message: Mapping[str, Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
    data = {name: fixed.get(name, value) for name, value in message["data"].items()}
    return {name: fixed.get(name, value) for name, value in message.items()} | {"data": data}
