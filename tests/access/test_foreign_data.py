"""Random tenants that name their departments and queues alike. Every figure is a number that occurs once, every
department has a queue with a name that occurs once: whatever leaves is searched for those that must not."""

import asyncio
import json
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from intraday.org.models import Organization, Role
from intraday.org.services import add_queues, create_organization
from tests.access.people import bearer, person, token_of
from tests.conftest import client_of, key_of
from tests.live import LiveServer, Socket, socket
from tests.realtime.notes import in_thread

DEPARTMENTS = ["north", "south"]
QUEUES = ["support", "claims", "mail"]
OF_SCOPES = ["intraday/backlog/current", "intraday/backlog/history"]
OF_ORGANIZATIONS = ["intraday/feeds", "ws/connections", "ws/rooms", "ws/stats"]
BATCH = "/api/schedulesbacklog/batch-ingest"

Fact = tuple[str, str]
"""(department, queue)"""

plans = st.fixed_dictionaries(
    {
        "facts": st.sets(st.tuples(st.sampled_from(DEPARTMENTS), st.sampled_from(QUEUES)), min_size=2, max_size=4),
        "limit": st.sets(st.sampled_from(DEPARTMENTS), min_size=1, max_size=1),
    }
)


@dataclass
class Tenant:
    organization: Organization
    facts: list[Fact]
    feed: APIClient
    marks: dict[Fact, set[str]] = field(default_factory=dict)
    """The texts that betray a fact: its figures, and the name of its queue if no other has it."""
    newest: dict[Fact, str] = field(default_factory=dict)

    def post(self, minute: int) -> None:
        rows = []
        for department, queue in self.facts:
            figure = secrets.randbelow(800_000_000) + 100_000_000
            self.newest[department, queue] = str(figure)
            self.marks[department, queue].add(str(figure))
            named = {"department_id": department, "queue_name": queue, "average_wait_time_minutes": 1}
            rows.append(named | {"snapshot_time": f"2026-01-31T10:{minute:02}:00Z", "total_items": figure})
        assert self.feed.post(BATCH, {"items": rows}, format="json").status_code == 201


@dataclass
class Reader:
    tenant: Tenant
    token: str
    client: APIClient
    departments: set[str] | None = None

    def sees(self, tenant: Tenant, department: str) -> bool:
        return tenant is self.tenant and (self.departments is None or department in self.departments)

    def own(self) -> list[Fact]:
        return [fact for fact in self.tenant.facts if self.sees(self.tenant, fact[0])]

    def foreign(self, tenants: list[Tenant]) -> set[str]:
        hidden = [marks for each in tenants for fact, marks in each.marks.items() if not self.sees(each, fact[0])]
        others = {each.organization.id for each in tenants if each is not self.tenant}
        return others.union(*hidden)


def tenant_of(plan: dict[str, Any]) -> Tenant:
    organization = create_organization(id=f"org_{secrets.token_hex(5)}", name="Any")
    facts = sorted(plan["facts"])
    unique = {(department, f"only {secrets.token_hex(5)}") for department, _ in facts}
    add_queues(organization, [*facts, *unique])
    marks = {fact: set() for fact in facts} | {fact: {fact[1].removeprefix("only ")} for fact in unique}
    return Tenant(organization, [*facts, *sorted(unique)], client_of(organization, "ingest"), marks)


def readers_of(tenant: Tenant, limit: set[str]) -> list[Reader]:
    name, organization = tenant.organization.id, tenant.organization
    key = key_of(organization, "read")
    by_key = APIClient()
    by_key.credentials(HTTP_AUTHORIZATION=f"Api-Key {key}")
    viewer = token_of(person(f"viewer of {name}", organization), organization)
    limited = token_of(person(f"limited of {name}", organization, Role.SUPERVISOR, *limit), organization)
    return [
        Reader(tenant, key, by_key),
        Reader(tenant, viewer, bearer(viewer)),
        Reader(tenant, limited, bearer(limited), limit),
    ]


