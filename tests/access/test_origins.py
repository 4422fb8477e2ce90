"""Pages on other origins: REST and `/ws` follow one setting, and a refusal names it."""

from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from intraday.org.models import Organization
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
