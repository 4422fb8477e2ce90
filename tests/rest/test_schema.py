"""`/api/schema` is complete and true: it is what integrators get."""

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from intraday.org.models import Organization, Role
from intraday.pages import documents
from intraday.wsgi import application
from tests.access.people import person, token_of
from tests.rest.contract import document

OPERATIONS = [
    (method.upper(), path) for path, item in document()["paths"].items() for method in item if method != "parameters"
]
API = schemathesis.openapi.from_wsgi("/api/schema", application)
PLAIN = {"Accept-Encoding": "identity"}  # over WSGI the caller of these tests asks for gzip and does not unpack it
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_the_document_validates_without_a_warning():
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO(), stderr=StringIO())


def test_it_is_served_to_everybody(client: Client):
    served = client.get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert served.status_code == 200
    assert served.json()["paths"].keys() == document()["paths"].keys()
    assert served.json()["openapi"].startswith("3.")


def test_it_is_made_once_for_each_format_however_many_ask(client: Client):
    documents._rendered.cache_clear()
    for _ in range(2):
        for suffix in ("yaml", "json"):
            served = client.get(f"/api/schema?format={suffix}&lang=de&version=9")
            assert served["Content-Disposition"] == f'inline; filename="intraday.{suffix}"'
            assert served["Content-Type"].startswith("application/vnd.oai.openapi")
    assert documents._rendered.cache_info().misses == 2


def test_the_docs_page_comes_with_its_own_scripts(client: Client):
    page = client.get("/api/docs")
    assert page.status_code == 200
    html = page.content.decode()
    assert "swagger-ui-bundle.js" in html
    assert "/api/schema" in client.get("/api/docs?script=").content.decode()
    assert "cdn." not in html
    assert "unpkg" not in html


def routes(resolver: URLResolver, prefix: str = "/") -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.callback


def test_every_route_of_the_api_is_in_the_document():
    unlisted = {"/api/schema", "/api/docs"}
    paths = {re.sub(r"<\w+:(\w+)>", r"{\1}", path) for path, _ in routes(get_resolver())}
    served = {path for path in paths if path.startswith("/api/")} - unlisted
    assert served | {"/metrics/kpi"} == document()["paths"].keys()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_says_what_it_does_and_how_it_fails(method: str, path: str):
    operation = document()["paths"][path][method.lower()]
    assert operation.get("description") or operation.get("summary")
    answers = operation["responses"]
    assert answers.keys() >= {"400", "401", "403", "404", "406", "503"}
    if method == "POST":
        assert answers.keys() >= {"413", "415"}
        assert operation["requestBody"]["content"].keys() == {"application/json"}
    for status, answer in answers.items():
        if int(status) >= 400:
            [(media_type, content)] = answer["content"].items()
            assert media_type == "application/json"
            assert content["schema"]["$ref"].endswith(("/Error", "/BatchError", "/AlertConflict", "/RuleConflict"))


def test_an_error_is_one_shape():
    error = document()["components"]["schemas"]["Error"]
    assert error["properties"].keys() == {"code", "message", "errors", "request_id", "docs_url"}
    assert set(error["required"]) == {"code", "message"}


def test_the_history_is_promised_as_csv_as_well():
    answer = document()["paths"]["/api/intraday/backlog/history"]["get"]["responses"]["200"]
    assert answer["content"].keys() == {"application/json", "text/csv"}


def test_health_and_readiness(client: Client, db: None):
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert client.head(path).status_code == 200
        assert client.post(path).status_code == 405


# --- schemathesis: what the document does not say, a stranger's requests find ----------------------------------------
few = settings(max_examples=6, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["in order", "not in order"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@few
@given(data=st.data())
def test_no_request_made_from_the_document_breaks_it(
    organization: Organization, token: str, method: str, path: str, mode: GenerationMode, data: st.DataObject
):
    """No 500, no 503; no status, no content type and no field that the document does not name."""
    case = data.draw(API[path][method].as_strategy(generation_mode=mode))
    with transaction.atomic():
        case.call_and_validate(headers={"Authorization": f"Bearer {token}", **PLAIN}, checks=CHECKS)
        transaction.set_rollback(True)


@pytest.fixture
def token(organization: Organization) -> Iterator[str]:
    """Return a token of an administrator, who gets furthest.

    Requests run inside the transaction of the test, so they must not close its connection, as they would.
    """
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield token_of(person("ada", organization, Role.ADMIN), organization)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
