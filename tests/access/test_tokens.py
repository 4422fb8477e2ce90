from typing import Any

import pytest
from django.core import signing

from intraday.clock.database import clock
from intraday.org import access
from intraday.org.credentials import tokens
from intraday.org.models import ApiKey, Membership, Organization, Role
from tests.access.people import bearer, browser_of, minted, person, refused, token_of
from tests.conftest import client_of
from tests.live import LiveServer, socket
from tests.realtime.notes import in_thread

CURRENT = "/api/intraday/backlog/current"
BEN = {"user_id": "ben", "role": "analyst"}


def test_a_member_gets_a_token_that_does_what_her_membership_allows(house: Organization):
    dana = person("dana", house, Role.VIEWER)
    answer = minted(browser_of(dana))
    assert (answer["user_id"], answer["organization_id"], answer["role"]) == ("dana", "org_123", "viewer")
    assert bearer(answer["token"]).get(CURRENT).status_code == 200


def test_her_token_follows_her_membership(house: Organization):
    dana = person("dana", house, Role.ADMIN)
    client = bearer(minted(browser_of(dana))["token"])
    person("dana", house, Role.ADMIN, "dept_456")
    assert client.get(CURRENT).status_code == 403
    Membership.objects.filter(user=dana).delete()
    assert client.get(CURRENT).status_code == 401


def test_a_member_of_two_organizations_names_one(house: Organization, stranger: Organization):
    person("dana", house)
    client = browser_of(person("dana", stranger))
    refused(client, 404)
    assert minted(client, organization_id="org_999")["organization_id"] == "org_999"


def test_a_new_password_ends_her_tokens(house: Organization):
    dana = person("dana", house)
    client = bearer(minted(browser_of(dana))["token"])
    dana.set_password("another one entirely")
    dana.save()
    assert client.get(CURRENT).status_code == 401


def test_a_key_speaks_for_the_customers_users(house: Organization):
    answer = minted(client_of(house, "token"), **BEN, department_ids=["dept_456"], ttl=60)
    assert (answer["user_id"], answer["role"]) == ("ben", "analyst")
    ben = bearer(answer["token"])
    assert ben.get(CURRENT, {"department_id": "dept_456"}).status_code == 200
    assert ben.get(CURRENT, {"department_id": "dept_789"}).status_code == 404
    assert ben.get(CURRENT).status_code == 403


def test_a_long_user_id_does_not_hide_the_key_that_vouched_for_it(house: Organization):
    said = {**BEN, "user_id": "b" * 150}
    principal = access.by_credential(tokens.read(minted(client_of(house, "token"), **said)["token"]))
    name, key = principal.name, ApiKey.objects.get().name
    assert len(name) == 150
    assert name.endswith(f"b… by key {key}")


def test_two_spellings_of_a_user_id_are_one_user(house: Organization):
    assert minted(client_of(house, "token"), **BEN | {"user_id": "Zoe\u0308"})["user_id"] == "Zo\u00eb"


def test_what_a_key_vouched_for_falls_with_the_key(house: Organization):
    client = bearer(minted(client_of(house, "token"), **BEN)["token"])
    ApiKey.objects.get().delete()
    assert client.get(CURRENT).status_code == 401


def test_a_key_that_another_process_revoked_a_moment_ago_makes_no_token(transactional_db: None, house: Organization):
    client = client_of(house, "token")
    minted(client, **BEN)
    ApiKey.objects.update(revoked_at=clock.now())  # sends no signal: this process may take the key for a second more
    assert "revoked" in str(refused(client, 401, **BEN)["message"])