def scopes(tenants: list[Tenant]) -> list[dict[str, str]]:
    """Return every scope of every tenant, and queues without their department; but no name that occurs once: the
    caller who types it gets it back in the names of rooms."""
    found: list[dict[str, str]] = [{}]
    for tenant in tenants:
        named = {"organization_id": tenant.organization.id}
        queues = [{"department_id": d, "queue_name": q} for d, q in tenant.facts if q in QUEUES]
        alone = [{"queue_name": q} for q in QUEUES]
        found += [named, *(named | each for each in [{"department_id": d} for d in DEPARTMENTS] + queues + alone)]
    return found


def check(said: str, reader: Reader, tenants: list[Tenant], where: str) -> None:
    leaked = [mark for mark in reader.foreign(tenants) if mark in said]
    assert not leaked, f"{leaked} came by {where}"


def read_everything(reader: Reader, tenants: list[Tenant]) -> str:
    everything = []
    for scope in scopes(tenants):
        for path in OF_SCOPES + (OF_ORGANIZATIONS if len(scope) < 2 else []):
            answer = reader.client.get(f"/api/{path}", scope)
            said = answer.content.decode() + str(answer.headers)
            check(said, reader, tenants, f"{path} {scope}")
            everything.append(said)
    return "".join(everything)


def selections(tenants: list[Tenant]) -> list[dict[str, Any]]:
    return [{"channels": ["backlog", "custom"], **scope} for scope in scopes(tenants)]


async def subscribe_to_everything(client: Socket, tenants: list[Tenant], since: dict[str, Any]) -> None:
    """One by one: a room that is refused takes the others of its message along."""
    for selection in selections(tenants):
        await client.say("subscribe", **selection, since=since)
    await client.say("ping")
    await client.until("pong")


async def hear_everything(server: LiveServer, readers: list[Reader], tenants: list[Tenant]) -> list[str]:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(socket(server, reader.token)) for reader in readers]
        for client in clients:
            await subscribe_to_everything(client, tenants, {})
        positions = {}
        for client in clients:
            for message in client.heard:
                if message["event"] == "subscribed":
                    positions |= message["data"]["position"]
                elif message["event"].endswith(":snapshot"):
                    positions[message["stream"]] = {"epoch": message["epoch"], "seq": message["seq"]}
        for tenant in tenants:
            await in_thread(tenant.post, 2)
        late = [await stack.enter_async_context(socket(server, reader.token)) for reader in readers]
        for client in late:
            await subscribe_to_everything(client, tenants, {name: at | {"seq": 0} for name, at in positions.items()})
        for client in clients:
            await client.quiet()
        for client in late:
            await client.quiet(0.1)
        return [told(client) + told(other) for client, other in zip(clients, late, strict=True)]


def told(client: Socket) -> str:
    """Return all messages but the names of refused rooms, which the client itself has typed."""
    heard = [dict(message) for message in client.heard]
    for message in heard:
        if "refused" in message["data"]:
            message["data"] = {**message["data"], "refused": list(message["data"]["refused"].values())}
    return json.dumps(heard)


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # an example takes seconds: shrinking one would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(plan=st.lists(plans, min_size=2, max_size=2))
def test_not_a_byte_of_foreign_data_leaves(server: LiveServer, plan: list[dict[str, Any]]):
    tenants = [tenant_of(each) for each in plan]
    readers = [r for tenant, each in zip(tenants, plan, strict=True) for r in readers_of(tenant, each["limit"])]
    for tenant in tenants:
        tenant.post(1)
    heard = asyncio.run(hear_everything(server, readers, tenants))
    for reader, said in zip(readers, heard, strict=True):
        check(said, reader, tenants, "socket")
        read = read_everything(reader, tenants)
        for fact in reader.own():  # what is one's own comes whole: the search finds what it looks for
            assert all(mark in said for mark in reader.tenant.marks[fact])
            assert reader.tenant.newest[fact] in read
