"""People are shown to those who may see them: in answers, tables, snapshots, events, patches, batches and replays."""

import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.test import APIClient

from alerts import rule_services, services
from alerts.evaluation.changes import Actor
from alerts.services import Caller
from intraday.feed_health.services import store
from intraday.org.models import Organization, Role
from intraday.org.names import Names
from realtime.models import Connection, Process
from tests.access import alerts as fixtures
from tests.access.credentials import KINDS, Kind, wall_token
from tests.access.people import bearer, browser_of, person, token_of
from tests.access.tables import REST, ask, is_page, lines
from tests.attendance.posting import BATCH, record, recount
from tests.live import LiveServer, Socket, socket
from tests.realtime.event_streams import Stream, stream
from tests.realtime.notes import in_thread

NAME, EMPLOYEE, COLLEAGUE, NOTE = "Ada Lovelace", "emp-4711", "omar-the-colleague", "told the vendor"
SHOWN_FROM = {NAME: Names.FULL, EMPLOYEE: Names.IDS, COLLEAGUE: Names.COLLEAGUES, NOTE: Names.COLLEAGUES}
OWN, BESIDE = (UUID(fixtures.ALERTS[name]) for name in ("own", "beside"))
ROOMS = ["alerts:org:org_123", "attendance:org:org_123"]
CSV = ("api/alerts", "api/intraday/attendance/history", "api/intraday/backlog/history", "api/audit")


@dataclass(frozen=True)
class Reader:
    name: str
    names: Names
    secret: str

    @property
    def client(self) -> APIClient:
        return Kind("", self.secret).client

    def check(self, said: str, where: str) -> None:
        seen = [mark for mark, level in SHOWN_FROM.items() if mark in said and level > self.names]
        assert not seen, f"{self.name} sees {seen} in {where}"

    def sees_all_it_may(self, said: str) -> bool:
        return all(mark in said for mark, level in SHOWN_FROM.items() if level <= self.names)


def readers(house: Organization, stranger: Organization) -> list[Reader]:
    members = {role: token_of(person(f"the {role}", house, role), house) for role in Role.values}
    levels = {
        "token of a customer's supervisor": Names.FULL,
        "token of a customer's analyst": Names.COLLEAGUES,
        "token of a customer's viewer": Names.IDS,
        "key: read": Names.IDS,
    }
    own = {Role.ADMIN: Names.FULL, Role.ANALYST: Names.COLLEAGUES, Role.VIEWER: Names.COLLEAGUES}
    return [
        *(Reader(f"member: {role}", names, members[role]) for role, names in own.items()),
        *(Reader(kind, names, KINDS[kind](house, stranger).secret) for kind, names in levels.items()),
        Reader("wall", Names.NONE, wall_token(house)),
    ]


def omar(house: Organization) -> Caller:
    return Caller(house.id, Actor(COLLEAGUE), None)


def work(house: Organization) -> None:
    """An employee comes; a colleague posts it, takes an alert, silences others, and is told of a rule's alerts."""
    client = browser_of(person(COLLEAGUE, house, Role.ADMIN))
    rows = {"items": [record(EMPLOYEE, employee_name=NAME)]}
    assert client.post(BATCH, rows, format="json").status_code == 201
    recount()
    fixtures.make(house)
    services.acknowledge(caller=omar(house), alert_id=OWN, now=timezone.now(), note=NOTE)
    silence = {**fixtures.SILENCE, "department_id": "dept_456", "comment": NOTE}
    assert client.post("/api/alerts/silences", silence, format="json").status_code == 201
    steps = [{"after_seconds": 600, "to": COLLEAGUE}]
    path = f"/api/alerts/rules/{fixtures.RULES['org']}"
    assert client.patch(path, {"escalation": steps}, format="json").status_code == 200


def work_on(house: Organization) -> None:
    """Make the changes that are heard live."""
    client = browser_of(person(COLLEAGUE, house, Role.ADMIN))
    rows = {"items": [record(EMPLOYEE, 5, "checked_out", employee_name=NAME), record("emp-1", 6, employee_name=NAME)]}
    assert client.post(BATCH, rows, format="json").status_code == 201
    services.acknowledge(caller=omar(house), alert_id=BESIDE, now=timezone.now(), note=NOTE)
    services.resolve(caller=omar(house), alert_id=OWN, now=timezone.now(), note=NOTE)


# --- answers ---------------------------------------------------------------------------------------------------------
def connect(house: Organization) -> None:
    now = timezone.now()
    process = Process.objects.create(id="p", host="h", pid=1, started_at=now, seen_at=now, counters={})
    row = {"organization_id": house.id, "user_id": COLLEAGUE, "role": Role.ADMIN, "rooms": ROOMS}
    Connection.objects.create(id="c", process=process, connected_at=now, **row)


