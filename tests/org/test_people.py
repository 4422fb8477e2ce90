"""Signing in and out, and which page a person then sees."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from intraday.org.demo import create_demo
from intraday.org.models import Organization, Role
from tests.access.people import person

PASSWORD = "correct horse battery"


@pytest.fixture
def demo(db: None, settings: Any, tmp_path: Any) -> None:
    settings.DEMO, settings.VAR_DIR = True, tmp_path
    create_demo()


def config(client: Client, path: str = "/") -> dict[str, Any]:
    """Return the configuration that the server wrote into the page."""
    found = re.search(r'<script id="config"[^>]*>(.*?)</script>', client.get(path).content.decode())
    assert found is not None
    return json.loads(found[1])  # type: ignore[no-any-return]


def test_in_the_demo_one_continues_as_a_person_of_it(client: Client, demo: None):
    answer = client.post("/signin", {"continue_as": "ana", "next": "/alerts/a-1"})
    assert (answer.status_code, answer["Location"]) == (302, "/alerts/a-1")
    [organization] = config(client)["organizations"]
    assert (organization["user"], organization["role"]) == ("ana", "analyst")


def test_in_the_demo_one_may_look_without_signing_in(client: Client, demo: None):
    assert config(client)["signed_in"] is False


def test_outside_the_demo_a_name_alone_opens_nothing(client: Client, organization: Organization):
    get_user_model().objects.create_user("ana", password=PASSWORD)
    answer = client.post("/signin", {"continue_as": "ana"})
    assert answer.status_code == 200
    assert "continue_as" not in answer.content.decode()
    assert client.get("/")["Location"] == "/signin?next=/"


def test_a_foreign_address_is_no_place_to_go_on_to(client: Client, demo: None):
    answer = client.post("/signin", {"continue_as": "ana", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_wrong_passwords_run_out(client: Client, organization: Organization, settings: Any):
    get_user_model().objects.create_user("ana", password=PASSWORD)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = client.post("/signin", {"username": "ana", "password": "wrong"})
    assert answer.status_code == 429
    assert "15 minutes" in answer.content.decode()
    assert client.post("/signin", {"username": "ana", "password": PASSWORD}).status_code == 429


def test_signing_out_ends_the_session(client: Client, organization: Organization):
    client.force_login(person("ana", organization))
    assert client.post("/signout")["Location"] == "/signin"
    assert client.get("/")["Location"] == "/signin?next=/"


def test_the_page_offers_what_the_person_may_and_sees(client: Client, organization: Organization):
    client.force_login(person("sam", organization, Role.SUPERVISOR, "dept_456"))
    [offered] = config(client)["organizations"]
    assert offered["whole"] is False
    assert offered["sees_names"]
    assert "walls" in offered["grants"]
    assert offered["departments"] == [
        {"id": "dept_456", "name": "dept_456", "queues": ["billing", "sales", "support"]},
    ]


def test_a_person_of_no_organization_is_told_so(client: Client, db: None):
    client.force_login(get_user_model().objects.create_user("new"))
    assert config(client)["organizations"] == []
