"""The events that a stream keeps in memory: bounded, and there for a client that is a step behind."""

import asyncio
from collections.abc import Iterator
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intraday.org import access
from intraday.org.models import Organization
from realtime.eventlog.records import Record
from realtime.hub.fanout.connections import Connection
from realtime.hub.fanout.rendering import MAX_BATCH_BYTES, TEXTS, Batch, cut, heard
from realtime.hub.fanout.ring import MAX_BYTES, MAX_EVENTS, RECORD_BYTES, Ring, shrink
from realtime.hub.fanout.stream import CLOCK_EVERY, FLUSH_SLICE_SECONDS, LiveStream
from realtime.hub.fanout.subscriptions import Subscription
from realtime.protocol.frames import frame
from realtime.protocol.rooms import Room, RoomFilter
from tests.conftest import key_of

ROOM = Room("custom", "org_123")
ALL = frozenset({ROOM})


def records(first: int, count: int, size: int = 100, queue: str = "support") -> list[Record]:
    text = b"x" * size
    return [Record(seq, "custom:note", "dept_456", queue, text, text) for seq in range(first, first + count)]


@pytest.mark.parametrize(
    ("size", "per_commit"), [(10, 1), (10, 700), (900, 30), (20_000, 1), (20_000, 60), (500_000, 3)]
)
def test_a_ring_stays_in_its_bounds_and_keeps_the_newest_commits(size: int, per_commit: int):
    ring = Ring()
    ring.restart("epoch", 0)
    while ring.last < 3 * min(MAX_EVENTS, MAX_BYTES // size):
        ring.extend(records(ring.last + 1, per_commit, size))
        assert len(ring._records) <= MAX_EVENTS
        assert ring._bytes <= MAX_BYTES
        recent = ring.after(max(0, ring.last - 2 * per_commit))
        assert recent is not None, "who is two commits behind reads on from memory"
        assert [record.seq for record in recent] == list(range(max(1, ring.last - 2 * per_commit + 1), ring.last + 1))
    assert len(ring._records) > MAX_EVENTS // 2 or ring._bytes > MAX_BYTES // 2
    assert ring._bytes == sum(len(record.full) for record in ring._records)
    assert ring.after(0) is None
    assert ring.after(ring.last) == ring.after(ring.last + 5) == []


def test_what_was_there_two_calls_ago_is_forgotten_and_read_from_the_log_when_somebody_asks():
    ring = Ring()
    ring.restart("epoch", 0)
    ring.extend(records(1, 3))
    ring.forget_old()
    ring.extend(records(4, 2))
    assert [record.seq for record in ring.after(0) or []] == [1, 2, 3, 4, 5]
    ring.forget_old()
    assert (ring.start_after, ring.after(2), ring._bytes) == (3, None, 200)
    ring.fill(records(1, 3), 3)
    ring.fill([], 0)
    assert (ring.filled, len(ring.after(0) or [])) == (True, 5)
    ring.forget_old()
    assert (ring.filled, ring.start_after, ring.last, ring._bytes) == (False, 5, 5, 0)
    ring.extend(records(6, 1))
    ring.forget_old()
    assert [record.seq for record in ring.after(5) or []] == [6]


def test_only_what_follows_enters_a_ring():
    ring = Ring()
    ring.restart("epoch", 7)
    with pytest.raises(AssertionError, match="does not follow"):
        ring.extend(records(9, 1))


def test_what_the_log_has_from_before_is_added_where_it_belongs_or_not_at_all():
    ring = Ring()
    ring.restart("epoch", 10)
    ring.extend(records(11, 2))
    ring.fill(records(1, 12), 12)  # as if it had been read before the ring was begun at 10
    assert (ring.filled, ring.start_after) == (False, 10)
    ring.fill(records(6, 5), 10)
    assert (ring.filled, ring.start_after) == (False, 5)
    ring.fill([], 5)  # the log has no more
    assert (ring.filled, ring.start_after) == (True, 5)
    assert [record.seq for record in ring.after(5) or []] == list(range(6, 13))
    assert ring._bytes == 700


def named(first: int, count: int) -> list[Record]:
    """Records of which each has a name of its own, as a customer may invent them."""
    return [Record(seq, f"acme:n{seq}", "dept_456", "support", b"x", b"x") for seq in range(first, first + count)]


def test_the_index_of_a_ring_forgets_what_the_ring_forgot():
    ring = Ring()
    ring.restart("epoch", 0)
    for _ in range(30):
        ring.extend(named(ring.last + 1, 1_000))
    assert len(ring._newest) == len(ring._records) <= MAX_EVENTS
    ring.extend(records(ring.last + 1, 2))
    assert ring.base(ring.after(ring.last - 1)[0]).seq == ring.last - 1


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(0, 60), max_size=8), budget=st.integers(0, 100_000))
def test_all_rings_together_stay_within_the_budget_and_the_small_ones_lose_nothing(sizes: list[int], budget: int):
    rings = [Ring() for _ in sizes]
    for ring, size in zip(rings, sizes, strict=True):
        ring.restart("epoch", 0)
        if size:
            ring.extend(records(1, size, 1_000))
            ring.fill([], 0)
    before = [ring.memory for ring in rings]
    shrink(rings, budget)
    assert sum(ring.memory for ring in rings) <= budget or sum(before) <= budget
    cut = [ring for ring, size in zip(rings, before, strict=True) if ring.memory < size]
    kept = [ring for ring in rings if ring not in cut]
    if cut:
        one = 1_000 + RECORD_BYTES
        assert sum(ring.memory for ring in rings) > budget - len(rings) * one, "no more is dropped than needed"
        assert max(ring.memory for ring in cut) >= max((ring.memory for ring in kept), default=0) - one
        assert not any(ring.filled for ring in cut), "the log is read again for those who need it"
    for ring, size in zip(rings, sizes, strict=True):
        assert ring.last == size
        assert [record.seq for record in ring.after(ring.start_after) or []] == list(
            range(ring.start_after + 1, size + 1)
        )


