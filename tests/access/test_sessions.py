"""Sockets of a browser that is signed in."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from intraday.org.models import Organization
from realtime.models import Cursor
from tests.access.page_sockets import browser
from tests.access.people import person, session_of, token_of
from tests.live import LiveServer, socket
from tests.realtime.notes import in_thread, note, scope_of


async def test_a_member_of_one_organization_is_signed_in_at_once(any_server: LiveServer, house: Organization):
    session = await in_thread(session_of, await in_thread(person, "dana", house))
    async with browser(any_server, session) as client:
        said = (await client.until("authenticated"))["data"]
        assert said == {"user_id": "dana", "organization_id": "org_123", "role": "viewer", "expires_at": None}
        await client.subscribe("backlog:org:org_123")


async def test_a_member_of_several_chooses(server: LiveServer, house: Organization, stranger: Organization):
    await in_thread(person, "dana", house)
    session = await in_thread(session_of, await in_thread(person, "dana", stranger))
    async with browser(server, session) as client:
        await client.say("authenticate", organization_id="org_999")
        assert [message["event"] for message in client.heard] == ["welcome"]
        assert (await client.until("authenticated"))["data"]["organization_id"] == "org_999"


async def test_an_organization_that_is_not_hers_is_refused(
    server: LiveServer, house: Organization, stranger: Organization
):
    session = await in_thread(session_of, await in_thread(person, "dana", house))
    async with browser(server, session) as client:
        await client.say("authenticate", organization_id="org_999")
        assert await client.closed() == 4401


async def test_a_token_counts_more_than_the_cookie(server: LiveServer, house: Organization):
    session = await in_thread(session_of, await in_thread(person, "dana", house))
    eve = await in_thread(person, "eve", house)
    async with browser(server, session) as client:
        await client.until("authenticated")
        said = await client.sign_in(await in_thread(token_of, eve, house))
        assert said["data"]["user_id"] == "eve"


async def test_a_page_that_brings_a_token_is_nobody_else(
    any_server: LiveServer, house: Organization, stranger: Organization
):
    """A wall link of one organization, opened in a browser that is signed in to another."""
    session = await in_thread(session_of, await in_thread(person, "dana", house))
    eve = await in_thread(person, "eve", stranger)
    cookie = {"Cookie": f"sessionid={session}"}
    async with socket(any_server, query="?auth=message", origin=any_server.http, additional_headers=cookie) as client:
        await client.say("ping")
        assert (await client.hear())["event"] == "pong", "nobody was signed in"
        said = await client.sign_in(await in_thread(token_of, eve, stranger))
        assert (said["data"]["user_id"], said["data"]["organization_id"]) == ("eve", "org_999")
        assert "refused" not in (await client.subscribe("backlog:org:org_999"))["data"]
        await client.say("authenticate", organization_id="org_123")
        assert await client.closed() == 4401, "the cookie counts for nothing"


async def test_who_takes_over_a_connection_gets_neither_rooms_nor_cursors_of_the_session(
    server: LiveServer, house: Organization, stranger: Organization
):
    session = await in_thread(session_of, await in_thread(person, "dana", house))
    eve = await in_thread(person, "eve", house)
    scope = await in_thread(scope_of, house)
    async with browser(server, session) as client:
        await client.until("authenticated")
        await client.subscribe("custom:org:org_123", durable="wall")
        answer = await client.sign_in(await in_thread(token_of, eve, house))
        assert answer["data"]["user_id"] == "eve"
        await in_thread(note, scope, 1)
        await client.until("custom:note")
        await client.say("ack", stream="custom:org:org_123", seq=1)
        await client.say("ping")
        await client.until("pong")
    assert await in_thread(lambda: list(Cursor.objects.values_list("user_id", "seq"))) == [("dana", 0)]
    session = await in_thread(session_of, await in_thread(person, "dana", house))
    frank = await in_thread(person, "frank", stranger)
    async with browser(server, session) as client:
        await client.until("authenticated")
        await client.subscribe("custom:org:org_123")
        await client.sign_in(await in_thread(token_of, frank, stranger))
        left = [message for message in client.heard if message["event"] == "unsubscribed"]
        assert [message["data"]["rooms"] for message in left] == [["custom:org:org_123"]]
        assert left[0]["data"]["code"] == "forbidden"


async def test_cookies_are_read_as_everywhere_else(server: LiveServer, house: Organization):
    session = await in_thread(session_of, await in_thread(person, "dana", house))
    for before in ('prefs={"a": 1}', "a b=c d", "=x", 'quoted="semi'):
        cookie = {"Cookie": f"{before}; sessionid={session}; last[]=1"}
        async with socket(server, origin=server.http, additional_headers=cookie) as client:
            assert (await client.until("authenticated"))["data"]["user_id"] == "dana", before


@pytest.mark.parametrize("origin", [None, "https://wall.example"])
async def test_the_cookie_counts_on_our_own_pages_only(
    server: LiveServer, house: Organization, settings: Any, origin: str | None
):
    """Without an origin it is no browser; a listed page authenticates by message, as it does for REST."""
    settings.ALLOWED_ORIGINS = ["https://wall.example"]
    dana = await in_thread(person, "dana", house)
    async with browser(server, await in_thread(session_of, dana), origin) as client:
        await client.say("authenticate", organization_id="org_123")
        assert await client.closed() == 4401
    async with browser(server, await in_thread(session_of, dana), origin) as client:
        await client.sign_in(await in_thread(token_of, dana, house))


async def test_a_cookie_of_nobody_signs_nobody_in(server: LiveServer, house: Organization):
    dana = await in_thread(person, "dana", house)
    ended = await in_thread(session_of, dana)
    await in_thread(Session.objects.all().delete)
    inactive = await in_thread(session_of, dana)
    await in_thread(User.objects.filter(pk=dana.pk).update, is_active=False)
    for session in (ended, inactive, "x" * 32, "short", '"', "x" * 31 + "é"):
        async with browser(server, session) as client:
            await client.say("authenticate", organization_id="org_123")
            assert await client.closed() == 4401, session


def logout(session: str) -> None:
    client = Client()
    client.cookies["sessionid"] = session
    client.logout()


def change_password(session: str) -> None:
    dana = User.objects.get(username="dana")
    dana.set_password("another one entirely")
    dana.save()


def expire(session: str) -> None:
    Session.objects.filter(session_key=session).update(expire_date=timezone.now())


def deactivate(session: str) -> None:
    dana = User.objects.get(username="dana")
    dana.is_active = False
    dana.save()


@pytest.mark.parametrize("end", [logout, change_password, expire, deactivate])
async def test_the_end_of_a_session_is_the_end_of_its_sockets(server: LiveServer, house: Organization, end: Any):
    dana, eve = await in_thread(person, "dana", house), await in_thread(person, "eve", house)
    ended, other = await in_thread(session_of, dana), await in_thread(session_of, eve)
    async with browser(server, ended) as hers, browser(server, other) as another:
        await hers.until("authenticated")
        await hers.subscribe("backlog:org:org_123")
        await in_thread(end, ended)
        assert await hers.closed() == 4401
        assert hers.heard[-1]["event"] == "error"
        await another.until("authenticated")
        await another.subscribe("backlog:org:org_123")


def test_all_sessions_and_versions_are_asked_for_in_a_query_each(house: Organization, stranger: Organization):
    from intraday.org import access
    from intraday.org.access import Key, Member

    people = [person(f"p{n}", house) for n in range(20)]
    sessions = [session_of(user) for user in people]
    with CaptureQueriesContext(connection) as asked:
        assert access.sessions_alive([*sessions, "x" * 32]) == set(sessions)
        assert set(access.versions(["org_123", "org_999", "org_gone"])) == {"org_123", "org_999"}
        access.authenticate([Member(user.pk, "org_123", access.stamp(user)) for user in people] + [Key(1), Key(2)])
    assert len(asked) == 4
