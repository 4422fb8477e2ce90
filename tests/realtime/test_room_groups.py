"""REALTIME_ROOM_GROUPS: consumers as the Channels documentation writes them, in the groups of rooms."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import channel_layers
from channels.testing import WebsocketCommunicator
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from intraday.org.models import Organization, Scope
from intraday.org.services import add_queues
from realtime.eventlog import sender
from realtime.eventlog.sender import MAX_HELD_BYTES, RoomSender
from realtime.protocol.rooms import CHANNELS, Room, enclosing, room_group
from realtime.publish import publish
from tests.realtime.notes import Note, Personal, in_thread, lose, note, scope_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])


class StockConsumer(AsyncWebsocketConsumer):
    """A consumer in the group of the room that its address names."""

    async def connect(self) -> None:
        self.group = room_group(Room.parse(self.scope["path"].removeprefix("/")))
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def realtime_event(self, message: dict[str, Any]) -> None:
        await self.send(text_data=message["text"])


@asynccontextmanager
async def stock_client(room: str) -> AsyncIterator[WebsocketCommunicator]:
    client = WebsocketCommunicator(StockConsumer.as_asgi(), f"/{room}")
    assert (await client.connect())[0]
    try:
        yield client
    finally:
        await client.disconnect()


async def heard_by(client: WebsocketCommunicator, last: int) -> list[int]:
    """The numbers of the notes up to this one."""
    numbers: list[int] = []
    while last not in numbers:
        numbers.append(json.loads(await client.receive_from(timeout=10))["data"]["number"])
    return numbers


@pytest.fixture
def room_groups(settings: Any) -> Iterator[None]:
    settings.REALTIME_ROOM_GROUPS = True
    channel_layers.backends.clear()
    sender._sender = None  # a new one reads the setting
    yield
    sender._sender = None


@pytest.fixture
def claims(organization: Organization) -> Scope:
    add_queues(organization, [("dept_789", "claims"), ("dept_789", "support")])
    return scope_of(organization, "dept_789", "claims")


async def test_stock_consumers_hear_exactly_the_events_of_their_rooms(
    room_groups: None, organization: Organization, stranger: Organization, support: Scope, billing: Scope, claims: Scope
):
    scopes = {
        1: support,
        2: billing,
        3: claims,
        4: await in_thread(scope_of, organization, "dept_789", "support"),
        5: await in_thread(scope_of, organization, "dept_456"),
        6: await in_thread(scope_of, organization),
        7: await in_thread(scope_of, stranger, "dept_456", "support"),
    }
    root = "custom:org:org_123"
    async with (
        stock_client(root) as everything,
        stock_client(f"{root}:dept:dept_456") as department,
        stock_client(f"{root}:dept:dept_456:queue:support") as queue,
        stock_client(f"{root}:queue:support") as queue_of_any,
        stock_client("backlog:org:org_123:dept:dept_456") as other_channel,
    ):
        for number, scope in scopes.items():
            await in_thread(note, scope, number)
        await in_thread(note, support, 99)  # heard by all four, and after all the others
        assert await heard_by(everything, 99) == [1, 2, 3, 4, 5, 6, 99]
        assert await heard_by(department, 99) == [1, 2, 5, 99]
        assert await heard_by(queue, 99) == [1, 99]
        assert await heard_by(queue_of_any, 99) == [1, 4, 99]
        assert await other_channel.receive_nothing()


async def test_a_commit_too_big_for_a_message_of_the_hubs_still_reaches_the_rooms(room_groups: None, support: Scope):
    async with stock_client("custom:org:org_123:queue:support") as client:
        await in_thread(note, support, *range(40), text="x" * 5_000)
        assert await heard_by(client, 39) == list(range(40))


async def test_personal_fields_stay_out(room_groups: None, support: Scope):
    @transaction.atomic
    def tell() -> None:
        publish("custom", [(support, lambda: Personal(name="Dana")), (support, lambda: Note(number=1))])

    async with stock_client("custom:org:org_123:queue:support") as client:
        await in_thread(tell)
        text = await client.receive_from(timeout=10)
        assert "Dana" not in text
        assert json.loads(text)["data"] == {"name": None}


async def test_unless_asked_for_nothing_goes_to_rooms(support: Scope):
    channel_layers.backends.clear()
    sender._sender = None
    async with stock_client("custom:org:org_123:queue:support") as client:
        await in_thread(note, support, 1)
        assert await client.receive_nothing(0.5)


def test_what_waits_for_rooms_is_bounded_in_bytes(room_groups: None, support: Scope):
    loop = asyncio.new_event_loop()  # never runs: a layer that takes nothing
    rooms = RoomSender(loop)
    appended = lose(support, 1, text="x" * 1_000_000)
    for _ in range(20):
        rooms.hand_over(appended)
    assert rooms.dropped == 20 - MAX_HELD_BYTES // len(appended.body)
    loop.close()


# --- how groups are spelled ------------------------------------------------------------------------------------------
IDS = st.text("abC-_.9", min_size=1, max_size=64)
QUEUES = st.text(min_size=1, max_size=128).filter(lambda name: name.isprintable() and name == name.strip())
ROOMS = st.builds(Room, st.sampled_from(CHANNELS), IDS, st.just("") | IDS, st.just("") | QUEUES)


@given(ROOMS)
def test_a_group_is_one_that_channels_takes(room: Room):
    group = room_group(room)
    assert len(group) < 100
    assert set(group) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@given(ROOMS, ROOMS)
def test_two_rooms_never_share_a_group(one: Room, other: Room):
    assert (room_group(one) == room_group(other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Room("kpi", "a", "b"), Room("kpi", "a.dept.b")),
        (Room("kpi", "a", "b", "c"), Room("kpi", "a", "b.queue.c")),
        (Room("kpi", "a", queue="x y"), Room("kpi", "a", queue="x_y")),
        (Room("kpi", "a", queue="x%20y"), Room("kpi", "a", queue="x y")),
        (Room("kpi", "a", queue="q" * 127 + "1"), Room("kpi", "a", queue="q" * 127 + "2")),
    ],
)
def test_look_alikes_are_kept_apart(one: Room, other: Room):
    assert room_group(one) != room_group(other)


def test_plain_names_stay_readable():
    room = Room("backlog", "org_123", "dept_456", "support")
    assert room_group(room) == "room.backlog.org.org_123.dept.dept_456.queue.support"


def test_the_rooms_of_an_event_are_those_that_hear_it():
    names = {room.name for room in enclosing("kpi:org:a", "b", "c d")}
    assert names == {"kpi:org:a", "kpi:org:a:dept:b", "kpi:org:a:queue:c%20d", "kpi:org:a:dept:b:queue:c%20d"}
    assert [room.name for room in enclosing("kpi:org:a", "", "")] == ["kpi:org:a"]
