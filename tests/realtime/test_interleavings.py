"""Random stories: every client ends with exactly the events of its rooms, in order."""

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db.models import F
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from intraday.org.models import Scope
from intraday.org.services import add_queues, create_organization
from realtime.eventlog.records import decode_records
from realtime.hub import snapshots
from realtime.models import Segment, Stream
from realtime.protocol.rooms import Room, RoomFilter
from tests.conftest import key_of
from tests.live import Caller, LiveServer, Message, socket
from tests.realtime.cuts import Cutter, Keeper, SocketKeeper, StreamKeeper, block_borders, frame_borders
from tests.realtime.notes import in_thread, note

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])

QUEUES = [("dept_a", "support"), ("dept_a", "billing"), ("dept_b", "support"), ("dept_b", "claims")]
ROOMS = [  # of each client, below its organization; the last two hear an event in more than one of theirs
    [""],
    [":dept:dept_a"],
    [":queue:claims"],
    [":dept:dept_b:queue:support"],
    ["", ":dept:dept_b", ":queue:claims"],
    [":dept:dept_a", ":queue:support"],
]
names = count(1)
BEGIN = datetime(2026, 1, 31, tzinfo=UTC)

clients = st.integers(0, len(ROOMS) - 1)
steps = st.one_of(
    st.tuples(st.just("post"), st.lists(st.sampled_from(QUEUES), min_size=1, max_size=4)),
    st.tuples(st.just("post"), st.lists(st.sampled_from(QUEUES), min_size=1, max_size=4)),
    st.tuples(st.just("leave"), clients),
    st.tuples(st.just("come back"), clients),
    st.tuples(st.just("lose the log"), st.none()),
    st.tuples(st.just("restart"), st.none()),
)


@dataclass
class Client:
    """One that keeps a cursor and what it knows of its scopes, as a screen does."""

    organization: str
    rooms: list[str]
    token: str
    cursor: Message = field(default_factory=dict)
    starts: list[tuple[int, bool]] = field(default_factory=list)  # position, recovered
    events: list[Message] = field(default_factory=list)
    known: dict[tuple[str, str], Message] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None

    @property
    def stream(self) -> str:
        return f"backlog:org:{self.organization}"

    @property
    def seq(self) -> int:
        return self.cursor["seq"] if self.cursor else -1

    async def come(self, server: LiveServer) -> None:
        if self.task is None:
            subscribed = asyncio.Event()
            self.task = asyncio.create_task(self._listen(server, subscribed))
            await asyncio.wait([self.task, asyncio.create_task(subscribed.wait())], return_when="FIRST_COMPLETED")

    async def leave(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])
            self.task = None

    async def _listen(self, server: LiveServer, subscribed: asyncio.Event) -> None:
        async with socket(server, self.token) as client:
            since = {"since": {self.stream: self.cursor}} if self.cursor else {}
            answer = await client.subscribe(*(self.stream + room for room in self.rooms), **since)
            if (recovered := answer["data"]["recovered"]) is True:
                self.starts.append((answer["data"]["position"][self.stream]["seq"], recovered))
            subscribed.set()
            while True:
                self._learn(await client.hear(60))

    def _learn(self, message: Message) -> None:
        if message["event"] == "backlog:snapshot":
            self.starts.append((message["seq"], False))
            self.known = {scope_of(item): item for item in message["data"]["items"]}
        elif message["event"] == "backlog:update":
            self.events.append(message)
            self.known[scope_of(message["data"])] = message["data"]
        else:
            return
        self.cursor = {"epoch": message["epoch"], "seq": message["seq"]}


def scope_of(figure: Message) -> tuple[str, str]:
    return figure.get("department_id", ""), figure.get("queue_name", "")


