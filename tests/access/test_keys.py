"""Keys that expire, that are rotated, and whose tokens have a highest role; when and from where they were used."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from intraday.audit.models import AuditEntry
from intraday.org import access, services
from intraday.org.credentials import keys
from intraday.org.credentials.key_use import KeyUses, key_uses
from intraday.org.models import ApiKey, Organization, Role
from realtime.hub import hub
from tests.access.people import bearer, minted, person, refused
from tests.conftest import key_of
from tests.live import LiveServer, socket
from tests.realtime.event_streams import stream
from tests.realtime.notes import in_thread

CURRENT = "/api/intraday/backlog/current"
SECOND = timedelta(seconds=1)
LIST, ADD = reverse("admin:org_apikey_changelist"), reverse("admin:org_apikey_add")


def caller(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {secret}")
    return client


def made(organization: Organization, *scopes: str, **fields: Any) -> tuple[ApiKey, str]:
    return services.create_api_key(organization=organization, name="acd", scopes=scopes or ["read"], **fields)


def rotated(key: ApiKey, **overlap: timedelta) -> tuple[ApiKey, str]:
    return keys.rotate(key, now=timezone.now(), **overlap)


# --- expiry ----------------------------------------------------------------------------------------------------------
def test_an_expired_key_is_401_and_says_so(house: Organization):
    _, secret = made(house, expires_at=timezone.now() + timedelta(hours=1))
    assert caller(secret).get(CURRENT).status_code == 200
    ApiKey.objects.update(expires_at=timezone.now() - SECOND)
    answer = caller(secret).get(CURRENT)
    assert (answer.status_code, answer.json()["code"]) == (401, "key_expired")
    assert answer.json()["message"].startswith("The API key has expired: ask an administrator")
    ApiKey.objects.update(revoked_at=timezone.now())
    assert caller(secret).get(CURRENT).json()["code"] == "bad_key"


def test_a_token_ends_with_the_key_that_vouched_for_it(house: Organization):
    _, secret = made(house, "token", expires_at=timezone.now() + timedelta(seconds=100))
    token = minted(caller(secret), user_id="ben", role="viewer", ttl=900)
    assert datetime.fromisoformat(token["expires_at"]) <= timezone.now() + timedelta(seconds=100)
    ApiKey.objects.update(expires_at=timezone.now() - SECOND)
    assert bearer(token["token"]).get(CURRENT).status_code == 401
    assert caller(secret).post("/api/ws/token", {}, format="json").json()["code"] == "key_expired"


async def test_sockets_of_a_key_end_when_it_expires(server: LiveServer, house: Organization):
    """Also those of users that it vouched for; a key is not announced to end, since nobody can renew it on a socket."""
    ending = timezone.now() + timedelta(seconds=3)
    _, secret = await in_thread(lambda: made(house, "read", "token", expires_at=ending))
    token = await in_thread(lambda: minted(caller(secret), user_id="ben", role="viewer")["token"])
    async with socket(server) as feed, socket(server, token) as ben:
        assert (await feed.sign_in(secret))["data"]["expires_at"] is None
        await feed.subscribe("backlog:org:org_123")
        assert await feed.closed() == 4401
        assert feed.heard[-1]["data"]["code"] == "key_expired"
        assert await ben.closed() == 4401
        assert ben.heard[-1]["data"]["code"] in ("token_expired", "key_expired")
    async with socket(server) as late:
        await late.say("authenticate", token=secret)
        assert (await late.until("error"))["data"]["code"] == "key_expired"
        assert await late.closed() == 4401


async def test_a_rotation_ends_open_sockets_and_streams_of_the_former_secret_in_its_time(
    server: LiveServer, house: Organization
):
    key, secret = await in_thread(lambda: made(house))
    async with socket(server, secret) as client, stream(server, secret, channels="backlog") as events:
        await client.subscribe("backlog:org:org_123")
        await events.until("subscribed")
        _, second = await in_thread(lambda: rotated(key, overlap=2 * SECOND))
        assert await client.closed() == 4401
        assert client.heard[-1]["data"]["code"] == "key_expired"
        assert (await events.until("error"))["data"]["code"] == "key_expired"
        async with socket(server, second) as other:
            await other.subscribe("backlog:org:org_123")


# --- rotation --------------------------------------------------------------------------------------------------------
def test_both_secrets_work_until_the_overlap_is_over(house: Organization):
    key, first = made(house, "read", "token", token_role=Role.ANALYST)
    successor, second = rotated(key)
    key.refresh_from_db()
    assert key.expires_at is not None
    assert abs(key.expires_at - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)
    assert (successor.name, successor.scopes, successor.token_role) == ("acd", ["read", "token"], Role.ANALYST)
    assert successor.expires_at is None
    assert [caller(each).get(CURRENT).status_code for each in (first, second)] == [200, 200]
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - SECOND)
    assert [caller(each).get(CURRENT).status_code for each in (first, second)] == [401, 200]


def test_a_rotation_does_not_prolong_a_key_and_its_successor_lives_as_long(house: Organization):
    key, _ = made(house, expires_at=timezone.now() + timedelta(days=2))
    lifetime = key.expires_at - key.created_at
    successor, _ = rotated(key)
    before, after = key.expires_at, ApiKey.objects.get(pk=key.pk).expires_at
    assert before == after
    assert abs(successor.expires_at - timezone.now() - lifetime) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"revoked_at": datetime(2026, 1, 1, tzinfo=UTC)}, "is revoked"),
        ({"expires_at": datetime(2026, 1, 1, tzinfo=UTC)}, "has expired"),
        ({"replaced_by": "ik_second"}, "rotate its successor, ik_second"),
    ],
)
def test_a_key_that_is_over_is_not_rotated(house: Organization, changed: dict[str, Any], said: str):
    key, _ = made(house)
    ApiKey.objects.update(**changed)
    with pytest.raises(ValidationError, match=said):
        rotated(key)
    assert ApiKey.objects.count() == 1


# --- the role of tokens ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("highest", Role.values)
def test_a_key_makes_tokens_of_at_most_its_role(house: Organization, highest: str):
    _, secret = made(house, "token", token_role=highest)
    allowed = Role.values[: Role.values.index(highest) + 1]
    for role in Role.values:
        if role in allowed:
            assert minted(caller(secret), user_id="ben", role=role)["role"] == role
        else:
            answer = refused(caller(secret), 403, user_id="ben", role=role)
            assert answer["message"].startswith(f"key acd may make tokens of the role '{highest}' at most")


def test_a_token_above_the_role_of_its_key_does_not_hold(house: Organization):
    """An older process may have made it during an upgrade."""
    key, secret = made(house, "token", token_role=Role.ADMIN)
    token = bearer(minted(caller(secret), user_id="ben", role="supervisor")["token"])
    assert token.get(CURRENT).status_code == 200
    ApiKey.objects.filter(pk=key.pk).update(token_role=Role.ANALYST)
    assert token.get(CURRENT).status_code == 401


def test_a_key_that_an_older_process_made_may_what_it_could(house: Organization):
    made(house, "token")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO org_apikey (organization_id, name, prefix, digest, scopes, created_at)"
            " SELECT organization_id, 'old', prefix, 'old', scopes, created_at FROM org_apikey"
        )
    old = ApiKey.objects.get(name="old")
    assert (old.token_role, old.expires_at, old.replaced_by, old.last_used_from) == ("admin", None, "", "")


# --- use -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def no_uses(db: None) -> None:
    key_uses.store()


def test_calls_note_the_time_and_address_in_memory_and_a_minute_later_they_are_stored(
    no_uses: None, house: Organization
):
    key, secret = made(house)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for address in ("192.0.2.7", "192.0.2.8"):
            caller(secret).get(CURRENT, REMOTE_ADDR=address)
    assert not [query for query in queries if "last_used" in query["sql"] and "UPDATE" in query["sql"]]
    assert key_uses.store() == 1
    key.refresh_from_db()
    assert abs(key.last_used_at - timezone.now()) < timedelta(minutes=1)
    assert key.last_used_from == "192.0.2.8"


def test_many_keys_are_stored_in_few_statements_and_each_at_most_once_a_minute(no_uses: None, house: Organization):
    uses, other_process = KeyUses(), KeyUses()
    principals = [access.by_api_key(made(house)[1]) for _ in range(20)]
    for principal in principals:
        uses.note(principal, "192.0.2.7")
        other_process.note(principal, "192.0.2.8")
    with CaptureQueriesContext(connection) as queries:
        assert uses.store() == 20
    assert len([query for query in queries if "org_apikey" in query["sql"]]) == 2
    assert other_process.store() == 0
    assert set(ApiKey.objects.values_list("last_used_from", flat=True)) == {"192.0.2.7"}
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    for principal in principals:
        uses.note(principal)  # an open socket: the address of its sign-in stays
    assert uses.store() == 20
    assert set(ApiKey.objects.values_list("last_used_from", flat=True)) == {"192.0.2.7"}


def test_storing_a_use_moves_no_access_version_and_leaves_no_trail(no_uses: None, house: Organization):
    _, secret = made(house)
    caller(secret).get(CURRENT)
    before = (Organization.objects.get().access_version, AuditEntry.objects.count())
    assert key_uses.store() == 1
    assert (Organization.objects.get().access_version, AuditEntry.objects.count()) == before


async def test_a_socket_keeps_its_key_in_use(
    monkeypatch: pytest.MonkeyPatch, transactional_db: None, house: Organization
):
    monkeypatch.setattr(hub, "STORE_SECONDS", 0.2)
    _, secret = await in_thread(lambda: made(house))
    with LiveServer("frames") as server:
        async with socket(server, secret) as client:
            while not (row := await in_thread(ApiKey.objects.get)).last_used_at:
                await client.quiet(0.1)
            assert row.last_used_from == "127.0.0.1"
            await in_thread(lambda: ApiKey.objects.update(last_used_at=datetime(2026, 1, 1, tzinfo=UTC)))
            while (await in_thread(ApiKey.objects.get)).last_used_at == datetime(2026, 1, 1, tzinfo=UTC):
                await client.quiet(0.1)


# --- the pages -------------------------------------------------------------------------------------------------------
@pytest.fixture
def dana(house: Organization) -> Client:
    client = Client()
    client.force_login(person("dana", house, Role.ADMIN))
    return client


def new_key(**changed: Any) -> dict[str, Any]:
    return {"organization": "org_123", "name": "portal", "scopes": ["token"], "token_role": "supervisor", **changed}


def secrets_in(answer: Any) -> list[str]:
    return re.findall(r"ik_[\w-]{40,}", answer.content.decode())


def test_an_administrator_chooses_the_role_and_the_last_day(dana: Client):
    day = timezone.now().date() + timedelta(days=30)
    [secret] = secrets_in(dana.post(ADD, new_key(expires_on=day.isoformat()), follow=True))
    key = ApiKey.objects.get()
    assert (key.token_role, key.expires_at) == ("supervisor", datetime(day.year, day.month, day.day, tzinfo=UTC))
    page = dana.get(LIST).content.decode()
    assert f"in force until {day} 00:00 UTC" in page
    shown = dana.get(reverse("admin:org_apikey_change", args=[key.pk])).content.decode()
    assert "Supervisor" in shown
    assert secret not in page + shown
    entry = AuditEntry.objects.get(action="key.created")
    assert entry.after["token_role"] == "supervisor"
    assert entry.after["expires_at"].startswith(f"{day}T00:00:00")


def test_a_key_without_a_choice_makes_tokens_of_viewers_and_does_not_expire(dana: Client):
    dana.post(ADD, {"organization": "org_123", "name": "acd", "scopes": ["ingest"]})
    key = ApiKey.objects.get()
    assert (key.token_role, key.expires_at) == (Role.VIEWER, None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"expires_on": "2026-01-01"}, "That day has begun"),
        ({"expires_on": "tomorrow"}, "Enter a valid date."),
        ({"token_role": "owner"}, "Select a valid choice"),
    ],
)
def test_a_form_says_what_is_wrong(dana: Client, changed: dict[str, str], said: str):
    assert said in dana.post(ADD, new_key(**changed)).content.decode()
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(("role", "handed_on"), [*((role, role) for role in Role.values), (None, None)])
def test_nobody_hands_on_more_than_her_own_role(house: Organization, role: str | None, handed_on: str | None):
    user = person("dana", house, role) if role else User.objects.create_user("eve")
    assert access.role_in(user, house) == handed_on


def test_a_rotation_is_chosen_in_the_list_and_leaves_a_trail(dana: Client, house: Organization):
    key, first = made(house)
    assert "What is replaced holds on for" in dana.get(LIST).content.decode()
    chosen = {"action": "rotate", "_selected_action": [key.pk], "overlap_days": "30"}
    [second] = secrets_in(dana.post(LIST, chosen, follow=True))
    assert [caller(each).get(CURRENT).status_code for each in (first, second)] == [200, 200]
    key.refresh_from_db()
    assert abs(key.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert f"replaced by {second[:9]}…" in dana.get(LIST).content.decode()
    entry = AuditEntry.objects.get(action="key.rotated")
    assert (entry.actor, entry.target, entry.after["replaced_by"]) == ("dana", f"acd ({key.prefix}…)", second[:9])
    assert first not in str(entry.after) + str(entry.before)
    again = dana.post(LIST, chosen, follow=True).content.decode()
    assert "was rotated already" in again
    leaked = {**chosen, "_selected_action": [ApiKey.objects.latest("pk").pk], "overlap_days": "0"}
    [third] = secrets_in(dana.post(LIST, leaked, follow=True))
    assert [caller(each).get(CURRENT).status_code for each in (second, third)] == [401, 200]


def test_the_page_shows_when_and_from_where_a_key_was_used(no_uses: None, dana: Client, house: Organization):
    _, secret = made(house)
    caller(secret).get(CURRENT, REMOTE_ADDR="192.0.2.7")
    key_uses.store()
    assert "192.0.2.7" in dana.get(LIST).content.decode()


def test_a_supervisor_rotates_no_key(house: Organization):
    key, _ = made(house)
    client = Client()
    client.force_login(person("sue", house, Role.SUPERVISOR))
    assert client.post(LIST, {"action": "rotate", "_selected_action": [key.pk]}).status_code == 403
    assert key_of(house)
    assert ApiKey.objects.filter(replaced_by="").count() == 2
