"""`/api/ws/sse`: the same events to the same people as over `/ws`, with HTTP alone."""

import asyncio
import json
import signal
import socket as sockets
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import pytest
from django.utils import timezone

from intraday.org import services
from intraday.org.models import ApiKey, Organization, Role, Scope
from realtime.hub import snapshots
from realtime.hub.fanout import liveness
from realtime.protocol import messages
from realtime.transport import server as transport_server
from tests.access.people import person, session_of, token_of
from tests.conftest import key_of
from tests.live import Caller, LiveServer, ProcessServer
from tests.realtime.event_streams import PATH, stream
from tests.realtime.notes import in_thread, lose, note
from tests.realtime.streams import settled
from tests.rest.contract import contract_client

BACKLOG, CUSTOM = "backlog:org:org_123", "custom:org:org_123"
ROW = {"queue_name": "support", "snapshot_time": "2026-01-31T10:00:00Z", "total_items": 10}
ROW["average_wait_time_minutes"] = 2.5


async def test_a_stream_begins_with_a_snapshot_and_goes_on_live(any_server: LiveServer, token: str):
    async with Caller(any_server, token) as api:
        assert (await api.post("/api/schedulesbacklog/ingest", ROW)).status_code == 201
        assert await settled() == 3
        async with stream(any_server, token, channels="backlog,alerts") as client:
            assert client.response.status_code == 200
            assert client.response.headers["content-type"] == "text/event-stream"
            assert client.response.headers["cache-control"] == "no-store, no-transform"
            subscribed = await client.hear()
            assert subscribed["data"]["rooms"] == ["alerts:org:org_123", BACKLOG]
            assert 1_000 <= client.retry <= 5_000
            snapshot = await client.until("backlog:snapshot")
            assert len(snapshot["data"]["items"]) == 3
            await api.post("/api/schedulesbacklog/ingest", ROW | {"snapshot_time": "2026-01-31T10:01:00Z"})
            live = [await client.until("backlog:update") for _ in range(3)]
            assert [message["seq"] for message in live] == [4, 5, 6]
            epoch, others = live[0]["epoch"], client.heard[1]["epoch"]
            assert [message["event"] for message in client.heard[:2]] == ["subscribed", "alerts:snapshot"]
            assert client.id == f"alerts:{others}:0,backlog:{epoch}:6"


async def test_it_runs_under_any_asgi_server(token: str, support: Scope):
    with ProcessServer.daphne() as daphne:
        async with stream(daphne, token, channels="custom") as client:
            await client.until("subscribed")
            await in_thread(note, support, 1)
            await client.until("custom:note")
        async with stream(daphne, channels="custom") as client:
            assert client.response.status_code == 401


@pytest.mark.parametrize("way", ["header", "query"])
async def test_who_comes_back_gets_exactly_what_was_missed(server: LiveServer, token: str, support: Scope, way: str):
    async with stream(server, token, channels="custom") as client:
        await client.until("subscribed")
        await in_thread(note, support, 1)
        await client.until("custom:note")
        place = client.id
    await in_thread(note, support, 2, 3)
    again = {"headers": {"Last-Event-ID": place}} if way == "header" else {"since": place}
    async with stream(server, token, channels="custom", **again) as client:
        assert (await client.hear())["data"]["recovered"] is True
        missed = [await client.hear(), await client.hear()]
        assert [(message["data"]["number"], message["replayed"]) for message in missed] == [(2, True), (3, True)]
        await in_thread(note, support, 4)
        await client.hear()
        assert client.numbers() == [2, 3, 4]


async def test_a_cursor_of_another_epoch_begins_anew(server: LiveServer, token: str, support: Scope):
    await in_thread(note, support, 1)
    async with stream(server, token, channels="custom", since="custom:0a1b2c3d:1") as client:
        assert (await client.hear())["data"]["recovered"] is False
        await in_thread(note, support, 2)
        await client.until("custom:note")
        assert client.numbers() == [2]


