"""A read that is asked something unknown is refused: ignored, a misspelled parameter would answer another question."""

import re
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from intraday.org.models import Organization, Role
from intraday.org.services import grant
from tests.conftest import client_of
from tests.rest.contract import document

READS = sorted(path for path, item in document()["paths"].items() if "get" in item)
INGESTS = sorted(path for path in document()["paths"] if path.endswith("ingest"))


def address(path: str) -> str:
    return re.sub(r"\{\w+\}", str(uuid4()), path)


@pytest.fixture
def reader(client: Client, organization: Organization) -> Client:
    """A person of the organization who may read everything."""
    person = get_user_model().objects.create_user("ada")
    grant(user=person, organization=organization, role=Role.ADMIN)
    client.force_login(person)
    return client


@pytest.mark.parametrize("path", READS)
def test_a_read_refuses_a_parameter_that_nobody_knows_and_names_those_it_knows(reader: Client, path: str):
    answer = reader.get(address(path), {"qeue_name": "support"})
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, "invalid")
    assert body["message"]
    known = {each["name"] for each in document()["paths"][path]["get"].get("parameters", ()) if each["in"] == "query"}
    [said] = body["errors"]["qeue_name"]
    assert all(name in said for name in known)


@pytest.mark.parametrize("path", READS)
def test_what_the_document_offers_is_known(reader: Client, path: str):
    for each in document()["paths"][path]["get"].get("parameters", ()):
        if each["in"] == "query":
            errors = reader.get(address(path), {each["name"]: "x"}).json().get("errors", {})
            assert "Unknown parameter" not in str(errors)


@pytest.mark.parametrize("path", [path for path in READS if path not in ("/api/ws/sse", "/metrics/kpi")])  # no JSON
def test_json_may_be_asked_for_by_name(reader: Client, path: str):
    assert "format" not in str(reader.get(address(path), {"format": "json"}).json().get("errors", ""))


def test_a_parameter_given_twice_is_refused_where_one_counts(reader: Client):
    answer = reader.get("/api/intraday/kpi/current?queue_name=support&queue_name=billing")
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"queue_name": ["The parameter is given more than once: send one value."]}
    assert reader.get("/api/alerts?status=pending&status=resolved").status_code == 200


@pytest.mark.parametrize("path", INGESTS)
def test_an_ingest_refuses_an_option_that_nobody_knows(organization: Organization, path: str):
    answer = client_of(organization).post(f"{path}?dryrun=true", {"items": []}, format="json")
    assert answer.status_code == 400
    [said] = answer.json()["errors"]["dryrun"]
    assert "dry_run" in said
