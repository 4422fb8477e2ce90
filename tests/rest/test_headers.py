"""Headers of answers: no caches, no devices, no names of programs; and the address for reports of weaknesses."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import checks
from django.test import Client

from intraday.org.models import Organization
from tests.access.people import browser_of, person
from tests.conftest import client_of

SECURITY_TEXT = "/.well-known/security.txt"


def test_no_cache_keeps_an_answer_with_figures_or_names(organization: Organization):
    client = client_of(organization)
    for path in ("/api/intraday/backlog/current", "/api/nothing", "/api/intraday/backlog/history"):
        assert client.get(path).headers["Cache-Control"] == "no-store"
    page = browser_of(person("dana", organization)).get("/")
    assert "no-store" in page.headers["Cache-Control"]


def test_files_that_hold_nothing_of_anybody_may_be_kept(organization: Organization):
    assert "no-store" not in Client().get("/static/intraday/plain.css").headers.get("Cache-Control", "")


def test_no_page_may_use_devices_of_the_browser(db: None):
    policy = Client().get("/signin").headers["Permissions-Policy"]
    assert {"camera=()", "geolocation=()", "microphone=()"} <= set(policy.split(", "))


def test_reports_of_weaknesses_have_an_address_where_one_is_set(settings: Any):
    assert Client().get(SECURITY_TEXT).status_code == 404
    settings.SECURITY_CONTACT, settings.BASE_URL = "mailto:security@example.com", "https://console.example"
    answer = Client().get(SECURITY_TEXT)
    assert answer.headers["Content-Type"].startswith("text/plain")
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields.keys() == {"Contact", "Expires", "Canonical"}
    assert fields["Contact"] == "mailto:security@example.com"
    assert fields["Canonical"] == f"https://console.example{SECURITY_TEXT}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", fields["Expires"])
    ahead = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=1) < ahead < timedelta(days=365)  # RFC 9116: less than a year


@pytest.mark.parametrize(
    ("contact", "wrong"),
    [
        ("", False),
        ("https://example.com/report", False),
        ("security@example.com", True),
        ("mailto:a@b\nContact: x", True),
    ],
)
def test_a_wrong_address_for_reports_is_said_at_the_start(settings: Any, contact: str, wrong: bool):
    settings.SECURITY_CONTACT = contact
    assert any(message.id == "intraday.E020" for message in checks.run_checks()) is wrong