async def test_heartbeats_are_comments_and_the_next_event_has_the_place_in_quiet_rooms(
    server: LiveServer, token: str, support: Scope, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(messages, "HEARTBEAT_SECONDS", 1)
    async with stream(server, token, rooms=f"{CUSTOM}:queue:billing,system:org:org_123") as client:
        subscribed = await client.hear()
        epochs = {name: at["epoch"] for name, at in subscribed["data"]["position"].items()}
        await in_thread(note, support, 1, 2)  # in another queue
        while len(client.comments) < 2:
            await client.quiet(0.2)
        assert client.heard == [subscribed]
        assert client.id == f"custom:{epochs[CUSTOM]}:0,system:{epochs['system:org:org_123']}:0"
        await in_thread(note, support, 3, channel="system")
        await client.until("custom:note")
        assert client.id == f"custom:{epochs[CUSTOM]}:2,system:{epochs['system:org:org_123']}:1"


async def test_events_that_the_layer_lost_come_from_the_log(server: LiveServer, token: str, support: Scope):
    async with stream(server, token, channels="custom") as client:
        await client.until("subscribed")
        await in_thread(lose, support, 1, 2, 3)
        for _ in range(3):
            await client.until("custom:note")
        assert client.numbers() == [1, 2, 3]


# --- who may ---------------------------------------------------------------------------------------------------------
JUDGED: list[tuple[str, dict[str, str], int]] = [
    ("key", {"channels": "backlog"}, 200),
    ("token", {"channels": "backlog"}, 200),
    ("nothing", {"channels": "backlog"}, 401),
    ("garbage", {"channels": "backlog"}, 401),
    ("ingest", {"channels": "backlog"}, 403),
    ("key", {}, 400),
    ("key", {"channels": "nonsense"}, 400),
    ("key", {"channels": "backlog", "since": "backlog"}, 400),
    ("key", {"channels": "backlog", "since": "nonsense:0:1"}, 400),
    ("key", {"channels": "backlog", "since": "backlog:0:-1"}, 400),
    ("key", {"channels": "backlog", "organization_id": "org_999"}, 404),
    ("key", {"rooms": "backlog:org:org_999"}, 404),
    ("key", {"rooms": ",".join(f"backlog:org:org_123:queue:{n}" for n in range(1_001))}, 414),
    ("limited", {"channels": "backlog"}, 403),
    ("limited", {"channels": "backlog", "department_id": "dept_456"}, 200),
    ("limited", {"rooms": "backlog:org:org_123:dept:dept_789"}, 403),
]


async def test_requests_are_judged_as_any_other(server: LiveServer, organization: Organization):
    secrets = {scheme: await in_thread(_secret, scheme, organization) for scheme in {case[0] for case in JUDGED}}
    for scheme, query, status in JUDGED:
        async with stream(server, headers={"Authorization": secrets[scheme]}, **query) as client:
            assert client.response.status_code == status, (scheme, query)
            if status != 200:
                assert {"code", "message"} <= json.loads(await client.response.aread()).keys()


def _secret(scheme: str, organization: Organization) -> str:
    if scheme in ("token", "limited"):
        departments = ["dept_456"] if scheme == "limited" else []
        return f"Bearer {token_of(person(scheme, organization, Role.VIEWER, *departments), organization)}"
    keys: dict[str, Callable[[], str]] = {
        "key": lambda: f"Api-Key {key_of(organization)}",
        "ingest": lambda: f"Api-Key {key_of(organization, 'ingest')}",
        "garbage": lambda: "Bearer nonsense",
        "nothing": lambda: "",
    }
    return keys[scheme]()


async def test_a_key_in_the_address_is_no_credential(server: LiveServer, token: str):
    async with stream(server, channels="backlog", access_token=token, api_key=token) as client:
        assert client.response.status_code == 401


async def test_a_department_does_not_hear_its_neighbour(server: LiveServer, organization: Organization, support: Scope):
    await in_thread(services.add_queues, organization, [("dept_789", "support")])
    beside = await in_thread(Scope.objects.get, department_id="dept_789", queue_name="support")
    token = await in_thread(lambda: token_of(person("dana", organization, Role.ADMIN, "dept_456"), organization))
    named = {"channels": "custom", "queue_name": "support"}
    async with stream(server, headers={"Authorization": f"Bearer {token}"}, **named) as client:
        await client.until("subscribed")
        await in_thread(note, beside, 1)
        await in_thread(note, support, 2)
        await client.until("custom:note")
        await client.quiet()
        assert client.numbers() == [2]


async def test_a_session_counts_on_our_own_pages_and_its_end_ends_the_stream(
    server: LiveServer, organization: Organization
):
    session = await in_thread(lambda: session_of(person("dana", organization)))
    cookie = {"Cookie": f"sessionid={session}"}
    async with stream(server, headers=cookie, channels="backlog") as client:  # browsers send no Origin along here
        await client.until("subscribed")
        await in_thread(_sign_out, session)
        error = await client.until("error")
        assert error["data"]["code"] == "signed_out"
        with pytest.raises(EOFError):
            await client.hear()
    async with stream(server, headers=cookie, channels="backlog") as client:
        assert client.response.status_code == 401  # which ends an EventSource for good


def _sign_out(session: str) -> None:
    from django.contrib.sessions.models import Session

    Session.objects.filter(session_key=session).delete()


async def test_a_revoked_key_ends_the_stream(server: LiveServer, token: str, support: Scope):
    async with stream(server, token, channels="custom") as client:
        await client.until("subscribed")
        await in_thread(lambda: services.revoke_keys(ApiKey.objects.all(), now=timezone.now()))
        assert (await client.until("error"))["data"]["code"] == "revoked"
        await in_thread(note, support, 1)
        with pytest.raises(EOFError):
            await client.hear()


async def test_a_token_that_runs_out_ends_the_stream(server: LiveServer, organization: Organization):
    token = await in_thread(lambda: token_of(person("dana", organization), organization, 2))
    async with stream(server, headers={"Authorization": f"Bearer {token}"}, channels="backlog") as client:
        assert (await client.until("error"))["data"]["code"] == "token_expired"
        with pytest.raises(EOFError):
            await client.hear()


async def test_listed_origins_may_read_it_and_others_may_not(server: LiveServer, token: str, settings: Any):
    settings.CORS_ALLOWED_ORIGINS = ["https://wall.example"]
    for origin, allowed in (("https://wall.example", "https://wall.example"), ("https://evil.example", None)):
        async with stream(server, token, headers={"Origin": origin}, channels="backlog") as client:
            assert client.response.headers.get("access-control-allow-origin") == allowed
    preflight = {
        "Origin": "https://wall.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,last-event-id",
    }
    async with httpx.AsyncClient(base_url=server.http) as client:
        answer = await client.options(PATH, headers=preflight)
    assert answer.status_code == 200
    assert "last-event-id" in answer.headers["access-control-allow-headers"]


def test_a_server_without_asgi_says_so(organization: Organization):
    answer = contract_client(organization).get(PATH, {"channels": "backlog"})
    assert answer.status_code == 406
    assert "ASGI" in answer.json()["message"]


# --- faults ----------------------------------------------------------------------------------------------------------
async def test_connections_are_counted_and_forgotten_when_they_leave(server: LiveServer, token: str):
    async with stream(server, token, channels="custom"), stream(server, token, channels="custom") as client:
        await client.until("subscribed")
        assert server.on_loop(lambda: len(server.hub.connections)) == 2
    while server.on_loop(lambda: len(server.hub.connections)):
        await asyncio.sleep(0.02)
    assert server.on_loop(lambda: sum(each.subscriber_count for each in server.hub.streams.values())) == 0


async def test_who_does_not_read_is_skipped_then_cut_off_and_bounded(
    server: LiveServer, token: str, support: Scope, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(liveness, "STUCK_SECONDS", 1.0)
    deaf = sockets.create_connection(("127.0.0.1", server.port))
    deaf.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    deaf.sendall(
        f"GET {PATH}?channels=custom HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Api-Key {token}\r\n\r\n".encode()
    )
    assert b"200 OK" in deaf.recv(1000)
    async with stream(server, token, channels="custom") as other:
        await other.until("subscribed")
        for number in range(60):
            await in_thread(note, support, number, text="x" * 200_000)  # 12 MB
            await other.until("custom:note")
        while server.on_loop(lambda: len(server.hub.connections)) > 1:
            await asyncio.sleep(0.05)
        assert other.numbers() == list(range(60))
    deaf.close()


async def test_without_a_database_it_says_so_before_it_begins(
    server: LiveServer, token: str, monkeypatch: pytest.MonkeyPatch
):
    """The credentials were still believed; then the database went."""
    from django.db import OperationalError

    def gone(*args: object, **options: object) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(snapshots, "read_snapshot", gone)
    async with stream(server, token, headers={"Accept": "*/*"}, channels="backlog") as client:
        assert client.response.status_code == 503
        assert client.response.headers["retry-after"] == "2"
        assert json.loads(await client.response.aread())["code"] == "unavailable"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_that_ends_ends_its_streams(token: str, support: Scope, how: signal.Signals):
    """After SIGTERM, politely: each client hears when to come back."""
    with ProcessServer.serve() as ending:
        async with stream(ending, token, channels="custom") as client:
            await client.until("subscribed")
            stopping = asyncio.create_task(asyncio.to_thread(ending.stop, how))
            if how == signal.SIGTERM:
                said = await client.until("reconnect")
                assert client.retry == said["data"]["retry_after_ms"]
            with pytest.raises(EOFError):
                await client.hear()
            printed = await stopping
    assert ending.exit_code == 0
    assert "Traceback" not in printed
    assert "exceeded" not in printed, "it waited for the stream until its patience was over"


# --- clients of all kinds --------------------------------------------------------------------------------------------
class LenientDecoder:
    """Fires an event at each empty line if any field was ever set, as a widespread Python client does."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self._data: list[str] = []
        self._id, self._retry = "", ""

    def take(self, line: str) -> None:
        name, _, value = line.partition(":")
        if not line:
            if self._data or self._id or self._retry:
                self.events.append("\n".join(self._data))
            self._data, self._retry = [], ""
        elif name == "data":
            self._data.append(value.removeprefix(" "))
        elif name == "id":
            self._id = value
        elif name == "retry":
            self._retry = value


async def test_heartbeats_and_retry_make_no_empty_events(
    server: LiveServer, token: str, support: Scope, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(messages, "HEARTBEAT_SECONDS", 1)
    decoder, lines = LenientDecoder(), []
    headers = {"Authorization": f"Api-Key {token}", "Accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(base_url=server.http, timeout=30, headers=headers) as client,
        client.stream("GET", PATH, params={"channels": "custom"}) as response,
    ):
        async for line in response.aiter_lines():
            lines.append(line)
            decoder.take(line)
            if lines.count(": heartbeat") == 2 and len(decoder.events) == 1:
                await in_thread(note, support, 1)
            if len(decoder.events) >= 2:
                break
    assert [json.loads(event)["event"] for event in decoder.events] == ["subscribed", "custom:note"]


BROWSER = {"Accept": "text/event-stream"}


async def refused(server: LiveServer, token: str, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.http) as client:
        return await client.get(
            PATH, params={"channels": "backlog"}, headers={"Authorization": f"Api-Key {token}", **headers}
        )


@pytest.mark.parametrize("why", ["the database is away", "too many calls"])
async def test_what_passes_is_told_to_browsers_as_a_stream_because_they_never_come_back_otherwise(
    server: LiveServer, token: str, monkeypatch: pytest.MonkeyPatch, settings: Any, why: str
):
    from django.db import OperationalError

    def gone(*args: object, **options: object) -> None:
        raise OperationalError("the connection is closed")

    if why == "too many calls":
        settings.CALLS_PER_MINUTE_KEY = 0
    else:
        monkeypatch.setattr(snapshots, "read_snapshot", gone)
    status, code = (429, "throttled") if why == "too many calls" else (503, "unavailable")
    answer = await refused(server, token, {"Accept": "*/*"})
    assert answer.status_code == status
    wait = int(answer.headers["retry-after"])
    assert wait >= 1
    answer = await refused(server, token, BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    retry, data, *rest = answer.text.split("\n")
    assert int(retry.removeprefix("retry: ")) >= 1_000 * (wait - 1) + 1_000
    said = json.loads(data.removeprefix("data: "))
    assert (said["event"], said["data"]["code"]) == ("error", code)
    assert rest == ["", ""], "it has ended, and moved no id"


async def test_what_does_not_pass_is_a_refusal_to_everybody(server: LiveServer):
    assert (await refused(server, "nonsense", BROWSER)).status_code == 401


async def test_a_peer_that_is_gone_without_a_word_is_noticed(
    server: LiveServer, token: str, support: Scope, monkeypatch: pytest.MonkeyPatch
):
    """One that acknowledges nothing more, as after a pulled cable: here its window stays shut. All that was written
    lies with the kernel, so that nothing but the kernel can notice."""
    monkeypatch.setattr(transport_server, "PEER_SECONDS", 0.5)
    gone = sockets.socket()
    gone.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 2048)
    gone.connect(("127.0.0.1", server.port))
    gone.sendall(
        f"GET {PATH}?channels=custom HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Api-Key {token}\r\n\r\n".encode()
    )
    assert b"200 OK" in gone.recv(1000)
    await in_thread(note, support, *range(20), text="x" * 5_000)
    for _ in range(600):
        if not server.on_loop(lambda: len(server.hub.connections)):
            break
        assert server.on_loop(lambda: [each.writer.stuck() for each in server.hub.connections.values()]) in ([], [None])
        await asyncio.sleep(0.05)
    assert not server.on_loop(lambda: len(server.hub.connections))
    gone.close()
