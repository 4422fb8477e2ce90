"""Every endpoint and every message of the socket, asked by everybody about org_123.

The two tables are the design. An endpoint or a message that is in neither fails the tests: a new one needs its line.
"""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from intraday.org import services
from intraday.org.models import ApiKey, Organization, Role
from realtime.protocol import messages
from tests.access import alerts as fixtures
from tests.access.people import bearer, browser_of, person, session_of, token_of
from tests.access.tables import ANSWERS, CALLERS, REST, SOCKET, Line, ask, lines
from tests.access.url_table import endpoints
from tests.conftest import key_of, said
from tests.live import LiveServer, Socket, socket
from tests.realtime.notes import in_thread


@pytest.fixture
def keys(house: Organization, stranger: Organization) -> dict[str, str]:
    """The secrets of the callers that hold one: API keys and tokens."""
    fixtures.make(house)
    revoked = key_of(house)
    services.revoke_keys(ApiKey.objects.all(), now=timezone.now())
    people = {role: person(role, house, role) for role in Role.values}
    people["stranger"] = person("stranger", stranger, Role.ADMIN)
    people["limited"] = person("limited", house, Role.ADMIN, "dept_456")
    tokens = {name: token_of(user, stranger if name == "stranger" else house) for name, user in people.items()}
    expired = token_of(people["admin"], house, -1)
    return tokens | {"key_999": key_of(stranger, "ingest", "read", "token"), "revoked": revoked, "expired": expired}


@pytest.fixture
def clients(keys: dict[str, str]) -> dict[str, APIClient]:
    """People by their session, as the browser has it."""
    from django.contrib.auth.models import User

    found = {user.username: browser_of(user) for user in User.objects.all()}
    found |= {"nobody": APIClient(), "expired": bearer(keys["expired"])}
    for name in ("key_999", "revoked"):
        found[name] = APIClient()
        found[name].credentials(HTTP_AUTHORIZATION=f"Api-Key {keys[name]}")
    return found


def test_every_endpoint_has_its_line():
    assert endpoints() == {(line.words[0], "" if len(line.words) == 2 else line.words[1]) for line in lines(REST)}


def test_every_message_has_its_line():
    assert set(messages.REQUESTS) == {line.words[0] for line in lines(SOCKET)}


@pytest.mark.parametrize("line", lines(REST), ids=str)
def test_an_endpoint_answers_everybody_as_designed(clients: dict[str, APIClient], line: Line):
    method, *path, asked = line.words
    answers = {name: ask(clients[name], method, "".join(path), asked) for name in CALLERS}
    assert {name: str(answer.status_code) for name, answer in answers.items()} == line.expected
    for name, answer in answers.items():
        if answer.status_code >= 400 and "api/" in line.words[1]:
            assert {"code", "message"} <= set(answer.json()), name
    absent = [answer for answer in answers.values() if answer.status_code == 404]
    words = {words_of(answer) for answer in absent}  # the same for what is foreign and for what is not
    assert len(words) <= 1


def words_of(answer: Any) -> str:
    is_json = answer.headers["Content-Type"].startswith("application/json")
    return str(said(answer)) if is_json else answer.content.decode()


def browser_user(name: str) -> Any:
    from django.contrib.auth.models import User

    return User.objects.get(username=name)


async def answer_to(client: Socket, line: Line) -> str:
    event, *room = line.words
    rooms = {"rooms": [f"backlog:org:{room[0]}"]} if room else {}
    if event == "ack":  # answered only where it fails: the pong says that it did not
        await client.say("ack", stream=rooms["rooms"][0], seq=0)
        await client.say("ping")
    else:
        await client.say(event, **rooms)
    while True:
        message = await client.hear()
        if message["event"] == "error":
            if event == "ack":
                await client.until("pong")
            return str(message["data"]["code"])
        if message["event"] in ("subscribed", "unsubscribed"):
            answered = message["data"]["rooms"]
            return (
                "ok"
                if answered == rooms["rooms"]
                else "inside"
                if all(":dept:dept_456:" in r for r in answered)
                else "?"
            )
        if message["event"] == "pong":
            return "ok"


async def admitted(client: Socket, secret: str) -> bool:
    await client.say("authenticate", **({"token": secret} if secret else {}))
    return (await client.hear())["event"] == "authenticated"


@pytest.mark.parametrize("name", CALLERS)
async def test_a_socket_answers_everybody_as_designed(server: LiveServer, keys: dict[str, str], name: str):
    first, *others = lines(SOCKET)
    async with socket(server) as client:
        welcome = await admitted(client, keys.get(name, ""))
        assert welcome == (first.expected[name] == "*")
        if not welcome:
            assert await client.closed() == 4401
    async with socket(server) as client:
        if welcome:
            await client.sign_in(keys[name])
        for line in others:
            expected = line.expected[name]
            assert await answer_to(client, line) == ANSWERS.get(expected, expected), str(line)


@pytest.mark.parametrize("name", ["viewer", "limited", "stranger"])
async def test_a_socket_of_a_browser_answers_as_one_with_a_token(server: LiveServer, keys: dict[str, str], name: str):
    session = await in_thread(lambda: session_of(browser_user(name)))
    async with socket(server, origin=server.http, additional_headers={"Cookie": f"sessionid={session}"}) as client:
        await client.until("authenticated")
        for line in lines(SOCKET)[1:]:
            expected = line.expected[name]
            assert await answer_to(client, line) == ANSWERS.get(expected, expected), str(line)
