"""Patches instead of whole events, one message per interval, and less for a client that fell behind."""

import asyncio
import json
from itertools import count
from typing import Any

import pytest
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intraday.channels import CHANNELS
from intraday.org.access import Key, Principal
from intraday.org.models import Organization, Role, Scope
from realtime.eventlog.records import Record
from realtime.hub.fanout import rendering, stream
from realtime.hub.fanout.connections import Connection
from realtime.hub.fanout.delta import merge_patch
from realtime.hub.fanout.stream import LiveStream
from realtime.hub.fanout.subscriptions import Options, Subscription
from realtime.protocol import messages
from realtime.protocol.channel_spec import ChannelSpec, Conflation
from realtime.protocol.rooms import Room
from realtime.publish import publish
from tests.live import LiveServer, Message, Socket, socket
from tests.realtime.notes import in_thread, note
from tests.realtime.streams import Gauge

CUSTOM = "custom:org:org_123"
ROOMS = frozenset({Room("custom", "org_123")})
KEYED = frozenset({"custom:gauge"})

values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)


@pytest.fixture
def gauges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CHANNELS, "custom", ChannelSpec(events={Gauge: Conflation.LATEST_PER_SCOPE}, grant="read"))


@transaction.atomic
def measure(scope: Scope, *levels: int) -> None:
    def build(level: int) -> Gauge:
        trend = None if level % 2 else "up"
        return Gauge(organization_id="org_123", queue_name=scope.queue_name, level=level, trend=trend)

    publish("custom", [(scope, lambda level=level: build(level)) for level in levels])


# --- patches ---------------------------------------------------------------------------------------------------------
def apply(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2, as it stands there."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = apply(target.get(name), value)
    return target


def without_nulls(value: Any) -> Any:
    """Drop nulls: a missing member and a null one mean the same. (In lists, which are replaced whole, they do not.)"""
    if not isinstance(value, dict):
        return value
    return {name: without_nulls(each) for name, each in value.items() if each is not None}


@given(objects, objects)
def test_a_patch_turns_the_one_into_the_other(before: dict[str, Any], after: dict[str, Any]):
    patch = merge_patch(before, after)
    assert without_nulls(apply(before, patch)) == without_nulls(after)
    assert merge_patch(after, after) == {}


def test_a_patch_names_what_changed_and_nothing_else():
    before = {"a": 1, "b": 2, "c": {"d": 1, "e": 2}, "f": [1]}
    after = {"a": 1, "b": None, "c": {"d": 1, "e": 3}, "f": [1, 2], "g": True}
    assert merge_patch(before, after) == {"b": None, "c": {"e": 3}, "f": [1, 2], "g": True}
    assert merge_patch(after, before) == {"g": None, "b": 2, "c": {"e": 2}, "f": [1]}


ADA = Principal(Organization(id="org_123"), "ada", "ada", Role.VIEWER, frozenset(), Key(1))


class Reader:
    """A client that reads when it likes and keeps the newest of each scope, as a screen does."""

    def __init__(self, stream: LiveStream, options: Options, sent: dict[int, Message]) -> None:
        self.on_ready = lambda: None
        self.ready = True
        self.sent, self.known, self.patched = sent, {}, 0
        self.seqs: list[int] = []
        connection = Connection(self)  # type: ignore[arg-type]
        connection.principal = ADA
        self.subscription = Subscription(connection, stream)
        self.subscription.options = options
        self.subscription.join(ROOMS, stream.ring.last or 0, "epoch")

    form = staticmethod(rendering.TEXTS)

    def write(self, batch: rendering.Batch) -> None:
        self.put(batch.texts)

    def put(self, texts: list[bytes]) -> None:
        for message in map(json.loads, texts):
            if message["event"] == "custom:gauge":
                self._learn(message)

    def _learn(self, message: Message) -> None:
        """The base of a patch is the last of its scope that this client had, and the patch leads to the event."""
        whole, data = self.sent[message["seq"]], message["data"]
        assert not self.seqs or message["seq"] > self.seqs[-1]
        self.seqs.append(message["seq"])
        queue = data["queue_name"]
        if "base" in message:
            self.patched += 1
            base, before = self.known[queue]
            assert base == message["base"]
            data = apply(before, data)
        assert without_nulls(data) == without_nulls(whole)
        self.known[queue] = message["seq"], data


queues = st.sampled_from(["support", "billing", "sales"])
steps = st.one_of(
    st.tuples(st.just("event"), queues, objects),
    st.tuples(st.just("event"), queues, objects),
    st.tuples(st.just("come"), st.none(), st.none()),
    st.tuples(st.sampled_from(["stop", "read", "leave"]), st.integers(0, 3), st.none()),
)


FIVE = [("event", queue, {"a": n}) for n, queue in enumerate(["support", "support", "billing", "sales", "support"])]


class Stage:
    """A stream without a server, and what happens on it."""

    def __init__(self) -> None:
        self.stream = LiveStream(CUSTOM, lambda subscription: pytest.fail("left behind"), KEYED)
        self.stream.start("epoch", 0)
        self.sent: dict[int, Message] = {}
        self.seq = count(1)
        self.readers: list[Reader] = []

    async def settle(self) -> None:
        while self.stream._flush is not None and not self.stream._flush.done():
            await self.stream._flush

    async def do(self, step: str, what: Any, data: Any) -> None:
        if step == "event":
            self.event(what, data)
        elif step == "come":
            self.readers.append(Reader(self.stream, Options(delta=True), self.sent))
        elif what < len(self.readers):
            reader = self.readers[what]
            if step == "leave":
                reader.subscription.pause()
                del self.readers[what]
            reader.ready = step == "read"
            while step == "read" and self.stream.pull(reader.subscription):
                pass
        await self.settle()

    def event(self, queue: str, data: dict[str, Any]) -> None:
        seq = next(self.seq)
        self.sent[seq] = {"queue_name": queue, **data, "text": "x" * 200}
        text = messages.envelope(
            "custom:gauge", json.dumps(self.sent[seq]).encode(), stream=CUSTOM, epoch="epoch", seq=seq, ts="now"
        )
        self.stream.offer([Record(seq, "custom:gauge", "", queue, text, text)])


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=40))
@example([("come", None, None), ("stop", 0, None), *FIVE, ("read", 0, None)])  # what is left out, and a write too small
def test_a_patch_always_fits_the_event_that_the_client_has_whatever_comes_and_goes(story: list[Any]):
    async def play() -> None:
        stage = Stage()
        for step in story:
            await stage.do(*step)
        for reader in stage.readers:
            reader.ready = True
            while stage.stream.pull(reader.subscription):
                pass
            assert reader.subscription.position == stage.stream.ring.last

    with pytest.MonkeyPatch.context() as bounds:  # few are many here
        bounds.setattr(stream, "FAR_BEHIND", 3)
        bounds.setattr(rendering, "MAX_BATCH_BYTES", 700)
        asyncio.run(play())


