"""Access that is revoked while a socket is open."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction

from intraday.org import services
from intraday.org.models import ApiKey, Membership, Organization, Role
from realtime.publish import publish
from tests.access.people import person, token_of
from tests.conftest import key_of
from tests.live import LiveServer, socket
from tests.realtime.notes import Personal, in_thread, note, scope_of

ROOM = "custom:org:org_123"


async def test_a_revoked_key_closes_its_sockets_and_no_other(any_server: LiveServer, house: Organization):
    revoked, kept = await in_thread(key_of, house), await in_thread(key_of, house)
    async with socket(any_server, revoked) as client, socket(any_server, kept) as other:
        await client.subscribe(ROOM)
        await other.subscribe(ROOM)
        await in_thread(call_command, "apikey", "revoke", revoked[:9])
        assert await client.closed() == 4401
        assert client.heard[-1]["data"]["code"] == "revoked"
        await in_thread(lambda: note(scope_of(house), 1))
        assert (await other.until("custom:note"))["data"]["number"] == 1


async def test_a_revoked_key_closes_the_sockets_of_those_it_vouched_for(server: LiveServer, house: Organization):
    from tests.access.people import minted
    from tests.conftest import client_of

    token = await in_thread(lambda: minted(client_of(house, "token"), user_id="ben", role="viewer")["token"])
    async with socket(server, token) as client:
        await in_thread(lambda: ApiKey.objects.all().delete())
        assert await client.closed() == 4401


async def test_who_is_no_longer_a_member_is_shut_out(server: LiveServer, house: Organization):
    dana = await in_thread(person, "dana", house)
    async with socket(server, await in_thread(token_of, dana, house)) as client:
        await client.subscribe(ROOM)
        await in_thread(lambda: Membership.objects.all().delete())
        assert await client.closed() == 4403
        assert client.heard[-1]["data"]["code"] == "forbidden"


async def test_a_deleted_organization_takes_its_sockets_along(server: LiveServer, house: Organization):
    async with socket(server, await in_thread(key_of, house)) as client:
        await in_thread(house.delete)
        assert await client.closed() == 4401


async def test_a_narrower_membership_leaves_the_rooms_outside(server: LiveServer, house: Organization):
    dana = await in_thread(person, "dana", house)
    here, there = f"{ROOM}:dept:dept_456", f"{ROOM}:dept:dept_789"
    async with socket(server, await in_thread(token_of, dana, house)) as client:
        await client.subscribe(here, there, "backlog:org:org_123", f"{ROOM}:queue:support")
        await in_thread(person, "dana", house, Role.VIEWER, "dept_456")
        left = await client.until("unsubscribed")
        assert left["data"]["rooms"] == ["backlog:org:org_123", there, f"{ROOM}:queue:support"]
        assert (await client.until("error"))["data"]["code"] == "forbidden"
        await in_thread(lambda: note(scope_of(house, "dept_789", "support"), 1))
        await in_thread(lambda: note(scope_of(house, "dept_456", "support"), 2))
        assert (await client.until("custom:note"))["data"]["number"] == 2
        await client.subscribe(f"{ROOM}:queue:support")


async def test_names_are_shown_to_roles_that_may_see_them_from_the_moment_they_may(
    server: LiveServer, house: Organization
):
    @transaction.atomic
    def arrive(name: str) -> None:
        publish("custom", [(scope_of(house), lambda: Personal(name=name))])

    dana = await in_thread(person, "dana", house, Role.ANALYST)
    boss = await in_thread(person, "boss", house, Role.SUPERVISOR)
    async with (
        socket(server, await in_thread(token_of, dana, house)) as hers,
        socket(server, await in_thread(token_of, boss, house)) as full,
    ):
        start = (await hers.subscribe(ROOM))["data"]["position"]
        await full.subscribe(ROOM)
        await in_thread(arrive, "Ada Lovelace")
        assert (await full.until("custom:person"))["data"]["name"] == "Ada Lovelace"
        assert (await hers.until("custom:person"))["data"]["name"] is None
        await in_thread(person, "dana", house, Role.SUPERVISOR)
        await in_thread(person, "boss", house, Role.VIEWER)
        await shown(server, house, hers, full)
        await in_thread(arrive, "Grace Hopper")
        assert (await hers.until("custom:person"))["data"]["name"] == "Grace Hopper"
        assert (await full.until("custom:person"))["data"]["name"] is None
        await full.say("unsubscribe", rooms=[ROOM])
        await full.subscribe(ROOM, since=start)  # a replay goes by the role of today
        replayed = [message for message in await full.quiet() if message["event"] == "custom:person"]
        assert [message["data"]["name"] for message in replayed] == [None, None]


async def shown(server: LiveServer, house: Organization, *clients: Any) -> None:
    """Wait until the hub has taken notice of the newest change."""
    version = (await in_thread(Organization.objects.get, pk=house.pk)).access_version

    def known() -> set[int]:
        held = [connection.principal for connection in server.hub.connections.values()]
        return {principal.organization.access_version for principal in held if principal}

    while server.on_loop(known) != {version}:
        await clients[0].quiet(0.1)


def through_admin(path: str, **body: Any) -> Callable[[Any], None]:
    def post(admin_client: Any) -> None:
        ids = {"_selected_action": [ApiKey.objects.get().pk]} if "apikey" in path else {}
        if "user" in path:
            ids = {"_selected_action": [User.objects.get(username="dana").pk]}
        answer = admin_client.post(path, body | ids, follow=True)
        assert answer.status_code == 200

    return post


def deactivated(_: Any) -> None:
    dana = User.objects.get(username="dana")
    dana.is_active = False
    dana.save()


def deactivated_in_admin(admin_client: Any) -> None:
    dana = User.objects.get(username="dana")
    page = f"/admin/auth/user/{dana.pk}/change/"
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
    assert admin_client.post(page, {"username": "dana", **joined}).status_code == 302
    assert not User.objects.get(username="dana").is_active


def password_in_admin(admin_client: Any) -> None:
    dana = User.objects.get(username="dana")
    passwords = {"password1": "another one entirely", "password2": "another one entirely", "usable_password": "true"}
    assert admin_client.post(f"/admin/auth/user/{dana.pk}/password/", passwords).status_code == 302


def membership_in_admin(**fields: Any) -> Callable[[Any], None]:
    def post(admin_client: Any) -> None:
        held = Membership.objects.get()
        form = {
            "name": "Owner",
            "time_zone": "UTC",
            "memberships-TOTAL_FORMS": 1,
            "memberships-INITIAL_FORMS": 1,
            "memberships-0-id": held.pk,
            "memberships-0-organization": "org_123",
            "memberships-0-user": held.user_id,
            "memberships-0-role": "viewer",
        }
        answer = admin_client.post("/admin/org/organization/org_123/change/", form | fields)
        assert answer.status_code == 302, answer.context["errors"]

    return post


CHANGES: dict[str, Callable[[Any], object]] = {
    "a role": lambda _: person("dana", Organization.objects.get(), Role.ADMIN),
    "departments": lambda _: person("dana", Organization.objects.get(), Role.VIEWER, "dept_456"),
    "a membership is deleted": lambda _: Membership.objects.get().delete(),
    "memberships are deleted in bulk": lambda _: Membership.objects.all().delete(),
    "a user is deleted": lambda _: User.objects.get(username="dana").delete(),
    "a user is deactivated": deactivated,
    "a key is deleted": lambda _: ApiKey.objects.get().delete(),
    "keys are revoked": lambda _: services.revoke_keys(ApiKey.objects.all(), now=ApiKey.objects.get().created_at),
    "a role in the admin": membership_in_admin(**{"memberships-0-role": "admin"}),
    "departments in the admin": membership_in_admin(**{"memberships-0-department_ids": ["dept_456", "dept_789"]}),
    "a membership is deleted in the admin": membership_in_admin(**{"memberships-0-DELETE": "on"}),
    "a user is deactivated in the admin": deactivated_in_admin,
    "a password in the admin": password_in_admin,
    "keys are revoked in the admin": through_admin("/admin/org/apikey/", action="revoke"),
    "keys are deleted in the admin": through_admin("/admin/org/apikey/", action="delete_selected", post="yes"),
    "users are deleted in the admin": through_admin("/admin/auth/user/", action="delete_selected", post="yes"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_of_access_moves_the_version(house: Organization, admin_client: Any, what: str):
    key_of(house)
    person("dana", house)
    before = Organization.objects.get().access_version
    CHANGES[what](admin_client)
    assert Organization.objects.get().access_version > before


def test_a_sign_in_does_not_move_it(house: Organization):
    from tests.access.people import session_of

    dana = person("dana", house)
    before = Organization.objects.get().access_version
    session_of(dana)
    assert Organization.objects.get().access_version == before


def test_departments_ticked_in_the_admin_are_the_limit(house: Organization, admin_client: Any):
    person("dana", house)
    membership_in_admin(**{"memberships-0-department_ids": ["dept_789"]})(admin_client)
    assert Membership.objects.get().department_ids == ["dept_789"]
    page = admin_client.get("/admin/org/organization/org_123/change/").content.decode()
    assert page.count('type="checkbox" name="memberships-0-department_ids"') == 2
    assert page.count("checked") == 1


async def test_reads_that_hang_delay_no_revocation(server: LiveServer, house: Organization):
    key = await in_thread(key_of, house)
    held, free = threading.Event(), threading.Event()
    async with socket(server, key) as client, socket(server, key) as another, socket(server, key) as third:
        locked = asyncio.create_task(in_thread(lock_streams, held, free))
        await asyncio.to_thread(held.wait, 20)
        for each in (client, another, third):
            for number in range(3):
                await each.say("subscribe", rooms=[f"{ROOM}:queue:{number}", "backlog:org:org_123"])
        await in_thread(call_command, "apikey", "revoke", key[:9])
        assert await client.closed() == 4401
        free.set()
        await locked


@transaction.atomic
def lock_streams(held: threading.Event, free: threading.Event) -> None:
    """Subscriptions wait for their snapshots until they are free."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE realtime_stream")
    held.set()
    free.wait(60)


async def test_a_subscription_under_way_when_access_ends_hears_nothing(server: LiveServer, house: Organization):
    dana = await in_thread(person, "dana", house)
    held, free = threading.Event(), threading.Event()
    async with socket(server, await in_thread(token_of, dana, house)) as client:
        locked = asyncio.create_task(in_thread(lock_streams, held, free))
        await asyncio.to_thread(held.wait, 20)
        await client.say("subscribe", rooms=[f"{ROOM}:dept:dept_789"])
        await client.quiet(0.2)
        await in_thread(person, "dana", house, Role.VIEWER, "dept_456")
        await shown(server, house, client)
        free.set()
        await locked
        assert (await client.until("error"))["data"]["code"] == "access_changed"
        await in_thread(lambda: note(scope_of(house, "dept_789", "support"), 1))
        assert [message["event"] for message in await client.quiet()] == []
        assert server.on_loop(lambda: [stream.subscriber_count for stream in server.hub.streams.values()]) == [0]
