"""The AsyncAPI document: valid by the official schema, and every message it describes is one that is sent."""

import json

import jsonschema
import pytest
from django.test import Client

from intraday.channels import CHANNELS
from realtime.protocol.asyncapi import document
from tests.live import ROOT

SCHEMA = ROOT / "node_modules/@asyncapi/specs/schemas/3.0.0.json"


def test_the_document_is_valid_asyncapi_3():
    if not SCHEMA.exists():
        pytest.skip("the AsyncAPI schema comes with Node.js (make packages)")
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert list(validator.iter_errors(document(CHANNELS, host="localhost:5000", secure=False))) == []


def test_it_is_served_with_the_address_it_was_asked_at():
    served = Client(SERVER_NAME="localhost").get("/asyncapi.json").json()
    assert served["servers"]["here"] == {"host": "localhost", "protocol": "ws"}
    assert {"backlog.update", "backlog.snapshot", "backlog.resync", "subscribe"} <= served["components"][
        "messages"
    ].keys()