def test_no_answer_shows_people_to_those_who_may_not_see_them(house: Organization, stranger: Organization):
    work(house)
    connect(house)
    found = readers(house, stranger)
    everything = dict.fromkeys((reader.name for reader in found), "")
    for line in lines(REST):
        method, *path, asked = line.words
        if method != "GET" or is_page(line):
            continue
        for reader in found:
            said = ask(reader.client, method, "".join(path), asked).content.decode()
            if path[0] in CSV:
                said += reader.client.get(f"/{path[0]}", {"format": "csv"}).getvalue().decode()
            reader.check(said, str(line))
            everything[reader.name] += said
    for reader in found:
        assert reader.sees_all_it_may(everything[reader.name]), reader.name


def test_what_is_left_of_an_answer_is_still_one(house: Organization, stranger: Organization):
    work(house)
    client = KINDS["key: read"](house, stranger).client
    alert = client.get(f"/api/alerts/{fixtures.ALERTS['own']}").json()
    assert alert["status"] == "acknowledged"
    assert "acknowledged_by" not in alert
    assert [(line["actor"], line["reason"], line["note"]) for line in alert["audit"]] == [(None, "acknowledged", None)]
    rule = client.get(f"/api/alerts/rules/{fixtures.RULES['org']}").json()
    assert rule["escalation"][0]["to"] == "a recipient"
    assert "tell a recipient" in rule["in_words"]
    assert [line["actor"] for line in rule["history"]] == [None]
    store()
    feeds = client.get("/api/intraday/feeds").json()["feeds"]
    assert [feed["source"] for feed in feeds] == ["a person"]
    created_by = {each["created_by"] for each in client.get("/api/alerts/silences").json()["items"]}
    assert created_by == {None}


def test_an_escalation_to_a_role_tells_nobody_s_name(house: Organization, stranger: Organization):
    steps = [{"after_seconds": 600, "to": Role.SUPERVISOR, "raise_severity": ""}]
    rule = {**fixtures.RULE, "name": "told", "escalation": steps}
    rule_services.create_rule(organization=house, fields=rule, actor=Actor(COLLEAGUE), now=timezone.now())
    [shown] = (
        bearer(KINDS["token of a customer's viewer"](house, stranger).secret).get("/api/alerts/rules").json()["items"]
    )
    assert shown["escalation"][0]["to"] == "supervisor"


# --- sockets and streams ---------------------------------------------------------------------------------------------
@dataclass
class Clients:
    reader: Reader
    sockets: dict[str, Socket]
    stream: Stream

    def heard_by(self) -> list[tuple[str, Socket | Stream]]:
        return [*self.sockets.items(), ("sse", self.stream)]

    def heard(self) -> dict[str, list[dict[str, Any]]]:
        return {name: client.heard for name, client in self.sockets.items()} | {"sse": self.stream.heard}


OPTIONS: dict[str, dict[str, Any]] = {"live": {}, "patches": {"delta": True}, "batches": {"batch_ms": 50}}


async def clients_of(stack: AsyncExitStack, server: LiveServer, reader: Reader) -> Clients:
    sockets = {name: await stack.enter_async_context(socket(server, reader.secret)) for name in OPTIONS}
    for name, client in sockets.items():
        await client.subscribe(*ROOMS, **OPTIONS[name])
        for channel in ("alerts", "attendance"):
            await client.until(f"{channel}:snapshot")
    keyword = "Api-Key" if reader.secret.startswith("ik_") else "Bearer"
    headers = {"Authorization": f"{keyword} {reader.secret}"}
    opened = await stack.enter_async_context(stream(server, headers=headers, rooms=",".join(ROOMS)))
    await opened.until("attendance:snapshot")
    return Clients(reader, sockets, opened)


async def replayed(stack: AsyncExitStack, server: LiveServer, clients: Clients) -> None:
    """Come back with the position from before everything."""
    snapshots = [each for each in clients.sockets["live"].heard if each["event"].endswith(":snapshot")]
    since = {each["stream"]: {"epoch": each["epoch"], "seq": 0} for each in snapshots}
    client = clients.sockets["replay"] = await stack.enter_async_context(socket(server, clients.reader.secret))
    assert (await client.subscribe(*ROOMS, since=since))["data"]["recovered"]


async def test_no_event_shows_people_to_those_who_may_not_see_them(
    server: LiveServer, house: Organization, stranger: Organization
):
    await in_thread(work, house)
    everybody = await in_thread(readers, house, stranger)
    async with AsyncExitStack() as stack:
        listening = [await clients_of(stack, server, reader) for reader in everybody]
        await in_thread(work_on, house)
        for clients in listening:
            await replayed(stack, server, clients)
        for clients in listening:
            for name, client in clients.heard_by():
                await client.quiet(0.5 if name == "batches" else 0.2)
        for clients in listening:
            for where, heard in clients.heard().items():
                said = json.dumps(heard)
                clients.reader.check(said, where)
                assert clients.reader.sees_all_it_may(said), (clients.reader.name, where)
                assert '"alert:acknowledged"' in said, (clients.reader.name, where)
                assert ("attendance:checkin" in said) is (clients.reader.names is not Names.NONE)