def render(found: list[Record], rooms: frozenset[Room]) -> Batch:
    return cut(heard(found, RoomFilter(rooms)), found[-1].seq, lambda record: record.full)


def test_an_event_above_all_bounds_is_still_delivered():
    ring = Ring()
    ring.restart("epoch", 0)
    ring.extend(records(1, 1, MAX_BATCH_BYTES * 2) + records(2, 1, 10))
    batch = render(ring.after(0) or [], ALL)
    assert (batch.upto, len(batch.texts)) == (1, 1)


def test_a_batch_stops_at_its_limit_and_passes_over_what_its_rooms_do_not_hear():
    mixed = [record for seq in range(1, 401) for record in records(seq, 1, 2_000, "support" if seq % 2 else "billing")]
    support = frozenset({Room("custom", "org_123", "", "support")})
    batch = render(mixed, support)
    assert sum(map(len, batch.texts)) <= MAX_BATCH_BYTES
    assert batch.upto == 2 * len(batch.texts)  # the next one heard is the first left out
    rest = render(mixed[batch.upto :], support)
    assert (rest.upto, len(batch.texts) + len(rest.texts)) == (400, 200)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 300_000])
def test_a_frame_is_what_a_websocket_library_reads(size: int):
    from websockets.frames import Frame, Opcode
    from websockets.streams import StreamReader

    reader = StreamReader()
    reader.feed_data(frame(b"x" * size))
    parsing = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as read:
        next(parsing)
    assert (read.value.value.opcode, read.value.value.fin, len(read.value.value.data)) == (Opcode.TEXT, True, size)


# --- many who stand at different places ------------------------------------------------------------------------------
class Taking:
    """A writer whose client takes one batch at a time."""

    def __init__(self) -> None:
        self.on_ready = lambda: None
        self.ready = False
        self.taken = 0

    form = staticmethod(TEXTS)

    def write(self, batch: Batch) -> None:
        self.put(batch.texts)

    def put(self, texts: list[bytes]) -> None:
        self.ready = False
        self.taken += len(texts)


@pytest.fixture
def stream() -> Iterator[LiveStream]:
    stream = LiveStream(ROOM.stream, lambda subscription: pytest.fail("left behind"))
    stream.start("epoch", 0)
    stream.offer(records(1, 5_000, 1_000))
    return stream


def test_slow_readers_at_many_places_cost_no_more_memory_than_the_ring(stream: LiveStream, organization: Organization):
    principal = access.by_api_key(key_of(organization))
    subscriptions = []
    for place in range(0, 4_000, 20):
        connection = Connection(Taking())  # type: ignore[arg-type]
        connection.principal = principal
        subscription = connection.subscriptions[stream.name] = Subscription(connection, stream)
        subscription.join(ALL, place, "epoch")
        subscriptions.append(subscription)
    behind = True
    while behind:
        behind = False
        for subscription in subscriptions:
            subscription.connection.writer.ready = True  # type: ignore[misc]
            behind |= stream.pull(subscription)
        kept = sum(len(batch.frames) for each in stream._audiences.values() for batch in each._batches.values())
        assert kept <= MAX_BYTES
    for subscription, place in zip(subscriptions, range(0, 4_000, 20), strict=True):
        assert subscription.connection.writer.taken == 5_000 - place  # type: ignore[attr-defined]


# --- many of one organization, and one of another ---------------------------------------------------------------------
class Noting:
    """A writer that is always ready, takes its share of a slice for each batch, and notes whose turn it was."""

    def __init__(self, whose: str, turns: list[str]) -> None:
        self.on_ready = lambda: None
        self.ready = True
        self._whose, self._turns = whose, turns

    form = staticmethod(TEXTS)

    def put(self, texts: list[bytes]) -> None:
        until = perf_counter() + FLUSH_SLICE_SECONDS / CLOCK_EVERY
        while perf_counter() < until:
            pass
        self._turns.append(self._whose)


@pytest.fixture
def principal(organization: Organization) -> access.Principal:
    found = access.by_api_key(key_of(organization))
    assert found is not None
    return found


async def test_six_hundred_sockets_of_one_organization_do_not_come_before_the_one_of_another(
    principal: access.Principal,
):
    turns: list[str] = []
    streams = []
    for whose, count in (("big", 600), ("small", 1)):
        stream = LiveStream(ROOM.stream, lambda subscription: pytest.fail("left behind"))
        stream.start("epoch", 0)
        for _ in range(count):
            connection = Connection(Noting(whose, turns))  # type: ignore[arg-type]
            connection.principal = principal
            connection.subscriptions[stream.name] = Subscription(connection, stream)
            connection.subscriptions[stream.name].join(ALL, 0, "epoch")
        streams.append(stream)
    for stream in streams:
        stream.offer(records(1, 1))
        stream.wake()
    while len(turns) < 601:
        await asyncio.sleep(0)
    assert turns.index("small") <= CLOCK_EVERY
