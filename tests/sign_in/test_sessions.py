"""Ending sessions everywhere, with their sockets."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from intraday.audit.models import AuditEntry
from intraday.org.models import Organization, Role
from tests.access.page_sockets import browser
from tests.access.people import person, session_of
from tests.live import LiveServer
from tests.realtime.notes import in_thread

PASSWORD = "correct horse battery"


def with_session(session: str) -> Client:
    client = Client()
    client.cookies["sessionid"] = session
    return client


def end_own(client: Client, dana: User) -> None:
    answer = client.post("/account/sessions/end")
    assert "1 other session ended" in answer.content.decode()


def end_as_administrator(client: Client, dana: User) -> None:
    admin = Client()
    admin.force_login(person("ada", dana.memberships.get().organization, Role.ADMIN))
    chosen = {"action": "end_sessions", "_selected_action": [dana.memberships.get().pk]}
    assert "Sessions of dana ended: 2" in admin.post("/admin/org/membership/", chosen, follow=True).content.decode()


def change_password(client: Client, dana: User) -> None:
    form = {"old_password": PASSWORD, "new_password1": "another one entirely", "new_password2": "another one entirely"}
    assert client.post("/password", form)["Location"] == "/account"


@pytest.mark.parametrize(
    ("end", "own_stays", "action"),
    [
        (end_own, True, "person.sessions_ended"),
        (end_as_administrator, False, "person.sessions_ended"),
        (change_password, True, "person.password_changed"),
    ],
)
async def test_sockets_of_ended_sessions_close(
    server: LiveServer, house: Organization, end: Any, own_stays: bool, action: str
):
    dana = await in_thread(person, "dana", house)
    await in_thread(lambda: (dana.set_password(PASSWORD), dana.save()))
    own, other = await in_thread(session_of, dana), await in_thread(session_of, dana)
    eves = await in_thread(session_of, await in_thread(person, "eve", house))
    async with browser(server, other) as ended, browser(server, eves) as another:
        await ended.until("authenticated")
        await another.until("authenticated")
        client = with_session(own)
        await in_thread(end, client, dana)
        assert await ended.closed() == 4401
        await another.subscribe("backlog:org:org_123")
    assert (await in_thread(client.get, "/account")).status_code == (200 if own_stays else 302)
    assert (await in_thread(with_session(other).get, "/account")).status_code == 302
    assert (await in_thread(with_session(eves).get, "/account")).status_code == 200
    assert await in_thread(AuditEntry.objects.filter(action=action, target="dana").exists)


def test_an_administrator_ends_no_session_of_somebody_who_is_elsewhere_too(
    house: Organization, stranger: Organization, client: Client
):
    dana = person("dana", house)
    person("dana", stranger)
    root = User.objects.create_superuser("root")
    person("root", house)
    sessions = [session_of(dana), session_of(root)]
    client.force_login(person("ada", house, Role.ADMIN))
    rows = [user.memberships.get(organization=house).pk for user in (dana, root)]
    page = client.post("/admin/org/membership/", {"action": "end_sessions", "_selected_action": rows}, follow=True)
    said = page.content.decode()
    assert "dana is a member of other organizations" in said
    assert "root is a superuser" in said
    assert [with_session(each).get("/account").status_code for each in sessions] == [200, 200]
    client.force_login(root)
    client.post("/admin/org/membership/", {"action": "end_sessions", "_selected_action": rows[:1]})
    assert with_session(sessions[0]).get("/account").status_code == 302


def test_the_list_of_members_is_of_ones_own_organization(house: Organization, stranger: Organization, client: Client):
    other = person("zoe", stranger).memberships.get()
    session = session_of(other.user)
    client.force_login(person("ada", house, Role.ADMIN))
    assert "zoe" not in client.get("/admin/org/membership/").content.decode()
    client.post("/admin/org/membership/", {"action": "end_sessions", "_selected_action": [other.pk]})
    assert with_session(session).get("/account").status_code == 200
