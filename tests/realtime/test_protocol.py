"""The server's answers to valid and invalid messages of clients."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from intraday.org.models import Organization
from realtime.protocol.messages import MAX_MESSAGE_BYTES, MAX_ROOMS
from realtime.transport.consumers import RealtimeConsumer
from tests.conftest import key_of
from tests.live import LiveServer, Message, Socket, socket

ROOM = "backlog:org:org_123"


async def say(client: Socket, text: str | bytes | dict[str, Any]) -> Message:
    """Send it as it is; the answer."""
    await client.connection.send(json.dumps(text) if isinstance(text, dict) else text)
    return await client.hear()


async def still_answers(client: Socket) -> bool:
    return (await say(client, {"event": "ping", "id": "alive"}))["event"] == "pong"


# --- who are you -----------------------------------------------------------------------------------------------------
async def test_a_client_is_welcomed_and_signs_in_with_a_read_key(any_server: LiveServer, token: str):
    async with socket(any_server) as client:
        welcome = client.heard[0]["data"]
        assert welcome.keys() >= {"connection_id", "protocol", "version", "heartbeat_seconds"}
        answer = await client.sign_in(token)
        assert answer["data"]["organization_id"] == "org_123"
        assert answer["data"].keys() >= {"user_id", "role", "expires_at"}
        again = await client.sign_in(token)  # a refresh
        assert again["data"] == answer["data"]


async def test_a_wrong_token_is_told_so_and_closed(any_server: LiveServer, token: str):
    async with socket(any_server) as client:
        await client.say("authenticate", token=token + "x")
        assert (await client.until("error"))["data"]["code"] == "not_authenticated"
        assert await client.closed() == 4401


@pytest.mark.parametrize(
    "claim", [{}, {"user_id": "ada", "organization_id": "org_123"}, {"token": "\x00"}, {"user_id": "ada"}]
)
async def test_a_client_without_a_credential_is_not_authenticated(server: LiveServer, organization: Any, claim: Any):
    async with socket(server) as client:
        await client.say("authenticate", **claim)
        assert (await client.until("error"))["data"]["code"] == "not_authenticated"
        assert await client.closed() == 4401


async def test_a_key_that_may_only_ingest_does_not_listen(server: LiveServer, ingest_token: str):
    async with socket(server) as client:
        await client.say("authenticate", token=ingest_token)
        await client.until("error")
        assert await client.closed() == 4401


@pytest.fixture
def ingest_token(transactional_db: None, organization: Organization) -> str:
    return key_of(organization, "ingest")


async def test_a_connection_stays_with_the_user_who_opened_it(server: LiveServer, token: str, foreign_token: str):
    async with socket(server, token) as client:
        answer = await say(client, {"event": "authenticate", "data": {"token": foreign_token}})
        assert answer["data"]["code"] == "other_user"
        assert (await client.subscribe(ROOM))["data"]["rooms"] == [ROOM]


async def test_nothing_can_be_subscribed_before_signing_in(server: LiveServer):
    async with socket(server) as client:
        for event in ("subscribe", "unsubscribe"):
            answer = await say(client, {"event": event, "data": {"rooms": [ROOM]}})
            assert answer["data"]["code"] == "not_authenticated"
        assert await still_answers(client)


async def test_who_does_not_sign_in_in_time_is_told_so_and_closed(
    server: LiveServer, token: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(RealtimeConsumer, "_sign_in_seconds", staticmethod(lambda: 1))
    async with socket(server) as late, socket(server, token) as early:
        assert await late.closed() == 4408
        assert late.heard[-1]["data"]["code"] == "sign_in_missing"
        assert await still_answers(early)


# --- what may be heard -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "data",
    [
        {"rooms": ["backlog:org:org_999"]},
        {"rooms": ["backlog:org:org_999", "backlog:org:org_999:queue:support"]},
        {"rooms": ["backlog:org:org_none"]},
        {"channels": ["backlog"], "organization_id": "org_999"},
    ],
)
async def test_rooms_of_another_organization_are_not_found(
    server: LiveServer, token: str, foreign_token: str, data: Any
):
    async with socket(server, token) as client:
        answer = await say(client, {"event": "subscribe", "data": data})
        assert answer["event"] == "error"
        assert answer["data"]["code"] == "not_found"
        assert "999" not in answer["data"]["message"]
        connection = next(iter(server.hub.connections.values()))
        assert connection.subscriptions == {}


async def test_one_scope_in_several_channels_is_subscribed_at_once(server: LiveServer, token: str):
    async with socket(server, token) as client:
        await client.say(
            "subscribe", channels=["backlog", "custom"], organization_id="org_123", queue_name="100 % / ä:b"
        )
        answer = await client.until("subscribed")
        spelled = "org:org_123:queue:100%20%25%20%2F%20%C3%A4%3Ab"
        assert answer["data"]["rooms"] == [f"backlog:{spelled}", f"custom:{spelled}"]
        assert answer["data"]["position"].keys() == {"custom:org:org_123"}, "a snapshot brings that of the backlog"
        assert answer["data"]["recovered"] is False


async def test_a_queue_name_of_the_longest_kind_makes_a_room(server: LiveServer, token: str):
    async with socket(server, token) as client:
        await client.say("subscribe", channels=["backlog"], queue_name="🚑" * 128)
        (room,) = (await client.until("subscribed"))["data"]["rooms"]
        assert (await client.subscribe(room))["data"]["rooms"] == [room]


async def test_a_connection_holds_a_thousand_rooms_and_not_one_more(server: LiveServer, token: str):
    async with socket(server, token) as client:
        many = [f"custom:org:org_123:queue:q{number}" for number in range(MAX_ROOMS)]
        assert len((await client.subscribe(*many))["data"]["rooms"]) == MAX_ROOMS
        answer = await say(client, {"event": "subscribe", "data": {"rooms": [ROOM]}})
        assert answer["data"]["code"] == "too_many_rooms"
        await client.say("unsubscribe", rooms=many[:1])
        await client.until("unsubscribed")
        await client.subscribe(ROOM)


# --- what is no message ----------------------------------------------------------------------------------------------
NO_MESSAGES = {
    "not JSON": ("hello", "bad_message"),
    "nothing": ("", "bad_message"),
    "half a message": ('{"event":"ping"', "bad_message"),
    "NaN": ('{"event":"ping","id":NaN}', "bad_message"),
    "deep": ("[" * 30_000, "invalid"),
    # Which of the two depends on how deep the interpreter's own stack is: 3.13 reads what 3.11 refuses.
    "deep inside": ('{"event":"subscribe","data":' + '{"a":' * 9_000 + "1" + "}" * 9_000 + "}", "bad_message|invalid"),
    "half a character": ('{"event":"\\ud800"}', "bad_message"),
    "binary": (b'{"event":"ping"}', "bad_message"),
    "a list": ("[]", "invalid"),
    "no event": ("{}", "invalid"),
    "empty event": ('{"event":""}', "invalid"),
    "long event": ('{"event":"' + "x" * 5_000 + '"}', "invalid"),
    "event of another type": ('{"event":7}', "invalid"),
    "unknown event": ('{"event":"subscrbe"}', "unknown_event"),
    "a server's event": ('{"event":"welcome"}', "unknown_event"),
    "a method's name": ('{"event":"__init__"}', "unknown_event"),
    "data of another type": ('{"event":"ping","data":[]}', "invalid"),
    "id of another type": ('{"event":"ping","id":{}}', "invalid"),
    "rooms of another type": ('{"event":"subscribe","data":{"rooms":"backlog:org:org_123"}}', "invalid"),
    "rooms of other types": ('{"event":"subscribe","data":{"rooms":[1,null]}}', "invalid"),
    "no rooms": ('{"event":"subscribe","data":{}}', "invalid"),
    "no room": ('{"event":"subscribe","data":{"rooms":["backlog"]}}', "invalid"),
    "no channel": ('{"event":"subscribe","data":{"channels":["weather"]}}', "invalid"),
    "no organization": ('{"event":"subscribe","data":{"channels":["backlog"],"organization_id":"*"}}', "invalid"),
    "no department": ('{"event":"subscribe","data":{"channels":["backlog"],"department_id":"a:b"}}', "invalid"),
    "no queue": ('{"event":"subscribe","data":{"channels":["backlog"],"queue_name":"a\\u0000"}}', "invalid"),
    "a queue of 28,000 characters, in many channels": (
        json.dumps(
            {
                "event": "subscribe",
                "data": {"channels": [f"{number:x}" for number in range(999)], "queue_name": "\u00e4" * 28_000},
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ),
        "invalid",
    ),
    "a department of 50,000 characters": (
        '{"event":"unsubscribe","data":{"channels":["a","b"],"department_id":"' + "x" * 50_000 + '"}}',
        "invalid",
    ),
    "since a list": ('{"event":"subscribe","data":{"rooms":["backlog:org:org_123"],"since":[1]}}', "invalid"),
    "since negative": (
        '{"event":"subscribe","data":{"rooms":["backlog:org:org_123"],'
        '"since":{"backlog:org:org_123":{"epoch":"a","seq":-1}}}}',
        "invalid",
    ),
    "since a fraction": (
        '{"event":"subscribe","data":{"rooms":["backlog:org:org_123"],'
        '"since":{"backlog:org:org_123":{"epoch":"a","seq":1.5}}}}',
        "invalid",
    ),
    "unsubscribe nothing": ('{"event":"unsubscribe","data":{}}', "invalid"),
}


@pytest.mark.parametrize("kind", ["frames", "asgi"])
async def test_what_is_no_message_gets_an_error_and_the_connection_lives(kind: str, token: str):
    with LiveServer(kind) as server:
        async with socket(server, token) as client:
            for what, (text, code) in NO_MESSAGES.items():
                answer = await say(client, text)
                assert answer["event"] == "error", what
                assert answer["data"]["code"] in code.split("|"), what
                assert answer["data"]["message"], what
                assert len(json.dumps(answer)) < 10_000, what
            assert await still_answers(client)
            assert (await client.subscribe(ROOM))["data"]["rooms"] == [ROOM]


async def test_a_position_beyond_all_numbers_is_a_position_that_is_not_known(server: LiveServer, token: str):
    async with socket(server, token) as client:
        for seq in (2**63, 10**18, 2**64 - 1):
            answer = await client.subscribe(ROOM, since={ROOM: {"epoch": "x", "seq": seq}})
            assert answer["data"]["recovered"] is False
            await client.say("unsubscribe", rooms=[ROOM])
            await client.until("unsubscribed")


async def test_unknown_fields_are_ignored(server: LiveServer, token: str):
    async with socket(server, token) as client:
        answer = await say(client, {"event": "ping", "data": {"colour": "red"}, "sent_at": 1, "id": 7})
        assert (answer["event"], answer["id"]) == ("pong", 7)


async def test_an_id_comes_back_with_every_answer(server: LiveServer, token: str):
    async with socket(server, token) as client:
        pong = await say(client, {"event": "ping", "id": "p-1"})
        assert pong["id"] == "p-1"
        assert pong["data"]["server_time"].endswith("Z")
        assert "id" not in await say(client, {"event": "ping"})
        error = await say(client, {"event": "nothing", "id": 3})
        assert error["id"] == 3
        await client.connection.send(json.dumps({"event": "subscribe", "id": "s", "data": {"rooms": [ROOM]}}))
        assert (await client.until("subscribed"))["id"] == "s"
        await client.connection.send(json.dumps({"event": "unsubscribe", "id": "u", "data": {"rooms": [ROOM]}}))
        assert (await client.until("unsubscribed"))["id"] == "u"


# --- too much --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("letter", ["x", "ä"])
async def test_a_message_above_64_kb_is_told_so_and_closed(any_server: LiveServer, token: str, letter: str):
    async with socket(any_server, token) as client:
        size = 70_000 // len(letter.encode())
        await client.connection.send(json.dumps({"event": "ping", "x": letter * size}, ensure_ascii=False))
        assert (await client.until("error"))["data"]["code"] == "too_large"
        assert await client.closed() == 4413


async def test_a_message_of_64_kb_is_taken(server: LiveServer, token: str):
    async with socket(server, token) as client:
        empty = len(json.dumps({"event": "ping", "x": ""}))
        assert (await say(client, {"event": "ping", "x": "x" * (MAX_MESSAGE_BYTES - empty)}))["event"] == "pong"


async def test_a_flood_is_warned_then_closed_and_nothing_is_left_of_it(
    any_server: LiveServer, token: str, caplog: pytest.LogCaptureFixture
):
    async with socket(any_server, token) as other:
        async with socket(any_server, token) as client:
            await client.subscribe(ROOM)

            async def flood() -> None:
                for _ in range(2_000):
                    await client.connection.send('{"event":"ping"}')

            flooding = asyncio.create_task(flood())
            assert await client.closed() == 4429
            await asyncio.wait([flooding], timeout=10)
            assert flooding.done(), "the server neither reads nor cuts off"
            flooding.exception()
            codes = [message["data"]["code"] for message in client.heard if message["event"] == "error"]
            assert set(codes) == {"rate_limited"}
            assert len([message for message in client.heard if message["event"] == "pong"]) >= 100
        assert await still_answers(other)
        for _ in range(1_000):
            if len(any_server.hub.connections) == 1:
                break
            await asyncio.sleep(0.01)
        assert len(any_server.hub.connections) == 1
        assert [subscription for stream in any_server.hub.streams.values() for subscription in stream.members()] == []
    assert [record for record in caplog.records if record.exc_info] == []


# --- from where ------------------------------------------------------------------------------------------------------
async def test_a_foreign_origin_is_refused_and_the_log_names_the_setting(
    server: LiveServer, token: str, caplog: pytest.LogCaptureFixture
):
    with pytest.raises(InvalidStatus) as refused:
        async with connect(server.ws, origin="https://evil.example"):  # type: ignore[arg-type]
            pass
    assert refused.value.response.status_code == 403
    assert "INTRADAY_ALLOWED_ORIGINS" in caplog.text
    assert server.hub.connections == {}


async def test_the_own_and_the_listed_origins_are_let_in(server: LiveServer, token: str, settings: Any):
    settings.ALLOWED_ORIGINS = ["https://wall.example"]
    for origin in (server.http, "https://wall.example"):
        async with socket(server, token, origin=origin) as client:
            assert await still_answers(client)


async def test_an_unknown_path_is_refused(server: LiveServer):
    with pytest.raises(InvalidStatus):
        async with connect(server.ws + "/elsewhere"):
            pass
