"""The definition that the TypeScript client is made from."""

import json
from pathlib import Path

from intraday.channels import CHANNELS
from realtime.protocol.json_schema import json_schema

WRITTEN = Path(__file__).parents[2] / "clients/typescript/protocol.schema.json"


def test_the_client_is_made_from_the_messages_as_they_are() -> None:
    assert json.loads(WRITTEN.read_text()) == json_schema(CHANNELS), "messages have changed: run `make types`"


def test_fields_that_the_server_always_writes_are_required() -> None:
    changes = json_schema(CHANNELS)["definitions"]["Changes"]
    assert changes["required"] == list(changes["properties"])


def test_fields_that_may_be_unset_are_optional() -> None:
    backlog = json_schema(CHANNELS)["definitions"]["BacklogChanged"]
    assert set(backlog["properties"]) - set(backlog["required"]) == {
        "department_id",
        "queue_name",
        "age_profile",
        "reasons",
    }