class World:
    """The server, one organization of its own per example, a feed and the clients."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.instants = count()

    async def begin(self) -> None:
        self.organization = f"org_{next(names)}"
        self.token = await in_thread(self._make)
        self.clients = [Client(self.organization, rooms, self.token) for rooms in ROOMS]
        for client in self.clients:
            await client.come(self.server)

    def _make(self) -> str:
        organization = create_organization(id=self.organization, name=self.organization)
        add_queues(organization, QUEUES)
        return key_of(organization)

    async def do(self, step: str, what: Any) -> None:
        match step:
            case "post":
                await self.post(what)
            case "leave":
                await self.clients[what].leave()
            case "come back":
                await self.clients[what].come(self.server)
            case "lose the log":
                await in_thread(lambda: Stream.objects.filter(organization=self.organization).update(tail=F("head")))
            case "restart":
                await asyncio.to_thread(self.server.stop)
                back = [client for client in self.clients if client.task is not None]
                for client in back:
                    await client.leave()
                await asyncio.to_thread(self.server.start)
                for client in back:
                    await client.come(self.server)

    async def post(self, queues: list[tuple[str, str]]) -> None:
        time = (BEGIN + timedelta(seconds=next(self.instants))).isoformat()
        items = [
            {
                "department_id": department,
                "queue_name": queue,
                "snapshot_time": time,
                "total_items": index,
                "average_wait_time_minutes": 1,
            }
            for index, (department, queue) in enumerate(dict.fromkeys(queues))
        ]
        async with Caller(self.server, self.token) as api:
            answer = await api.post("/api/schedulesbacklog/batch-ingest", {"items": items})
            assert answer.status_code == 201

    async def end(self) -> None:
        """Everybody comes back, every queue speaks once more, and everybody hears that."""
        for client in self.clients:
            await client.come(self.server)
        await self.post(QUEUES)
        events = await in_thread(self._logged)
        async with Caller(self.server, self.token) as api:
            figures = (await api.get("/api/intraday/backlog/current")).json()
        current = {scope_of(figure): figure for figure in [figures["current"], *figures["within"]]}
        for client in self.clients:
            rooms = RoomFilter(frozenset(Room.parse(client.stream + room) for room in client.rooms))
            due = [event for event in events if rooms.hears(*scope_of(event["data"]))]
            await self._heard(client, due[-1]["seq"])
            self._check(client, due, {place: each for place, each in current.items() if rooms.hears(*place)})
        for client in self.clients:
            await client.leave()

    def _logged(self) -> list[Message]:
        """All that ever happened, whatever the tail says may be forgotten: nothing was deleted yet."""
        segments = Segment.objects.filter(stream__organization=self.organization).order_by("last_seq")
        return [
            json.loads(record.full)
            for segment in segments
            for record in decode_records(segment.first_seq, bytes(segment.index), bytes(segment.body))
        ]

    @staticmethod
    async def _heard(client: Client, seq: int) -> None:
        for _ in range(1_500):
            assert client.task is not None
            if client.task.done():
                client.task.result()
            if client.seq >= seq:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{client.rooms} heard up to {client.seq}, not {seq}")

    @staticmethod
    def _check(client: Client, due: list[Message], current: dict[tuple[str, str], Message]) -> None:
        seqs = [event["seq"] for event in client.events]
        assert seqs == sorted(set(seqs)), "in order, each once"
        begun = max((position for position, recovered in client.starts if not recovered), default=0)
        late = [event["data"] for event in client.events if event["seq"] > begun]
        assert late == [event["data"] for event in due if event["seq"] > begun], "from the last beginning on, all"
        assert {place: item["snapshot_id"] for place, item in client.known.items()} == {
            place: figure["snapshot_id"] for place, figure in current.items()
        }, "state and events are the state as it is fetched"


async def live_through(server: LiveServer, story: list[tuple[str, Any]]) -> list[Client]:
    world = World(server)
    await world.begin()
    try:
        for step, what in story:
            await world.do(step, what)
        await world.end()
    finally:
        for client in world.clients:
            await client.leave()
    return world.clients


@pytest.fixture
def server(transactional_db: None) -> Iterator[LiveServer]:
    with LiveServer("frames") as server:
        yield server


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # an example takes a second: shrink by hand
    suppress_health_check=list(HealthCheck),
)
@given(story=st.lists(steps, min_size=5, max_size=12))
@example(story=[("post", QUEUES), ("leave", 0), ("post", QUEUES), ("lose the log", None), ("come back", 0)])
@example(story=[("leave", 1), ("post", QUEUES), ("restart", None), ("post", QUEUES[:1]), ("come back", 1)])
def test_every_client_ends_with_exactly_the_events_of_its_rooms_in_order(
    server: LiveServer, story: list[tuple[str, Any]]
):
    asyncio.run(live_through(server, story))


async def test_a_log_that_was_lost_is_noticed_by_who_needs_it(server: LiveServer):
    """The story above would show nothing if every return were a recovered one, or none."""
    story = [("post", QUEUES), ("leave", 0), ("leave", 1), ("post", QUEUES), ("come back", 1)]
    found = await live_through(server, [*story, ("lose the log", None), ("restart", None), ("come back", 0)])
    assert [recovered for _, recovered in found[0].starts] == [False, False]
    assert [recovered for _, recovered in found[1].starts][:2] == [False, True]


# --- cuts ------------------------------------------------------------------------------------------------------------
SEED = 20260131
CUTS = 200


async def publish(world: World, queues: list[tuple[str, str]], number: int) -> None:
    """One figure of the backlog for each of these queues and the levels above, and one custom event."""
    await world.post(queues)
    await in_thread(lambda: note(Scope.objects.filter(organization=world.organization)[0], number))


async def heard_all(clients: list[Keeper], tasks: list[asyncio.Task[None]], heads: dict[str, int]) -> None:
    """Wait until everybody stands at the heads, or was cut."""
    for client, task in zip(clients, tasks, strict=True):
        for _ in range(3_000):
            if task.done() or all(client.at(stream) >= head for stream, head in heads.items()):
                break
            await asyncio.sleep(0.01)
        else:
            raise AssertionError(f"heard up to {client.positions}, not {heads}")


async def heads_of(world: World) -> dict[str, int]:
    rows = Stream.objects.filter(organization=world.organization, channel__in=["backlog", "custom"])
    return dict(await in_thread(lambda: list(rows.values_list("name", "head"))))


async def transcript(world: World, client: Keeper) -> bytes:
    """All bytes that a client gets from the handshake to the first live events."""
    async with Cutter(world.server.port, None).listening() as proxy:
        task = asyncio.create_task(client.listen(proxy.port))
        await heard_all([client], [task], await heads_of(world))
        await publish(world, QUEUES, 1)
        await heard_all([client], [task], await heads_of(world))
        task.cancel()
        await asyncio.wait([task])
        return proxy.passed


def places(raw: bytes, borders: list[int]) -> list[int]:
    """Each border and CUTS random bytes from the message `subscribed` to the end."""
    begin = max(border for border in borders if border <= raw.index(b'{"event":"subscribed"'))
    dice = random.Random(SEED)
    return [
        *(border for border in borders if border >= begin),
        *(dice.randint(begin, len(raw)) for _ in range(CUTS)),
    ]


@pytest.mark.parametrize(
    ("kind", "borders_of"), [(SocketKeeper, frame_borders), (StreamKeeper, block_borders)], ids=["socket", "sse"]
)
async def test_wherever_a_connection_is_cut_nothing_is_lost_and_nothing_doubled(
    server: LiveServer, monkeypatch: pytest.MonkeyPatch, kind: type[Keeper], borders_of: Callable[[bytes], list[int]]
):
    """Each client begins, is cut at a place of its own, comes back with its positions, and stays."""
    monkeypatch.setattr(snapshots, "MAX_PART_BYTES", 1_500)
    world = World(server)
    world.clients = []
    world.organization = f"org_{next(names)}"
    world.token = await in_thread(world._make)
    await publish(world, QUEUES, 0)
    raw = await transcript(world, kind(world.organization, world.token))
    assert raw.count(b'"complete":false') >= 3, "the snapshot comes in parts"
    cuts = places(raw, borders_of(raw))
    clients = [kind(world.organization, world.token) for _ in cuts]
    async with AsyncExitStack() as stack:
        proxies = [await stack.enter_async_context(Cutter(server.port, cut).listening()) for cut in cuts]
        first = [asyncio.create_task(client.listen(proxy.port)) for client, proxy in zip(clients, proxies, strict=True)]
        await heard_all(clients, first, await heads_of(world))
        await publish(world, QUEUES[:2], 2)
        await heard_all(clients, first, await heads_of(world))
        await publish(world, QUEUES[1:], 3)
        for task in first:
            task.cancel()
        await asyncio.wait(first)
    begun = [len(client.recovered) for client in clients]
    assert 0 in begun, "some were cut before they were told anything"
    again = [asyncio.create_task(client.listen(server.port)) for client in clients]
    await heard_all(clients, again, await heads_of(world))
    await publish(world, QUEUES, 4)
    await heard_all(clients, again, await heads_of(world))
    async with Caller(server, world.token) as api:
        figures = (await api.get("/api/intraday/backlog/current")).json()
    current = {scope_of(figure): figure["snapshot_id"] for figure in [figures["current"], *figures["within"]]}
    try:
        for cut, client in zip(cuts, clients, strict=True):
            assert {scope: item["snapshot_id"] for scope, item in client.known.items()} == current, (cut, client)
            for stream in client.rooms:
                seqs = [seq for name, seq in client.events if name == stream]
                assert seqs == sorted(set(seqs)), (cut, "each once, in order")
                whole = not seqs or seqs == list(range(client.begun[stream] + 1, seqs[-1] + 1))
                assert whole or (stream.startswith("backlog:") and client.snapshots > 1), (cut, stream)
        assert {client.snapshots for client in clients} <= {1, 2}
        assert {client.recovered[-1] for client in clients} == {True, False}
    finally:
        for task in again:
            task.cancel()
        await asyncio.wait(again)