def test_only_keys_with_the_scope_make_tokens_and_tokens_make_none(house: Organization):
    refused(client_of(house, "read", "ingest"), 403, **BEN)
    mine = minted(client_of(house, "token"), user_id="ben", role="admin")["token"]
    refused(bearer(mine), 403, **BEN)
    refused(bearer(token_of(person("dana", house, Role.ADMIN), house)), 403, **BEN)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "owner"),
        ("role", None),
        ("user_id", ""),
        ("user_id", "x" * 151),
        ("user_id", "key:ik_abc123"),
        ("user_id", "wall:7"),
        ("user_id", "a\0b"),
        ("user_id", "dana\u202e"),
        ("user_id", "dana\nkey crm"),
        ("ttl", 0),
        ("ttl", 901),
        ("department_ids", []),  # nobody's departments are not everybody's
        ("department_ids", ["dept_000"]),
        ("department_ids", ["dept 456"]),
        ("department_ids", None),
    ],
)
def test_a_key_is_told_which_field_is_wrong(house: Organization, field: str, value: object):
    assert field in refused(client_of(house, "token"), 400, **(BEN | {field: value}))["errors"]


def test_departments_of_another_organization_are_unknown(house: Organization, stranger: Organization):
    refused(client_of(stranger, "token"), 400, **BEN, department_ids=["dept_789"])


def test_a_token_that_was_tampered_with_expired_or_is_none_is_401(house: Organization):
    dana = person("dana", house, Role.VIEWER)
    good = token_of(dana, house)
    forged = signing.dumps(signing.loads(good, salt="intraday.token.1"), key="another secret", salt="intraday.token.1")
    for token in (good[:-1] + ("A" if good[-1] != "A" else "B"), forged, token_of(dana, house, -1), "", "x", "ik_x"):
        answer = bearer(token).get(CURRENT)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_token"), token
    assert tokens.read(good) is not None


def test_sessions_and_tokens_outlive_a_change_of_the_secret_key(house: Organization, settings: Any):
    dana = person("dana", house, Role.VIEWER)
    browser, token = browser_of(dana), token_of(dana, house)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]
    assert (browser.get(CURRENT).status_code, bearer(token).get(CURRENT).status_code) == (200, 200)
    settings.SECRET_KEY_FALLBACKS = []
    assert (browser_of(dana).get(CURRENT).status_code, bearer(token).get(CURRENT).status_code) == (200, 401)


async def test_a_socket_takes_a_token_and_says_when_it_ends(server: LiveServer, house: Organization):
    dana = await in_thread(person, "dana", house, Role.SUPERVISOR)
    async with socket(server) as client:
        said = await client.sign_in(await in_thread(token_of, dana, house))
        assert said["data"]["user_id"] == "dana"
        assert said["data"]["role"] == "supervisor"
        assert said["data"]["expires_at"].endswith("Z")


async def test_a_socket_goes_on_with_a_new_token_and_closes_without(any_server: LiveServer, house: Organization):
    dana = await in_thread(person, "dana", house)
    short = await in_thread(token_of, dana, house, 3)
    async with socket(any_server, short) as renewed, socket(any_server, short) as left:
        await renewed.sign_in(await in_thread(token_of, dana, house))
        assert await left.closed() == 4401
        assert left.heard[-1]["data"]["code"] == "token_expired"
        await renewed.subscribe("backlog:org:org_123")


async def test_a_socket_stays_with_its_user(server: LiveServer, house: Organization):
    dana, eve = await in_thread(person, "dana", house), await in_thread(person, "eve", house)
    async with socket(server, await in_thread(token_of, dana, house)) as client:
        await client.say("authenticate", token=await in_thread(token_of, eve, house))
        assert (await client.until("error"))["data"]["code"] == "other_user"
        await client.sign_in(await in_thread(token_of, dana, house))


async def test_an_expired_token_opens_no_socket(server: LiveServer, house: Organization):
    dana = await in_thread(person, "dana", house)
    async with socket(server) as client:
        await client.say("authenticate", token=await in_thread(token_of, dana, house, -1))
        assert await client.closed() == 4401
        assert client.heard[-1]["data"]["code"] == "not_authenticated"
