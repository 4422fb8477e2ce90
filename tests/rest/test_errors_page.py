"""docs/errors.md explains each code that an answer can have, and no other; each error links to its entry."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from django.test import Client
from rest_framework import exceptions

from alerts.rules.lifecycle import Decision
from intraday.org.models import Organization
from tests.conftest import client_of
from tests.documents import ROOT

PAGE = (ROOT / "docs/errors.md").read_text()
EXPLAINED = re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)
APPS = ("intraday", "alerts", "kpi", "backlog", "attendance", "realtime")
FIRST_ARGUMENT = {"error_body", "conflict", "RefusedError"}
SECOND_ARGUMENT = {"error_response", "Refusal"}
BY_NAME = {"PermissionDenied", "ParseError", "AuthenticationFailed"}
OF_THE_LIBRARY = {
    each.default_code
    for each in (
        exceptions.ValidationError,
        exceptions.NotAuthenticated,
        exceptions.PermissionDenied,
        exceptions.NotFound,
        exceptions.MethodNotAllowed,
        exceptions.NotAcceptable,
        exceptions.UnsupportedMediaType,
        exceptions.Throttled,
    )
}
"""Raised by REST framework itself; where it raises others, a code of ours is given."""


def codes_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from of_call(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from of_assignment({getattr(each, "id", "") for each in targets}, node.value)


def of_call(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if name in FIRST_ARGUMENT:
        yield from constant(call.args[0])
    elif name in SECOND_ARGUMENT:
        yield from constant(call.args[1])
    elif name in BY_NAME:
        for keyword in call.keywords:
            if keyword.arg == "code":
                yield from constant(keyword.value)


def of_assignment(names: set[str], value: ast.expr | None) -> Iterator[str]:
    if "default_code" in names:
        yield from constant(value)
    elif names & {"failure", "expired"} and isinstance(value, ast.Tuple):
        yield from constant(value.elts[1])


def constant(node: ast.expr | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def given() -> set[str]:
    files = [path for app in APPS for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts]
    found = {code for path in files for code in codes_in(Path(path).read_text())}
    refusals = {Decision.ALREADY_ACKNOWLEDGED, Decision.ALREADY_RESOLVED, Decision.VERSION}
    return found | OF_THE_LIBRARY | {each.value for each in refusals}


def test_the_page_explains_every_code_that_can_be_given_and_no_other():
    assert sorted(EXPLAINED) == sorted(given())


class Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [str(value) for name, value in attrs if name == "id"]


def test_the_page_is_served_to_everybody_with_an_anchor_for_each_code(db: None):
    anchors = Anchors()
    anchors.feed(Client().get("/docs/errors").text)
    assert [each for each in EXPLAINED if each not in anchors.found] == []


def test_an_error_links_to_its_entry_and_carries_the_id_of_its_request(organization: Organization):
    answer = client_of(organization).get("/api/intraday/backlog/current", {"queue": "support"})
    assert answer.status_code == 400
    assert answer.json()["docs_url"] == "http://localhost:5000/docs/errors#invalid"
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
