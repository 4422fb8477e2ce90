"""Each request has one id, in its answer, its log lines and its errors; one line says how it was answered."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import structlog
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from rest_framework.test import APIClient

import intraday.urls
from intraday.logs.requests import HEADER, with_request_id
from intraday.org.models import Membership, Organization
from tests.conftest import key_of
from tests.live import Caller, LiveServer, socket
from tests.logs.conftest import Lines

NEW_ID = re.compile(r"[0-9a-f]{16}")
log = structlog.get_logger(__name__)


# --- the id ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("given", ["a", "A.b_c-9", "x" * 64])
def test_the_callers_id_is_taken_and_given_back(api: APIClient, lines: Lines, given: str):
    answer = api.get("/api/alerts", headers={HEADER: given})
    assert answer[HEADER] == given
    assert [line["request_id"] for line in lines.of("request_handled")] == [given]


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "ä", '{"x":1}', "a/b", "a\n"])
def test_what_is_no_id_is_replaced_by_a_new_one(api: APIClient, lines: Lines, given: str):
    answer = api.get("/api/alerts", headers={HEADER: given})
    assert NEW_ID.fullmatch(answer[HEADER])
    assert [line["request_id"] for line in lines.all()] == [answer[HEADER]]


def test_two_requests_without_an_id_get_two(client: Client, db: None):
    assert client.get("/api/schema")[HEADER] != client.get("/api/schema")[HEADER]


def test_every_error_body_names_its_request(api: APIClient, db: None):
    asked: list[tuple[Any, str]] = [
        (APIClient(), "/api/alerts"),
        (api, "/api/alerts?organization_id=org_999"),
        (api, "/api/alerts?limit=x"),
        (api, "/api/nothing"),
        (APIClient(), "/wall/nothing/token"),
    ]
    answers = [client.get(address, headers={HEADER: "r-1"}) for client, address in asked]
    answers.append(api.post("/api/schedulesbacklog/batch-ingest", {"items": [{}]}, "json", headers={HEADER: "r-1"}))
    answers.append(api.get("/api/alerts", headers={HEADER: "r-1", "Host": "elsewhere.example"}))
    assert [answer.status_code for answer in answers] == [401, 404, 400, 404, 404, 400, 400]
    assert [answer.json()["request_id"] for answer in answers] == ["r-1"] * 7


# --- the line --------------------------------------------------------------------------------------------------------
def test_a_call_with_a_key_is_one_line_with_all_that_an_operator_asks_for(
    organization: Organization, lines: Lines, db: None
):
    secret = key_of(organization)
    answer = APIClient().get(
        "/api/alerts?limit=5&status=pending",
        headers={"Authorization": f"Api-Key {secret}"},
        REMOTE_ADDR="192.0.2.7",
    )
    assert answer.status_code == 200
    [line] = lines.all()
    assert line.pop("duration_ms") >= 0
    assert line.pop("timestamp")
    assert line == {
        "event": "request_handled",
        "level": "info",
        "logger": "intraday.access",
        "request_id": answer[HEADER],
        "method": "GET",
        "route": "/api/alerts",
        "status": 200,
        "remote": "192.0.2.7",
        "user": f"key:{organization.api_keys.get().prefix}",
        "organization_id": "org_123",
    }


def test_people_are_named_on_the_api_and_on_pages(client: Client, organization: Organization, lines: Lines):
    ada = User.objects.create_user("ada", is_staff=True)
    Membership.objects.create(user=ada, organization=organization, role="viewer")
    client.force_login(ada)
    assert client.get("/api/alerts").status_code == 200
    assert client.get("/").status_code == 200
    assert [(line["route"], line["user"]) for line in lines.all()] == [("/api/alerts", "ada"), ("/", "ada")]


def test_secrets_never_reach_the_log(organization: Organization, lines: Lines, db: None):
    secret = key_of(organization)
    APIClient().get(f"/api/alerts?token={secret}", headers={"Authorization": f"Api-Key {secret}"})
    APIClient().get(f"/api/alerts?token={secret}", headers={"Authorization": f"Bearer {secret}"})
    APIClient().get(f"/wall/{secret}")
    APIClient().get(f"/walls/{secret}?token={secret}", headers={"Cookie": f"sessionid={secret}"})
    APIClient().post("/signin", {"username": "ada", "password": secret})
    assert [line["status"] for line in lines.of("request_handled")] == [400, 401, 404, 404, 200]
    assert secret not in str(lines.all())


def test_probes_are_not_logged(client: Client, lines: Lines, db: None):
    for probe in ("/healthz", "/readyz", "/metrics"):
        assert client.get(probe).status_code == 200
    assert lines.all() == []


def test_the_line_can_be_turned_off(api: APIClient, lines: Lines, caplog: pytest.LogCaptureFixture):
    with caplog.at_level("WARNING", logger="intraday.access"):
        api.get("/api/alerts")
    assert lines.all() == []


# --- no leak ---------------------------------------------------------------------------------------------------------
def test_a_thread_that_serves_many_requests_mixes_none_of_them_up(lines: Lines):
    """Each request binds a value of its own and looks, later, for what is bound then."""

    def view(request: HttpRequest) -> HttpResponse:
        before = dict(structlog.contextvars.get_contextvars())
        structlog.contextvars.bind_contextvars(own=request.headers[HEADER])
        log.info("seen", before=before)
        return HttpResponse()

    handle = with_request_id(view)

    def ask(number: int) -> None:
        request = HttpRequest()
        request.method, request.META = "GET", {"HTTP_X_REQUEST_ID": f"r-{number}"}
        handle(request)
        assert structlog.contextvars.get_contextvars() == {}

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(200)))
    seen = lines.of("seen")
    assert len(seen) == 200
    assert [line for line in seen if line["before"] != {"request_id": line["own"]}] == []


async def test_concurrent_requests_of_a_server_keep_their_lines_apart(
    server: LiveServer, organization: Organization, token: str, lines: Lines
):
    async with Caller(server, token) as api:

        async def ask(number: int) -> None:
            headers = {HEADER: f"r-{number}"}
            answer = await api._client.get("/api/alerts", params={"organization_id": "org_999"}, headers=headers)
            assert answer.headers[HEADER] == answer.json()["request_id"] == f"r-{number}"

        await asyncio.gather(*map(ask, range(40)))
        assert (await api._client.get("/api/nothing")).status_code == 404
    handled = lines.of("request_handled")
    assert sorted(line["request_id"] for line in handled[:40]) == sorted(f"r-{number}" for number in range(40))
    assert NEW_ID.fullmatch(handled[40]["request_id"])
    assert "user" not in handled[40]


# --- faults ----------------------------------------------------------------------------------------------------------
class Urls:
    """Ours, and a page that breaks."""

    def broken(self, request: HttpRequest, secret: str) -> HttpResponse:
        raise ZeroDivisionError("a fault of ours")

    def __init__(self) -> None:
        self.urlpatterns = [path("api/broken/<str:secret>", self.broken), *intraday.urls.urlpatterns]
        self.handler500 = intraday.urls.handler500


async def test_a_fault_is_one_line_with_its_traceback_and_the_id_of_the_answer(
    server: LiveServer, settings: Any, lines: Lines
):
    settings.ROOT_URLCONF = Urls()
    async with Caller(server) as api:
        answer = await api.get("/api/broken/s3cret")
    assert answer.status_code == 500
    [fault, access] = lines.all()
    assert fault["event"] == "request_failed"
    assert fault["level"] == "error"
    assert fault["route"] == access["route"] == "/api/broken/<str:secret>"
    assert fault["request_id"] == access["request_id"] == answer.json()["request_id"] == answer.headers[HEADER]
    assert access["status"] == 500
    assert "ZeroDivisionError: a fault of ours" in fault["exception"]
    assert "in broken" in fault["exception"]
    assert "s3cret" not in str(lines.all())


# --- sockets and streams ---------------------------------------------------------------------------------------------
@pytest.fixture
def token(transactional_db: None, organization: Organization) -> str:
    return key_of(organization)


async def test_a_socket_is_two_lines_with_its_id(any_server: LiveServer, token: str, lines: Lines):
    async with socket(any_server, token) as client:
        own = client.heard[0]["data"]["connection_id"]
        await client.subscribe("backlog:org:org_123")
    await _until(lambda: lines.of("socket_closed"))
    [opened], [closed] = lines.of("socket_opened"), lines.of("socket_closed")
    assert opened["connection_id"] == closed["connection_id"] == own
    assert opened["remote"] == closed["remote"] == "127.0.0.1"
    assert (closed["code"], closed["received"], closed["organization_id"]) == (1000, 2, "org_123")
    assert closed["user"].startswith("key:")


@pytest.mark.parametrize("text", ["x" * 70_000])
async def test_the_code_that_we_closed_with_is_logged(server: LiveServer, token: str, lines: Lines, text: str):
    async with socket(server) as client:
        await client.connection.send(text)
        code = await client.closed()
    await _until(lambda: lines.of("socket_closed"))
    assert [line["code"] for line in lines.of("socket_closed")] == [code]


async def test_the_work_of_the_hub_has_no_id_of_a_connection(server: LiveServer, token: str, lines: Lines):
    def say() -> None:
        async def work() -> None:
            log.info("hub_work")

        structlog.contextvars.bind_contextvars(connection_id="c-1")
        server.hub.spawn(work())

    server.on_loop(say)
    await _until(lambda: lines.of("hub_work"))
    assert ["connection_id" in line for line in lines.of("hub_work")] == [False]


async def test_a_stream_ends_with_a_line_under_the_id_of_its_request(server: LiveServer, token: str, lines: Lines):
    async with Caller(server, token) as api:
        async with api._client.stream("GET", "/api/ws/sse", params={"channels": "backlog"}) as answer:
            assert answer.status_code == 200
            own = answer.headers[HEADER]
        await _until(lambda: lines.of("stream_closed"))
    [request], [closed] = lines.of("request_handled"), lines.of("stream_closed")
    assert request["request_id"] == closed["request_id"] == own
    assert (closed["organization_id"], closed["user"][:4]) == ("org_123", "key:")


async def _until(condition: Any) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.025)
    raise AssertionError("it did not come")