async def test_a_patch_is_computed_once_for_all_audiences_and_is_what_is_sent():
    """The property above would hold as well if every event were sent whole."""
    stage = Stage()
    stage.readers = [Reader(stage.stream, Options(delta=True), stage.sent) for _ in range(5)]
    for level in range(10):
        stage.event("support", {"level": level})
        await stage.settle()
    assert [reader.patched for reader in stage.readers] == [9] * 5
    assert len(stage.stream.patches._made) == 9


@pytest.mark.usefixtures("gauges")
async def test_a_client_that_asks_for_patches_gets_them_and_the_others_whole_events(
    any_server: LiveServer, token: str, support: Scope, billing: Scope
):
    async with socket(any_server, token) as patched, socket(any_server, token) as whole:
        await patched.subscribe(CUSTOM, delta=True)
        await whole.subscribe(CUSTOM)
        for level in (1, 2, 3):
            await in_thread(measure, support, level)
            await in_thread(measure, billing, 10 + level)
            await patched.up_to(2 * level)
            await whole.up_to(2 * level)
        first, second, third = [each for each in patched.events() if each["data"]["queue_name"] == "support"]
        assert "base" not in first
        assert (second["base"], second["seq"]) == (1, 3)
        assert second["data"] == {"organization_id": "org_123", "queue_name": "support", "level": 2, "trend": "up"}
        assert third["data"]["trend"] is None
        assert all("base" not in each and len(each["data"]) == 5 for each in whole.events())
        await patched.subscribe(CUSTOM, delta=False, snapshot=False)
        await in_thread(measure, support, 4)
        await patched.up_to(7)
        assert "base" not in patched.events()[-1]


# --- bundles ---------------------------------------------------------------------------------------------------------
def bundles(client: Socket) -> list[Message]:
    return [message["data"] for message in client.heard if message["event"] == "batch"]


@pytest.mark.usefixtures("gauges")
async def test_one_message_per_interval_holds_the_newest_of_each_scope_and_all_that_counts(
    any_server: LiveServer, token: str, support: Scope, billing: Scope
):
    async with socket(any_server, token) as client, socket(any_server, token) as live_one:
        await client.subscribe(CUSTOM, batch_ms=400)
        await live_one.subscribe(CUSTOM)
        await in_thread(measure, support, 1, 2, 3)
        await in_thread(note, support, 7)
        await in_thread(note, support, 8)
        await in_thread(measure, billing, 1, 2)
        await live_one.up_to(7)
        assert live_one.seqs() == list(range(1, 8))
        while sum(len(each["events"]) + each["conflated"] for each in bundles(client)) < 7:
            await client.hear()
        heard = [event for each in bundles(client) for event in each["events"]]
        assert [event["data"]["number"] for event in heard if event["event"] == "custom:note"] == [7, 8]
        assert [event["seq"] for event in heard] == sorted(event["seq"] for event in heard)
        newest = {event["data"].get("queue_name"): event["data"].get("level") for event in heard}
        assert (newest["support"], newest["billing"]) == (3, 2)
        assert len(bundles(client)) < 4
        assert client.events() == []
        await client.subscribe(CUSTOM, batch_ms=0, snapshot=False)
        await in_thread(measure, support, 4)
        assert (await client.until("custom:gauge"))["data"]["level"] == 4


async def test_an_interval_beyond_a_minute_is_refused(server: LiveServer, token: str):
    async with socket(server, token) as client:
        for interval in (-1, 60_001, 1.5):
            await client.say("subscribe", rooms=[CUSTOM], batch_ms=interval)
            assert (await client.until("error"))["data"]["code"] == "invalid"
