"""Pages on other origins: REST and `/ws` follow one setting, and a refusal names it."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient
from websockets.exceptions import InvalidStatus

from intraday.org.models import Organization
from intraday.rest import origins
from tests.conftest import client_of, key_of
from tests.live import LiveServer, socket
from tests.realtime.notes import in_thread

CURRENT = "/api/intraday/backlog/current"
LISTED = "https://wall.example"
FOREIGN = [
    "https://evil.example",
    "http://wall.example",
    "https://wall.example.evil",
    "https://wall.example:444",
    "null",
    "ftp://127.0.0.1",
    "https://[",
    "http://",
]


@pytest.fixture(autouse=True)
def listed(settings: Any) -> None:
    settings.ALLOWED_ORIGINS = settings.CORS_ALLOWED_ORIGINS = [LISTED]


def refusals(caplog: pytest.LogCaptureFixture) -> int:
    return sum("origin_refused" in text and "INTRADAY_ALLOWED_ORIGINS" in text for text in caplog.text.splitlines())


def test_a_listed_page_may_call_rest(house: Organization, caplog: pytest.LogCaptureFixture):
    client = client_of(house)
    assert client.get(CURRENT, headers={"Origin": LISTED})["Access-Control-Allow-Origin"] == LISTED
    asked = {"Origin": LISTED, "Access-Control-Request-Method": "POST"}
    preflight = client.options("/api/schedulesbacklog/ingest", headers=asked)
    assert "authorization" in preflight["Access-Control-Allow-Headers"]
    assert client.get(CURRENT, headers={"Origin": "http://testserver", "Host": "testserver"}).status_code == 200
    assert not refusals(caplog)


@pytest.mark.parametrize("origin", FOREIGN)
def test_another_page_may_not_read_answers_and_the_log_names_the_setting(
    house: Organization, caplog: pytest.LogCaptureFixture, origin: str
):
    answer = client_of(house).get(CURRENT, headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer
    assert refusals(caplog) or origin == "https://["  # no origin at all: django-cors-headers does not even ask


def test_cookies_are_for_our_own_pages(house: Organization):
    answer = client_of(house).get(CURRENT, headers={"Origin": LISTED})
    assert "Access-Control-Allow-Credentials" not in answer


async def test_a_listed_page_and_a_program_without_origin_open_sockets(server: LiveServer, house: Organization):
    key = await in_thread(key_of, house)
    for origin in (LISTED, server.http, None):
        async with socket(server, key, origin=origin):
            pass


@pytest.mark.parametrize("origin", FOREIGN)
async def test_another_page_opens_no_socket_and_the_log_names_the_setting(
    server: LiveServer, caplog: pytest.LogCaptureFixture, origin: str
):
    with pytest.raises(InvalidStatus) as refused:
        async with socket(server, origin=origin):
            pass
    assert refused.value.response.status_code == 403
    assert refusals(caplog)


async def test_a_foreign_name_for_this_machine_is_no_origin_of_its_own(server: LiveServer):
    """As a page would have it whose host name was made to resolve to us."""
    headers = {"Host": f"evil.example:{server.port}"}
    with pytest.raises(InvalidStatus):
        async with socket(server, origin=f"http://evil.example:{server.port}", additional_headers=headers):
            pass


@pytest.mark.parametrize(
    ("origin", "secure", "base", "ours"),
    [
        ("http://console.example", False, "", True),
        ("https://console.example", True, "", True),
        ("http://console.example", True, "", False),  # anybody on the way may have written that page
        ("http://console.example", False, "https://console.example", False),  # its proxy does not tell of TLS
        ("http://console.example", False, "https://other.example", True),
        ("https://console.example", False, "", True),  # TLS ends at a proxy that does not tell
        ("http://console.example:81", False, "", False),
        ("ws://console.example", False, "", False),
    ],
)
def test_an_origin_is_ours_with_its_scheme(settings: Any, origin: str, secure: bool, base: str, ours: bool):
    settings.ALLOWED_HOSTS, settings.BASE_URL = ["console.example"], base or "http://localhost:5000"
    assert origins.is_same(origin, "console.example", secure=secure) is ours


async def test_a_page_over_plain_http_opens_no_socket_of_a_site_with_tls(server: LiveServer, settings: Any):
    settings.TRUSTED_PROXIES = 1
    behind_tls = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    secure = server.http.replace("http:", "https:")
    async with socket(server, origin=secure, additional_headers=behind_tls):
        pass
    with pytest.raises(InvalidStatus):
        async with socket(server, origin=server.http, additional_headers=behind_tls):
            pass


def test_a_form_of_a_page_over_plain_http_is_refused_by_a_site_with_tls(db: None):
    """As every unsafe request with a session: Django compares the scheme, too."""
    browser = Client(enforce_csrf_checks=True)
    page = browser.get("/signin", secure=True)
    form = {"csrfmiddlewaretoken": page.context["csrf_token"], "username": "x", "password": "y"}
    answers = {
        origin: browser.post("/signin", form, secure=True, headers={"Origin": origin}).status_code
        for origin in ("https://testserver", "http://testserver")
    }
    assert answers == {"https://testserver": 200, "http://testserver": 403}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://testserver"}, 201),
        ({"Origin": LISTED}, 201),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_the_demo_takes_no_changes_from_pages_of_other_origins(
    house: Organization, settings: Any, headers: dict[str, str], status: int
):
    settings.DEMO = True
    row = {"queue_name": "claims", "total_items": 1, "average_wait_time_minutes": 1}
    row |= {"snapshot_time": "2026-01-31T10:00:00Z"}
    client = APIClient(headers={"Host": "testserver", **headers})
    answer = client.post("/api/schedulesbacklog/ingest", row, format="json")
    assert answer.status_code == status, answer.content
    assert client.get(CURRENT).status_code == 200  # whether the page may read it, the browser decides
    keyed = client_of(house)
    assert keyed.post("/api/schedulesbacklog/ingest", row, format="json", headers=headers).status_code == 201
